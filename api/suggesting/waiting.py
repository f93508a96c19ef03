"""Requests that wait, in an index: nobody is suggested the last place of one unawares."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.request import Request
from allocator.suggest import Index
from allocator.suggest.waiting import TIGHT
from api.store.world import decoded


class Waiting:
    """The requests of an index that wait, as far as it looks after them.

    Those are the ones that can only lie in a few hours; all others find another place.

    Parameters
    ----------
    index
        Is told of them.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._names: dict[UUID, str] = {}

    def take(self, rows: Iterable[Any]) -> None:
        """Take in requests as they are now; those that wait no more are taken out."""
        for row in rows:
            name = self._names.pop(row.uid, None)
            if name is not None:
                self._index.cancel(name)
            request = decoded(Request, row.spec, row.ref) if row.waits else None
            if request is not None and _is_tight(request):
                try:
                    self._index.book(request, [])
                except (InvalidProblem, InvalidSchedule):
                    continue  # it asks for what is not there any more
                self._names[row.uid] = request.id


def attendees(rows: Iterable[Any]) -> set[str]:
    """Return the names of those who come to requests that wait."""
    return {one["resource"] for row in rows if row.waits for one in row.spec.get("attendees", ())}


def _is_tight(request: Request) -> bool:
    hours = sum((window.end - window.start for window in request.windows), timedelta())
    return bool(request.windows) and hours <= TIGHT
