"""The visits that an index has: where they lie, and what else they take.

A visit is a request of its own in the index, published where it lies. What it claims in the
database beyond that is taken beside it: a service may have changed since it was booked.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment, Claim
from allocator.suggest import Index
from api.solving.staying import as_it_lies
from api.store.world import World

#: A stretch of a resource's time: its name, and the first tick and the one after the last.
Stretch = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """A visit in the index.

    Attributes
    ----------
    booking
        UUID of its booking; None for the place of a group session.
    expires_at
        When its time is over, unless it is confirmed by then.
    lies
        The request that the index has it as, by its own UUID, and where it lies; None where it
        cannot be said as one.
    beside
        What it claims beyond that: a service may have changed since it was booked.
    """

    booking: UUID | None
    expires_at: datetime | None
    lies: tuple[Request, Assignment] | None
    beside: tuple[Claim, ...]


class Visits:
    """The visits of an index.

    Parameters
    ----------
    index
        Is told of them.
    world
        What they are made of.
    held
        Where group sessions are held, by name.
    """

    def __init__(self, index: Index, world: World, held: Mapping[str, Assignment]) -> None:
        self._index = index
        self._world = world
        self._held = held
        self._visits: dict[UUID, _Visit] = {}
        self._of_booking: dict[UUID, set[UUID]] = {}
        self._ending: list[tuple[datetime, UUID]] = []

    def __len__(self) -> int:
        """Count them."""
        return len(self._visits)

    def is_session(self, uid: UUID) -> bool:
        """Say whether something is the place of a group session that is there."""
        there = self._visits.get(uid)
        return there is not None and there.booking is None

    def take(self, row: Any) -> None:
        """Take in a visit where it lies."""
        lies = None
        if row.booking is not None:
            names = _Names(self._index)
            lies = as_it_lies(row, self._world, names, self._held, self._index.problem.horizon)
        if lies is not None:
            try:
                self._index.book(lies[0], [lies[1]])
            except (InvalidProblem, InvalidSchedule):
                lies = None
        beside = tuple(self._beside(row, known=lies is not None or self._holds(row)))
        for claim in beside:
            self._index.add(claim)
        self._visits[row.uid] = _Visit(
            booking=row.booking, expires_at=row.expires_at, lies=lies, beside=beside
        )
        if row.booking is not None:
            self._of_booking.setdefault(row.booking, set()).add(row.uid)
        if row.expires_at is not None:
            heapq.heappush(self._ending, (row.expires_at, row.uid))

    def _holds(self, row: Any) -> bool:
        """Say whether a row is the place of a group session that the problem has there."""
        return row.booking is None and row.session in self._held

    def _beside(self, row: Any, *, known: bool) -> Iterator[Claim]:
        """Yield what a visit claims in the database and not in the index."""
        horizon = self._index.problem.horizon
        there: Counter[tuple[str, str, datetime, datetime]] = Counter()
        for resource, role, start, end in row.claims:
            span = datetime.fromisoformat(start), datetime.fromisoformat(end)
            there[resource, role, *span] += 1
        taken: Counter[tuple[str, str, int, int]] = Counter()
        if known:
            name = row.session if row.booking is None else str(row.uid)
            taken = self._claimed(name)
        for (resource, role, start, end), uses in there.items():
            ticks = horizon.tick(start), horizon.tick_at_or_after(end)
            left = uses - taken[resource, role, *ticks]
            if left > 0 and self._index.has(resource):
                yield Claim(
                    resource=resource,
                    visit=str(row.uid),
                    role=role,
                    start=start,
                    end=end,
                    uses=left,
                )

    def _claimed(self, name: str) -> Counter[tuple[str, str, int, int]]:
        """Return what the index has as taken by a visit: lanes, by resource, role and ticks."""
        prepared, placements = self._index.prepared, self._index.state.placements
        number = prepared.visit_index[name]
        visit, placement = prepared.visits[number], placements[number]
        found: Counter[tuple[str, str, int, int]] = Counter()
        for claim in visit.claims(placement) if placement is not None else ():
            resource = prepared.resources[claim.resource].id
            found[resource, visit.needs[claim.need].role, claim.first, claim.end] += claim.uses
        return found

    def leave(self, uid: UUID) -> None:
        """Take out a visit, or all visits of a booking."""
        for one in [uid, *self._of_booking.pop(uid, ())]:
            there = self._visits.pop(one, None)
            if there is None:
                continue
            if there.booking is not None and there.booking in self._of_booking:
                self._of_booking[there.booking].discard(one)
            self._set_aside(there)

    def over(self, now: datetime) -> Iterator[UUID]:
        """Yield, once each, the visits that nobody has confirmed in time."""
        while self._ending and self._ending[0][0] <= now:
            at, uid = heapq.heappop(self._ending)
            there = self._visits.get(uid)
            if there is not None and there.expires_at == at:
                yield uid

    def under(self, uid: UUID) -> list[UUID]:
        """Return what is there by the UUID of a visit, or by that of a booking."""
        return [one for one in (uid, *self._of_booking.get(uid, ())) if one in self._visits]

    def stretches(self, uid: UUID) -> set[Stretch]:
        """Return what a visit takes."""
        visit, horizon = self._visits[uid], self._index.problem.horizon
        found = {
            (claim.resource, horizon.tick(claim.start), horizon.tick_at_or_after(claim.end))
            for claim in visit.beside
        }
        if visit.lies is not None:
            found |= {(name, first, end) for name, _, first, end in self._claimed(str(uid))}
        return found

    def session(self, uid: UUID) -> str | None:
        """Return in which group session a visit has a seat; None for none."""
        lies = self._visits[uid].lies
        return None if lies is None else lies[1].session

    @contextmanager
    def anew(self, booking: UUID, request: Request, kept: Sequence[Assignment]) -> Iterator[None]:
        """Have a booking as a request of which only some visits stay, until the end."""
        visits = [self._visits[uid] for uid in self._of_booking.get(booking, ())]
        gone: list[_Visit] = []
        try:
            for visit in visits:
                self._set_aside(visit)
                gone.append(visit)
            self._index.book(request, kept)
            try:
                yield
            finally:
                self._index.cancel(request.id)
        finally:
            for visit in gone:
                self._put_back(visit)

    def _set_aside(self, visit: _Visit) -> None:
        if visit.lies is not None:
            self._index.cancel(visit.lies[0].id)
        for claim in visit.beside:
            self._index.remove(claim)

    def _put_back(self, visit: _Visit) -> None:
        if visit.lies is not None:
            self._index.book(visit.lies[0], [visit.lies[1]])
        for claim in visit.beside:
            self._index.add(claim)


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of the resources that an index has by now."""

    index: Index

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.index.has(name)
