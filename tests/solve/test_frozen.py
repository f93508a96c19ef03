"""A problem in which everything is held where it is has one schedule, which is the best."""

from tiny import at, problem, request

from allocator.domain.request import Pin
from allocator.domain.schedule import Assignment
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve


def test_nothing_is_left_to_place() -> None:
    """A is pinned at 10:00: nothing to build, nothing to polish, nothing better."""
    held = Assignment(
        visit="A",
        start=at(0, 10),
        end=at(0, 11),
        resources=(("practitioner", ("ann",)),),
    )
    some = problem(request("A", wanted=at(0, 8)), published=(held,), pins=(Pin(visit="A"),))
    result = solve(some, Params(workers=1))
    assert result.status is Status.OPTIMAL
    assert result.schedule is not None
    assert result.schedule.assignments == (held,)


def test_nothing_was_asked() -> None:
    """Without a request the empty schedule is the best there is."""
    result = solve(problem(), Params(workers=1))
    assert result.status is Status.OPTIMAL
    assert result.schedule is not None
    assert not result.schedule.assignments
