"""The simulation equals a slow one that looks at every minute, and a valid plan runs as planned."""

from __future__ import annotations

import random

import pytest
from faces import book_of
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import random_problem, random_schedule
from simulate.days import placed, schedule
from tiny import calendar, need, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.simulate import Attendance, NoShows, Observed, Uncertainty, simulate
from allocator.simulate.luck import luck

#: Whole minutes, of visits planned for 15: a twin that counts minutes tells no others.
CHANCE = Uncertainty(
    length=Observed((0.8, 1.0, 1.4, 3.0)),
    lateness=Observed((-12.0, -3.0, 0.0, 7.0, 20.0)),
    no_shows=NoShows(otherwise=0.2),
    grace_minutes=15,
)
PLANNED, OPENS, RUNS = 15, 8 * 60, 4
LANES = {"ann": 1, "bob": 1, "r": 1, "gym": 2}


@st.composite
def days(draw) -> tuple[Problem, Schedule]:
    """Draw a morning of visits with a practitioner, a room or both, at times that may clash."""
    visits = draw(
        st.lists(
            st.tuples(
                st.integers(0, 7),
                st.sampled_from(["ann", "bob", ""]),
                st.sampled_from(["r", "gym", ""]),
            ).filter(lambda visit: visit[1] or visit[2]),
            min_size=1,
            max_size=9,
        )
    )
    kinds = {"both": ("practitioner", "room"), "talk": ("practitioner",), "train": ("room",)}
    some = problem(
        *(
            request(f"V{n}", services="both" if who and where else "talk" if who else "train")
            for n, (_, who, where) in enumerate(visits)
        ),
        grain=15,
        calendars=(calendar("day", 8, 10),),
        resources=(practitioner("ann"), practitioner("bob"), room("r"), room("gym", lanes=2)),
        services=tuple(
            service(id, PLANNED, needs=tuple(need(role) for role in roles))
            for id, roles in kinds.items()
        ),
    )
    return some, schedule(
        *(
            placed(
                f"V{n}",
                0,
                8 + slot / 4,
                PLANNED,
                **({"practitioner": who} if who else {}),
                **({"room": where} if where else {}),
            )
            for n, (slot, who, where) in enumerate(visits)
        )
    )


def minute_by_minute(plan: Schedule, run: int, seed: int) -> dict[str, int]:
    """Return when each visit that is held begins, by looking at every minute of a day.

    It begins when its people are there, all is open, and at none of its resources the earlier
    visits that are not over yet, begun or not, take up all lanes. Who comes too late is waited for
    until the grace of 15 minutes is over; who stays away is not.
    """
    ordered = sorted(plan.assignments, key=lambda a: (a.start, a.visit))
    planned, arrives, lasts, given_up = {}, {}, {}, {}
    for assignment in ordered:
        chance = luck(CHANCE, assignment.visit, "", RUNS, seed)
        if chance.away[run] < 0.2:
            continue
        planned[assignment.visit] = assignment
        start = round((assignment.start - ordered[0].start).total_seconds() / 60)
        first = ordered[0].start.hour * 60 + ordered[0].start.minute
        if chance.late[run] <= 15:
            arrives[assignment.visit] = max(OPENS, first + start + int(chance.late[run]))
            lasts[assignment.visit] = round(PLANNED * chance.length[run])
        else:
            given_up[assignment.visit] = first + start + 15
    begun: dict[str, int] = {}
    for minute in range(OPENS, 24 * 60):
        for place, visit in enumerate(planned):
            if visit in begun or visit in given_up or minute < arrives[visit]:
                continue
            waits = False
            for resource in planned[visit].everyone():
                ahead = [
                    other
                    for other in list(planned)[:place]
                    if resource in planned[other].everyone()
                    and (
                        given_up[other] > minute
                        if other in given_up
                        else other not in begun or begun[other] + lasts[other] > minute
                    )
                ]
                waits = waits or len(ahead) >= LANES[resource]
            if not waits:
                begun[visit] = minute
    return begun


@settings(max_examples=60, deadline=None)
@given(day=days(), seed=st.integers(0, 10_000))
def test_it_begins_each_visit_in_the_same_minute(day: tuple[Problem, Schedule], seed: int):
    """Practitioners, a room and a gym with two lanes, clashes among them."""
    some, plan = day
    found = simulate(some, plan, CHANCE, runs=RUNS, seed=seed)
    for run in range(RUNS):
        begun = minute_by_minute(plan, run, seed)
        for place, visit in enumerate(found.visits["visit"]):
            held = found.attendance[place, run] == Attendance.HELD
            assert held == (visit in begun)
            if held:
                start = plan[visit].start
                minute = start.hour * 60 + start.minute + found.delay[place, run]
                assert minute == pytest.approx(begun[visit])


@pytest.mark.parametrize("seed", range(40))
def test_a_valid_plan_runs_as_planned(seed: int):
    """Random problems over every rule: nobody waits, and work is what is claimed."""
    some = random_problem(seed)
    book = book_of(some)
    placements = random_schedule(book, random.Random(seed))
    plan = Schedule(
        assignments=tuple(book.prepared.assignment(n, p) for n, p in sorted(placements.items()))
    )
    found = simulate(some, plan, Uncertainty(), runs=1)
    assert (found.waiting == 0).all()
    assert (found.delay == 0).all()
    prepared, grain, work = book.prepared, some.horizon.grain_minutes, 0
    for number, placement in placements.items():
        for claim in prepared.visits[number].claims(placement):
            thing = prepared.resources[claim.resource]
            if thing.calendar is not None and not prepared.attends_only(claim.resource):
                whole = thing.kind in ("room", "device")
                first, end = claim.first if whole else claim.part_first, claim.part_end
                work += ((claim.end if whole else end) - first) * claim.uses * grain
    assert found.work.sum() == work
