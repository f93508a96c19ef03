"""A schedule to begin with: what no rule forbids is kept, and may be bettered."""

from dataclasses import replace

import pytest
from tiny import at, goals, need, patient, practitioner, problem, request, service

from allocator.domain.faults import InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Status
from allocator.solve.solve import solve


def one() -> Problem:
    """A single visit with Ann on one of two days, the sooner the better."""
    return problem(
        request("A", "x"),
        resources=(practitioner("ann"), patient("x")),
        services=(service(needs=(need(),)),),
        levels=goals(soonest=1),
        days=2,
    )


def lies(hour: int, *resources: tuple[str, tuple[str, ...]]) -> Schedule:
    there = resources or (("attendee:x", ("x",)), ("practitioner", ("ann",)))
    visit = Assignment(visit="A", start=at(1, hour), end=at(1, hour + 1), resources=there)
    return Schedule(assignments=(visit,))


def first_of(some: Problem, start: Schedule | None) -> tuple[Assignment, ...]:
    """Return the first schedule that a solve tells of."""
    heard: list[Progress] = []
    solve(some, Params(workers=1, deterministic_limit=1.0), on_progress=heard.append, start=start)
    return next(news.assignments() for news in heard if news.costs)


def test_a_solve_begins_with_the_schedule_given() -> None:
    """Its first schedule has the visit at ten, a day later than insertion would have it."""
    begun = first_of(one(), lies(10))
    assert [visit.start for visit in begun] == [at(1, 10)]
    assert [visit.start for visit in first_of(one(), None)] != [at(1, 10)]


def test_what_is_given_may_move_for_nothing() -> None:
    """The visit moves to the first day: it costs no more than where nothing was given."""
    begun, fresh = solve(one(), Params(workers=1), start=lies(10)), solve(one(), Params(workers=1))
    assert begun.status is fresh.status is Status.OPTIMAL
    assert [level.cost for level in begun.levels] == [level.cost for level in fresh.levels]
    assert begun.schedule is not None
    assert begun.schedule["A"].start < at(0, 24)


def test_a_place_that_a_rule_forbids_is_not_kept() -> None:
    """A visit that was given no practitioner is placed anew."""
    result = solve(one(), Params(workers=1), start=lies(10, ("attendee:x", ("x",))))
    assert result.schedule is not None
    assert result.schedule["A"].filling("practitioner") == ("ann",)


def test_a_schedule_of_another_problem_is_refused() -> None:
    """A visit that the problem does not have is named."""
    other = replace(lies(10).assignments[0], visit="B")
    with pytest.raises(InvalidSchedule, match="Assignment B: no request has this visit"):
        solve(one(), Params(workers=1), start=Schedule(assignments=(other,)))
