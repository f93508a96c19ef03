"""Everybody at once: found where insertion leaves somebody out, and only where there is a way."""

import pytest
from tiny import patient, practitioner, problem, request, service, span

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import Session, Step
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.solve import Params, large, solve
from allocator.solve.budget import Budget
from allocator.solve.everybody import everybody
from allocator.solve.work import Work
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def all_placed(some: Problem, budget: Budget | None = None) -> list[Placement | None] | None:
    """Return where everybody may lie, from nothing, after a look at the rules."""
    book = Rulebook(Prepared(some), RULES, GOALS)
    count = len(book.prepared.visits)
    nothing = [None] * count
    params = Params(workers=1, seed=1)
    found = everybody(book, nothing, range(count), nothing, params, budget or Budget(effort=5.0))
    if found is None:
        return None
    assert not list(violations(book, Timetable(book.prepared, found)))
    return list(found)


def test_all_who_fit_are_placed() -> None:
    """Four hours for four visits, of which two can come at one time only."""
    some = problem(
        request("A"),
        request("B"),
        request("C", windows=(span(0, 8, 9),)),
        request("D", windows=(span(0, 9, 10),)),
    )
    found = all_placed(some)
    assert found is not None
    assert sorted(p.start for p in found if p is not None) == [8, 9, 10, 11]


def test_nothing_is_returned_where_somebody_has_to_be_left_out() -> None:
    """Five visits in four hours."""
    assert all_placed(problem(*map(request, "ABCDE"))) is None


def test_nothing_is_returned_where_no_time_is_left() -> None:
    """The model is given up while it is built."""
    assert all_placed(problem(*map(request, "AB")), Budget(0.0)) is None


def test_a_session_that_nobody_needs_is_not_held() -> None:
    """A joins one of two sessions; Ann has time for one alone."""
    hour = (span(0, 8, 9),)
    some = problem(
        request("A", "a", steps=(Step(sessions=frozenset({"s", "t"})),)),
        resources=(practitioner("ann"), patient("a")),
        services=(service(),),
        sessions=tuple(
            Session(id=id, service="visit", windows=hour, least=1, most=2) for id in "st"
        ),
    )
    found = all_placed(some)
    assert found is not None
    assert sum(p is not None for p in found) == 2


def test_a_large_problem_is_served_in_full_where_insertion_leaves_somebody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A is worth more, goes first and takes eight o'clock, when alone B can come.

    All else that might mend that is switched off, and half may be left out before.
    """
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 0)
    some = problem(
        request("A", weight=9, windows=(span(0, 8, 10),)), request("B", windows=(span(0, 8, 9),))
    )
    for name in ("squeeze", "improve"):
        monkeypatch.setattr(Work, name, lambda work, best, *rest: best)
    for name in ("serve", "alternate"):
        monkeypatch.setattr(large, name, lambda work, best, *rest: best)
    params = Params(workers=1, deterministic_limit=20.0)
    assert solve(some, params).requests_served == 1
    monkeypatch.setattr(large, "FEW", 0.5)
    assert solve(some, params).requests_served == 2
