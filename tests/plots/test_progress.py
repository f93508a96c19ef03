"""The course of a solve: all that a listener heard, level by level."""

import pytest
from plots.svg import drawn, overlaps, rows, texts
from tiny import goals, problem, request

from allocator.goals.served import PARTS
from allocator.plots import History, progress
from allocator.plots.progress import BOUND, COST
from allocator.plots.save import png
from allocator.solve import Params, Progress, solve


def news(seconds: float, costs: tuple[int, ...], bounds: tuple[int | None, ...] = ()) -> Progress:
    """Return what a listener hears."""
    return Progress(
        seconds=seconds,
        phase="improve",
        costs=costs,
        bounds=bounds or (None,) * len(costs),
        visits_placed=1,
        visits=2,
        level="comfort",
    )


def lines(chart: object, what: str) -> list[tuple[float, float]]:
    """Return the points of all lines of a kind."""
    return [(row["seconds"], row["value"]) for row in rows(chart, "what") if row["what"] == what]


def test_costs_and_bounds_are_steps_to_the_last_second():
    """A cost that does not change needs no point of its own, but the line goes on to the end."""
    heard = [news(1, (9,)), news(2, (9,), (3,)), news(4, (5,), (3,)), news(8, (5,), (5,))]
    chart = progress(heard)
    assert lines(chart, COST) == [(1, 9), (4, 5), (8, 5)]
    assert lines(chart, BOUND) == [(2, 3), (8, 5), (8, 5)]


def test_levels_are_called_by_their_names_and_served_ones_are_in_weights():
    """Points of a served level are parts of a weight."""
    some = problem(request("A"), levels=goals(soonest=1))
    chart = progress([news(1, (2 * PARTS, 700))], problem=some)
    assert sorted(lines(chart, COST))[::2] == [(1, 2), (1, 700)]
    words = {text.words for text in texts(drawn(chart))}
    assert {"priority 3", "weight left out", "comfort", "points"} <= words


def test_a_history_hears_a_solve_and_passes_it_on():
    """What is drawn ends at the cost of the result."""
    also: list[Progress] = []
    some = problem(request("A"), levels=goals(soonest=1))
    history = History(also.append)
    result = solve(some, Params(workers=1, time_limit_seconds=10), on_progress=history)
    assert list(history) == also
    assert len(history) == len(also) > 0
    assert history.events[-1].costs == tuple(level.cost for level in result.levels)
    assert overlaps(progress(history, problem=some)) == []


@pytest.mark.parametrize("levels", [0, 1, 4])
def test_no_level_and_many_can_be_read(levels: int):
    """Nothing was found, one level, four below one another."""
    heard = [news(n, (1000 - n,) * levels, (n,) * levels) for n in range(1, 9)] if levels else []
    chart = progress(heard)
    assert overlaps(chart) == []
    assert png(chart).startswith(b"\x89PNG")
    assert len(chart.vconcat) == max(1, levels)
