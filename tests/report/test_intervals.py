"""Intervals of means, as tables of Student's distribution have them."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.report.intervals import mean_and_reach, student


@pytest.mark.parametrize(
    ("freedom", "point"),
    [(1, 12.706), (2, 4.303), (30, 2.042), (31, 2.0395), (40, 2.0211), (60, 2.0003), (99, 1.9842)],
)
def test_points_are_those_of_the_tables(freedom: int, point: float) -> None:
    """At the table's end nothing jumps."""
    assert student(freedom) == pytest.approx(point, abs=1e-4)


def test_a_mean_and_how_far_it_reaches() -> None:
    """1, 2 and 3: the deviation is 1, and 4.303 of its third root lie to either side."""
    mean, reach = mean_and_reach(np.array([1.0, 2.0, 3.0]))
    assert (mean, reach) == (2.0, pytest.approx(4.303 / 3**0.5))
    assert np.isnan(mean_and_reach(np.array([1.0]))[1])
