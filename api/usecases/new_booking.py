"""A new booking: checked, and written whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.frames.nested import encode
from api.auth.permissions import demand_location
from api.store import new_bookings
from api.store.ids import new_uid
from api.store.new_bookings import Line, NewBooking, NewVisit
from api.usecases import bookings, confirming, placing, things
from api.usecases.placing import Cast, WantedVisit
from api.usecases.tx import Tx


class Becomes(Enum):
    """What becomes of a hold in the transaction that makes it."""

    HELD = "It stays one until somebody confirms it."
    CONFIRMED = "It is confirmed; a reviewer looks at it where its service asks for it."
    BOOKED = "It is booked, whatever its service asks for."


def write(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    *,
    who: Cast,
    person: int | None,
    minutes: float = 1,
    stored: Any | None = None,
    urgent: bool = False,
    becomes: Becomes = Becomes.HELD,
    saving: Mapping[str, Any] | None = None,
    whole: bool = True,
    noticed: bool = False,
    freed: Sequence[int] = (),
) -> Any:
    """Write a hold, or what becomes of it at once; or raise and leave nothing.

    Parameters
    ----------
    noticed
        Whether it was agreed upon before, and had its notice then.
    freed
        Numbers of visits of which no rule hears.
    """
    with tx.connection.begin_nested() if len(wanted) > 1 else nullcontext():
        whole = whole and len(wanted) == request.visit_count
        before = [_agreed(request, visit) for visit in wanted] if noticed else []
        assignments, taken = placing.checked(
            tx, request, wanted, who, before=before, freed=freed, whole=whole
        )
        location = placing.location(tx, who, request, wanted)
        demand_location(tx.principal, location)
        services = [placing.service_of(tx, request, visit).id for visit in wanted]
        starts_at = min(a.start for a in assignments)
        until = tx.now + timedelta(minutes=minutes)
        after = {"state": "held", "visits": len(wanted), "expires_at": until.isoformat()}
        log: list[Line] = [("booking.held", None, after)]
        state: str = "held"
        expires: datetime | None = until
        if becomes is not Becomes.HELD:
            reviewed = becomes is Becomes.CONFIRMED and bookings.reviewed(tx, urgent, services)
            state, expires = confirming.becomes(tx, reviewed, starts_at)
            log.append((f"booking.{state}", {"state": "held"}, {"state": state}))
        new = NewBooking(
            tenant=tx.tenant,
            uid=new_uid(),
            spec=_kept(request),
            state=state,
            claimed=bookings.claimed(state),
            expires_at=expires,
            request=None if stored is None else stored.id,
            person=person,
            location=location,
            service=services[0],
            starts_at=starts_at,
            urgent=urgent,
            saving=saving,
            actor=tx.principal.actor,
            log=log,
        )
        visits = [
            NewVisit(
                occurrence=visit.occurrence,
                step=visit.step,
                service=service,
                session=None
                if visit.session is None
                else placing.session_number(tx, visit.session),
                assignment=assignment,
            )
            for visit, service, assignment in zip(wanted, services, assignments, strict=True)
        ]
        places = {assignment.visit: place for place, assignment in enumerate(assignments)}
        claimed = placing.dealt(tx, who, taken, places)
        row, numbers, left = new_bookings.add(tx.connection, new, visits, claimed)
        if left:
            raise placing.taken_by(tx, who, left[0])
        bookings.take_seats(tx, wanted, numbers)
        if stored is not None and becomes is not Becomes.HELD:
            things.set_request(tx.connection, tx.tenant, stored.id, "scheduled")
    return row


def _agreed(request: Request, visit: WantedVisit) -> Assignment:
    """Return when a visit begins that was agreed upon before; nothing else of it is looked at."""
    return Assignment(
        visit=request.visit_id(visit.occurrence, visit.step),
        start=visit.start,
        end=visit.start + timedelta(minutes=1),
    )


def _kept(request: Request) -> dict[str, Any]:
    """Return a request as it is kept with its booking: its name is the booking's."""
    spec: dict[str, Any] = encode(request)
    spec.pop("id", None)
    return spec
