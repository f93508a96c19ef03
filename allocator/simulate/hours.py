"""The open hours of a resource, in minutes from the start of the horizon."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.report.load import to_be_had
from allocator.simulate.distributions import Draws


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """When a resource is open.

    Attributes
    ----------
    edges, reached
        Where ordinary hours start and end, in turn, and the open minutes up to there.
    stretches
        Starts and ends of what is open, overtime included.
    """

    edges: Draws
    reached: Draws
    stretches: tuple[tuple[float, float], ...]

    def before(self, minutes: Draws) -> Draws:
        """Return the ordinary minutes before some moments."""
        return np.interp(minutes, self.edges, self.reached)

    def opens(self, minute: float) -> float:
        """Return when the stretch began in which a moment lies; outside of all, that moment."""
        number = bisect_right(self.stretches, (minute, np.inf)) - 1
        if number >= 0 and minute < self.stretches[number][1]:
            return self.stretches[number][0]
        return minute


def hours_of(prepared: Prepared, resource: int) -> Hours:
    """Return the hours of a resource: blocks, and dates outside its contracts, left out."""
    there = to_be_had(prepared, resource)
    edges: list[float] = [0.0]
    reached: list[float] = [0.0]
    for first, end in _minutes(prepared, prepared.opening(resource).regular & there):
        edges += [first, end]
        reached += [reached[-1], reached[-1] + end - first]
    return Hours(np.array(edges), np.array(reached), tuple(_minutes(prepared, there)))


def _minutes(prepared: Prepared, mask: Mask) -> list[tuple[float, float]]:
    grain = float(prepared.grain)
    return [(first * grain, end * grain) for first, end in masks.spans(mask)]
