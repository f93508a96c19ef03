"""An index that notes what comes free between two questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allocator.domain.problem import Problem
from allocator.domain.time import Span
from api.store.changes import Seen
from api.store.world import World
from api.suggesting.index import TenantIndex
from api.suggesting.visits import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came free.

    Attributes
    ----------
    freed
        Spans of resources, by their names; None is that nobody knows: whatever is free.
    sessions
        Group sessions in which a seat came free.
    """

    freed: Mapping[str, Sequence[Span]] | None
    sessions: Collection[str] = ()

    def last(self) -> datetime | None:
        """Return when the last of it ends; None where nobody knows."""
        if self.freed is None or self.sessions:
            return None
        return max((span.end for spans in self.freed.values() for span in spans), default=None)

    @property
    def none(self) -> bool:
        """Whether nothing did."""
        return self.freed is not None and not self.freed and not self.sessions


#: Nobody knows what came free: whatever is free may have.
EVERYTHING = News(freed=None)


class Watching(TenantIndex):
    """The index of a tenant, with what came free since somebody last asked for it.

    What is new in the index, and what nobody has asked for yet, is everything.
    """

    def __init__(self, world: World, people: Iterable[Any], problem: Problem, seen: Seen) -> None:
        super().__init__(world, people, problem, seen)
        self.everything = True
        self._left: set[Stretch] = set()
        self._seats: set[str] = set()

    def news(self) -> News:
        """Return what came free."""
        if self.everything:
            return EVERYTHING
        horizon = self.horizon
        freed: dict[str, list[Span]] = {}
        for resource, first, end in sorted(self._left):
            span = Span(start=horizon.instant(first), end=horizon.instant(end))
            freed.setdefault(resource, []).append(span)
        return News(freed=freed, sessions=frozenset(self._seats))

    def forget(self) -> None:
        """Note anew from now on."""
        self.everything = False
        self._left.clear()
        self._seats.clear()

    def is_over(self, now: datetime) -> bool:
        """Say whether it has to be read anew since a day is over, or a reserve is released."""
        return now >= self._until

    def _leave(self, uid: UUID) -> None:
        for one in self._visits.under(uid):
            self._left |= self._visits.stretches(one)
            session = self._visits.session(one)
            if session is not None:
                self._seats.add(session)
        super()._leave(uid)

    def _take(self, row: Any) -> None:
        super()._take(row)
        self._left -= self._visits.stretches(row.uid)
