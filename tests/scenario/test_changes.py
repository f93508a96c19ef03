"""Changes: each does what it says to the problem it is given, and to nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tiny import (
    MONDAY,
    at,
    calendar,
    goals,
    horizon,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
)

from allocator import (
    Assignment,
    Contract,
    DatedException,
    FlexibleSeries,
    InvalidProblem,
    Level,
    Pin,
    PinKind,
    Problem,
    Relation,
    Selector,
    Skill,
    WorkLimits,
)
from allocator.domain.request import Alike, Precedence, Session, Step
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.rules.contracts import away
from allocator.scenario import (
    Ask,
    Capacity,
    Carers,
    Close,
    Demand,
    Extend,
    Hire,
    Leave,
    Lengths,
    Limits,
    Open,
    Pins,
    Publish,
    Rules,
    Skills,
    Stay,
    Weigh,
    Withdraw,
)

FRIDAY = frozenset({4})


def clinic(**more: Any) -> Problem:
    """Return a week with Ann and Ben, who share a calendar, and two rooms that share it, too."""
    return problem(
        days=7,
        **{
            "resources": (
                practitioner("ann"),
                practitioner("ben"),
                room("gym-a"),
                room("gym-b"),
            ),
            **more,
        },
    )


def hours(found: Problem, id: str) -> list[str]:
    """Return, for each day, at which local hours a resource is to be had: "8-12 14-15"."""
    prepared = Prepared(found)
    number = next(n for n, one in enumerate(prepared.resources) if one.id == id)
    opening = prepared.opening(number)
    there = opening.open & ~opening.blocked & ~away(prepared, number)
    free = masks.flags(there, prepared.ticks)
    told = []
    for day in range(found.horizon.days):
        runs: list[list[int]] = []
        for hour in (hour for hour in range(24) if free[24 * day + hour]):
            if runs and runs[-1][1] == hour:
                runs[-1][1] = hour + 1
            else:
                runs.append([hour, hour + 1])
        told.append(" ".join(f"{first}-{end}" for first, end in runs))
    return told


def refused(change: Any, found: Problem) -> str:
    """Return why a change cannot be made."""
    with pytest.raises(InvalidProblem) as error:
        change.apply(found)
    return str(error.value)


# Hours ---------------------------------------------------------------------------------------


def test_close_takes_a_weekday_of_one_resource() -> None:
    """Gym B closed on Fridays: gym A, Ann and Ben keep to the calendar that they shared."""
    found = Close(resources=("gym-b",), weekdays=FRIDAY).apply(clinic())
    assert hours(found, "gym-b") == ["8-12"] * 4 + [""] + ["8-12"] * 2
    assert {tuple(hours(found, id)) for id in ("ann", "ben", "gym-a")} == {("8-12",) * 7}


def test_close_takes_hours_of_a_kind_between_two_dates() -> None:
    """Every practitioner has a meeting at 9 on Tuesday and Wednesday; rooms do not."""
    meeting = Close(
        kind="practitioner",
        first=date(2026, 3, 3),
        last=date(2026, 3, 4),
        start_minute=9 * 60,
        end_minute=10 * 60,
        reason="meeting",
    )
    found = meeting.apply(clinic())
    for id in ("ann", "ben"):
        assert hours(found, id) == ["8-12", "8-9 10-12", "8-9 10-12", *["8-12"] * 4]
    assert hours(found, "gym-a") == ["8-12"] * 7
    assert meeting.text() == (
        "close every practitioner from 09:00 to 10:00 from 2026-03-03 to 2026-03-04 (meeting)"
    )


def test_close_gives_a_calendar_to_what_is_always_open() -> None:
    """A device without a calendar, closed on Friday, is open all other days and nights."""
    found = clinic(resources=(practitioner("ann"), room("van", calendar=None)))
    found = Close(resources=("van",), weekdays=FRIDAY).apply(found)
    assert hours(found, "van") == ["0-24"] * 4 + [""] + ["0-24"] * 2


def test_close_refuses_what_takes_nothing() -> None:
    """A date outside the horizon, or hours that end before they start."""
    after = Close(resources=("ann",), first=date(2026, 4, 1))
    assert refused(after, clinic()) == (
        "Closing ann from 2026-04-01 on takes nothing out of the 7 days from 2026-03-02 on."
    )
    back = Close(resources=("ann",), start_minute=600, end_minute=540)
    assert "from 10:00 to 09:00 takes nothing" in refused(back, clinic())


@pytest.mark.parametrize("change", [Close, Open])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weekdays": frozenset({4, 7})}, "Weekday 7; 0 (Monday) to 6 (Sunday) exist."),
        ({"weekdays": frozenset({-1})}, "Weekday -1; 0 (Monday) to 6 (Sunday) exist."),
        ({"start_minute": -60}, "start_minute is -60; a day has 0 to 1440 minutes"),
        ({"end_minute": 1500}, "end_minute is 1500; a day has 0 to 1440 minutes"),
    ],
)
def test_days_and_minutes_that_there_are_not_are_refused(
    change: Any, given: dict[str, Any], said: str
) -> None:
    """And the text that names the change in the message can be said."""
    made = change(**{"resources": ("ann",), "start_minute": 0, "end_minute": 60, **given})
    assert refused(made, clinic()).startswith(said)
    assert "ann" in made.text()


def test_close_passes_over_hours_that_the_clocks_skip() -> None:
    """From 2 to 3 there is nothing to close in the night of 29 March, and an hour in the next."""
    found = problem(
        horizon=replace(horizon(2), first=date(2026, 3, 29)),
        services=(),
        resources=(room("van", calendar=None),),
    )
    change = Close(resources=("van",), start_minute=120, end_minute=180)
    (made,) = [one for one in change.apply(found).calendars if one.id == "always of van"]
    assert [block.span.start.isoformat() for block in made.blocks] == ["2026-03-30T00:00:00+00:00"]


def held(**more: Any) -> Problem:
    """Return Ann's visits R1 at 8 on Monday, R2 at 10 and R3 at 8 on Tuesday, all pinned.

    After each she writes for an hour. R3's pin is of its time alone.
    """
    hours = ((0, 8), (0, 10), (1, 8))
    return asked(
        services=(service(needs=(need(after_minutes=60),)),),
        requests=tuple(request(f"R{n}", f"P{n}") for n in (1, 2, 3)),
        published=tuple(
            Assignment(
                visit=f"R{n}",
                start=at(day, hour),
                end=at(day, hour + 1),
                resources=((f"attendee:P{n}", (f"P{n}",)), ("practitioner", ("ann",))),
            )
            for n, (day, hour) in enumerate(hours, 1)
        ),
        pins=(Pin(visit="R1"), Pin(visit="R2"), Pin(visit="R3", kind=PinKind.TIME)),
        **more,
    )


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (Close(resources=("ann",), first=MONDAY, last=MONDAY), ["R3"]),
        # R1 is over at 9, and written up at 10.
        (Close(resources=("ann",), start_minute=9 * 60, end_minute=10 * 60), ["R2", "R3"]),
        (Close(resources=("ann",), start_minute=12 * 60), ["R1", "R2", "R3"]),
        (Close(resources=("ben",)), ["R1", "R2", "R3"]),
        (Close(kind="patient", first=MONDAY, last=MONDAY), ["R3"]),
        (Leave(resources=("ann",)), ["R3"]),
        (Leave(resources=("ann",), first=date(2026, 3, 3)), ["R1", "R2", "R3"]),
    ],
)
def test_visits_pinned_to_who_is_away_are_let_go(change: Any, left: list[str]) -> None:
    """They would go on without their therapist; the others stay pinned, and all stay published."""
    found = change.apply(held())
    assert [pin.visit for pin in found.pins] == left
    assert found.published == held().published


def test_who_takes_part_is_let_go_with_the_group() -> None:
    """The session cannot be held by Ann, so that its participants are not held in it."""
    place = {"start": at(0, 8), "end": at(0, 9)}
    found = asked(
        requests=(request("R1", "P1", steps=(Step(sessions=frozenset({"G"})),)),),
        sessions=(Session(id="G", service="visit", most=5),),
        published=(
            Assignment(visit="R1", resources=(("attendee:P1", ("P1",)),), session="G", **place),
            Assignment(visit="G", resources=(("practitioner", ("ann",)),), **place),
        ),
        pins=(Pin(visit="R1"), Pin(visit="G")),
    )
    assert Close(resources=("ann",), weekdays=frozenset({0})).apply(found).pins == ()


def test_open_adds_what_is_not_open_yet() -> None:
    """Open from 7 to 14 on Friday: what was open from 8 to 12 stays one rule of its own."""
    change = Open(resources=("ann",), start_minute=7 * 60, end_minute=14 * 60, weekdays=FRIDAY)
    found = change.apply(clinic())
    assert hours(found, "ann") == ["8-12"] * 4 + ["7-14"] + ["8-12"] * 2
    assert hours(found, "ben") == ["8-12"] * 7
    assert change.text() == "open ann on fri from 07:00 to 14:00"


def test_open_marks_only_what_it_adds_as_overtime() -> None:
    """The four ordinary hours of a day are none; the two that come on top are."""
    change = Open(kind="practitioner", start_minute=8 * 60, end_minute=14 * 60, overtime=True)
    found = change.apply(clinic())
    mine = found.calendar(found.resource("ann").calendar or "")
    assert {
        (r.hours.start_minute // 60, r.hours.end_minute // 60, r.overtime) for r in mine.weekly
    } == {
        (8, 12, False),
        (12, 14, True),
    }


def test_open_minds_rules_that_hold_for_some_dates() -> None:
    """Ben works afternoons from Thursday on: until then the new hours fill the afternoon, too."""
    ordinary = calendar()
    later = replace(calendar(first_hour=12, last_hour=16).weekly[0], first=date(2026, 3, 5))
    found = clinic(calendars=(replace(ordinary, weekly=(*ordinary.weekly, later)),))
    found = Open(resources=("ben",), start_minute=14 * 60, end_minute=18 * 60).apply(found)
    assert hours(found, "ben") == ["8-12 14-18"] * 3 + ["8-18"] * 4


def test_open_leaves_dates_with_hours_of_their_own() -> None:
    """A Friday that is closed as an exception stays closed."""
    closed = replace(calendar(), exceptions=(DatedException(day=date(2026, 3, 6)),))
    found = Open(kind="room", start_minute=12 * 60, end_minute=13 * 60).apply(
        clinic(calendars=(closed,))
    )
    assert hours(found, "gym-a") == ["8-13"] * 4 + [""] + ["8-13"] * 2


def test_open_refuses_what_is_always_open() -> None:
    """Nothing can be added to a resource without a calendar."""
    found = clinic(resources=(practitioner("ann"), room("van", calendar=None)))
    change = Open(resources=("van",), start_minute=0, end_minute=60)
    assert refused(change, found) == (
        "Resource van has no calendar: it is always open, and cannot be open for longer."
    )


def test_extend_makes_each_day_longer_at_its_end() -> None:
    """An hour more where a day ends at 12 or at 16; a day that is closed stays so."""
    ordinary = calendar()
    morning = replace(ordinary.weekly[0], weekdays=frozenset(range(6)))
    later = replace(
        calendar(first_hour=13, last_hour=16).weekly[0],
        weekdays=frozenset({2, 3}),
        first=date(2026, 3, 5),
    )
    found = clinic(calendars=(replace(ordinary, weekly=(morning, later)),))
    change = Extend(resources=("ben",), minutes=60)
    assert hours(change.apply(found), "ben") == ["8-13"] * 3 + ["8-12 13-17"] + ["8-13"] * 2 + [""]
    assert hours(change.apply(found), "ann")[:2] == ["8-12"] * 2
    assert change.text() == "ben open 60 minutes longer"
    assert refused(Extend(resources=("ben",), minutes=0), found) == (
        "Days of ben are longer by 0 minutes; 1 to 1439 make sense."
    )


def test_extend_ends_at_midnight() -> None:
    """However much longer the day is to be; more of it may be overtime."""
    found = Extend(kind="room", minutes=900, overtime=True).apply(clinic())
    assert hours(found, "gym-a") == ["8-24"] * 7
    mine = found.calendar(found.resource("gym-a").calendar or "")
    assert [r.overtime for r in mine.weekly] == [False, *[True] * 7]


# Resources -----------------------------------------------------------------------------------


def test_hire_copies_what_serves_and_halves_its_week() -> None:
    """Ann has 28 hours in this week; half of her, at a grain of an hour, is 14."""
    named = service(
        needs=(need(alternatives=(Selector(names=frozenset({"ann"})),)),),
        minutes_by_resource=(("ann", 120),),
    )
    found = Hire(like="ann", id="eve", name="Eve", percent=50).apply(clinic(services=(named,)))
    eve = found.resource("eve")
    assert (eve.kind, eve.calendar, eve.label) == ("practitioner", "day", "Eve")
    assert eve.limits.minutes_per_week == 14 * 60
    assert eve.contracts == (Contract(minutes_per_week=14 * 60),)
    (visit,) = found.services
    assert visit.needs[0].alternatives[0].names == {"ann", "eve"}
    assert dict(visit.minutes_by_resource) == {"ann": 120, "eve": 120}


def test_hire_takes_a_share_of_a_limit() -> None:
    """A quarter of somebody who works 20 hours at most works 5."""
    some = practitioner("ann", limits=WorkLimits(minutes_per_week=20 * 60))
    found = Hire(like="ann", id="eve", percent=25).apply(clinic(resources=(some,)))
    assert found.resource("eve").limits.minutes_per_week == 5 * 60


def test_a_share_of_a_week_lies_on_the_grid() -> None:
    """A third of 28 hours is 554 minutes; with a grain of an hour nobody can work more than 9."""
    found = Hire(like="ann", id="eve", percent=33).apply(clinic())
    assert found.resource("eve").limits.minutes_per_week == 9 * 60


def test_hire_takes_a_share_of_a_contract() -> None:
    """Ann is open for 28 hours and has a contract of 20, before of 10: half of her is 10."""
    contracts = (
        Contract(last=date(2026, 3, 3), minutes_per_week=10 * 60),
        Contract(first=date(2026, 3, 4), minutes_per_week=20 * 60),
    )
    found = clinic(resources=(practitioner("ann", contracts=contracts),))
    eve = Hire(like="ann", id="eve", percent=50).apply(found).resource("eve")
    assert eve.limits.minutes_per_week == 10 * 60
    assert eve.contracts == (Contract(minutes_per_week=10 * 60),)
    whole = Hire(like="ann", id="eve").apply(found).resource("eve")
    assert (whole.limits.minutes_per_week, whole.contracts) == (
        None,
        (Contract(minutes_per_week=20 * 60),),
    )


def test_who_is_hired_has_dates_of_their_own() -> None:
    """Like Ben, who is gone since Tuesday; from Thursday to Saturday."""
    gone = Leave(resources=("ben",), first=date(2026, 3, 3)).apply(clinic())
    assert hours(Hire(like="ben", id="eve").apply(gone), "eve") == ["8-12"] * 7
    change = Hire(like="ben", id="eve", first=date(2026, 3, 5), last=date(2026, 3, 7))
    assert hours(change.apply(gone), "eve") == [""] * 3 + ["8-12"] * 3 + [""]
    assert change.text() == "hire eve, like ben, from 2026-03-05 to 2026-03-07"
    assert Hire(like="ben", id="eve", first=MONDAY).text() == (
        "hire eve, like ben, from 2026-03-02 on"
    )
    assert "contract" in refused(
        Hire(like="ben", id="eve", first=date(2026, 3, 7), last=date(2026, 3, 5)), clinic()
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Hire(like="an", id="eve"), "Resource an does not exist; did you mean ann?"),
        (
            Hire(like="ann", id="eve", percent=120),
            "Resource eve: 120 percent of ann; 1 to 100 make sense.",
        ),
        (
            Close(),
            "A change names either resources or a kind; here are 0 resources and the kind ''.",
        ),
        (Close(kind="rom"), "Kind rom does not exist; did you mean room?"),
        (Rules(off=("brakes",)), "Rule brakes does not exist; did you mean breaks?"),
        (Rules(on=("brakes",)), "Rule brakes does not exist; did you mean breaks?"),
        (Rules(off=("duration",)), "Rule duration is part of what a visit is and cannot be"),
        (
            Rules(off=("breaks",), on=("breaks",)),
            "Rule breaks is switched off and on by the same change; choose one.",
        ),
        (Weigh(goal="waitin", weight=0), "Goal waitin does not exist; did you mean waiting?"),
        (Carers(most=0), "Series with at most 0 carers; at least 1."),
        (
            Lengths(services=("visit",), minutes=0),
            "Service visit: its duration is 0 minutes; at least 1.",
        ),
    ],
)
def test_a_name_that_nobody_has_is_refused(change: Any, said: str) -> None:
    """With the nearest that there is."""
    assert refused(change, clinic()).startswith(said)


def test_hire_refuses_an_id_that_is_taken() -> None:
    """As every problem does with two resources of one id."""
    assert "ben" in refused(Hire(like="ann", id="ben"), clinic())


def test_leave_ends_contracts() -> None:
    """Ben goes on Thursday, at whatever end his contracts had."""
    found = Leave(resources=("ben",), first=date(2026, 3, 5)).apply(clinic())
    assert hours(found, "ben") == ["8-12"] * 3 + [""] * 4
    later = practitioner("ben", contracts=(Contract(first=date(2026, 3, 6)),))
    found = Leave(kind="practitioner", first=date(2026, 3, 5)).apply(clinic(resources=(later,)))
    assert hours(found, "ben") == [""] * 7
    assert hours(Leave(resources=("ann",)).apply(clinic()), "ann") == [""] * 7


def test_skills_are_learnt_and_lost() -> None:
    """What is learnt replaces a skill that held for some dates only."""
    ann = practitioner("ann", skills=(Skill(name="yoga", last=MONDAY), Skill(name="hands")))
    change = Skills(resources=("ann",), learn=("yoga",), lose=("hands",))
    found = change.apply(clinic(resources=(ann, practitioner("ben"))))
    assert found.resource("ann").skills == (Skill(name="yoga"),)
    assert found.resource("ben").skills == ()
    assert change.text() == "ann learns yoga and loses hands"


def test_capacity_and_limits_are_set() -> None:
    """Lanes and seats each by itself; limits as a whole."""
    found = Capacity(kind="room", lanes=3).apply(clinic())
    assert [(r.lanes, r.seats) for r in found.resources] == [(1, None)] * 2 + [(3, None)] * 2
    assert Capacity(resources=("gym-a",), seats=8).apply(found).resource("gym-a").seats == 8
    limits = WorkLimits(minutes_per_day=120)
    found = Limits(resources=("ann",), limits=limits).apply(found)
    assert found.resource("ann").limits == limits
    assert Limits(resources=("ann",), limits=limits).text() == "ann with minutes per day 120"
    assert "0 lanes; 1 to 1000" in refused(Capacity(kind="room", lanes=0), found)


# Requests ------------------------------------------------------------------------------------


def asked(**more: Any) -> Problem:
    """Return a clinic with four requests of four patients, two of them urgent."""
    people = tuple(patient(f"P{n}") for n in range(1, 5))
    return clinic(
        **{
            "resources": (practitioner("ann"), practitioner("ben"), *people),
            "requests": tuple(
                request(f"R{n}", f"P{n} ben", priority=1 if n < 3 else 3) for n in range(1, 5)
            ),
            **more,
        }
    )


def test_ask_and_withdraw_undo_each_other() -> None:
    """A request that comes and goes leaves nothing behind."""
    more = Ask(requests=(request("R5", "P5"),), resources=(patient("P5"),))
    found = more.apply(asked())
    assert [r.id for r in found.requests] == ["R1", "R2", "R3", "R4", "R5"]
    assert Withdraw(requests=("R5",)).apply(found).requests == asked().requests


def test_ask_refuses_a_class_that_counts_nowhere() -> None:
    """Levels of one's own without the class would leave it worth nothing, silently."""
    found = asked(levels=goals(soonest=1))
    change = Ask(requests=(request("R5", "P1", priority=2),))
    assert refused(change, found) == (
        "Request R5 has priority 2, and none of the 2 levels has the goal served:2: serving it"
        " would be worth nothing."
    )


def test_withdraw_takes_what_is_said_of_a_request() -> None:
    """Its published visit, pin, precedence, and its place in a relation; a relation of one goes."""
    found = asked(
        published=tuple(
            Assignment(
                visit=f"R{n}",
                start=at(0, 7 + n),
                end=at(0, 8 + n),
                resources=(
                    (f"attendee:P{n}", (f"P{n}",)),
                    ("attendee:ben", ("ben",)),
                    ("practitioner", ("ann",)),
                ),
            )
            for n in (1, 2)
        ),
        pins=(Pin(visit="R1"), Pin(visit="R2")),
        relations=(
            Relation(id="pair", visits=("R1", "R2"), alike=Alike.DAY),
            Relation(id="three", visits=("R1", "R2", "R3"), alike=Alike.DAY),
        ),
        precedences=(Precedence(id="first", before="R1", after="R2"),),
    )
    found = Withdraw(requests=("R1",)).apply(found)
    assert [a.visit for a in found.published] == ["R2"]
    assert found.pins == (Pin(visit="R2"),)
    assert [(one.id, one.visits) for one in found.relations] == [("three", ("R2", "R3"))]
    assert found.precedences == ()
    assert refused(Withdraw(requests=("R9",)), found) == "Request R9 does not exist."


def test_demand_grows_by_copies_for_other_people() -> None:
    """50 % more of four: two copies, each of a new patient; Ben, who may serve, is the same."""
    found = Demand(percent=50).apply(asked())
    new = found.requests[4:]
    assert len(new) == 2
    for one in new:
        original = one.id.removesuffix("~2")
        assert one == replace(
            found.request(original),
            id=one.id,
            attendees=(
                replace(found.request(original).attendees[0], resource=f"P{original[1]}~2"),
                found.request(original).attendees[1],
            ),
        )
        assert found.resource(f"P{original[1]}~2").kind == "patient"


def test_demand_grows_for_some_and_more_than_once() -> None:
    """250 % more of the two urgent ones: five copies, R1 and R2 twice and one of them again."""
    found = Demand(percent=250, priorities=(1,)).apply(asked())
    new = sorted(one.id for one in found.requests[4:])
    assert len(new) == 5
    assert {"R1~2", "R1~3", "R2~2", "R2~3"} < {*new}
    again = Demand(percent=250, priorities=(1,)).apply(found)
    assert len({one.id for one in again.requests}) == len(again.requests) == 9 + 18


def test_demand_of_others_bears_no_names() -> None:
    """The one who is asked for again is not called as the patient whose request is copied."""
    named = replace(patient("P1"), name="Anna Maier")
    found = asked(resources=(practitioner("ann"), named), requests=(request("R1", "P1"),))
    found = Demand(percent=100).apply(found)
    assert [(one.id, one.name) for one in found.resources[1:]] == [
        ("P1", "Anna Maier"),
        ("P1~2", ""),
    ]


def test_demand_refuses_a_class_that_nobody_asks() -> None:
    """It would change nothing, and say that it did."""
    assert refused(Demand(percent=50, priorities=(2,)), asked()) == "Priority 2 does not exist."


def test_demand_shrinks_by_what_may_go() -> None:
    """Three of four may go; what must be served, is published or pinned stays."""
    must = tuple(replace(r, must=r.id == "R2") for r in asked().requests)
    found = asked(requests=must)
    assert [r.id for r in Demand(percent=-75).apply(found).requests] == ["R2"]
    assert refused(Demand(percent=-100), found) == (
        "4 of 4 requests are to be taken away, and 3 may be: the others are published, or"
        " must be served."
    )


def test_demand_is_of_what_is_not_settled() -> None:
    """Of four requests one is pinned and one frozen: 100 % more are the two others."""
    there = tuple(
        Assignment(
            visit=f"R{n}",
            start=at(0, 7 + n),
            end=at(0, 8 + n),
            resources=(
                (f"attendee:P{n}", (f"P{n}",)),
                ("attendee:ben", ("ben",)),
                ("practitioner", ("ann",)),
            ),
        )
        for n in (1, 2, 3)
    )
    found = asked(published=there, pins=(Pin(visit="R2"),), freeze_before=at(0, 9))
    more = Demand(percent=100).apply(found)
    assert [one.id for one in more.requests[4:]] == ["R3~2", "R4~2"]
    assert [one.id for one in Demand(percent=-50).apply(found).requests] == ["R1", "R2", "R3"]


def test_demand_rounds_half_up_and_is_drawn_by_its_seed() -> None:
    """12 % of four is none, 13 % is one; the same seed draws the same."""
    assert Demand(percent=12).apply(asked()) == asked()
    drawn = {Demand(percent=13, seed=seed).apply(asked()).requests[4].id for seed in range(20)}
    assert drawn == {f"R{n}~2" for n in range(1, 5)}
    assert Demand(percent=13, seed=7).apply(asked()) == Demand(percent=13, seed=7).apply(asked())


def test_carers_are_shared_in_flexible_series_alone() -> None:
    """Of the services named, or of all."""
    series = FlexibleSeries(count=3, most_carers=1)
    found = asked(
        services=(service(), service("other")),
        requests=(
            request("R1", "P1", series=series),
            request("R2", "P2", "other", series=series),
            request("R3", "P3"),
        ),
    )
    shared = Carers(most=None, services=("visit",)).apply(found)
    assert [r.series and r.series.most_carers for r in shared.requests] == [None, 1, None]  # type: ignore[union-attr]
    assert Carers(most=2).text() == "series with at most 2 carers"


def test_series_that_have_no_carers_stay() -> None:
    """A series in the gym alone does not stand in the way of all others."""
    series = FlexibleSeries(count=3)
    found = asked(
        resources=(practitioner("ann"), room("gym"), patient("P1"), patient("P2")),
        services=(service(), service("gym", needs=(need("room"),))),
        requests=(
            request("R1", "P1", series=series),
            request("R2", "P2", "gym", series=series),
        ),
    )
    shared = Carers(most=2).apply(found).requests
    assert [r.series and r.series.most_carers for r in shared] == [2, None]  # type: ignore[union-attr]


def test_lengths_and_buffers_change() -> None:
    """Minutes of the services named; buffers of one role, or of all."""
    found = clinic(services=(service(needs=(need(), need("room"))), service("other")))
    longer = Lengths(services=("visit",), minutes=120, role="room", after_minutes=60).apply(found)
    visit, other = longer.services
    assert (visit.minutes, other.minutes) == (120, 60)
    assert [(n.role, n.before_minutes, n.after_minutes) for n in visit.needs] == [
        ("practitioner", 0, 0),
        ("room", 0, 60),
    ]
    every = Lengths(before_minutes=60).apply(found)
    assert [n.before_minutes for s in every.services for n in s.needs] == [60, 60, 60]
    assert refused(Lengths(minutes=60), found) == (
        "All 2 services would last 60 minutes; name those that do."
    )
    assert refused(Lengths(role="rom", after_minutes=0), found) == (
        "Role rom does not exist; did you mean room?"
    )


# The objective, rules and pins -----------------------------------------------------------------


def test_weigh_changes_adds_and_leaves_out() -> None:
    """Where the goal is, in the level named, or in the last; nothing else moves."""
    found = asked(levels=goals(soonest=1, waiting=2))
    comfort = [dict(Weigh(goal="soonest", weight=w).apply(found).levels[-1].goals) for w in (5, 0)]
    assert comfort == [{"soonest": 5, "waiting": 2}, {"waiting": 2}]
    new = Weigh(goal="overtime", weight=3).apply(found)
    assert dict(new.levels[-1].goals) == {"soonest": 1, "waiting": 2, "overtime": 3}
    first = Weigh(goal="waiting", weight=4, level="priority 3").apply(found)
    assert [dict(one.goals) for one in first.levels] == [
        {"served:3": 1, "waiting": 4},
        {"soonest": 1},
    ]
    assert refused(Weigh(goal="waiting", weight=-1), found) == (
        "Goal waiting: its weight is -1; it may not be below 0."
    )


def test_weigh_starts_from_the_levels_in_force() -> None:
    """A problem without levels of its own has one for each class, then comfort."""
    found = Weigh(goal="same_carer", weight=7).apply(asked())
    assert [level.name for level in found.levels] == ["priority 1", "priority 3", "comfort"]
    assert dict(found.levels[-1].goals)["same_carer"] == 7


def test_a_level_without_goals_goes() -> None:
    """Its last goal left out leaves nothing to weigh."""
    found = Weigh(goal="soonest", weight=0).apply(asked(levels=goals(soonest=1)))
    assert [level.name for level in found.levels] == ["priority 3"]


def test_rules_are_switched_off_and_on() -> None:
    """And off again: each change is made to what the one before left."""
    off = Rules(off=("breaks", "travel")).apply(clinic())
    assert off.without_rules == {"breaks", "travel"}
    assert Rules(on=("travel",)).apply(off).without_rules == {"breaks"}
    assert Rules(off=("breaks",), on=("travel",)).text() == (
        "without the rule breaks, with the rule travel"
    )


def test_pins_and_caps() -> None:
    """Held and released; at most so many changes, at a price."""
    place = (("attendee:P1", ("P1",)), ("attendee:ben", ("ben",)), ("practitioner", ("ann",)))
    there = Assignment(visit="R1", start=at(0, 8), end=at(0, 9), resources=place)
    found = asked(published=(there,), levels=goals(fewest_changes=1))
    held = Pins(hold=("R1",), kind=PinKind.TIME).apply(found)
    assert held.pins == (Pin(visit="R1", kind=PinKind.TIME),)
    assert Pins(hold=("R1",)).apply(held).pins == (Pin(visit="R1"),)
    assert Pins(release=("R1",)).apply(held).pins == ()
    stay = Stay(most_changes=0, weight=9).apply(found)
    assert stay.most_changes == 0
    assert dict(stay.levels[-1].goals) == {"fewest_changes": 9}
    assert Stay(most_changes=0, weight=9).text() == "at most 0 changes and each change weighs 9"


def test_a_schedule_is_published() -> None:
    """In place of what was published of its visits; all else stays."""
    place = (("attendee:P1", ("P1",)), ("attendee:ben", ("ben",)), ("practitioner", ("ann",)))
    at_eight = Assignment(visit="R1", start=at(0, 8), end=at(0, 9), resources=place)
    at_nine = replace(at_eight, start=at(0, 9), end=at(0, 10))
    other = replace(
        at_eight,
        visit="R2",
        resources=(("attendee:P2", ("P2",)), *place[1:]),
        start=at(1, 8),
        end=at(1, 9),
    )
    found = Publish(assignments=(at_nine,)).apply(asked(published=(at_eight, other)))
    assert found.published == (other, at_nine)
    assert Publish(assignments=(at_nine,)).text() == "1 visit published"


def test_a_request_stands_for_its_published_visits() -> None:
    """Its visits are held where they are published, and released, by its id."""
    place = (("attendee:P1", ("P1",)), ("practitioner", ("ann",)))
    there = tuple(
        Assignment(visit=f"S#{n}", start=at(n, 8), end=at(n, 9), resources=place) for n in (1, 2)
    )
    series = request("S", "P1", series=FlexibleSeries(count=3, at_least=1))
    found = asked(published=there, requests=(series, request("R2", "P2")))
    held = Pins(hold=("S",)).apply(found)
    assert [pin.visit for pin in held.pins] == ["S#1", "S#2"]
    assert [pin.visit for pin in Pins(release=("S#1",)).apply(held).pins] == ["S#2"]
    assert Pins(release=("S",)).apply(held).pins == ()
    assert refused(Pins(release=("T",)), found) == "Visit T does not exist."
    assert refused(Pins(hold=("S",), release=("S#2",)), found) == (
        "Visit S#2 is held and released by the same change; choose one."
    )


def test_the_only_goal_cannot_be_left_out() -> None:
    """Without any level those by default would hold, with the very goal among them."""
    found = asked(levels=(Level(name="comfort", goals=(("waiting", 1),)),))
    assert refused(Weigh(goal="waiting", weight=0), found) == (
        "Goal waiting is the only one; without it 0 goals would be left."
    )


def test_days_are_those_of_the_place() -> None:
    """Closed on Sunday in Auckland: Berlin's Saturday noon to Sunday noon."""
    from allocator import Location

    found = Problem(
        horizon=horizon(7),
        locations=(Location(id="south", zone="Pacific/Auckland"),),
        resources=(room("van", calendar=None, location="south"),),
    )
    closed = Close(resources=("van",), weekdays=frozenset({6})).apply(found)
    # Midnight in Auckland (UTC+13) is noon the day before in Berlin (UTC+1).
    assert hours(closed, "van") == ["0-24"] * 5 + ["0-12", "12-24"]
