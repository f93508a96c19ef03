"""Schedules run forward: who waits for whom, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate.days import delays, longer, placed, run, schedule, three, waits, workday
from tiny import (
    calendar,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
)

from allocator.domain.calendar import DailySpan
from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.request import FlexibleSeries, Request, Session, Step
from allocator.domain.resource import Break, Location, Travel
from allocator.domain.service import Part, Turnaround
from allocator.domain.time import Horizon
from allocator.simulate import (
    Attendance,
    Exactly,
    Lognormal,
    Normal,
    NoShows,
    Observed,
    Uncertainty,
    appointment_day,
    simulate,
)


def test_where_nothing_is_uncertain_all_goes_by_the_plan():
    """Nobody waits, nobody stays longer, and what is idle is the gap of the plan."""
    found = run(*three(), Uncertainty())
    assert delays(found) == waits(found) == {"A": 0, "B": 0, "C": 0}
    assert workday(found, "ann") == {"work": 180, "overtime": 0, "idle": 60}
    assert (found.attendance == Attendance.HELD).all()


def test_what_takes_longer_makes_the_next_wait_until_a_gap_takes_it_up():
    """A ends at 9:30, so B begins 30 late and ends at 11:00; C ends at 12:30."""
    found = run(*three(), longer(1.5))
    assert delays(found) == waits(found) == {"A": 0, "B": 30, "C": 0}
    assert workday(found, "ann") == {"work": 270, "overtime": 30, "idle": 0}


def test_whoever_comes_early_is_taken_where_all_is_free():
    """All 15 minutes early: A not before Ann comes at 8, B not before A is over."""
    early = Uncertainty(lateness=Exactly(-15))
    found = run(*three(), early)
    assert delays(found) == {"A": 0, "B": 0, "C": -15}
    assert waits(found) == {"A": 0, "B": 0, "C": 0}
    later = Uncertainty(lateness=Exactly(-15), starts_early=False)
    assert delays(run(*three(), later)) == {"A": 0, "B": 0, "C": 0}


def test_whoever_is_late_is_waited_for_and_does_not_wait():
    """20 minutes late: A runs from 8:20 to 9:20, and B comes at 9:20. Ann is idle from 8:00 on."""
    found = run(*three(), Uncertainty(lateness=Exactly(20)))
    assert delays(found) == {"A": 20, "B": 20, "C": 20}
    assert waits(found) == {"A": 0, "B": 0, "C": 0}
    assert workday(found, "ann") == {"work": 180, "overtime": 20, "idle": 80}


def test_whoever_comes_after_the_grace_has_missed_the_visit():
    """20 minutes late, with a grace of 15, and of 20."""
    found = run(*three(), Uncertainty(lateness=Exactly(20), grace_minutes=15))
    assert (found.attendance == Attendance.TOO_LATE).all()
    assert np.isnan(found.waiting).all()
    found = run(*three(), Uncertainty(lateness=Exactly(20), grace_minutes=20))
    assert (found.attendance == Attendance.HELD).all()


def test_who_is_too_late_is_waited_for_until_the_grace_is_over():
    """A is too late at 8:20, so B, who is there at 8:00, is taken at 8:15; without A at 8:00.

    Nobody knows that A will not be in time; that somebody stays away for good is taken as known.
    """
    some = problem(request("A"), request("B"), grain=15)
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"), placed("B", 0, 9, 60, practitioner="ann")
    )
    chance = Uncertainty(lateness=Observed((-60.0, 20.0)), grace_minutes=15)
    found = simulate(some, plan, chance, runs=40, seed=1)
    late, there = found.attendance == Attendance.TOO_LATE
    only_b = late & ~there
    assert only_b.any()
    assert set(found.delay[1][only_b]) == {-45.0}
    both = simulate(some, schedule(plan["B"]), chance, runs=40, seed=1)
    assert set(both.delay[0][only_b]) == {-60.0}


def test_a_visit_to_which_nobody_comes_takes_no_time():
    """Ann is idle from her first visit to her last."""
    found = run(*three(), Uncertainty(no_shows=NoShows(otherwise=1.0)))
    assert (found.attendance == Attendance.NO_SHOW).all()
    assert workday(found, "ann") == {"work": 0, "overtime": 0, "idle": 240}
    found = run(*three(), Uncertainty(cancelled=1.0, no_shows=NoShows(otherwise=1.0)))
    assert (found.attendance == Attendance.CANCELLED).all()


def test_all_else_goes_as_if_a_missed_visit_were_not_there():
    """In runs in which B is missed, A and C wait as without B, with the same luck."""
    some, plan = three()
    chance = Uncertainty(
        length=Lognormal(1.3, 0.5), lateness=Normal(0, 10), no_shows=NoShows(otherwise=0.5)
    )
    both = simulate(some, plan, chance, runs=60, seed=3)
    without = simulate(some, schedule(plan["A"], plan["C"]), chance, runs=60, seed=3)
    missed = both.attendance[1] == Attendance.NO_SHOW
    assert 10 < missed.sum() < 50
    np.testing.assert_array_equal(both.waiting[[0, 2]][:, missed], without.waiting[:, missed])
    np.testing.assert_array_equal(both.work[:, missed], without.work[:, missed])


def test_a_visit_begins_when_the_last_that_it_needs_is_free():
    """B has Bob, who is free, and the room, in which A is until 9:30; C waits for Bob in turn."""
    some = problem(
        request("A", services="long"),
        request("B"),
        request("C", services="talk"),
        grain=15,
        resources=(practitioner("ann"), practitioner("bob"), room("r")),
        services=(
            service("long", needs=(need(), need("room"))),
            service(needs=(need(), need("room"))),
            service("talk"),
        ),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann", room="r"),
        placed("B", 0, 9, 60, practitioner="bob", room="r"),
        placed("C", 0, 10, 60, practitioner="bob"),
    )
    found = run(some, plan, longer(1, long=1.5))
    assert delays(found) == {"A": 0, "B": 30, "C": 30}
    assert workday(found, "bob") == {"work": 120, "overtime": 0, "idle": 30}
    assert workday(found, "r") == {"work": 150, "overtime": 0, "idle": 0}


def test_people_with_two_visits_are_late_for_the_second_when_the_first_takes_longer():
    """Pat is with Ann until 9:30, while Bob waits; who comes 20 minutes late is ready at 9:50."""
    some = problem(
        request("A", "pat", services="long"),
        request("B", "pat"),
        grain=15,
        resources=(practitioner("ann"), practitioner("bob"), patient("pat")),
        services=(service("long"), service()),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann", attendee__pat="pat"),
        placed("B", 0, 9, 60, practitioner="bob", attendee__pat="pat"),
    )
    assert delays(run(some, plan, longer(1, long=1.5))) == {"A": 0, "B": 30}


def test_a_resource_with_two_lanes_serves_two_at_once():
    """The third waits for the first of the two to end."""
    some = problem(
        request("A", services="long"),
        request("B"),
        request("C"),
        grain=15,
        resources=(room("gym", lanes=2),),
        services=(service("long", needs=(need("room"),)), service(needs=(need("room"),))),
    )
    plan = schedule(
        placed("A", 0, 8, 60, room="gym"),
        placed("B", 0, 8, 60, room="gym"),
        placed("C", 0, 9, 60, room="gym"),
    )
    found = run(some, plan, longer(1.25, long=2))
    assert delays(found) == {"A": 0, "B": 0, "C": 15}
    # From 8:00 to 10:30 both lanes are open, 300 minutes; 120 + 75 + 75 are taken.
    assert workday(found, "gym") == {"work": 270, "overtime": 0, "idle": 30}


def test_a_part_of_a_visit_waits_for_who_comes_in_for_it():
    """Ann comes in for the last quarter of an hour, and is with somebody else until 9:00.

    A: Bob from 8:00, Ann from 8:45 to 9:00. B has Ann from 8:00 to 8:45, and takes a third longer.
    """
    doctor = need(
        "doctor", alternatives=(need().alternatives[0],), part=Part(minutes=15, from_end=True)
    )
    some = problem(
        request("A", services="both"),
        request("B", services="short"),
        grain=15,
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service("both", needs=(need(), doctor)), service("short", 45)),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="bob", doctor="ann"),
        placed("B", 0, 8, 45, practitioner="ann"),
    )
    found = run(some, plan, longer(1, short=4 / 3))
    assert delays(found) == {"A": 0, "B": 0}
    assert waits(found) == {"A": 15, "B": 0}
    assert workday(found, "bob") == {"work": 75, "overtime": 0, "idle": 0}
    assert workday(found, "ann") == {"work": 75, "overtime": 0, "idle": 0}


def test_two_on_one_lane_at_once_are_served_one_after_the_other():
    """Overbooking, of visits in phases as well: the second begins when the first is over."""
    first = need("doctor", alternatives=(need().alternatives[0],), part=Part(minutes=15))
    some = problem(
        request("A"),
        request("B"),
        grain=15,
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service(needs=(need(), first)),),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann", doctor="bob"),
        placed("B", 0, 8, 60, practitioner="ann", doctor="bob"),
    )
    found = run(some, plan, Uncertainty())
    assert waits(found) == {"A": 0, "B": 60}
    assert workday(found, "ann") == {"work": 120, "overtime": 0, "idle": 0}


def test_buffers_of_people_are_slack_and_those_of_rooms_are_work():
    """After A come 15 minutes of notes and of cleaning; A takes 15 minutes longer."""
    for role, delay in (("practitioner", 0), ("room", 15)):
        some = problem(
            request("A"),
            request("B"),
            grain=15,
            resources=(practitioner("ann"), room("r")),
            services=(service(needs=(need(role, after_minutes=15, before_minutes=0),)),),
        )
        id = "ann" if role == "practitioner" else "r"
        plan = schedule(placed("A", 0, 8, 60, **{role: id}), placed("B", 0, 9.25, 60, **{role: id}))
        found = run(some, plan, longer(1.25))
        assert delays(found) == {"A": 0, "B": delay}
        assert workday(found, id)["work"] == 150 + 2 * delay


def test_work_before_a_visit_begins_when_the_resource_is_free():
    """The room is laid out for 15 minutes before B, and A is over at 9:15 only: B is at 9:30."""
    some = problem(
        request("A"),
        request("B"),
        grain=15,
        resources=(practitioner("ann"), room("r")),
        services=(service(needs=(need("room", before_minutes=15),)),),
    )
    plan = schedule(placed("A", 0, 8.25, 60, room="r"), placed("B", 0, 9.5, 60, room="r"))
    assert delays(run(some, plan, longer(1.25))) == {"A": 0, "B": 15}


def test_a_visit_on_several_lanes_is_work_on_each():
    """Two of the gym's lanes for an hour in its hours: no overtime, and two hours of work."""
    some = problem(
        request("A"),
        grain=15,
        resources=(room("gym", lanes=3),),
        services=(service(needs=(need("room", uses=2),)),),
    )
    found = run(some, schedule(placed("A", 0, 9, 60, room="gym")), Uncertainty())
    assert workday(found, "gym") == {"work": 120, "overtime": 0, "idle": 60}


def test_a_break_is_kept_and_comes_later_instead():
    """Ann pauses 30 minutes between 9 and 11; the plan has room for it at 9:00.

    A takes until 9:15, the break until 9:45, so B is 15 minutes late. The break is not idle time.
    """
    window = DailySpan(start_minute=9 * 60, end_minute=11 * 60)
    ann = practitioner("ann", breaks=(Break(minutes=30, window=window),))
    some = problem(request("A"), request("B"), grain=15, resources=(ann,))
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"), placed("B", 0, 9.5, 60, practitioner="ann")
    )
    found = run(some, plan, longer(1.25))
    assert delays(found) == {"A": 0, "B": 15}
    assert workday(found, "ann") == {"work": 150, "overtime": 0, "idle": 0}
    assert workday(run(some, plan, Uncertainty()), "ann")["idle"] == 0


def test_travel_and_turnaround_take_their_time():
    """15 minutes from one place to the other, or from one service to the next, when A is late."""
    staff = practitioner("ann", mobile=True)
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"), placed("B", 0, 9.25, 60, practitioner="ann")
    )
    places = (Location(id="x"), Location(id="y"))
    some = problem(
        request("A", services="here"),
        request("B", services="there"),
        grain=15,
        locations=places,
        travel=(Travel(origin="x", destination="y", minutes=15),),
        resources=(staff,),
        services=(service("here", location="x"), service("there", location="y")),
    )
    assert delays(run(some, plan, longer(1, here=1.25))) == {"A": 0, "B": 15}
    some = problem(
        request("A", services="one"),
        request("B", services="two"),
        grain=15,
        services=(service("one"), service("two")),
        turnarounds=(Turnaround(kind="practitioner", before="one", minutes=15),),
    )
    assert delays(run(some, plan, longer(1, one=1.25))) == {"A": 0, "B": 15}


def group(uncertainty: Uncertainty) -> dict[str, object]:
    """Return what comes of a group of two at 9, before which Ann has somebody until 9."""
    people = [patient("pat"), patient("pia")]
    join = (Step(sessions=frozenset({"G"})),)
    some = problem(
        request("A", services="long"),
        *(request(f"R{p.id}", p.id, steps=join) for p in people),
        grain=15,
        resources=(practitioner("ann"), *people),
        services=(service("long"), service()),
        sessions=(Session(id="G", service="visit", most=5),),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"),
        placed("G", 0, 9, 60, practitioner="ann"),
        *(
            placed(f"R{p.id}", 0, 9, 60, **{f"attendee__{p.id}": p.id, "session": "G"})
            for p in people
        ),
    )
    found = run(some, plan, uncertainty)
    return {"delays": delays(found), "waits": waits(found), **workday(found, "ann")}


def test_a_group_begins_without_those_who_are_late():
    """Late by 20 minutes or not, it begins at 9; when Ann is late all wait for her."""
    late = group(Uncertainty(lateness=Exactly(20)))
    # A begins at 8:20 and ends at 9:20: whoever is late by as much does not wait.
    assert late["delays"] == {"A": 20, "Rpat": 20, "Rpia": 20}
    assert late["waits"] == {"A": 0, "Rpat": 0, "Rpia": 0}
    kept = group(longer(1, long=1.25))
    assert kept["waits"] == {"A": 0, "Rpat": 15, "Rpia": 15}
    early = group(Uncertainty(lateness=Exactly(-15)))
    assert early["delays"] == {"A": 0, "Rpat": 0, "Rpia": 0}


def test_a_group_to_which_nobody_comes_takes_no_time():
    """Nor does the visit before it."""
    assert group(Uncertainty(no_shows=NoShows(otherwise=1.0)))["work"] == 0


def test_visits_of_staff_alone_are_held_at_their_time():
    """A conference has no people who could be late, stay away or wait."""
    some = problem(
        request("A", "bob"),
        request("B", services="other"),
        grain=15,
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service(), service("other", needs=(need(),))),
    )
    plan = schedule(
        placed("A", 0, 9, 60, practitioner="ann", attendee__bob="bob"),
        placed("B", 0, 11, 60, practitioner="bob"),
    )
    away = Uncertainty(lateness=Exactly(-30), no_shows=NoShows(otherwise=1.0))
    found = run(some, plan, away)
    assert found.visits["visit"].tolist() == ["B"]
    assert workday(found, "ann") == {"work": 60, "overtime": 0, "idle": 0}


def test_hours_that_are_closed_between_are_no_idle_time_and_work_in_them_is_overtime():
    """Open 8 to 10 and 11 to 13: A from 9 takes an hour and a half, C is not taken before 11."""
    morning, later = calendar("day", 8, 10).weekly[0], calendar("day", 11, 13).weekly[0]
    hours = calendar("day")
    both = type(hours)(id="day", weekly=(morning, later))
    some = problem(request("A"), request("C"), grain=15, calendars=(both,))
    plan = schedule(
        placed("A", 0, 9, 60, practitioner="ann"), placed("C", 0, 11, 60, practitioner="ann")
    )
    slow = Uncertainty(length=Exactly(1.5), lateness=Exactly(-20))
    found = run(some, plan, slow)
    assert delays(found) == {"A": -20, "C": 0}
    # A from 8:40 to 10:10, C from 11:00 to 12:30.
    assert workday(found, "ann") == {"work": 180, "overtime": 10, "idle": 0}


def test_the_order_of_the_input_does_not_matter():
    """Requests and assignments the other way round: the same figures."""
    some, plan = three()
    chance = Uncertainty.from_profile()
    one = simulate(some, plan, chance, runs=20, seed=1)
    other = problem(request("C"), request("B"), request("A"), grain=15)
    turned = simulate(other, schedule(*reversed(plan.assignments)), chance, runs=20, seed=1)
    np.testing.assert_array_equal(one.waiting, turned.waiting)
    np.testing.assert_array_equal(one.idle, turned.idle)


def test_a_seed_repeats_and_another_does_not():
    """All of it."""
    some, plan = three()
    one, same, other = (simulate(some, plan, runs=20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.delay, same.delay)
    np.testing.assert_array_equal(one.overtime, same.overtime)
    assert not np.array_equal(one.attendance, other.attendance)


@settings(max_examples=40, deadline=None)
@given(
    every=st.integers(5, 40),
    more=st.integers(0, 20),
    together=st.integers(1, 3),
    early=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_more_time_between_appointments_never_makes_anybody_wait_longer(
    every: int, more: int, together: int, early: bool, seed: int
):
    """Each person in each run, under the same chance; and nobody waits less than nothing."""
    chance = Uncertainty(
        length=Lognormal(1.0, 0.6),
        lateness=Normal(-5, 15),
        no_shows=NoShows(otherwise=0.2),
        starts_early=early,
    )
    tight, wide = (
        simulate(
            *appointment_day(12, 15, every_minutes=minutes, together=together),
            chance,
            runs=20,
            seed=seed,
        )
        for minutes in (every, every + more)
    )
    np.testing.assert_array_equal(tight.attendance, wide.attendance)
    held = tight.attendance == Attendance.HELD
    assert (wide.waiting[held] <= tight.waiting[held] + 1e-9).all()
    assert (wide.waiting[held] >= 0).all()
    assert (wide.idle >= 0).all()
    # Missed visits take no time; those held as long as chance says, whatever the plan.
    np.testing.assert_allclose(tight.work, wide.work)


def test_a_grain_of_a_day_is_refused():
    """It has no minutes to wait."""
    some, plan = three()
    by_day = problem(
        horizon=Horizon(first=some.horizon.first, days=3, zone="UTC", grain_minutes=1440),
        services=(),
        requests=(),
    )
    with pytest.raises(InvalidProblem, match="grain is 1440 minutes, a day"):
        simulate(by_day, schedule())
    with pytest.raises(InvalidProblem, match="0 runs; at least 1"):
        simulate(some, plan, runs=0)
    with pytest.raises(InvalidProblem, match="The seed of a simulation is -1; at least 0"):
        simulate(some, plan, seed=-1)
    with pytest.raises(InvalidProblem, match="lengths of 'walk', a service that does not exist"):
        simulate(some, plan, longer(1, walk=2))
    with pytest.raises(InvalidSchedule, match="no request has this visit"):
        simulate(some, schedule(placed("X", 0, 8, 60, practitioner="ann")))


def test_nothing_placed_is_nothing_to_wait_for():
    """Figures are told all the same."""
    found = run(three()[0], schedule(), Uncertainty.from_profile())
    told = found.figures()
    assert told["mean"].tolist() == [0.0] * len(told)


def test_observed_lengths_are_drawn_alike():
    """Two values, each half the time."""
    chance = Uncertainty(length=Observed((1.0, 2.0)))
    found = simulate(*appointment_day(1, 60), chance, runs=4000, seed=1)
    counted = [int((found.work[0] == minutes).sum()) for minutes in (60.0, 120.0)]
    assert sum(counted) == 4000
    assert abs(counted[0] - 2000) < 3.3 * 4000**0.5 / 2


def test_each_visit_of_a_series_has_its_own_luck():
    """Who misses one may come to the next."""
    some = problem(
        Request(id="S", steps=(Step(service="visit"),), series=FlexibleSeries(count=2)), grain=15
    )
    plan = schedule(
        placed("S#1", 0, 8, 60, practitioner="ann"), placed("S#2", 0, 10, 60, practitioner="ann")
    )
    found = simulate(some, plan, Uncertainty(no_shows=NoShows(otherwise=0.5)), runs=50, seed=1)
    assert not np.array_equal(found.attendance[0], found.attendance[1])
