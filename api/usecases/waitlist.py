"""The waitlist: whoever finds no place that suits waits, is offered one, and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from allocator.domain.request import PreferredResource, Request
from allocator.domain.time import Span
from allocator.frames.columns import defaults
from api.auth.permissions import demand_location, demand_own, may_see
from api.problems import Invalid, RuleBroken, Stale, TooMany, WrongState
from api.store import bookings as kept
from api.store import claims
from api.store import waitlist as store
from api.store.ids import as_uid, new_uid
from api.store.world import World, decoded
from api.usecases import bookings, cancelling, confirming, holding, moving, placing, things
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import WaitlistPolicy, waitlist_policy

#: Keys of advisory locks: below them, the entries of a person.
ENTRIES = -(2**52)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody waits for: a visit, a request that is kept, or an earlier time for a booking.

    Attributes
    ----------
    service, session, attendees
        Of a single visit: what, or a seat in which group session, and who comes.
    windows
        Where it, or an earlier time for a booking, has to lie; empty is anywhere.
    preferred
        Whom one would rather have: names by role.
    priority
        Its class; None is the usual one.
    request
        The name of a request.
    booking
        The UUID of a booking.
    """

    service: str | None = None
    session: str | None = None
    attendees: tuple[str, ...] = ()
    windows: tuple[Span, ...] = ()
    preferred: Mapping[str, Sequence[str]] = field(default_factory=dict)
    priority: int | None = None
    request: str | None = None
    booking: str | None = None


def join(tx: Tx, asked: Asked) -> Any:
    """Put somebody on the waitlist.

    Raises
    ------
    Forbidden, Invalid, NotFound, RuleBroken, TooMany, WrongState
    """
    tx.demand("waitlist.write")
    named = [asked.request, asked.booking, asked.service or asked.session]
    if sum(one is not None for one in named) != 1 or (asked.service and asked.session):
        raise Invalid("Name one of these: a service, a group session, a request, a booking.")
    visit = asked.service or asked.session
    if not visit and (asked.attendees or asked.preferred or asked.priority):
        raise Invalid("Who comes is said by the request or booking; name that alone.")
    if asked.request is not None and asked.windows:
        raise Invalid("When it may be is said by the request; name that alone.")
    terms = waitlist_policy(tx.world)
    new = _earlier(tx, asked) if asked.booking is not None else _of_request(tx, asked)
    services = services_of(tx.world, new.request)
    if not services or not terms.takes(services):
        what = ", ".join(sorted(services)) or "asked for"
        said = f"The service {what} takes no part in the waitlist."
        raise RuleBroken(said, violations=[{"rule": "waitlist", "message": said}])
    _cap(tx, new.person, terms)
    first = tx.world.services[sorted(services)[0]]
    demand_location(tx.principal, first.location)
    uid = new_uid()
    store.add(
        tx.connection,
        tx.tenant,
        uid=uid,
        request_id=new.request_id,
        booking_id=new.booking_id,
        person_id=new.person,
        service=first.id,
        location=first.location,
        own=visit is not None,
        outside=tx.principal.own_only,
        windows=[[one.start.isoformat(), one.end.isoformat()] for one in new.windows],
        ends_at=new.ends_at,
        created_by=tx.principal.actor,
    )
    tx.audit("waitlist.joined", "waitlist", uid, None, {"service": first.id})
    return found(tx, str(uid))


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """What a new entry is for."""

    request: Request
    windows: tuple[Span, ...] = ()
    request_id: int | None = None
    booking_id: int | None = None
    person: int | None
    ends_at: datetime | None


def _of_request(tx: Tx, asked: Asked) -> _New:
    """Return what waits as a request, which is kept from now on if it was not before."""
    kind = things.KINDS["requests"]
    if asked.request is None:
        tx.demand("requests.write")
        made = replace(
            holding.simple(asked.service or "", asked.attendees, asked.session),
            id=str(new_uid()),
            windows=asked.windows,
            preferred_resources=tuple(
                PreferredResource(role=role, resources=frozenset(names))
                for role, names in asked.preferred.items()
            ),
            priority=defaults(Request)["priority"] if asked.priority is None else asked.priority,
        )
        name = things.write(tx, kind, [made])[0].ref
    else:
        tx.demand("requests.read")
        name = asked.request
    row = things.found(tx, kind, name, for_update=True)
    holding.demand_unbooked(tx, row)
    there = store.of_request(tx.connection, tx.tenant, row.id)
    if there is not None:
        raise WrongState(f"The request {row.ref!r} waits already: {there.uid}.", state=there.state)
    request = decoded(Request, row.spec, row.ref)
    ends = max((window.end for window in request.windows), default=None)
    if ends is not None and ends <= tx.now:
        raise Invalid(f"The windows of request {row.ref!r} are over.")
    return _New(request=request, request_id=row.id, person=row.person_id, ends_at=ends)


def _earlier(tx: Tx, asked: Asked) -> _New:
    """Return a booking that would come earlier."""
    name = str(asked.booking)
    row, there, open_visits = moving.movable(tx, name, ())
    if row.state != "booked":
        raise WrongState(f"Booking {name} is {row.state}; it waits once it is booked.")
    (first, *more) = open_visits
    if more or sum(visit.state != "cancelled" for visit in there) > 1:
        raise Invalid(
            f"Booking {name} has {len(there)} visits; an earlier time is waited for by one alone."
        )
    if first.session is not None:
        raise Invalid(
            f"Booking {name} is a seat in group session {first.session}; it has its time."
        )
    before = store.of_booking(tx.connection, tx.tenant, row.id)
    if before is not None:
        raise WrongState(f"Booking {name} waits already: {before.uid}.", state=before.state)
    placing.demand_spans(asked.windows)
    return _New(
        request=bookings.request_of(row),
        windows=asked.windows,
        booking_id=row.id,
        person=row.person_id,
        ends_at=first.span.lower,
    )


def services_of(world: World, request: Request) -> set[str]:
    """Return the services that a request may come to, of those that are there."""
    found = {step.service for step in request.steps if step.service}
    found |= {
        world.sessions[name].service
        for step in request.steps
        for name in step.sessions
        if name in world.sessions
    }
    return found & world.services.keys()


def _cap(tx: Tx, person: int | None, terms: WaitlistPolicy) -> None:
    """Refuse more entries than one person may have; exact, since they are counted under a lock."""
    if person is None:
        return
    claims.lock(tx.connection, [ENTRIES - person])
    there = len(store.of_person(tx.connection, tx.tenant, person))
    if there >= terms.most_entries:
        raise TooMany(
            f"This person waits {there} times; at most {terms.most_entries} are possible.",
            retry_after_seconds=60,
        )


def found(tx: Tx, name: str, *, for_update: bool = False) -> Any:
    """Return an entry that is the asker's business."""
    uid = as_uid(name)
    row = None
    if uid is not None:
        row = store.find(tx.connection, tx.tenant, uid, for_update=for_update)
    seen = row is not None and may_see(
        tx.principal,
        person=row.person_id,
        location=row.location,
        created_by=row.created_by,
        booking=row.booking_id or 0,
    )
    demand_own(tx.principal, f"entry {name!r} on the waitlist", seen)
    return row


def read(tx: Tx, name: str) -> Any:
    """Return an entry."""
    tx.demand("waitlist.read")
    return found(tx, name)


def page(tx: Tx, *, state: str | None, after: int, limit: int) -> Sequence[Any]:
    """Return entries, some at a time: clients, their own."""
    tx.demand("waitlist.read")
    who = tx.principal
    return store.page(
        tx.connection,
        tx.tenant,
        state=state,
        own=(who.person, who.actor) if who.own_only else None,
        locations=sorted(who.locations),
        after=after,
        limit=limit,
    )


def _changing(tx: Tx, name: str, version: int | None, states: Sequence[str], what: str) -> Any:
    """Return an entry that is to be changed; nobody else changes it until the end."""
    tx.demand("waitlist.write")
    row = found(tx, name, for_update=True)
    if version is not None and version != row.version:
        raise Stale(f"Entry {name} has version {row.version}; you name {version}.")
    if row.state not in states:
        raise WrongState(
            f"Entry {name} is {row.state}; to {what} it, it has to be {' or '.join(states)}.",
            state=row.state,
        )
    return row


def accept(tx: Tx, name: str, version: int | None = None) -> Any:
    """Take the place that is offered: it is booked, or waits for a reviewer.

    Whoever is booked already moves there, and their old place is free, all at once.

    Raises
    ------
    NotFound, Stale, WrongState, Taken, RuleBroken
    """
    row = _changing(tx, name, version, ["offered"], "accept")
    if row.booking_id is None:
        hold = confirming.confirmed(tx, str(row.hold))
        if hold.state == "booked":
            become(tx, row, "booked", offer=row.offer_id)
        return found(tx, name)
    booking = bookings.changing(tx, str(row.booking), None, ["booked"], "move")
    hold = bookings.changing(tx, str(row.hold), None, ["held"], "accept")
    visit = kept.visits(tx.connection, tx.tenant, [hold.id])[hold.id][0]
    cancelling.free(tx, hold, "cancelled", f"Booking {booking.ref} moves there.")
    moving.move(tx, booking, [placing.as_wanted(tx, visit)])
    kept.save(tx.connection, tx.tenant, booking.id, None)  # it was for the time that they leave
    become(tx, row, "booked", offer=row.offer_id)
    return found(tx, name)


def decline(tx: Tx, name: str, version: int | None = None) -> Any:
    """Leave the place that is offered to others, and wait on, unless that was the last offer."""
    row = _changing(tx, name, version, ["offered"], "decline")
    release(tx, row)
    back(tx, row, "declined")
    return found(tx, name)


def withdraw(tx: Tx, name: str, version: int | None = None) -> Any:
    """Wait no more; what is offered is free for others."""
    row = _changing(tx, name, version, store.LIVE, "withdraw")
    if row.state == "offered":
        release(tx, row)
    become(tx, row, "withdrawn")
    return found(tx, name)


def leave(tx: Tx, person: int) -> None:
    """Withdraw all entries of a person."""
    for uid in store.of_person(tx.connection, tx.tenant, person):
        row = store.find(tx.connection, tx.tenant, uid, for_update=True)
        if row is not None and row.state in store.LIVE and become(tx, row, "withdrawn"):
            with suppress(WrongState):  # it was accepted, and waits for a reviewer
                release(tx, row)


def back(tx: Tx, row: Any, action: str) -> None:
    """Let somebody wait on who did not take an offer, unless it was the last.

    Parameters
    ----------
    action
        What came of the offer: ``"declined"`` or ``"lapsed"``.
    """
    most = waitlist_policy(tx.world_now).most_offers
    over = bool(most) and len(row.offered) >= most
    become(tx, row, "expired" if over else "waiting", action)


def become(tx: Tx, row: Any, state: str, action: str = "", offer: int | None = None) -> bool:
    """Bring an entry into another state, unless somebody else was faster; say whether it is.

    What was asked for by it alone is asked for no more where it ends with nothing.

    Parameters
    ----------
    action
        What is written down as well, before.
    offer
        Number of the booking that came of it.
    """
    values: dict[str, Any] = {
        "state": state,
        "offer_id": offer,
        "reasons": [],
        "looked": False,
        "solve": None,
    }
    if not store.change(tx.connection, tx.tenant, row.id, [row.state], **values):
        return False
    if state in ("expired", "withdrawn") and row.own and row.request_state == "requested":
        things.set_request(tx.connection, tx.tenant, row.request_id, "withdrawn")
    for said in [*([action] if action else []), *([state] if state != "waiting" else [])]:
        tx.audit(f"waitlist.{said}", "waitlist", row.uid, {"state": row.state}, {"state": state})
    return True


def release(tx: Tx, row: Any) -> None:
    """Free the place that is offered, if it still is.

    Raises
    ------
    WrongState
        Where it was accepted, and waits for a reviewer.
    """
    if row.hold_state == "pending_approval":
        raise WrongState(
            f"It was accepted, and waits for a reviewer as booking {row.hold}; cancel that.",
            state=row.hold_state,
        )
    if row.hold is None:
        return
    hold = kept.find(tx.connection, tx.tenant, str(row.hold), for_update=True)
    if hold is not None and hold.state == "held":
        cancelling.free(tx, hold, "cancelled", "")
