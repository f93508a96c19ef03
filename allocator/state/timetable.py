"""A finished schedule, indexed for the rules' and goals' plain checks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Placement, TickClaim, Visit


class Timetable:
    """All placements of a schedule: what every twin reads.

    Attributes
    ----------
    prepared
        The problem.
    placements
        By visit; None is unplaced.
    claims
        By resource, in order of start.
    """

    def __init__(self, prepared: Prepared, placements: Sequence[Placement | None]) -> None:
        self.prepared = prepared
        self.placements = tuple(placements)
        self.claims: tuple[list[TickClaim], ...] = tuple([] for _ in prepared.resources)
        self.participants: dict[int, list[int]] = {}
        for visit, placement in self.placed():
            for claim in visit.claims(placement):
                self.claims[claim.resource].append(claim)
            if placement.session >= 0:
                self.participants.setdefault(placement.session, []).append(visit.index)
        for claims in self.claims:
            claims.sort()

    def placed(self) -> Iterator[tuple[Visit, Placement]]:
        """Yield the visits that are placed, with where."""
        for visit, placement in zip(self.prepared.visits, self.placements, strict=True):
            if placement is not None:
                yield visit, placement

    def of(self, request: PreparedRequest) -> list[tuple[Visit, Placement]]:
        """Return a request's placed visits, by occurrence and step."""
        found = []
        for number in request.visits:
            placement = self.placements[number]
            if placement is not None:
                found.append((self.prepared.visits[number], placement))
        return found

    def touching(self, resource: int, ticks: Mask) -> Iterator[TickClaim]:
        """Yield the claims of a resource that touch one of these ticks, buffers included."""
        firsts, ends = _edges(ticks)
        if firsts:
            for claim in self.claims[resource]:
                place = bisect_right(ends, claim.first)
                if place < len(ends) and firsts[place] < claim.end:
                    yield claim

    def clashes(self, resource: int, *, padded: bool) -> Iterator[list[TickClaim]]:
        """Yield sets of claims that hold more lanes of a resource at once than it has.

        Parameters
        ----------
        resource
            Its number.
        padded
            Whether buffers count.
        """
        lanes = self.prepared.resources[resource].lanes
        claims = self.claims[resource]
        if lanes == 1 and len(claims) > 1:
            reach = claims[0].end if padded else claims[0].part_end
            for claim in claims[1:]:
                if (claim.first if padded else claim.part_first) < reach:
                    break
                reach = max(reach, claim.end if padded else claim.part_end)
            else:
                return
        spans = sorted(
            ((c.first, c.end, c) if padded else (c.part_first, c.part_end, c) for c in claims),
            key=lambda s: s[:2],
        )
        running: list[tuple[int, TickClaim]] = []
        for first, end, claim in spans:
            running = [(e, c) for e, c in running if e > first]
            running.append((end, claim))
            if sum(c.uses for _, c in running) > lanes:
                yield [c for _, c in running]


@lru_cache(maxsize=1024)
def _edges(ticks: Mask) -> tuple[list[int], list[int]]:
    """Return the firsts and the ends of the maximal stretches of a set of ticks."""
    flags = masks.flags(ticks, ticks.bit_length()).astype(np.int8)
    edges = np.flatnonzero(np.diff(flags, prepend=0, append=0)).tolist()
    return edges[::2], edges[1::2]
