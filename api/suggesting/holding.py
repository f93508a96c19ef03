"""What was suggested is held, booked, moved to or added: by its token, in one transaction."""

from __future__ import annotations

from functools import partial
from typing import Any

from allocator.domain.request import Request
from api.problems import Invalid, WrongState
from api.store import bookings as store
from api.store.world import decoded
from api.suggesting.asking import Asked
from api.suggesting.tickets import Ticket
from api.suggesting.views import saving
from api.usecases import bookings, holding, moving, sessions, things
from api.usecases.placing import WantedVisit
from api.usecases.sessions import Held
from api.usecases.tx import Tx
from api.views import instant


def hold(
    tx: Tx, ticket: Ticket, hold_minutes: int | None = None, *, confirmed: bool = False
) -> Any:
    """Hold what was suggested, whole.

    Parameters
    ----------
    hold_minutes
        How long, where not as long as the service says.
    confirmed
        Whether it is confirmed at once.

    Raises
    ------
    Invalid, WrongState, Taken, RuleBroken
    """
    demand_fresh(tx, ticket)
    if ticket.booking is not None:
        raise Invalid(f"The token is for booking {ticket.booking}, which is there; move that.")
    if ticket.place is not None:
        raise Invalid(f"The token is for the place of group session {ticket.place}; give it that.")
    stored = None
    if ticket.request is None:
        request = holding.simple(ticket.service or "", ticket.attendees, ticket.session)
    else:
        kind = things.KINDS["requests"]
        stored = things.found(tx, kind, ticket.request, for_update=True)
        request = decoded(Request, stored.spec, stored.ref)
    return holding.hold(
        tx,
        request,
        ticket.visits,
        stored=stored,
        hold_minutes=hold_minutes,
        urgent=ticket.urgent,
        partial="refuse",
        confirmed=confirmed,
        saving=saving(ticket.saving, ticket.currency),
        first=partial(_open, tx, ticket),
    )


def book(tx: Tx, ticket: Ticket) -> Any:
    """Hold what was suggested, and confirm it at once."""
    return hold(tx, ticket, confirmed=True)


def move(tx: Tx, name: str, ticket: Ticket, version: int | None) -> Any:
    """Move a booking to where it was suggested."""
    demand_fresh(tx, ticket)
    _open(tx, ticket)
    row = moving.reschedule(tx, name, demand_for(ticket, name), version=version)
    return _saved(tx, row, ticket)


def add(tx: Tx, name: str, ticket: Ticket, version: int | None) -> Any:
    """Add visits to a booking where they were suggested."""
    demand_fresh(tx, ticket)
    _open(tx, ticket)
    return moving.add_visits(tx, name, demand_for(ticket, name), version=version)


def place(tx: Tx, name: str, ticket: Ticket) -> Held:
    """Give a group session the place that was suggested for it; refuse the token of another."""
    if ticket.place != name:
        raise Invalid(f"The token is none for the place of group session {name}.")
    demand_fresh(tx, ticket)
    (there,) = ticket.visits
    return sessions.place(tx, name, there.start, there.resources)


def _open(tx: Tx, ticket: Ticket) -> None:
    """Give group sessions their places that have none yet.

    Raises
    ------
    Taken
        Where one was given another place meanwhile.
    """
    for place in ticket.sessions:
        sessions.open(tx, place.session or "", place.start, place.resources)


def demand_for(ticket: Ticket, name: str) -> tuple[WantedVisit, ...]:
    """Return where a booking is to lie; refuse the token of another."""
    if ticket.booking is None or ticket.booking.lower() != name.lower():
        raise Invalid(f"The token is none for booking {name}.")
    return ticket.visits


def demand_fresh(tx: Tx, ticket: Ticket) -> None:
    """Refuse what was suggested too long ago."""
    if ticket.until <= tx.now:
        raise WrongState(
            f"The token could be used until {instant(ticket.until)}; ask for others.",
            state="expired",
        )


def again(ticket: Ticket) -> Asked:
    """Return what a suggestion was asked for, near to where it was."""
    first = ticket.visits[0]
    return Asked(
        service=ticket.service,
        session=ticket.session,
        attendees=ticket.attendees,
        place=ticket.place,
        request=ticket.request,
        booking=ticket.booking,
        visits=tuple((v.occurrence, v.step) for v in ticket.visits) if ticket.booking else (),
        urgent=ticket.urgent,
        wanted=first.start,
        preferred=first.resources,
    )


def _saved(tx: Tx, row: Any, ticket: Ticket) -> Any:
    """Write down what is saved; what was saved before is no more."""
    found = saving(ticket.saving, ticket.currency)
    if found == row.saving:
        return row
    store.save(tx.connection, tx.tenant, row.id, found)
    return bookings.found(tx, row.ref)
