"""What has to be placed stays placed in large problems, and bounds and wishes hold beside it."""

from dataclasses import replace
from typing import Any

import pytest
from tiny import at, goals, practitioner, problem, request, span

from allocator.check.check import check
from allocator.domain.calendar import DailySpan
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, PinKind, PreferredWindow
from allocator.domain.resource import Break
from allocator.domain.schedule import Assignment
from allocator.solve import Params, Progress, Status, solve


def booked(visit: str, hour: int) -> Assignment:
    """Return where Ann sees someone."""
    team = (("practitioner", ("ann",)),)
    return Assignment(visit=visit, start=at(0, hour), end=at(0, hour + 1), resources=team)


@pytest.mark.parametrize("kind", [PinKind.TIME, PinKind.RESOURCES])
def test_a_pinned_visit_of_a_late_class_is_not_lost(
    kind: PinKind, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_no_bound_is_above_the_optimum_beside_a_frozen_hole() -> None:
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
def test_wishes_that_hardly_count_do_no_harm(far: bool) -> None:
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


def with_a_break(**more: Any) -> Problem:
    """Return what only a plan sees through: H at nine parts Ann's day in two.

    She rests in one of the parts, so two of three requests are served.
    """
    rest = Break(minutes=60, window=DailySpan(start_minute=8 * 60, end_minute=12 * 60))
    return problem(
        *(request(name, **more) for name in "ABC"),
        request("H"),
        resources=(practitioner("ann", breaks=(rest,)),),
        published=(booked("H", 9),),
        pins=(Pin(visit="H"),),
        levels=goals(preferred_windows=1),
    )


@pytest.mark.parametrize(("gap", "planned"), [(0.0, True), (0.4, False)])
def test_a_large_problem_is_near_enough_where_that_was_asked_for(
    gap: float, planned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann has room for two of three, and each alone would find room: one third is missed.

    Within four tenths that is good enough, and nothing is planned or repaired any more.
    """
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 0)
    heard: list[Progress] = []
    params = Params(workers=1, deterministic_limit=5.0, gap=gap)
    result = solve(with_a_break(), params, on_progress=heard.append)
    assert result.requests_served == 2
    assert {"plan", "repair"} & {news.phase for news in heard} == (
        {"plan", "repair"} if planned else set()
    )


@pytest.mark.parametrize("most", [0, 160], ids=["large", "whole"])
def test_a_class_of_which_nobody_is_counts_as_served(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is urgent: that level costs nothing, which is proved, and the next is served."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", most)
    levels = (Level(name="urgent", goals=(("served:1", 1),)), *goals(off_peak=1))
    some = problem(*(request(name) for name in "ABCDE"), levels=levels)
    result = solve(some, Params(workers=1, deterministic_limit=5.0))
    urgent, served, _ = result.levels
    assert (urgent.cost, urgent.bound, urgent.total) == (0, 0, 0)
    assert served.proved
    assert served.served == 4


def test_one_thread_tells_how_it_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """News of repair and of improvement come with the level at work, also without a second."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 0)
    heard: list[Progress] = []
    wish = PreferredWindow(span=span(0, 8, 9))
    some = with_a_break(preferred_windows=(wish,))
    solve(some, Params(workers=1, deterministic_limit=5.0), on_progress=heard.append)
    told = {(news.phase, news.level) for news in heard}
    assert {("repair", "priority 3"), ("improve", "comfort")} <= told


def test_what_is_published_is_not_planned_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A at eight and B at ten stay, though C could come in place of either: no plan is made."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 0)
    some = with_a_break()
    told = (booked("A", 8), booked("B", 10))
    heard: list[Progress] = []
    result = solve(
        replace(some, published=(*some.published, *told)),
        Params(workers=1, deterministic_limit=5.0),
        on_progress=heard.append,
    )
    assert result.schedule is not None
    assert [result.schedule[a.visit] for a in told] == list(told)
    assert "plan" not in {news.phase for news in heard}
