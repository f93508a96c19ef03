"""Planted solutions are found: what is known to fit is served whole."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from faces import book_of
from random_problems import random_problem, random_schedule

from allocator.domain.problem import Problem
from allocator.domain.request import Option, OptionPlacement
from allocator.domain.time import Span
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import served_occurrences
from allocator.solve.params import Params
from allocator.solve.solve import solve
from allocator.state.timetable import Timetable


def planted(seed: int) -> tuple[Problem, dict[int, Placement]]:
    """Return a problem that keeps only the requests which one random schedule serves whole."""
    while True:
        problem = random_problem(seed, least_visits=4, most_visits=9, published=0.0)
        book = book_of(problem)
        placed = random_schedule(book, random.Random(seed))
        table = Timetable(book.prepared, [placed.get(v.index) for v in book.prepared.visits])
        whole = {
            r.request.id
            for r in book.prepared.requests
            if served_occurrences(table, r) == r.request.occurrences
        }
        if len(whole) > 1:
            return problem, placed
        seed += 1_000_000


def around(problem: Problem, placed: dict[int, Placement], *, exact: bool) -> Problem:
    """Return the problem with only what is placed, in windows (or options) around where it is."""
    prepared = book_of(problem).prepared
    grain = timedelta(minutes=problem.horizon.grain_minutes)
    kept = []
    for prep in prepared.requests:
        if any(v not in placed for v in prep.visits):
            continue
        spots = {v: prepared.assignment(v, placed[v]) for v in prep.visits}
        windows = tuple(
            Span(start=spot.start - grain, end=spot.end + grain) for spot in spots.values()
        )
        options = tuple(
            Option(
                placements=tuple(
                    OptionPlacement(
                        start=spot.start,
                        occurrence=prepared.visits[v].occurrence,
                        step=prepared.visits[v].step,
                    )
                    for v, spot in spots.items()
                )
            )
            for _ in range(exact)
        )
        request = prep.request
        kept.append(
            replace(request, options=options or request.options, windows=() if exact else windows)
            if exact or not request.windows
            else request
        )
    names = {r.id for r in kept}
    held = {prepared.visits[p.session].id for p in placed.values() if p.session >= 0}
    known = (
        names | held | {v for r in kept for v in r.visit_ids()} | {s.id for s in problem.sessions}
    )
    return replace(
        problem,
        requests=tuple(kept),
        relations=tuple(r for r in problem.relations if known.issuperset(r.visits)),
        precedences=tuple(p for p in problem.precedences if {p.before, p.after} <= known),
    )


@pytest.mark.parametrize("exact", [False, True], ids=["windows", "options"])
@pytest.mark.parametrize("seed", range(600, 615))
def test_a_planted_schedule_is_found(seed: int, exact: bool) -> None:
    """Each request is allowed around (or exactly at) its place in a known valid schedule."""
    problem, placed = planted(seed)
    problem = around(problem, placed, exact=exact)
    result = solve(problem, Params(workers=1))
    assert result.schedule is not None
    assert result.requests_served == len(problem.requests)
    assert result.visits_placed == sum(request.visit_count for request in problem.requests)
