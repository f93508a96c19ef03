"""Absences: somebody is ill, a room closes; whom that hits, and what is proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.client.sending import Sender, named


@dataclass(frozen=True, slots=True, kw_only=True)
class HitVisit:
    """A visit that needs a resource while it is absent.

    Attributes
    ----------
    booking, state, person
        The booking's UUID and state, and whose it is; None for a group session's place.
    session
        The group session in which it is a seat, or that it is; or None.
    start
        When it starts.
    """

    booking: str | None
    state: str | None
    person: str | None
    session: str | None
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A resource that is absent for a while.

    Attributes
    ----------
    id
        Its UUID.
    resource, start, end, reason
        Who or what is absent, when, and why.
    solve
        The solve that proposes what to do, to be followed and published; None where nobody is hit.
    hits
        Whom it hits as things lie now; empty in lists.
    """

    id: str
    resource: str
    start: datetime
    end: datetime
    reason: str
    solve: str | None
    hits: tuple[HitVisit, ...]


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

        Parameters
        ----------
        resource, start, end, reason
            Who or what, when, and why.
        may_move, most_changes
            Whether others may move where that helps, and how many visits may change at most.
        """
        body = {
            "resource": resource,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "reason": reason,
            "may_move": may_move,
            "most_changes": most_changes,
        }
        return _absence(self._sender.send("POST", "/v1/absences", body))

    def read(self, name: str) -> Absence:
        """Return an absence, with whom it hits as things lie now."""
        return _absence(self._sender.send("GET", named("absences", name)))

    def list(self) -> Iterator[Absence]:
        """Yield absences, page by page."""
        return map(_absence, self._sender.pages("/v1/absences"))

    def take_back(self, name: str) -> None:
        """Take an absence back; what was moved because of it stays where it is."""
        self._sender.send("DELETE", named("absences", name))


def _absence(document: Mapping[str, Any]) -> Absence:
    return Absence(
        **{key: document[key] for key in ("id", "resource", "reason", "solve")},
        start=datetime.fromisoformat(document["start"]),
        end=datetime.fromisoformat(document["end"]),
        hits=tuple(_hits(document)),
    )


def _hits(document: Mapping[str, Any]) -> Iterator[HitVisit]:
    for booking in document.get("bookings", ()):
        for visit in booking["visits"]:
            yield HitVisit(
                booking=booking["id"],
                state=booking["state"],
                person=booking["person"],
                session=visit["session"],
                start=datetime.fromisoformat(visit["start"]),
            )
    for session in document.get("sessions", ()):
        yield HitVisit(
            booking=None,
            state=None,
            person=None,
            session=session["id"],
            start=datetime.fromisoformat(session["start"]),
        )
