"""Resources that nothing tells apart are counted, and named only afterwards."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from faces import book_of
from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model
from tiny import at, goals, need, patient, practitioner, problem, request, room, service, span

from allocator.check.score import score
from allocator.check.violations import violations
from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import (
    Alike,
    Apart,
    Attendee,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Pin,
    PreferredResource,
    Relation,
    Request,
)
from allocator.domain.resource import Break, Reserve, Resource, Skill, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Selector, Turnaround
from allocator.model.model import Model
from allocator.model.pools import coloured
from allocator.prepare.visit import Placement
from allocator.state.state import State
from allocator.state.timetable import Timetable

WHOLE_DAY = DailySpan(start_minute=8 * 60, end_minute=12 * 60)


def world(*requests: Request, **more: Any) -> Problem:
    """Return a problem in which visits need one of three rooms, and nobody else."""
    return problem(
        *(requests or (request("A"), request("B"))),
        **{
            "resources": tuple(room(f"room {n}") for n in "123"),
            "services": (service(needs=(need("room"),)),),
            **more,
        },
    )


def changed(number: int, **changes: Any) -> tuple[Resource, ...]:
    """Return the three rooms, one of them (or, for -1, all) with changes."""
    return tuple(
        room(f"room {n + 1}", **(changes if n == number or number < 0 else {})) for n in range(3)
    )


def model_of(some: Problem, **more: Any) -> Model:
    """Return the pooled model of all visits that are not frozen."""
    book = book_of(some)
    frozen = [book.prepared.frozen.get(v) for v in range(len(book.prepared.visits))]
    free = [v for v, placement in enumerate(frozen) if placement is None]
    return Model(book, State(book.prepared, frozen, pending=free), free, pooled=True, **more)


def pools_of(some: Problem, **more: Any) -> list[set[str]]:
    """Return the pools, by the ids of their members."""
    model = model_of(some, **more)
    names = [resource.id for resource in model.prepared.resources]
    return [{names[member] for member in members} for members in model.pools.values()]


def held(visit: str, hour: int, room_id: str) -> Assignment:
    """Return a published visit of an hour."""
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("room", (room_id,)),),
    )


def test_rooms_that_nothing_tells_apart_are_one_pool() -> None:
    """Three rooms of the same calendar, which nobody names, are one resource with three lanes."""
    assert pools_of(world()) == [{"room 1", "room 2", "room 3"}]


def test_a_model_pools_only_when_asked() -> None:
    """Explanations and single steps name each resource."""
    book = book_of(world())
    assert not Model(book, State(book.prepared, pending=[0, 1]), [0, 1]).pools


LATE = Calendar(
    id="late",
    weekly=(
        WeeklyRule(
            weekdays=frozenset(range(7)),
            hours=DailySpan(start_minute=9 * 60, end_minute=12 * 60),
        ),
    ),
)
KEPT = (Reserve(span=span(0, 8, 9)),)

#: What makes the first of three rooms another than the two others.
DIFFERENT: dict[str, dict[str, Any]] = {
    "calendar": {
        "resources": changed(0, calendar="late"),
        "calendars": (*world().calendars, LATE),
    },
    "seats": {"resources": changed(0, seats=2)},
    "lanes": {"resources": changed(0, lanes=2)},
    "mobile": {"resources": changed(0, mobile=True)},
    "reserve": {"resources": changed(0, reserves=KEPT)},
    "break": {"resources": changed(0, breaks=(Break(minutes=60, window=WHOLE_DAY),))},
    "work a day": {"resources": changed(0, limits=WorkLimits(minutes_per_day=120))},
    "work a week": {"resources": changed(0, limits=WorkLimits(minutes_per_week=120))},
    "work in a row": {
        "resources": changed(0, limits=WorkLimits(minutes_in_a_row=120, rest_minutes=60))
    },
    "visits a day": {"resources": changed(0, limits=WorkLimits(visits_per_day=1))},
    "skill": {
        "resources": changed(0, skills=(Skill(name="quiet"),)),
        "services": (
            service(
                needs=(
                    need(
                        "room",
                        alternatives=(
                            Selector(kind="room", skills=frozenset({"quiet"})),
                            Selector(kind="room"),
                        ),
                    ),
                )
            ),
        ),
    },
    "duration": {
        "services": (
            service(
                needs=(need("room"),),
                minutes_by_resource=(("room 1", 120),),
            ),
        )
    },
    "frozen claim": {
        "requests": (request("A"), request("B"), request("C")),
        "published": (held("C", 9, "room 1"),),
        "pins": (Pin(visit="C"),),
    },
    "published": {"published": (held("A", 9, "room 1"),)},
    "apart": {"apart": (Apart(one="room 1", other="pat"),)},
    "wish": {
        "requests": (
            request(
                "A",
                preferred_resources=(
                    PreferredResource(role="room", resources=frozenset({"room 1"})),
                ),
            ),
            request("B"),
        )
    },
    "option": {
        "requests": (
            request(
                "A",
                options=(
                    Option(
                        placements=(
                            OptionPlacement(start=at(0, 9), resources=(("room", "room 1"),)),
                        )
                    ),
                    Option(placements=(OptionPlacement(start=at(0, 10)),)),
                ),
            ),
            request("B"),
        )
    },
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_resource_unlike_the_others_is_in_no_pool(what: str) -> None:
    """Room 1 is told apart by one thing alone; the two others stay one pool."""
    everybody = {"resources": (*world().resources, patient("pat"))} if what == "apart" else {}
    assert pools_of(world(**{**everybody, **DIFFERENT[what]})) == [{"room 2", "room 3"}]


#: What tells all three rooms apart, though they have the same attributes.
EACH_BY_NAME: dict[str, dict[str, Any]] = {
    "breaks": {"resources": changed(-1, breaks=(Break(minutes=60, window=WHOLE_DAY),))},
    "work a day": {"resources": changed(-1, limits=WorkLimits(minutes_per_day=120))},
    "turnaround": {"turnarounds": (Turnaround(kind="room", minutes=60),)},
    "one room per half-day": {
        "resources": (*changed(-1), practitioner("ann", one_room_per_half_day=True))
    },
    "relation": {
        "relations": (
            Relation(id="r", visits=("A", "B"), alike=Alike.RESOURCE, role="room", same=True),
        )
    },
    "most carers": {
        "requests": (
            request(
                "A",
                series=FlexibleSeries(
                    count=2, least_days_between=0, carer_role="room", most_carers=1
                ),
            ),
        )
    },
    "quantity": {"services": (service(needs=(need("room", quantity=2),)),)},
    "two roles": {
        "services": (
            service(needs=(need("room"), need("other", alternatives=(Selector(kind="room"),)))),
        )
    },
    "attendance": {
        "requests": (
            *(request(n, attendees=(Attendee(resource=f"room {n}"),)) for n in "123"),
            request("B"),
        )
    },
}


@pytest.mark.parametrize("what", EACH_BY_NAME)
def test_resources_that_are_counted_one_by_one_are_in_no_pool(what: str) -> None:
    """Each room has a count, a pause or a comparison of its own, or is taken beside another."""
    assert pools_of(world(**EACH_BY_NAME[what])) == []


#: Goals that measure each practitioner, with what they need in order to speak.
MEASURED: dict[str, dict[str, Any]] = {
    "fair_load": {},
    "compact_days": {"services": (service(minutes=120),)},
    "overtime": {
        "calendars": (
            Calendar(
                id="day",
                weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=WHOLE_DAY, overtime=True),),
            ),
        )
    },
    "same_carer": {
        "requests": (request("A", series=FlexibleSeries(count=2, least_days_between=0)),)
    },
}


@pytest.mark.parametrize("goal", MEASURED)
def test_resources_that_a_goal_compares_are_in_no_pool(goal: str) -> None:
    """Without the goal, and on the levels of what is served, the practitioners are a pool."""
    some = problem(
        *(request("A"), request("B")),
        resources=(practitioner("ann"), practitioner("bob")),
        levels=goals(**{goal: 1}),
    )
    some = replace(some, **MEASURED[goal])
    assert pools_of(some) == []
    assert pools_of(some, levels=[0]) == [{"ann", "bob"}]
    assert pools_of(replace(some, levels=goals(soonest=1))) == [{"ann", "bob"}]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), min_size=1, max_size=25))
def test_colouring_never_books_a_member_twice(spans: Sequence[tuple[int, int]]) -> None:
    """As many members as claims overlap at most are enough, with a claim at a time for each."""
    load = [sum(first <= t < first + length for first, length in spans) for t in range(50)]
    members = tuple(range(max(load)))
    some = world(
        *(request(f"{n:02}") for n in range(len(spans))),
        resources=tuple(room(f"room {n:02}") for n in members),
    )
    prepared = book_of(some).prepared
    placements = {
        visit: Placement(first, length, -1, -1, ((0,),))
        for visit, (first, length) in enumerate(spans)
    }
    found = coloured(prepared, {0: members}, placements, lambda claim: (claim.first, claim.end))
    by_member: dict[int, list[tuple[int, int]]] = {}
    for visit, (first, length) in enumerate(spans):
        placement = found[visit]
        assert placement is not None
        assert placement[:4] == placements[visit][:4]
        by_member.setdefault(placement.team[0][0], []).append((first, first + length))
    assert by_member.keys() <= set(members)
    for taken in by_member.values():
        assert all(one[1] <= other[0] for one, other in pairwise(sorted(taken)))


def drawn(seed: int) -> Problem:
    """Return a random problem with two or three rooms that nothing tells apart."""
    rng = random.Random(seed)
    services = tuple(
        service(
            f"s{n}",
            60 * rng.randint(1, 2),
            needs=(
                need("room", before_minutes=60 * rng.randint(0, 1), after_minutes=60),
                *([need()] if rng.random() < 0.5 else []),
            ),
        )
        for n in range(2)
    )
    requests = tuple(
        request(
            f"r{n}",
            services=rng.choice(["s0", "s1", "s0 s1"]),
            priority=rng.randint(2, 3),
            windows=(span(0, rng.randint(8, 10), rng.randint(12, 15)),),
            attendees=(Attendee(resource="pat"),) if rng.random() < 0.3 else (),
        )
        for n in range(rng.randint(4, 6))
    )
    rooms = tuple(room(f"room {n}") for n in range(rng.randint(2, 3)))
    hours = DailySpan(start_minute=7 * 60, end_minute=15 * 60)
    return world(
        *requests,
        calendars=(
            Calendar(id="day", weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=hours),)),
        ),
        resources=(*rooms, practitioner("ann"), patient("pat")),
        services=services,
    )


def best(model: Model) -> tuple[list[int], dict[int, Placement | None]]:
    """Return the optimum, level by level, with where it puts the visits."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    found = []
    for level in range(len(model.book.levels)):
        cost = model.level_cost(level)
        model.cp.minimize(cost)
        assert solver.solve(model.cp) == cp_model.OPTIMAL
        found.append(int(solver.value(cost)))
        model.cp.add(cost <= found[-1])
    return found, model.read(solver)


@pytest.mark.parametrize("seed", range(25))
def test_pools_change_nothing_about_the_optimum(seed: int) -> None:
    """With rooms pooled the optimum costs the same, passes every twin, and costs what is said."""
    some = drawn(seed)
    book = book_of(some)
    pooled = model_of(some)
    assert pooled.pools
    costs, placements = best(pooled)
    free = [visit.index for visit in pooled.free]
    assert costs == best(Model(book, State(book.prepared, pending=free), free))[0]
    timetable = Timetable(book.prepared, [placements[v] for v in free])
    assert list(violations(book, timetable)) == []
    empty = score(book, Timetable(book.prepared, [None] * len(free))).levels
    told = [base + cost for base, cost in zip(empty, costs, strict=True)]
    assert list(score(book, timetable).levels) == told


def test_a_schedule_with_any_members_is_a_hint_for_the_pool() -> None:
    """Rooms 2 and 3 taken at once are two of the pool's three lanes."""
    model = model_of(world())
    prepared = model.prepared
    there = [
        Placement(9, 1, -1, -1, ((prepared.resource_index[name],),))
        for name in ("room 2", "room 3")
    ]
    model.hint(dict(enumerate(there)))
    solver = cp_model.CpSolver()
    solver.parameters.fix_variables_to_their_hinted_value = True
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    assert [p is not None and p.start for p in model.read(solver).values()] == [9, 9]
