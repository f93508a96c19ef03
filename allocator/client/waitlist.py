"""The waitlist: who waits for time to come free, what they are offered, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from allocator.client.bookings import Resources
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.domain.time import Span
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReason:
    """Why somebody is offered a place; a bad reason speaks against it."""

    tag: str
    text: str
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A place that is held for somebody who waits.

    Attributes
    ----------
    hold
        The booking by which it is held.
    state
        ``"held"``, or ``"pending_approval"`` once it was accepted and a reviewer looks at it.
    starts_at, expires_at
        When it is, and until when it can be accepted.
    reasons
        Why it is offered.
    """

    hold: str
    state: str
    starts_at: datetime
    expires_at: datetime
    reasons: tuple[OfferReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistEntry:
    """Somebody who waits for time to come free.

    Attributes
    ----------
    id, state
        Which: ``"waiting"``, ``"offered"``, ``"booked"``, ``"expired"`` or ``"withdrawn"``.
    request, booking
        What is waited for; ``booking`` is what came of it, or what would come earlier.
    person, service, location
        Who waits for what, and where.
    ends_at
        When it is too late; None where it never is.
    offers
        How many places were offered so far.
    offer
        What is offered now, or None.
    """

    id: str
    state: str
    request: str | None
    booking: str | None
    person: str | None
    service: str
    location: str | None
    ends_at: datetime | None
    offers: int
    offer: Offered | None
    version: int
    created_at: datetime
    changed_at: datetime


class Waitlist:
    """Those who wait: ``client.waitlist``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def join(
        self,
        *,
        service: str | None = None,
        session: str | None = None,
        request: str | None = None,
        booking: str | None = None,
        attendees: Sequence[str] = (),
        windows: Sequence[Span] = (),
        preferred: Resources | None = None,
        priority: int | None = None,
    ) -> WaitlistEntry:
        """Wait for a place.

        Parameters
        ----------
        service, session, attendees
            For a single visit, or a seat in a group session: who comes.
        request
            Or a request that the service keeps.
        booking
            Or a booking that would rather come earlier.
        windows
            Where it may lie, whole; empty is anywhere. Those of a request are its own.
        preferred, priority
            Of a visit: whom one would rather have, names by role, and its class.
        """
        body = {
            "service": service,
            "session": session,
            "request": request,
            "booking": booking,
            "attendees": list(attendees),
            "windows": [{"start": encode(w.start), "end": encode(w.end)} for w in windows],
            "preferred": {role: list(names) for role, names in (preferred or {}).items()},
            "priority": priority,
        }
        sent = {key: value for key, value in body.items() if value not in (None, [], {})}
        return read(WaitlistEntry, self._sender.send("POST", "/v1/waitlist", sent))

    def read(self, name: str) -> WaitlistEntry:
        """Return an entry, with what it is offered."""
        return read(WaitlistEntry, self._sender.send("GET", named("waitlist", name)))

    def list(self, *, state: str | None = None) -> Iterator[WaitlistEntry]:
        """Yield entries, page by page."""
        for document in self._sender.pages("/v1/waitlist", state=state):
            yield read(WaitlistEntry, document)

    def accept(self, name: str, *, version: int | None = None) -> WaitlistEntry:
        """Take what is offered: it is booked, or waits for a reviewer.

        Raises
        ------
        Conflict
            Its time was over, or it was answered before.
        """
        return self._answer(name, "accept", version)

    def decline(self, name: str, *, version: int | None = None) -> WaitlistEntry:
        """Leave what is offered to others, and wait on."""
        return self._answer(name, "decline", version)

    def withdraw(self, name: str) -> WaitlistEntry:
        """Wait no more."""
        return read(WaitlistEntry, self._sender.send("DELETE", named("waitlist", name)))

    def _answer(self, name: str, deed: str, version: int | None) -> WaitlistEntry:
        path = named("waitlist", name, deed)
        return read(WaitlistEntry, self._sender.send("POST", path, version=version))
