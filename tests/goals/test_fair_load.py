"""Fair load: practitioners with the same skills work in proportion to their contracts."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from faces import (
    best_of,
    book_of,
    broken,
    model_agrees,
    one_visit_agrees,
    universe,
    with_placements,
)
from tiny import MONDAY, calendar, goals, need, practitioner, problem, request, room, service

from allocator.check.score import score
from allocator.domain.calendar import Block, Calendar, DailySpan, WeeklyRule
from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.resource import Contract, Location, Resource, Skill
from allocator.domain.service import Selector
from allocator.domain.time import Horizon, Span
from allocator.goals.fair_load import FairLoad, contracted_minutes
from allocator.goals.soonest import Soonest
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State

GOAL = [FairLoad()]
RULES_ = [OpeningHours(), Capacity(), Buffers()]
HAND = (Skill(name="hand"),)


def equals(*who: Resource, requests: str = "ABC", **more: object) -> Problem:
    return problem(
        *map(request, requests),
        **{"resources": who, "levels": goals(fair_load=1), **more},  # type: ignore[arg-type]
    )


def weekly(id: str, minutes: int, **more: object) -> Resource:
    """Return a practitioner with a contract of so many minutes a week."""
    return practitioner(id, contracts=(Contract(minutes_per_week=minutes),), **more)


def at(start: int, *team: int, ticks: int = 1) -> Placement:
    return Placement(start, ticks, -1, -1, (team,))


def amounts(some: Problem, placed: dict[int, Placement]) -> list[int]:
    book = book_of(some, RULES_, GOAL)
    return [a.amount for a in score(book, with_placements(book, placed)).amounts[-1]]


def test_the_amount_is_the_distance_from_a_fair_share() -> None:
    """Ann, on half of Bob's contract, should do a third of the work."""
    some = equals(weekly("ann", 600), weekly("bob", 1200))
    # One hour each: fair are 40 and 80 minutes; 20 + 20 off.
    assert amounts(some, {0: at(8, 0), 1: at(8, 1)}) == [40]
    # Two for Bob: fair.
    assert amounts(some, {0: at(8, 0), 1: at(8, 1), 2: at(9, 1)}) == []
    # All three for Ann: 120 + 120 off.
    assert amounts(some, {0: at(8, 0), 1: at(9, 0), 2: at(10, 0)}) == [240]


def test_amounts_are_rounded_down() -> None:
    """With contracts of 3 and 4 an hour of Ann's is 2 · 60 · 4/7 = 68.57 minutes off."""
    some = equals(weekly("ann", 3), weekly("bob", 4), days=7)
    assert amounts(some, {0: at(8, 0)}) == [68]


def test_buffers_are_work() -> None:
    """A visit of one hour with an hour of notes after it is two hours of Ann's: 120 off."""
    some = equals(
        practitioner("ann"),
        practitioner("bob"),
        services=(service(needs=(need(after_minutes=60),)),),
    )
    assert amounts(some, {0: at(8, 0)}) == [120]


def test_only_equals_are_compared() -> None:
    """Skills, kinds and contracts part practitioners: a group of one is always fair."""
    ann, bob = practitioner("ann", skills=HAND), practitioner("bob")
    assert not FairLoad().relevant(Prepared(equals(ann, bob)))
    assert not FairLoad().relevant(Prepared(equals(ann, room("r", skills=HAND))))
    gone = Contract(last=MONDAY - timedelta(days=1))
    left = practitioner("cyd", skills=HAND, contracts=(gone,))
    assert not FairLoad().relevant(Prepared(equals(ann, left)))
    assert FairLoad().relevant(Prepared(equals(ann, practitioner("cyd", skills=HAND))))


def test_contracts_count_for_the_dates_on_which_they_hold() -> None:
    """Of 14 days a contract holds on 3: 3/7 of a week; without minutes, while open."""
    tuesday, thursday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)
    some = equals(
        weekly("all", 700),
        practitioner(
            "part",
            contracts=(
                Contract(first=tuesday, last=thursday, minutes_per_week=700),
                Contract(first=thursday + timedelta(days=1)),
            ),
        ),
        practitioner("open"),
        days=14,
    )
    prepared = Prepared(some)
    # 14/7 · 700; 3/7 · 700 and 10 days of 4 hours; 14 days of 4 hours.
    assert [contracted_minutes(prepared, r) for r in range(3)] == [1400, 3360, 300 + 2400]


def test_open_time_follows_the_local_clock() -> None:
    """A night shift from 01:00 to 05:00 loses an hour on the night the clocks go forward."""
    hours = DailySpan(start_minute=60, end_minute=300)
    nights = Calendar(
        id="night",
        weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=hours),),
        blocks=(
            Block(
                span=Span(
                    start=Horizon(first=date(2026, 3, 30), days=1, zone="Europe/Berlin").start,
                    end=Horizon(first=date(2026, 3, 31), days=1, zone="Europe/Berlin").start,
                )
            ),
        ),
    )
    some = equals(
        practitioner("ann", calendar="night"),
        practitioner("bob", calendar="night", location="far"),
        calendars=(nights,),
        locations=(Location(id="far", zone="America/New_York"),),
        services=(service(location="far"),),
        horizon=Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60),
    )
    prepared = Prepared(some)
    # Saturday 4, Sunday 3, Monday blocked. In New York 01:00 to 05:00 is 07:00 to 11:00 in
    # Berlin on Saturday (5 hours apart), and on Sunday; Monday is blocked there as well, from
    # Berlin's midnight on.
    assert [contracted_minutes(prepared, r) for r in range(2)] == [420, 480]


def test_requests_do_not_weigh_what_is_nobodys() -> None:
    """A request that weighs the fairness of all is refused."""
    some = problem(
        request("A", weights=(("fair_load", 2),)),
        resources=(practitioner("ann"), practitioner("bob")),
    )
    with pytest.raises(InvalidProblem, match="Request A: it weighs 'fair_load'"):
        book_of(some, goals=GOAL)


def test_the_least_loaded_is_taken() -> None:
    """Ann has an hour: the next goes to Bob; without the goal it goes to Ann, who comes first."""
    for goal, taken in ((GOAL, 1), ([Soonest()], 0)):
        some = equals(practitioner("ann"), practitioner("bob"), levels=goals(**{goal[0].name: 1}))
        assert best_of(book_of(some, RULES_, goal), 1, {0: at(9, 0)}) == at(8, taken)


@pytest.mark.parametrize("shares", [(600, 1200, 1000), (600, 600, 600)])
def test_the_faces_agree(shares: tuple[int, int, int]) -> None:
    """Table, model and truth say the same, with one need, whatever the contracts."""
    people = [weekly(id, some) for id, some in zip(("ann", "bob", "cyd"), shares, strict=True)]
    some = equals(*people, practitioner("dan", skills=HAND), requests="ABCDE")
    book = book_of(some, RULES_, GOAL)
    fixed = {0: at(8, 0), 1: at(9, 0), 2: at(8, 1)}
    allowed, forbidden = one_visit_agrees(book, 3, fixed)
    assert allowed and forbidden
    hours = {v: range(7, 12) for v in (2, 3, 4)}
    accepted, refused = model_agrees(book, [2, 3, 4], {0: at(8, 0), 1: at(9, 0)}, starts=hours)
    assert accepted and refused


def test_needs_that_draw_on_one_group_are_coupled() -> None:
    """Two of the group in one visit, and a third in a part of it, are priced together."""
    lead = need("lead", alternatives=(Selector(kind="practitioner"),))
    pair = need("pair", alternatives=(Selector(kind="practitioner"),), quantity=2, after_minutes=60)
    some = equals(
        weekly("ann", 600),
        weekly("bob", 1200),
        weekly("cyd", 500),
        practitioner("dan", skills=HAND),
        services=(service(needs=(lead, pair)), service("solo")),
        requests="A",
    )
    some = replace(
        some,
        calendars=(calendar(last_hour=14),),
        requests=(request("A"), request("B"), request("C", services="solo")),
    )
    book = book_of(some, RULES_, GOAL)
    for fixed in ({}, {2: at(8, 0)}, {2: at(8, 2), 1: Placement(9, 1, -1, -1, ((0,), (1, 2)))}):
        allowed, forbidden = one_visit_agrees(book, 0, fixed)
        assert allowed and forbidden
        state = State(book.prepared)
        for visit, placement in fixed.items():
            state.place(visit, placement)
        visit = book.prepared.visits[0]
        for placement in universe(book, visit):
            if len({r for some in placement.team for r in some}) == 3:
                assert FairLoad().team_cost(state, visit, placement) >= 0
    accepted, refused = model_agrees(
        book, [0, 1, 2], near=[{0: Placement(8, 1, -1, -1, ((0,), (1, 2))), 2: at(8, 3)}]
    )
    assert accepted and refused


def test_a_duration_may_depend_on_who_comes() -> None:
    """Ann takes two hours for what takes Bob one: both lengths are counted, by all faces."""
    some = equals(
        practitioner("ann"),
        practitioner("bob"),
        services=(service(minutes_by_resource=(("ann", 120),)),),
    )
    assert amounts(some, {0: at(8, 0, ticks=2)}) == [120]
    book = book_of(some, RULES_, GOAL)
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(8, 1)})
    assert allowed and forbidden
    hours = {v: range(7, 12) for v in (1, 2)}
    accepted, refused = model_agrees(book, [1, 2], {0: at(8, 1)}, starts=hours)
    assert accepted and refused


def test_all_rules_and_goals_together() -> None:
    """With every rule and goal in force the faces still agree."""
    some = equals(practitioner("ann"), practitioner("bob"), levels=())
    book = book_of(some)
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(8, 0)})
    assert allowed and forbidden
    hours = {v: range(7, 12) for v in (1, 2)}
    accepted, refused = model_agrees(book, [1, 2], {0: at(8, 0)}, starts=hours)
    assert accepted and refused
    assert not broken(book, {0: at(8, 0), 1: at(8, 1)})
