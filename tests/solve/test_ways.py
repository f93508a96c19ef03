"""Ways to change a schedule: what they leave is valid, and costs what they say."""

from __future__ import annotations

import random

import pytest
from faces import book_of
from random_problems import random_problem, random_schedule

from allocator.check.violations import violations
from allocator.generate.clinics import clinic
from allocator.rules.pins import must_place
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.neighbourhoods import NEIGHBOURHOODS, LeftOut
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.walk import movable_requests
from allocator.solve.ways import Exact, Refill, Reinsert, Scatter, Squeeze, Way
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

SEEDS = range(40)


def ways_of(book: Rulebook, free: list[int]) -> list[Way]:
    """Return one of each way."""
    asked = movable_requests(book, free)
    served: list[Way] = [Squeeze(asked), Refill(asked)] if asked else []
    return [
        Reinsert(),
        *(Reinsert(some) for some in NEIGHBOURHOODS),
        *(Exact(some, Budget()) for some in NEIGHBOURHOODS),
        Exact(LeftOut(), Budget()),
        Scatter(NEIGHBOURHOODS),
        *served,
    ]


def started(book: Rulebook) -> Resolver:
    """Return what insertion comes to, beside what is frozen."""
    prepared = book.prepared
    frozen = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, placement in enumerate(frozen) if placement is None]
    state = State(prepared, frozen)
    construct(book, state, options_alone(book, State(prepared, frozen, pending=free)))
    must = {v for v in must_place(prepared) if state.placements[v] is not None}
    return Resolver(book, state.placements, must, 0, comfort=True)


def broken_by(book: Rulebook, some: Incumbent) -> set[tuple[str, tuple[str, ...]]]:
    """Return what a schedule breaks."""
    found = violations(book, Timetable(book.prepared, some.placements))
    return {(violation.rule, violation.visits) for violation in found}


def tried(book: Rulebook, work: Resolver, seed: int, tries: int) -> int:
    """Try every way again and again; each change has to cost what it says, and break nothing."""
    free = [v for v in range(len(book.prepared.visits)) if v not in book.prepared.frozen]
    if not free:
        return 0
    picture = Picture(book, work.state, free)
    chance = random.Random(seed)
    before = incumbent(book, work.state.placements)
    inherited = {
        (v.rule, v.visits) for v in violations(book, Timetable(book.prepared, before.placements))
    }
    changed = 0
    for _ in range(tries):
        for way in ways_of(book, free):
            change = way.change(work, picture, chance)
            after = incumbent(book, work.state.placements)
            assert not work.state.pending
            if change is None:
                assert after == before, way.name
                continue
            changed += 1
            differences = tuple(b - a for a, b in zip(before.costs, after.costs, strict=True))
            assert change.costs == differences, way.name
            moved = {v for v in free if before.placements[v] != after.placements[v]}
            assert moved <= change.had.keys(), way.name
            assert all(before.placements[v] == p for v, p in change.had.items()), way.name
            assert broken_by(book, after) <= inherited, way.name
            if chance.random() < 0.5:
                work.move(change.had)
                assert incumbent(book, work.state.placements) == before, way.name
            else:
                before = after
    return changed


def test_on_random_problems_a_change_costs_what_it_says() -> None:
    """Of every shape: chains, series, options, sessions, optional attendees, lanes, relations."""
    changed = 0
    for seed in SEEDS:
        book = book_of(random_problem(seed, most_visits=8))
        changed += tried(book, started(book), seed, 2)
    assert changed > len(SEEDS)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_a_clinic_a_change_costs_what_it_says(seed: int) -> None:
    """With group sessions, series and what is booked."""
    book = book_of(clinic(visits=60, weeks=2, seed=seed))
    assert tried(book, started(book), seed, 6) > 20


def test_what_was_a_gain_elsewhere_is_followed_where_it_is_allowed() -> None:
    """Places of another schedule are taken as they are, or nothing is changed."""
    followed = refused = 0
    for seed in range(120):
        book = book_of(random_problem(seed, most_visits=8))
        work = started(book)
        before = incumbent(book, work.state.placements)
        other = random_schedule(book, random.Random(seed))
        frozen = book.prepared.frozen
        places = {v: p for v, p in other.items() if v not in frozen}
        change = work.put(places)
        after = incumbent(book, work.state.placements)
        if change is None:
            assert after == before
            refused += 1
            continue
        followed += 1
        assert all(after.placements[v] == p for v, p in places.items())
        assert change.costs == tuple(b - a for a, b in zip(before.costs, after.costs, strict=True))
        one_by_one = ("series_completeness", "must_serve", "session_least")
        found = list(violations(book, Timetable(book.prepared, after.placements)))
        known = list(violations(book, Timetable(book.prepared, before.placements)))
        new = [v for v in found if v.rule not in one_by_one and v not in known]
        assert not new
    assert followed > 5
    assert refused > 1
