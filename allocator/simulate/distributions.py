"""Distributions from which a simulation draws, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Draws = npt.NDArray[np.float64]


class Distribution(Protocol):
    """What numbers are drawn from; anything that can do this will do."""

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Exactly:
    """Always the same."""

    value: float

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        return np.full(count, float(self.value))


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal, by mean and standard deviation."""

    mean: float
    deviation: float

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        return self.mean + self.deviation * rng.standard_normal(count)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Lognormal, by its mean and the standard deviation of the logarithm."""

    mean: float
    sigma: float

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        return self.mean * np.exp(self.sigma * rng.standard_normal(count) - self.sigma**2 / 2)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential, by its mean."""

    mean: float

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        return self.mean * rng.standard_exponential(count)


@dataclass(frozen=True, slots=True)
class Observed:
    """One of the values that were observed, each as likely as the next."""

    values: tuple[float, ...]

    def draw(self, rng: np.random.Generator, count: int) -> Draws:
        """Return so many numbers."""
        return np.array(self.values, dtype=float)[
            (rng.random(count) * len(self.values)).astype(int)
        ]
