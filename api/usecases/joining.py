"""Joining the waitlist: for a visit, with a request, or to come earlier than one is booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from allocator.domain.request import PreferredResource, Request
from allocator.domain.time import Span
from allocator.frames.columns import defaults
from api.auth.permissions import demand_location
from api.problems import Invalid, RuleBroken, TooMany, WrongState
from api.store import claims
from api.store import waitlist as store
from api.store.ids import new_uid
from api.store.world import decoded
from api.usecases import bookings, holding, moving, placing, things, waitlist
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import WaitlistPolicy, services_of, waitlist_policy

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
    return waitlist.found(tx, str(uid))


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
    until = waitlist.ends(request)
    if until is not None and until <= tx.now:
        raise Invalid(f"The windows of request {row.ref!r} are over.")
    return _New(request=request, request_id=row.id, person=row.person_id, ends_at=until)


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
