"""The one changing picture of what is free: place a visit, remove it, ask."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, TickClaim, Visit

T = TypeVar("T")
#: Says whether a visit, by its number, counts where it lies.
Counts = Callable[[int, Placement], bool]

#: Lanes that a resource has more for a while: the first tick, the one after the last, how many.
#: They take only what lies within that while.
AddedLanes = tuple[int, int, int]

#: For how many of the last sets of claims of a resource it is remembered what was worked out:
#: most that is tried is undone again.
MEMOS = 3


class State:
    """What is placed, with masks kept in step.

    Everything derived is remembered until the resource it speaks of changes, and again once that
    change is undone, so asking twice costs nothing.

    Parameters
    ----------
    prepared
        The problem.
    placements
        What is placed to begin with, by visit.
    pending
        Visits that are about to be placed as well. What another visit could still relax (the
        most days between neighbours of a series) is left to the model for them.
    lean
        Whether of the masks of a resource only those are remembered that all rules make together:
        where there are a thousand resources and a year, memory is scarcer than time.
    """

    def __init__(
        self,
        prepared: Prepared,
        placements: Sequence[Placement | None] | None = None,
        *,
        pending: Iterable[int] = (),
        lean: bool = False,
    ) -> None:
        self.prepared = prepared
        self.lean = lean
        self.pending = frozenset(pending)
        self.placements: list[Placement | None] = [None] * len(prepared.visits)
        self.claims: list[list[TickClaim]] = [[] for _ in prepared.resources]
        self.participants: dict[int, list[int]] = {}
        self._busy: list[Mask] = [0] * len(prepared.resources)
        #: The same without buffers, for resources that have claims with such.
        self._bare: dict[int, Mask] = {}
        self._padded = [0] * len(prepared.resources)
        self._lanes: dict[int, npt.NDArray[np.int32]] = {}
        self._memo: list[dict[Hashable, Any]] = [{} for _ in prepared.resources]
        #: By resource, a fingerprint of what it holds, and what was worked out for some of them.
        self._prints = [0] * len(prepared.resources)
        self._memos = [{0: memo} for memo in self._memo]
        self._whole: dict[Hashable, Any] = {}
        self._tallies: dict[Hashable, tuple[Counts, int]] = {}
        #: By resource, the ticks of the longest claim that it ever held.
        self._longest = [0] * len(prepared.resources)
        #: By resource, how many ticks its claims hold, buffers included.
        self.claimed = [0] * len(prepared.resources)
        kinds = dict.fromkeys(prepared.problem.off_peak.kinds)
        self._kinds = {kind: n for n, kind in enumerate(kinds)}
        self._kind_of = [self._kinds.get(r.kind, -1) for r in prepared.resources]
        self._load = np.zeros((len(self._kinds), prepared.ticks), dtype=np.int32)
        self._added: Mapping[int, Sequence[AddedLanes]] = {}
        for visit, placement in enumerate(placements or ()):
            if placement is not None:
                self.place(visit, placement)

    def place(self, visit: int, placement: Placement) -> None:
        """Place a visit that is not placed."""
        assert self.placements[visit] is None
        self.placements[visit] = placement
        for claim in self.prepared.visits[visit].claims(placement):
            insort(self.claims[claim.resource], claim)
            if claim.first != claim.part_first or claim.end != claim.part_end:
                self._bare.setdefault(claim.resource, self._busy[claim.resource])
            length = claim.end - claim.first
            self._longest[claim.resource] = max(self._longest[claim.resource], length)
            self._busy[claim.resource] |= masks.span(claim.first, claim.end)
            if claim.resource in self._bare:
                self._bare[claim.resource] |= masks.span(claim.part_first, claim.part_end)
            self._touch(claim, placement, 1)
        if placement.session >= 0:
            insort(self.participants.setdefault(placement.session, []), visit)
        self._tell(visit, placement, 1)

    def remove(self, visit: int) -> Placement:
        """Remove a visit that is placed, and return where it lay: ``place`` undoes it."""
        placement = self.placements[visit]
        assert placement is not None
        self.placements[visit] = None
        for claim in self.prepared.visits[visit].claims(placement):
            claims = self.claims[claim.resource]
            del claims[bisect_left(claims, claim)]
            self._busy[claim.resource] &= ~masks.span(claim.first, claim.end)
            bare = self._bare.get(claim.resource, 0)
            bare &= ~masks.span(claim.part_first, claim.part_end)
            # Of those in order of their first ticks, the ones that may reach into it.
            early = bisect_left(claims, (claim.first - self._longest[claim.resource],))
            for other in islice(claims, early, None):
                if other.first >= claim.end:
                    break
                if claim.first < other.end:
                    self._busy[claim.resource] |= masks.span(other.first, other.end)
                    bare |= masks.span(other.part_first, other.part_end)
            if claim.resource in self._bare:
                self._bare[claim.resource] = bare
            self._touch(claim, placement, -1)
        if placement.session >= 0:
            self.participants[placement.session].remove(visit)
        self._tell(visit, placement, -1)
        return placement

    def placement(self, visit: int) -> Placement:
        """Return where a visit lies that is placed."""
        placement = self.placements[visit]
        assert placement is not None
        return placement

    @contextmanager
    def having(self, places: Mapping[int, Placement]) -> Iterator[None]:
        """Have some visits placed for a while; they may be placed elsewhere meanwhile."""
        placed = []
        try:
            for visit, placement in places.items():
                self.place(visit, placement)
                placed.append(visit)
            yield
        finally:
            for visit in placed:
                if self.placements[visit] is not None:
                    self.remove(visit)

    @contextmanager
    def having_lanes(self, added: Mapping[int, Sequence[AddedLanes]]) -> Iterator[None]:
        """Have more lanes of some resources, by their numbers, for a while."""
        assert not self._added
        try:
            self._add_lanes(added, added)
            yield
        finally:
            self._add_lanes(added, {})

    def _add_lanes(
        self,
        changed: Mapping[int, Sequence[AddedLanes]],
        added: Mapping[int, Sequence[AddedLanes]],
    ) -> None:
        """Have other lanes from now on; what was worked out with others is remembered apart."""
        self._added = added
        for resource, some in changed.items():
            self._recall(resource, hash(("added lanes", *some)))
            if self.prepared.resources[resource].lanes == 1:
                self._lanes.pop(resource, None)  # counted with added lanes alone
        self._whole.clear()

    def crowded(self, resource: int, uses: int, first: int, end: int) -> bool:
        """Say whether a stretch needs lanes that were added to a resource."""
        if resource not in self._added:
            return False
        return bool(self.full(resource, uses) & masks.span(max(first, 0), end))

    def grow(self) -> None:
        """Make room for visits and resources that the problem has taken in since."""
        prepared = self.prepared
        for resource in prepared.resources[len(self.claims) :]:
            self.claims.append([])
            self._busy.append(0)
            self._padded.append(0)
            self._memo.append({})
            self._prints.append(0)
            self._memos.append({0: self._memo[-1]})
            self._longest.append(0)
            self.claimed.append(0)
            self._kind_of.append(self._kinds.get(resource.kind, -1))
        self.placements.extend([None] * (len(prepared.visits) - len(self.placements)))

    def forget(self, resource: int) -> None:
        """Forget what was worked out for claims that a resource has no more.

        A visit that gets the number of one that was dismissed must not be taken for it.
        """
        self._memos[resource] = {self._prints[resource]: self._memo[resource]}

    def _touch(self, claim: TickClaim, placement: Placement, sign: int) -> None:
        self._recall(claim.resource, hash((claim, placement)))
        self._whole.clear()
        self.claimed[claim.resource] += sign * (claim.end - claim.first)
        if claim.first != claim.part_first or claim.end != claim.part_end:
            self._padded[claim.resource] += sign
        if claim.resource in self._lanes:
            self._take(claim, sign)
        kind = self._kind_of[claim.resource]
        if kind >= 0:
            first, end = max(claim.first, 0), min(claim.end, self.prepared.ticks)
            self._load[kind, first:end] += sign

    def _recall(self, resource: int, change: int) -> None:
        """Remember what was worked out when a resource held just what it holds now, if anything."""
        self._prints[resource] ^= change
        print_, memos = self._prints[resource], self._memos[resource]
        self._memo[resource] = memos[print_] = memos.pop(print_, {})
        if len(memos) > MEMOS:
            del memos[next(iter(memos))]

    def memo(self, resource: int, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` gives, remembered until this resource's claims change."""
        known = self._memo[resource]
        if key in known:
            found: T = known[key]
            return found
        found = compute()
        if not self.lean or not isinstance(found, int):
            known[key] = found
        return found

    def known(self, resource: int) -> dict[Hashable, Any]:
        """Return what is remembered of a resource until its claims change."""
        return self._memo[resource]

    def memo_of_all(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` gives, remembered until the claims of any resource change."""
        if key not in self._whole:
            self._whole[key] = compute()
        return self._whole[key]

    def tally(self, key: Hashable, counts: Counts) -> int:
        """Return how many placed visits count, kept in step from the first time on.

        Parameters
        ----------
        key
            Name of the tally.
        counts
            Says whether a visit counts that is placed somewhere, whatever else is placed.
        """
        if key not in self._tallies:
            placed = ((v, p) for v, p in enumerate(self.placements) if p is not None)
            self._tallies[key] = counts, sum(counts(v, p) for v, p in placed)
        return self._tallies[key][1]

    def _tell(self, visit: int, placement: Placement, sign: int) -> None:
        for key, (counts, many) in self._tallies.items():
            self._tallies[key] = counts, many + sign * counts(visit, placement)

    def load(self, kind: str) -> npt.NDArray[np.int32]:
        """Return, by tick, how many claims resources of a kind of the off-peak policy hold."""
        return self._load[self._kinds[kind]]

    def busy(self, resource: int) -> Mask:
        """Return the ticks in which a resource holds any claim."""
        return self._busy[resource]

    def padded(self, resource: int) -> bool:
        """Say whether any claim on a resource has a buffer."""
        return self._padded[resource] > 0

    def full(self, resource: int, uses: int, *, padded: bool = True) -> Mask:
        """Return the ticks in which fewer than ``uses`` lanes of a resource are free."""
        lanes = self.prepared.resources[resource].lanes
        padded = padded or not self._padded[resource]
        if lanes == 1:
            # Without any buffers they are the same, and nobody asks for the one without.
            return self._busy[resource] if padded else self._bare[resource]

        def compute() -> Mask:
            return masks.from_flags(self._taken(resource)[int(padded)] + uses > lanes)

        return self.memo(resource, ("full", uses, padded), compute)

    def room(self, resource: int, uses: int, first: int, end: int, *, padded: bool = True) -> Mask:
        """Return the starts from which the stretch ``first`` to ``end`` later has lanes enough."""
        found = masks.clear_of(self.full(resource, uses, padded=padded), first, end)
        lanes = self.prepared.resources[resource].lanes
        for begins, ends, more in self._added.get(resource, ()):
            taken = self._taken(resource)[int(padded or not self._padded[resource])]
            full = masks.from_flags(taken + uses > lanes + more)
            outside = self.prepared.all_ticks & ~masks.span(begins, ends)
            found |= masks.clear_of(full | outside, first, end)
        return found

    def _taken(self, resource: int) -> npt.NDArray[np.int32]:
        """Return the lanes taken by tick, without buffers and with them; kept in step."""
        if resource not in self._lanes:
            self._lanes[resource] = np.zeros((2, self.prepared.ticks), dtype=np.int32)
            for claim in self.claims[resource]:
                self._take(claim, 1)
        return self._lanes[resource]

    def _take(self, claim: TickClaim, sign: int) -> None:
        taken = self._lanes[claim.resource]
        taken[0, max(claim.part_first, 0) : max(claim.part_end, 0)] += sign * claim.uses
        taken[1, max(claim.first, 0) : max(claim.end, 0)] += sign * claim.uses

    def placed_of(self, visit: Visit) -> list[tuple[Visit, Placement]]:
        """Return the other placed visits of this visit's request, by occurrence and step."""
        if visit.request_index < 0:
            return []
        found = []
        for number in self.prepared.requests[visit.request_index].visits:
            placement = self.placements[number]
            if placement is not None and number != visit.index:
                found.append((self.prepared.visits[number], placement))
        return found
