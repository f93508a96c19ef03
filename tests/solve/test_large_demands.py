"""What has to be placed stays placed in large problems, and bounds and wishes hold beside it."""

import pytest
from tiny import at, goals, problem, request, span

from allocator.check.check import check
from allocator.domain.objective import Level
from allocator.domain.request import FlexibleSeries, Pin, PinKind, PreferredWindow
from allocator.domain.schedule import Assignment
from allocator.solve import Params, Status, solve


def booked(visit: str, hour: int) -> Assignment:
    """Return where Ann sees someone."""
    team = (("practitioner", ("ann",)),)
    return Assignment(visit=visit, start=at(0, hour), end=at(0, hour + 1), resources=team)


@pytest.mark.parametrize("kind", [PinKind.TIME, PinKind.RESOURCES])
def test_a_pinned_visit_of_a_late_class_is_not_lost(kind: PinKind, monkeypatch: pytest.MonkeyPatch):
    """Four urgent requests could fill all of Ann's four hours, but P is pinned to one."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 0)
    urgent = [request(name, priority=1) for name in "ABCD"]
    some = problem(
        *urgent,
        request("P", priority=9),
        pins=(Pin(visit="P", kind=kind),),
        published=(booked("P", 8),),
    )
    result = solve(some, Params(workers=1, deterministic_limit=5.0))
    assert result.schedule is not None
    assert "P" in result.schedule
    assert len(result.schedule) == 4
    assert check(some, result.schedule).valid


def test_no_bound_is_above_the_optimum_beside_a_frozen_hole():
    """A has its first and third visit; B takes the only hour between, and A may do without it."""
    some = problem(
        request("A", series=FlexibleSeries(count=3, at_least=1, least_days_between=0)),
        request("B", windows=(span(0, 9, 10),)),
        published=(booked("A#1", 8), booked("A#3", 10)),
        pins=tuple(Pin(visit=v, kind=PinKind.ALL) for v in ("A#1", "A#3")),
    )
    result = solve(some, Params(workers=1))
    assert result.status is Status.OPTIMAL
    assert next((level.cost, level.bound) for level in result.levels) == (840, 840)


@pytest.mark.parametrize("far", [False, True], ids=["weight 0", "fourth level"])
def test_wishes_that_hardly_count_do_no_harm(far: bool):
    """All that is paid weighs 0, or stands in a level after three others of comfort."""
    wish = PreferredWindow(span=span(0, 8, 9))
    weights = () if far else (("preferred_windows", 0),)
    names = [f"R{n:02}" for n in range(14)]
    levels = goals(preferred_windows=1)
    if far:
        order = ("soonest", "off_peak", "fair_load", "preferred_windows")
        levels = (levels[0], *(Level(name=name, goals=((name, 1),)) for name in order))
    some = problem(
        *(request(n, preferred_windows=(wish,), weights=weights) for n in names),
        days=5,
        levels=levels,
    )
    result = solve(some, Params(workers=1, deterministic_limit=1.0))
    assert result.requests_served == 14
