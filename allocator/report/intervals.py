"""Means with the intervals that hold them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Points of Student's distribution that 2.5 % lie beyond, by degrees of freedom from 1 on.
STUDENT = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
#: The same of the normal distribution, towards which Student's goes.
NORMAL = 1.959964


def mean_and_reach(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return a mean, and how far to either side of it the true one lies with 95 % confidence.

    By Student's distribution; with one value there is no telling how far (NaN).
    """
    many, mean = len(values), float(values.mean())
    if many < 2:
        return mean, float("nan")
    return mean, student(many - 1) * float(values.std(ddof=1)) / many**0.5


def student(freedom: int) -> float:
    """Return the point of Student's distribution that 2.5 % lie beyond.

    After the table by the expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5), which is
    less than 0.0001 off there.
    """
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = NORMAL
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
