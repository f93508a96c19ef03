"""What chance does to one visit, run by run: the same for the same visit in every schedule."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import numpy as np

from allocator.simulate.distributions import Draws
from allocator.simulate.uncertainty import Uncertainty


class Luck(NamedTuple):
    """What chance does to one visit, in each run.

    Attributes
    ----------
    away, cancelled
        Between 0 and 1: people stay away, or cancel, where it is below the probability.
    late
        Minutes after the planned start.
    length
        How long it lasts, as a multiple of its planned minutes.
    """

    away: Draws
    cancelled: Draws
    late: Draws
    length: Draws


def luck(uncertainty: Uncertainty, visit: str, service: str, runs: int, seed: int) -> Luck:
    """Draw what chance does to a visit.

    It depends on the visit's id, not on where the visit lies: schedules are compared under the
    same chance (common random numbers).
    """
    rng = np.random.default_rng([seed, crc32(visit.encode())])
    away, cancelled = rng.random((2, runs))
    late = uncertainty.lateness.draw(rng, runs)
    length = np.maximum(uncertainty.length_of(service).draw(rng, runs), 0.0)
    return Luck(away, cancelled, late, length)
