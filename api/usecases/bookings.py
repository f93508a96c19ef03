"""A booking's life: held, confirmed, approved, moved, attended, cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.schedule import Assignment
from allocator.frames.nested import Decoder, encode
from api.auth.permissions import demand_location, demand_own, may_see
from api.problems import Invalid, NotFound, Problem, RuleBroken, Stale, Taken, TooMany, WrongState
from api.store import bookings, claims
from api.store.database import Again
from api.store.ids import as_uid, new_uid
from api.usecases import placing, series, things
from api.usecases.placing import Cast, WantedVisit
from api.usecases.policy import policy
from api.usecases.tx import Tx

#: In which states of a booking something can be done to it.
OPEN = ("held", "pending_approval", "booked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """What of a series can be had, where not all of it can.

    Attributes
    ----------
    possible
        Visits that can be had together.
    refused
        The others, each with the reason.
    """

    possible: tuple[WantedVisit, ...]
    refused: tuple[tuple[WantedVisit, Problem], ...]


def simple(service: str, attendees: Sequence[str], session: str | None = None) -> Request:
    """Return the request of a single visit."""
    step = Step(sessions=frozenset({session})) if session else Step(service=service)
    return Request(
        id="new", steps=(step,), attendees=tuple(Attendee(resource=name) for name in attendees)
    )


def hold(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    *,
    stored: Any | None = None,
    hold_minutes: int | None = None,
    urgent: bool = False,
    partial: str = "ask",
) -> Any | Partly:
    """Hold the place of a booking for a while.

    Parameters
    ----------
    request
        What is asked for.
    wanted
        Where its visits are to lie.
    stored
        The row of the request, where it is kept.
    hold_minutes
        How long, where not as long as the service says; never longer.
    urgent
        Whether a reviewer has to look at it first.
    partial
        What to do where only some visits of a series can be had: ``"ask"`` returns them,
        ``"accept"`` holds them, ``"refuse"`` raises.

    Returns
    -------
    row of booking, or Partly
    """
    tx.demand("bookings.hold")
    if not wanted:
        raise Invalid("No visit is named; at least 1 is needed.")
    places = _demand_once(wanted)
    if stored is not None:
        _once(tx, stored)
    if urgent:
        request = replace(request, priority=1)  # reserves for the urgent are open to it
    who = placing.cast(tx, request, wanted)
    person = _person(tx, request, who)
    _cap(tx, person)
    series.demand_chains(request, places)
    services = [placing.service_of(tx, request, visit) for visit in wanted]
    minutes = min(service.hold_minutes for service in services)
    if hold_minutes is not None:
        minutes = min(minutes, hold_minutes)
    try:
        return _held(tx, request, wanted, who, person, minutes, stored, urgent, whole=True)
    except (Taken, RuleBroken):
        if len(wanted) == 1 or partial == "refuse":
            raise
    found = partly(tx, request, wanted, who)
    if not found.possible or partial == "ask":
        return found
    renamed = series.numbers(request, {(v.occurrence, v.step): v.start for v in found.possible})
    possible = [replace(v, occurrence=renamed[v.occurrence]) for v in found.possible]
    try:
        return _held(tx, request, possible, who, person, minutes, stored, urgent, whole=False)
    except Taken as error:  # by somebody else, since it was possible: look at it all anew
        raise Again from error


def _demand_once(wanted: Sequence[WantedVisit]) -> list[series.At]:
    """Return which visits are wanted; none is named twice."""
    places = [(visit.occurrence, visit.step) for visit in wanted]
    if len(set(places)) < len(places):
        raise Invalid("A visit of the request is named twice.")
    return places


def _held(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    who: Cast,
    person: int | None,
    minutes: int,
    stored: Any | None,
    urgent: bool,
    *,
    whole: bool,
) -> Any:
    """Write a hold, or raise and leave nothing."""
    with tx.connection.begin_nested() if len(wanted) > 1 else nullcontext():
        whole = whole and len(wanted) == request.visit_count
        assignments, taken = placing.checked(tx, request, wanted, who, whole=whole)
        location = placing.location(tx, who, request, wanted)
        demand_location(tx.principal, location)
        uid = new_uid()
        expires = tx.now + timedelta(minutes=minutes)
        row = bookings.add(
            tx.connection,
            tenant_id=tx.tenant,
            uid=uid,
            ref=str(uid),
            spec=_kept(request),
            state="held",
            request_id=None if stored is None else stored.id,
            person_id=person,
            location=location,
            service=placing.service_of(tx, request, wanted[0]).id,
            starts_at=min(a.start for a in assignments),
            expires_at=expires,
            urgent=urgent,
            created_by=tx.principal.actor,
        )
        _write(tx, request, wanted, assignments, taken, who, row.id, "hold", expires)
    after = {"state": "held", "visits": len(wanted), "expires_at": expires.isoformat()}
    tx.audit("booking.held", "booking", uid, None, after)
    return _read(tx, str(uid))


def _kept(request: Request) -> dict[str, Any]:
    """Return a request as it is kept with its booking: its name is the booking's."""
    spec: dict[str, Any] = encode(request)
    spec.pop("id", None)
    return spec


def _write(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    assignments: Sequence[Any],
    taken: Sequence[Any],
    who: Cast,
    booking: int,
    state: str,
    expires: datetime | None,
) -> None:
    """Write visits and what they claim."""
    numbered = [
        (
            visit.occurrence,
            visit.step,
            placing.service_of(tx, request, visit).id,
            None if visit.session is None else tx.world.numbers["session"][visit.session],
            assignment,
        )
        for visit, assignment in zip(wanted, assignments, strict=True)
    ]
    numbers = bookings.add_visits(tx.connection, tx.tenant, booking, numbered)
    placing.claim(tx, who, taken, numbers, state, expires)
    for visit, assignment in zip(wanted, assignments, strict=True):
        if visit.session is not None:
            _seat(tx, visit.session, numbers[assignment.visit])


def _seat(tx: Tx, session: str, visit: int) -> None:
    """Take a seat in a group session, whose lock is held."""
    most, number = tx.world.sessions[session].most, tx.world.numbers["session"][session]
    if not bookings.seat(tx.connection, tx.tenant, number, visit, most):
        raise Taken(
            f"Group session {session} has {most} seats; all are taken.",
            session=session,
            alternatives=[],
        )


def partly(tx: Tx, request: Request, wanted: Sequence[WantedVisit], who: Cast) -> Partly:
    """Say which visits of a series can be had together, and why the others cannot.

    Each is tried beside those before it that can be had, the steps of a chain together; nothing
    of it stays.
    """
    possible: list[WantedVisit] = []
    refused: list[tuple[WantedVisit, Problem]] = []
    trial = tx.connection.begin_nested()
    try:
        for visits in series.occurrences(wanted):
            step = tx.connection.begin_nested()
            try:
                _held(tx, request, [*possible, *visits], who, None, 1, None, False, whole=False)
            except (Taken, RuleBroken) as problem:
                refused += [(visit, problem) for visit in visits]
            else:
                possible += visits
            finally:
                step.rollback()
    finally:
        trial.rollback()
    return Partly(possible=tuple(possible), refused=tuple(refused))


def _person(tx: Tx, request: Request, who: Cast) -> int | None:
    """Return whose booking it is: the first person who attends; a client's own, and no other."""
    people = [number for number in who.people.values() if number is not None]
    if tx.principal.own_only:
        strangers = [n for n in people if n != tx.principal.person]
        if strangers or (people and tx.principal.person is None):
            raise NotFound("You can book for yourself; somebody else is named.")
    attending = [who.people.get(attendee.resource) for attendee in request.attendees]
    first = next((number for number in [*attending, *people] if number is not None), None)
    return tx.principal.person if first is None else first


def _once(tx: Tx, request: Any) -> None:
    """Refuse to book a request twice; whoever calls has locked its row."""
    there = bookings.of_request(tx.connection, tx.tenant, request.id)
    if there is not None:
        raise WrongState(
            f"The request {request.ref!r} is {there.state} as booking {there.uid}; cancel or move"
            " that.",
            booking=str(there.uid),
        )
    if request.state == "withdrawn":
        raise WrongState(f"The request {request.ref!r} is withdrawn.", state=request.state)


def _cap(tx: Tx, person: int | None) -> None:
    """Refuse more open holds than one person may have, or whoever books for nobody in particular.

    Exact, since they are counted under a lock. What waits for a reviewer is as open as a hold:
    nobody blocks time by having it wait.
    """
    terms, who = policy(tx.world), tx.principal
    if who.own_only and (who.publishable or person is None):
        claims.lock(tx.connection, [-(tx.tenant + 2**51)])
        there = bookings.open_holds_of(tx.connection, tx.tenant, who.actor, tx.now)
        _demand_fewer(
            there, terms.most_public_holds, "This page has" if who.publishable else "You have"
        )
    elif person is not None:
        claims.lock(tx.connection, [-(person + 2**50)])
        there = bookings.open_holds(tx.connection, tx.tenant, person, tx.now)
        _demand_fewer(there, terms.most_open_holds, "This person has")


def _demand_fewer(there: int, most: int, has: str) -> None:
    if there >= most:
        raise TooMany(
            f"{has} {there} open holds; at most {most} are possible.",
            retry_after_seconds=60,
        )


def _read(tx: Tx, name: str, *, for_update: bool = False) -> Any:
    """Return a booking that is the asker's business."""
    row = bookings.find(tx.connection, tx.tenant, name, for_update=for_update)
    seen = row is not None and may_see(
        tx.principal,
        person=row.person_id,
        location=row.location,
        created_by=row.created_by,
        booking=row.id,
    )
    demand_own(tx.principal, f"booking {name!r}", seen)
    return row


def read(tx: Tx, name: str) -> Any:
    """Return a booking."""
    tx.demand("bookings.read")
    return _read(tx, name)


def changing(tx: Tx, name: str, version: int | None, states: Sequence[str], what: str) -> Any:
    """Return a booking that is to be changed; nobody else changes it until the end.

    Raises
    ------
    NotFound, Stale, WrongState
    """
    row = _read(tx, name, for_update=True)
    if version is not None and version != row.version:
        raise Stale(f"Booking {name} has version {row.version}; you name {version}.")
    state = row.state
    if row.expires_at is not None and row.expires_at <= tx.now:
        state = {"held": "expired", "pending_approval": "rejected"}[state]
    if state not in states:
        raise WrongState(
            f"Booking {name} is {state}; to {what} it, it has to be {' or '.join(states)}.",
            state=state,
        )
    return row


def confirm(tx: Tx, name: str, version: int | None = None) -> Any:
    """Make a hold a booking; where its service asks for it, once a reviewer has approved."""
    tx.demand("bookings.confirm")
    row = changing(tx, name, version, ["held"], "confirm")
    if _to_review(tx, row):
        until = tx.now + timedelta(minutes=policy(tx.world_now).approval_minutes)
        until = max(min(until, row.starts_at), tx.now + timedelta(minutes=1))
        return _into(tx, row, "pending_approval", until)
    return _into(tx, row, "booked", None)


def _to_review(tx: Tx, row: Any) -> bool:
    """Say whether a reviewer has to look at a booking: it is urgent, or a service asks for it."""
    services = tx.world_now.services
    return row.urgent or any(
        services[visit["service"]].approval for visit in row.visits if visit["service"] in services
    )


def approve(tx: Tx, name: str, version: int | None = None) -> Any:
    """Book what has waited for a reviewer."""
    tx.demand("bookings.approve")
    return _into(tx, changing(tx, name, version, ["pending_approval"], "approve"), "booked", None)


def decline(tx: Tx, name: str, version: int | None = None, reason: str = "") -> Any:
    """Refuse what has waited for a reviewer, and free its time."""
    tx.demand("bookings.approve")
    row = changing(tx, name, version, ["pending_approval"], "decline")
    return _free(tx, row, "rejected", reason)


def cancel(
    tx: Tx,
    name: str,
    version: int | None = None,
    reason: str = "",
    *,
    visit: str | None = None,
    scope: str = "this",
) -> Any:
    """Take a booking back, or some visits of a series, and free their time.

    What has been attended or missed stays as it is, and the booking with it. So does the visit of
    somebody who has checked in, unless it is named or nothing else is left to take back.

    Parameters
    ----------
    visit
        UUID of a visit; None takes back all.
    scope
        ``"this"`` takes back the visit alone (with the other steps of its chain),
        ``"following"`` the later ones, too, ``"all"`` all.
    """
    tx.demand("bookings.cancel")
    row = changing(tx, name, version, OPEN, "cancel")
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    live = {(v.occurrence, v.step): v for v in there if v.state != "cancelled"}
    open_visits = {at: v for at, v in live.items() if v.state in ("booked", "checked_in")}
    if not open_visits:
        raise WrongState(f"Booking {row.ref} is over: all of its visits have been attended.")
    concerned = series.concerned(open_visits, visit, scope, name)
    named = None if visit is None else as_uid(visit)
    gone = {at: v for at, v in concerned.items() if v.state == "booked" or v.uid == named}
    gone = gone or concerned
    _notice(tx, row, gone.values(), policy(tx.world).cancel_notice_minutes, "cancelled")
    if len(gone) == len(live):
        return _free(tx, row, "cancelled", reason)
    _take_back(tx, gone.values())
    _renumber(tx, row, {at: v for at, v in live.items() if at not in gone})
    left = [v.span.lower for at, v in open_visits.items() if at not in gone]
    _begin(tx, row, left, **({"reason": reason} if reason else {}))
    before = {"visits": [_told(v) for v in gone.values()]}
    tx.audit("booking.reduced", "booking", row.uid, before, {"visits": []})
    return _read(tx, row.ref)


def _take_back(tx: Tx, visits: Iterable[Any]) -> None:
    numbers = [visit.id for visit in visits]
    claims.delete(tx.connection, tx.tenant, numbers)
    bookings.leave_seats(tx.connection, tx.tenant, numbers)
    bookings.set_visits(tx.connection, tx.tenant, numbers, "cancelled")


def _renumber(tx: Tx, row: Any, live: Mapping[series.At, Any]) -> None:
    """Number what is left of a series as it lies."""
    starts = {at: visit.span.lower for at, visit in live.items()}
    _rename(tx, live, series.numbers(request_of(row), starts))


def release(tx: Tx, name: str) -> Any:
    """Give a hold back before it expires."""
    tx.demand("bookings.hold")
    return _free(tx, changing(tx, name, None, ["held"], "release"), "cancelled", "")


def _notice(tx: Tx, row: Any, visits: Iterable[Any], minutes: int, what: str) -> None:
    """Hold clients to the tenant's terms, by the first of the visits that they change."""
    if not tx.principal.own_only or row.state != "booked":
        return
    first = min((visit.span.lower for visit in visits), default=tx.now)
    left = (first - tx.now) / timedelta(minutes=1)
    if left < minutes:
        raise RuleBroken(
            f"It starts in {max(0, int(left))} minutes; it can be {what} up to {minutes} minutes"
            " before.",
            violations=[{"rule": "notice", "message": f"less than {minutes} minutes are left"}],
        )


def _into(tx: Tx, row: Any, state: str, expires: datetime | None) -> Any:
    """Bring a booking and its claims into another state."""
    bookings.become(tx.connection, tx.tenant, row, state, expires, tx.principal.actor)
    if row.request_id is not None:
        things.set_request(tx.connection, tx.tenant, row.request_id, "scheduled")
    return _read(tx, row.ref)


def _free(tx: Tx, row: Any, state: str, reason: str) -> Any:
    """Bring a booking to an end, and free what it claimed."""
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    _take_back(tx, [v for v in there if v.state in ("booked", "checked_in")])
    bookings.change(
        tx.connection, tx.tenant, row.id, state=state, expires_at=None, reason=reason or None
    )
    if row.request_id is not None:
        things.set_request(tx.connection, tx.tenant, row.request_id, "requested")
    tx.audit(f"booking.{state}", "booking", row.uid, {"state": row.state}, {"state": state})
    return _read(tx, row.ref)


def request_of(row: Any) -> Request:
    """Return what a booking was asked for as."""
    faults: list[Fault] = []
    found: Request = Decoder(faults).object(Request, {**row.spec, "id": row.ref}, "")
    assert not faults, faults
    return found


def reschedule(
    tx: Tx,
    name: str,
    moves: Sequence[WantedVisit],
    *,
    version: int | None = None,
    scope: str = "this",
) -> Any:
    """Move visits of a booking: their old places count as free.

    Parameters
    ----------
    moves
        Where visits are to lie, each named by its occurrence and step.
    scope
        ``"this"`` moves these alone. ``"following"`` and ``"all"`` move one visit, and the later
        ones, or all, by as many days, to the same wall time, with the same resources.
    """
    tx.demand("bookings.reschedule")
    row = changing(tx, name, version, OPEN, "move")
    _demand_unreviewed(tx, row)
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    open_visits = {(v.occurrence, v.step): v for v in there if v.state == "booked"}
    if scope != "this":
        zone = tx.world.zone_of(row.location)
        moves = series.shifted(moves, open_visits, scope, zone)
    _demand_once(moves)
    for move in moves:
        if (move.occurrence, move.step) not in open_visits:
            raise NotFound(
                f"Booking {name} has no visit {move.occurrence}, step {move.step}, to move."
            )
    moved = [open_visits[move.occurrence, move.step] for move in moves]
    _notice(tx, row, moved, policy(tx.world).reschedule_notice_minutes, "moved")
    return _replace(tx, row, moves, there, "booking.moved")


def _demand_unreviewed(tx: Tx, row: Any) -> None:
    """Leave what a reviewer has approved to the staff: elsewhere it would not be approved."""
    if tx.principal.own_only and row.state == "booked" and _to_review(tx, row):
        raise WrongState(
            f"The place of booking {row.ref} was approved by a reviewer; the staff moves it.",
            state=row.state,
        )


def _replace(
    tx: Tx, row: Any, moves: Sequence[WantedVisit], there: Sequence[Any], action: str
) -> Any:
    """Free what visits claimed, and claim their new places; all or nothing.

    Parameters
    ----------
    there
        All visits of the booking.
    """
    request = request_of(row)
    live = {(v.occurrence, v.step): v for v in there if v.state != "cancelled"}
    new = {(m.occurrence, m.step): m for m in moves}
    starts = {at: new[at].start if at in new else v.span.lower for at, v in live.items()}
    renamed = series.numbers(request, starts)
    old = {at: live[at] for at in new}
    kept = {at: v for at, v in live.items() if at not in new}
    moves = [replace(m, occurrence=renamed[m.occurrence]) for m in moves]
    who = placing.cast(tx, request, moves, booked=True, kept=kept.values())
    demand_location(tx.principal, placing.location(tx, who, request, moves))
    assignments, taken = placing.checked(
        tx,
        request,
        moves,
        who,
        kept=[placing.lies(tx, request, v, renamed[at[0]], who) for at, v in kept.items()],
        before=[placing.lies(tx, request, v, renamed[at[0]], who) for at, v in old.items()],
        freed=[v.id for v in live.values()],
        whole=len(live) == request.visit_count,
    )
    numbers = {a.visit: v.id for a, v in zip(assignments, old.values(), strict=True)}
    for move, was, assignment in zip(moves, old.values(), assignments, strict=True):
        session = None if move.session is None else tx.world.numbers["session"][move.session]
        bookings.move_visit(tx.connection, tx.tenant, was.id, session, assignment)
        if move.session != was.session:
            bookings.leave_seats(tx.connection, tx.tenant, [was.id])
            if move.session is not None:
                _seat(tx, move.session, was.id)
    _rename(tx, live, renamed)
    replaced = [v.id for v in old.values()]
    placing.claim(tx, who, taken, numbers, _claimed(row), row.expires_at, replaced=replaced)
    place = row.location
    if min((renamed[at[0]], at[1]) for at in live) in {(m.occurrence, m.step) for m in moves}:
        ordered = sorted(moves, key=lambda m: (m.occurrence, m.step))
        place = placing.location(tx, who, request, ordered)
    left = [s for at, s in starts.items() if live[at].state == "booked"]
    _begin(tx, row, left, location=place)
    tx.audit(
        action,
        "booking",
        row.uid,
        {"visits": [_told(v) for v in old.values()]},
        {
            "visits": [
                _placed(str(v.uid), a) for v, a in zip(old.values(), assignments, strict=True)
            ]
        },
    )
    return _read(tx, row.ref)


def _claimed(row: Any) -> str:
    """Return the state of what a booking claims."""
    return {"held": "hold"}.get(row.state, row.state)


def _begin(tx: Tx, row: Any, starts: Iterable[datetime], **more: Any) -> None:
    """Write when a booking begins: with the first of the visits that are still to come.

    Where none is, it stays what it was.
    """
    every = list(starts) or [row.starts_at]
    ahead = [start for start in every if start > tx.now]
    bookings.change(tx.connection, tx.tenant, row.id, starts_at=min(ahead or every), **more)


def _rename(tx: Tx, live: Mapping[series.At, Any], renamed: Mapping[int, int]) -> None:
    for (occurrence, _), visit in live.items():
        if renamed[occurrence] != occurrence:
            bookings.number_visit(tx.connection, tx.tenant, visit.id, renamed[occurrence])


def _placed(uid: str, assignment: Assignment) -> dict[str, Any]:
    resources = {role: list(names) for role, names in assignment.resources}
    return {"id": uid, "start": assignment.start.isoformat(), "resources": resources}


def _told(visit: Any) -> dict[str, Any]:
    start = visit.span.lower.isoformat()
    return {"id": str(visit.uid), "start": start, "resources": visit.resources}


def reassign(
    tx: Tx,
    name: str,
    resources: dict[str, tuple[str, ...]],
    occurrences: Sequence[tuple[int, int]] = (),
    *,
    version: int | None = None,
) -> Any:
    """Give visits of a booking other resources, at the same time.

    Parameters
    ----------
    resources
        Names by role; roles that are not named keep theirs.
    occurrences
        Which visits, by occurrence and step; empty is all.
    """
    tx.demand("bookings.reassign")
    row = changing(tx, name, version, OPEN, "reassign")
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    open_visits = {(v.occurrence, v.step): v for v in there if v.state == "booked"}
    chosen = list(dict.fromkeys(occurrences)) or sorted(open_visits)
    if not chosen:
        raise WrongState(f"No visit of booking {name} is left to be reassigned.")
    moves = []
    for at in chosen:
        if at not in open_visits:
            raise NotFound(f"Booking {name} has no visit {at[0]}, step {at[1]}, to reassign.")
        now = placing.as_wanted(open_visits[at], open_visits[at].session)
        moves.append(replace(now, resources={**now.resources, **resources}))
    return _replace(tx, row, moves, there, "booking.reassigned")


def add_visits(
    tx: Tx, name: str, wanted: Sequence[WantedVisit], *, version: int | None = None
) -> Any:
    """Add visits of a series that could not be placed before."""
    tx.demand("bookings.reschedule")
    row = changing(tx, name, version, OPEN, "extend")
    _demand_unreviewed(tx, row)
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    live = {(v.occurrence, v.step): v for v in there if v.state != "cancelled"}
    _demand_once(wanted)
    for visit in wanted:
        if (visit.occurrence, visit.step) in live:
            raise WrongState(
                f"Booking {name} has visit {visit.occurrence}, step {visit.step}, already."
            )
    request = request_of(row)
    starts = {at: v.span.lower for at, v in live.items()}
    starts |= {(v.occurrence, v.step): v.start for v in wanted}
    series.demand_chains(request, starts)
    renamed = series.numbers(request, starts)
    wanted = [replace(v, occurrence=renamed[v.occurrence]) for v in wanted]
    who = placing.cast(tx, request, wanted, booked=True, kept=live.values())
    demand_location(tx.principal, placing.location(tx, who, request, wanted))
    assignments, taken = placing.checked(
        tx,
        request,
        wanted,
        who,
        kept=[placing.lies(tx, request, v, renamed[at[0]], who) for at, v in live.items()],
        freed=[v.id for v in live.values()],
        whole=False,
    )
    _rename(tx, live, renamed)
    _write(tx, request, wanted, assignments, taken, who, row.id, _claimed(row), row.expires_at)
    _begin(tx, row, [row.starts_at, *(a.start for a in assignments)])
    after = {"visits": [_placed(a.visit, a) for a in assignments]}
    tx.audit("booking.extended", "booking", row.uid, None, after)
    return _read(tx, row.ref)


#: What may become of a visit, and from what.
ATTENDED = {
    "check_in": (("booked",), "checked_in"),
    "fulfil": (("booked", "checked_in"), "fulfilled"),
    "no_show": (("booked",), "no_show"),
}


def attend(
    tx: Tx, name: str, action: str, visit: str | None = None, version: int | None = None
) -> Any:
    """Write down that somebody came, was treated, or stayed away.

    Parameters
    ----------
    action
        ``"check_in"``, ``"fulfil"`` or ``"no_show"``.
    visit
        UUID of the visit; the next one that this can be said of where it is not given.
    """
    tx.demand("bookings.attend")
    row = changing(tx, name, version, ["booked"], action.replace("_", " "))
    before, after = ATTENDED[action]
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    if visit is not None:
        there = [v for v in there if v.uid == as_uid(visit)]
        if not there:
            raise NotFound(f"Booking {name} has no visit {visit!r}.")
    fitting = [v for v in there if v.state in before]
    if not fitting:
        states = ", ".join(sorted({v.state for v in there}))
        raise WrongState(
            f"No visit of booking {name} is {' or '.join(before)}; they are: {states}."
        )
    chosen = min(fitting, key=lambda v: v.span.lower)
    if after in ("no_show", "fulfilled") and chosen.span.lower > tx.now:
        raise WrongState(
            f"Visit {chosen.uid} starts at {chosen.span.lower.isoformat()}; it is"
            f" {tx.now.isoformat(timespec='seconds')}, and it cannot be {after} yet."
        )
    bookings.set_visits(tx.connection, tx.tenant, [chosen.id], after)
    bookings.change(tx.connection, tx.tenant, row.id)
    tx.audit(f"visit.{after}", "visit", chosen.uid, {"state": chosen.state}, {"state": after})
    return _read(tx, name)


def book(tx: Tx, request: Request, wanted: Sequence[WantedVisit], stored: Any) -> Any:
    """Book a request that is kept, at once; a reviewer looks at it where its service asks for it.

    Raises
    ------
    WrongState, Taken, RuleBroken
    """
    tx.demand("bookings.hold")
    _once(tx, stored)
    series.demand_chains(request, _demand_once(wanted))
    who = placing.cast(tx, request, wanted)
    row = _held(tx, request, wanted, who, _person(tx, request, who), 1, stored, False, whole=True)
    return confirm(tx, row.ref)


def move(tx: Tx, row: Any, moves: Sequence[WantedVisit]) -> Any:
    """Move visits of a booking whose row is locked, as a solve has it."""
    there = bookings.visits(tx.connection, tx.tenant, [row.id])[row.id]
    return _replace(tx, row, moves, there, "booking.moved")
