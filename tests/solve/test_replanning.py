"""Somebody is away, and only so many visits may move: as many are served as that allows."""

import random
from dataclasses import replace
from itertools import product

import pytest
from faces import book_of, broken, with_placements
from random_problems import likely
from tiny import at, calendar, goals, practitioner, problem, request, span

from allocator.check.check import check
from allocator.check.score import score
from allocator.domain.calendar import Block, Calendar
from allocator.domain.objective import ChangeCosts
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.prepare.changes import is_changed
from allocator.prepare.visit import Placement
from allocator.solve.params import Params
from allocator.solve.result import Result, Status
from allocator.solve.rivals import rivals
from allocator.solve.solve import solve
from allocator.state.state import State


def held(visit: str, day: int, hour: int, who: str) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour + 1),
        resources=(("practitioner", (who,)),),
    )


def away(day: int, first: int, last: int) -> tuple[Calendar, ...]:
    """Return the calendars of those who are there and of Ann, who is away on a day."""
    return calendar(), replace(calendar("ill"), blocks=(Block(span=span(day, first, last)),))


def morning(most: int | None) -> Problem:
    """Ann, who has A, B and C at 8, 9 and 11, is away until 10; Bob has D at 8.

    A can only come at 8: it goes to Bob, and D elsewhere. With B that makes three moves.
    """
    return problem(
        request("A", windows=(span(0, 8, 9),)),
        *map(request, "BCD"),
        calendars=away(0, 8, 10),
        resources=(practitioner("ann", calendar="ill"), practitioner("bob")),
        published=(
            held("A", 0, 8, "ann"),
            held("B", 0, 9, "ann"),
            held("C", 0, 11, "ann"),
            held("D", 0, 8, "bob"),
        ),
        change_costs=ChangeCosts(start=1, practitioner=1, notice_hours=0),
        levels=goals(fewest_changes=1),
        most_changes=most,
    )


def by_exhaustion() -> dict[tuple[int, int], int]:
    """Return for what is served and how many visits move the least price of the changes."""
    book = book_of(morning(None))
    prepared = book.prepared
    pools = likely(book)
    least: dict[tuple[int, int], int] = {}
    for some in product(*([None, *places] for places in pools.values())):
        placements = dict(zip(pools, some, strict=True))
        placed = [(prepared.visits[v], p) for v, p in placements.items() if p is not None]
        if len({(p.start, p.team) for _, p in placed}) < len(placed) or broken(book, placements):
            continue
        moved = sum(is_changed(prepared, visit, place) for visit, place in placed)
        cost = score(book, with_placements(book, placements)).levels[1]
        key = len(placed), moved
        least[key] = min(cost, least.get(key, cost))
    return least


@pytest.mark.parametrize("large", [False, True], ids=["one model", "the way of large ones"])
def test_a_limit_gives_what_trying_everything_gives(
    large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three moves serve all four; with fewer one visit is left out, and without any two are."""
    if large:
        monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", -1)
    least = by_exhaustion()
    assert min(moved for served, moved in least if served == 4) == 3
    for most, served in ((None, 4), (4, 4), (3, 4), (2, 3), (1, 3), (0, 2)):
        limit = 4 if most is None else most
        result = solve(morning(most), Params(workers=1))
        assert served == max(s for s, moved in least if moved <= limit)
        assert result.visits_placed == served
        cost = min(c for (s, moved), c in least.items() if s == served and moved <= limit)
        assert result.levels[1].cost == cost
        assert large or result.status is Status.OPTIMAL


def clinic(most: int) -> Problem:
    """Ann, Bob and Cas each have four visits on Monday and two on Tuesday; Ann is away on Monday.

    Her four visits can go to Tuesday, where six hours are free.
    """
    names = ("ann", "bob", "cas")
    asked: list[Request] = []
    told: list[Assignment] = []
    for who in names:
        for day, hour in [(0, h) for h in range(8, 12)] + [(1, 8), (1, 9)]:
            asked.append(request(f"{who} {day} {hour}"))
            told.append(held(asked[-1].id, day, hour, who))
    return problem(
        *asked,
        days=2,
        calendars=away(0, 0, 24),
        resources=tuple(
            practitioner(who, calendar="ill" if who == "ann" else "day") for who in names
        ),
        published=tuple(told),
        most_changes=most,
    )


@pytest.mark.parametrize("large", [False, True], ids=["one model", "the way of large ones"])
@pytest.mark.parametrize("most", [0, 1, 3, 4])
def test_who_cannot_stay_is_moved_as_far_as_may_be_and_else_left_out(
    most: int, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many of Ann's four are moved, nobody else is, and the funnel tells why the rest is not."""
    if large:
        monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", -1)
    some = clinic(most)
    result = solve(some, Params(workers=1, deterministic_limit=2.0))
    schedule = result.schedule
    assert schedule is not None
    assert check(some, schedule).valid
    assert moved(some, result) == most
    assert result.visits_placed == 14 + most
    assert len(schedule.unplaced) == 4 - most
    for visit in schedule.unplaced:
        assert visit.visit.startswith("ann 0")
        assert visit.funnel[-1].rule == "most_changes"
        assert visit.reason == "No start is left after the rule most_changes."


def test_whoever_has_moved_is_tried_elsewhere_for_who_may_not_move() -> None:
    """Three of Ann's have moved, which is all that may: one of them is a rival of the fourth.

    They lie on Tuesday with Bob, and all others where they are told, in the way as well.
    """
    book = book_of(clinic(3))
    prepared = book.prepared
    first, *others = (prepared.visit_index[f"ann 0 {hour}"] for hour in range(8, 12))
    state = State(prepared)
    for number, told in prepared.published.items():
        if number not in (first, *others):
            state.place(number, told)
    (bob,) = (n for n, resource in enumerate(prepared.resources) if resource.id == "bob")
    for number, tick in zip(others, (34, 35, 36), strict=True):
        state.place(number, Placement(tick, 1, -1, -1, ((bob,),)))
    for seed in range(5):
        found = rivals(book, state, prepared.visits[first], 1, random.Random(seed))
        assert set(found) <= set(others) and found


def test_what_must_be_served_moves_first() -> None:
    """One move is allowed, and it is for the visit that must be served."""
    some = clinic(1)
    asked = tuple(replace(r, must=r.id == "ann 0 11") for r in some.requests)
    must = replace(some, requests=asked)
    result = solve(must, Params(workers=1, deterministic_limit=5.0))
    assert result.schedule is not None
    assert moved(must, result) == 1
    assert "ann 0 11" not in {u.visit for u in result.schedule.unplaced}


def moved(some: Problem, result: Result) -> int:
    """Return how many visits lie otherwise than published."""
    assert result.schedule is not None
    told = {a.visit: a for a in some.published}
    return sum(a != told[a.visit] for a in result.schedule.assignments)
