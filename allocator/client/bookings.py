"""Holds and bookings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from allocator.client.files import CSV, bring_in, export
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.domain.faults import AllocatorError
from allocator.frames.nested import encode

if TYPE_CHECKING:
    from pandas import DataFrame

Resources = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a visit is to lie.

    Attributes
    ----------
    start
        With an offset, on a whole minute.
    resources
        Names by role; attendees come by themselves.
    occurrence, step
        Which visit of a series and step of a chain, from 1.
    session
        The group session that it joins, or None.
    """

    start: datetime
    resources: Resources = field(default_factory=dict)
    occurrence: int = 1
    step: int = 1
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedVisit:
    """A visit of a booking.

    Attributes
    ----------
    id
        Its UUID.
    start, end
        When it is, half-open.
    resources
        Names by role; each attendee has a role of their own.
    state
        ``"booked"``, ``"checked_in"``, ``"fulfilled"``, ``"no_show"`` or ``"cancelled"``.
    """

    id: str
    occurrence: int
    step: int
    service: str
    session: str | None
    start: datetime
    end: datetime
    resources: Resources
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What a client has: one or more visits, and a state.

    Attributes
    ----------
    id
        Its UUID.
    state
        ``"held"``, ``"pending_approval"``, ``"booked"``, ``"rejected"``, ``"cancelled"`` or
        ``"expired"``.
    expires_at
        Until when it is held; None once it is booked.
    zone
        The time zone of its location.
    version
        What a change may name, so that it fails where somebody was faster.
    """

    id: str
    state: str
    request: str | None
    person: str | None
    service: str
    location: str | None
    expires_at: datetime | None
    zone: str
    visits: tuple[BookedVisit, ...]
    version: int


class PartlyPossible(AllocatorError):
    """Only some visits of a series can be held; ``partial="accept"`` holds those.

    Attributes
    ----------
    possible, refused
        Visits as the service has them; each that is refused with its ``problem``.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.possible: list[dict[str, Any]] = document["possible"]
        self.refused: list[dict[str, Any]] = document["refused"]
        super().__init__(document["question"])


class Bookings:
    """Holds and bookings: ``client.bookings``. A booking is named by its id."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def hold(
        self,
        *,
        service: str | None = None,
        request: str | None = None,
        start: datetime | None = None,
        resources: Resources | None = None,
        attendees: Sequence[str] = (),
        visits: Sequence[Place] = (),
        session: str | None = None,
        hold_minutes: int | None = None,
        urgent: bool = False,
        partial: str = "ask",
    ) -> Booking:
        """Hold a place: nobody else can have it until it expires.

        Parameters
        ----------
        service, request, session
            What for: a service, a request that the service keeps, or a seat in a group session.
        start, resources
            Where, for a single visit.
        attendees
            Who comes, where there is no request.
        visits
            Where, for more than one visit.
        hold_minutes
            Shorter than the service's own, where given.
        urgent
            Whether a reviewer looks at it before it is booked.
        partial
            Where only some visits can be had: ``"ask"``, ``"accept"`` or ``"refuse"``.

        Returns
        -------
        Booking
            In the state ``"held"``.

        Raises
        ------
        Conflict
            Taken by something else, or a rule forbids it.
        PartlyPossible
            Only some visits can be had, and ``partial`` is ``"ask"``.
        """
        body = {
            "service": service,
            "request": request,
            "session": session,
            "start": None if start is None else encode(start),
            "resources": plain(resources or {}),
            "attendees": list(attendees),
            "visits": [_place(place) for place in visits],
            "hold_minutes": hold_minutes,
            "urgent": urgent,
            "partial": partial,
        }
        sent = {key: value for key, value in body.items() if value not in (None, [], {})}
        status, document = self._sender.answer("POST", "/v1/holds", sent)
        if status == 200:
            raise PartlyPossible(document)
        return read(Booking, document)

    def confirm(self, name: str, version: int | None = None) -> Booking:
        """Confirm a hold: it is booked then, or waits for a reviewer."""
        path = named("holds", name, "confirm")
        return read(Booking, self._sender.send("POST", path, version=version))

    def release(self, name: str) -> Booking:
        """Give a hold back."""
        return read(Booking, self._sender.send("DELETE", named("holds", name)))

    def read(self, name: str) -> Booking:
        """Return a booking."""
        return read(Booking, self._sender.send("GET", named("bookings", name)))

    def list(
        self,
        *,
        state: str | None = None,
        person: str | None = None,
        resource: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Booking]:
        """Yield bookings, page by page, by state, person, resource and time."""
        filters = {
            "state": state,
            "person": person,
            "resource": resource,
            "from": None if since is None else encode(since),
            "to": None if until is None else encode(until),
        }
        for document in self._sender.pages("/v1/bookings", **filters):
            yield read(Booking, document)

    def export(self, media: str = CSV) -> bytes:
        """Return all bookings as a file holds them: see ``Things.export``."""
        return export(self._sender, "bookings", media)

    def bring_in(self, content: bytes, media: str = CSV) -> int:
        """Add bookings that were agreed upon elsewhere: see ``Things.bring_in``."""
        return bring_in(self._sender, "bookings", content, media)

    def frame(self, **filters: Any) -> DataFrame:
        """Return bookings as a data frame, a row for each visit.

        Parameters
        ----------
        **filters
            As for ``list``.
        """
        from allocator.frames.booking_rows import bookings_to_frame

        return bookings_to_frame(self.list(**filters))

    def cancel(
        self,
        name: str,
        *,
        reason: str = "",
        visit: str | None = None,
        scope: str = "this",
        version: int | None = None,
    ) -> Booking:
        """Cancel a booking, or visits of it; their time is free at once.

        Parameters
        ----------
        name, version
            The booking, and its version if it must be the one that was read.
        reason
            Without personal data.
        visit, scope
            A visit's id, and whether ``"this"`` alone, with the ``"following"``, or ``"all"``.
        """
        body = {"reason": reason, "visit": visit, "scope": scope}
        return self._change(name, "cancel", body, version)

    def reschedule(
        self,
        name: str,
        visits: Sequence[Place],
        *,
        scope: str = "this",
        version: int | None = None,
    ) -> Booking:
        """Move visits; their old places count as free.

        Parameters
        ----------
        name, version
            The booking, and its version if it must be the one that was read.
        visits, scope
            Where they are to lie, and whether these alone move (``"this"``), with the
            ``"following"``, or ``"all"``.
        """
        body = {"visits": [_place(place) for place in visits], "scope": scope}
        return self._change(name, "reschedule", body, version)

    def reassign(
        self,
        name: str,
        resources: Resources,
        visits: Sequence[tuple[int, int]] = (),
        *,
        version: int | None = None,
    ) -> Booking:
        """Give visits other resources at the same time.

        Parameters
        ----------
        name, version
            The booking, and its version if it must be the one that was read.
        resources
            Names by role.
        visits
            Pairs of occurrence and step; empty is all.
        """
        at = [{"occurrence": occurrence, "step": step} for occurrence, step in visits]
        body = {"resources": plain(resources), "visits": at}
        return self._change(name, "reassign", body, version)

    def add_visits(
        self, name: str, visits: Sequence[Place], *, version: int | None = None
    ) -> Booking:
        """Add visits of a series that could not be placed before."""
        return self._change(name, "visits", {"visits": [_place(p) for p in visits]}, version)

    def check_in(self, name: str, visit: str | None = None) -> Booking:
        """Write down that somebody came, to a visit or to the next."""
        return self._change(name, "check-in", {"visit": visit})

    def fulfil(self, name: str, visit: str | None = None) -> Booking:
        """Write down that a visit took place."""
        return self._change(name, "fulfil", {"visit": visit})

    def no_show(self, name: str, visit: str | None = None) -> Booking:
        """Write down that somebody stayed away."""
        return self._change(name, "no-show", {"visit": visit})

    def approve(self, name: str) -> Booking:
        """Approve what waits for a reviewer."""
        return self._change(name, "approve", None)

    def decline(self, name: str, reason: str = "") -> Booking:
        """Decline what waits for a reviewer."""
        return self._change(name, "decline", {"reason": reason})

    def _change(self, name: str, what: str, body: Any, version: int | None = None) -> Booking:
        path = named("bookings", name, what)
        return read(Booking, self._sender.send("POST", path, body, version=version))


def plain(resources: Resources) -> dict[str, list[str]]:
    """Return names by role as JSON has them."""
    return {role: list(names) for role, names in resources.items()}


def _place(place: Place) -> dict[str, Any]:
    found = {
        "occurrence": place.occurrence,
        "step": place.step,
        "start": encode(place.start),
        "resources": plain(place.resources),
    }
    return found if place.session is None else {**found, "session": place.session}
