"""Absences: somebody is ill, a room closes; whom that hits, and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class HitVisit:
    """A visit that has the absent resource; ``session`` is the group session that it joins."""

    id: str
    start: datetime
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitBooking:
    """A booking that an absence hits.

    Attributes
    ----------
    id, state, person
        Which, how it stands, and whose it is.
    visits
        Those of its visits that have the absent resource.
    """

    id: str
    state: str
    person: str | None
    visits: tuple[HitVisit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitSession:
    """A group session that has the absent resource: staff calls it off, or places it anew."""

    id: str
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A resource that is absent for a while; from then on nobody books it there.

    Attributes
    ----------
    id
        Its UUID.
    solve
        The solve that proposes the least change; None where no booked visit is hit.
    bookings, sessions
        Whom it hits as things lie now; None in lists.
    """

    id: str
    resource: str
    start: datetime
    end: datetime
    reason: str
    solve: str | None
    created_at: datetime
    bookings: tuple[HitBooking, ...] | None = None
    sessions: tuple[HitSession, ...] | None = None


class Absences:
    """All absences: ``client.absences``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def mark(
        self,
        resource: str,
        start: datetime,
        end: datetime,
        *,
        reason: str = "",
        may_move: bool = False,
        most_changes: int | None = None,
    ) -> Absence:
        """Mark a resource as absent, and ask for the least change.

        Nothing moves before ``client.solves.publish(absence.solve)``; whom that concerns is in
        the ``moved`` of that solve.

        Parameters
        ----------
        resource, start, end
            Who or what is not there, and when; half-open.
        reason
            Without personal data.
        may_move
            Whether other bookings may move to make room.
        most_changes
            So many visits may change, at most.
        """
        body = {
            "resource": resource,
            "start": encode(start),
            "end": encode(end),
            "reason": reason,
            "may_move": may_move,
            "most_changes": most_changes,
        }
        return read(Absence, self._sender.send("POST", "/v1/absences", body))

    def read(self, name: str) -> Absence:
        """Return an absence, with whom it still hits."""
        return read(Absence, self._sender.send("GET", named("absences", name)))

    def list(self) -> Iterator[Absence]:
        """Yield absences, page by page."""
        for document in self._sender.pages("/v1/absences"):
            yield read(Absence, document)

    def take_back(self, name: str) -> None:
        """Take an absence back; what was moved because of it stays where it is."""
        self._sender.delete(named("absences", name))
