"""What a visit has to take: time of some resources, or a seat in some group session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Visit
from allocator.state.state import State
from allocator.table.options import Options

Vector = npt.NDArray[np.int64]

#: Others with whom a resource is tried that fills a need together with them.
OTHERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """What one visit of a request has to take a part of, whatever it takes beside.

    Attributes
    ----------
    occurrence, step
        Which visit.
    ticks
        Ticks of resources, by their numbers.
    sessions
        Numbers of the visits that are group sessions.
    points
        What each of these ticks is worth that the visit itself takes, of the resource of which it
        takes the most.
    """

    occurrence: int
    step: int
    ticks: Mapping[int, Mask]
    sessions: frozenset[int] = frozenset()
    points: int = 0

    def concerns(self, visit: Visit) -> bool:
        """Say whether it is this visit that has to."""
        return (visit.occurrence, visit.step) == (self.occurrence, self.step)

    def options(self, state: State, found: Options) -> Iterator[tuple[Options, int | None]]:
        """Yield each resource that may be taken in a role, with what else may be taken then.

        Buffers count: they keep others away as a visit does. Somebody who may as well stay away
        takes nothing.
        """
        if found.starts and found.variant.session in self.sessions:
            yield found, None
            return
        for number, by_resource in enumerate(found.by_need):
            need = found.visit.needs[number]
            if need.optional:
                continue
            first, end = need.covers(found.variant.duration)
            first, length = first - need.before, end + need.after - (first - need.before)
            for resource, mask in by_resource.items():
                free = self.ticks.get(resource, 0)
                starts = mask & masks.covering(masks.shift(free, -first), length)
                if starts:
                    for some in self._with(state, found.at(starts), number, resource):
                        yield some, resource

    def _with(self, state: State, found: Options, number: int, resource: int) -> Iterator[Options]:
        """Yield options in which a need has just as many resources as it takes, this one among."""
        by_resource = found.by_need[number]
        others = sorted(by_resource.keys() - {resource}, key=lambda r: (state.claimed[r], r))
        quantity = found.visit.needs[number].quantity
        for some in combinations(others[: OTHERS + quantity], quantity - 1):
            starts = found.starts
            for other in some:
                starts &= by_resource[other]
            if starts:
                left = found.at(starts)
                only = {r: left.by_need[number][r] for r in (resource, *some)}
                needs = (*left.by_need[:number], only, *left.by_need[number + 1 :])
                yield Options(left.visit, left.variant, starts, needs)

    def worth(self, length: int, duration: int, resource: int, starts: Vector) -> Vector:
        """Return what it is worth that a visit takes a resource, start by start.

        Parameters
        ----------
        length
            Ticks of the horizon.
        """
        free = masks.flags(self.ticks.get(resource, 0), length)
        before = np.concatenate(([0], np.cumsum(free, dtype=np.int64)))
        taken: Vector = before[np.minimum(starts + duration, length)] - before[starts]
        return self.points * taken

    def worth_of(self, placement: Placement) -> int:
        """Return what a place is worth."""
        stretch = masks.span(placement.start, placement.start + placement.duration)
        taken = (
            (self.ticks.get(resource, 0) & stretch).bit_count()
            for members in placement.team
            for resource in members
        )
        return self.points * max(taken, default=0)
