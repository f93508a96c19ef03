"""Moving: visits lie elsewhere, are with others, or are more than before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.auth.permissions import demand_location
from api.problems import NotFound, WrongState
from api.store import bookings as store
from api.usecases import bookings, placing, series
from api.usecases.placing import WantedVisit
from api.usecases.policy import policy
from api.usecases.tx import Tx


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
    row, there, open_visits = _movable(tx, name, version)
    if scope != "this":
        zone = tx.world.zone_of(row.location)
        moves = series.shifted(tx, moves, open_visits, scope, zone)
    _demand_movable(tx, row, open_visits, bookings.demand_once(moves))
    _demand_unreviewed(tx, row, moves)
    if tx.principal.own_only and row.saving is not None:  # it was for the time that they leave
        store.save(tx.connection, tx.tenant, row.id, None)
    return _replace(tx, row, moves, there, "booking.moved")


def movable(tx: Tx, name: str, at: Sequence[series.At]) -> tuple[Any, Sequence[Any], list[Any]]:
    """Return a booking of which visits may be moved, with all of its visits, and those.

    Of a series that is not whole, visits that are missing may be added as well: there are none of
    those to be moved then.

    Parameters
    ----------
    at
        Which, by occurrence and step; none is all that are open.

    Raises
    ------
    NotFound, WrongState, RuleBroken
    """
    row, there, open_visits = _movable(tx, name, None)
    chosen = list(dict.fromkeys(at)) or sorted(open_visits)
    if not chosen:
        raise WrongState(f"No visit of booking {name} is left to be moved.")
    request, live = bookings.request_of(row), series.live(there)
    if at and all(placing.has(request, *one) and one not in live for one in chosen):
        series.demand_chains(request, [*live, *chosen])
        return row, there, []
    _demand_movable(tx, row, open_visits, chosen)
    return row, there, [open_visits[one] for one in chosen]


def _movable(
    tx: Tx, name: str, version: int | None
) -> tuple[Any, Sequence[Any], dict[series.At, Any]]:
    """Return a booking that may be moved, with all of its visits, and those that are open."""
    tx.demand("bookings.reschedule")
    row = bookings.changing(tx, name, version, bookings.OPEN, "move")
    _demand_unreviewed(tx, row)
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    return row, there, {(v.occurrence, v.step): v for v in there if v.state == "booked"}


def _demand_movable(
    tx: Tx, row: Any, open_visits: Mapping[series.At, Any], at: Sequence[series.At]
) -> None:
    """Refuse to move visits that are not there to be moved, or later than the terms allow."""
    for occurrence, step in at:
        if (occurrence, step) not in open_visits:
            raise NotFound(f"Booking {row.ref} has no visit {occurrence}, step {step}, to move.")
    moved = [open_visits[one] for one in at]
    minutes = policy(tx.world_now).reschedule_notice_minutes
    bookings.demand_notice(tx, row, moved, minutes, "moved")


def _demand_unreviewed(tx: Tx, row: Any, wanted: Sequence[WantedVisit] = ()) -> None:
    """Leave what a reviewer has approved to the staff: elsewhere it would not be approved.

    So is what would come to where a reviewer looks at it first.
    """
    if not tx.principal.own_only or row.state != "booked":
        return
    if bookings.to_review(tx, row):
        raise WrongState(
            f"The place of booking {row.ref} was approved by a reviewer; the staff moves it.",
            state=row.state,
        )
    request = bookings.request_of(row)
    for service in [placing.service_of(tx, request, visit).id for visit in wanted]:
        if bookings.reviewed(tx, False, [service]):
            raise WrongState(
                f"A reviewer looks at the service {service} first; the staff moves booking"
                f" {row.ref} there.",
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
    request = bookings.request_of(row)
    live = series.live(there)
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
        service = placing.service_of(tx, request, move).id
        store.move_visit(tx.connection, tx.tenant, was.id, service, session, assignment)
        if move.session != was.session:
            store.leave_seats(tx.connection, tx.tenant, [was.id])
            if move.session is not None:
                bookings.take_seat(tx, move.session, was.id)
    bookings.rename(tx, live, renamed)
    replaced = [v.id for v in old.values()]
    placing.claim(
        tx, who, taken, numbers, bookings.claimed(row.state), row.expires_at, replaced=replaced
    )
    place, service = row.location, row.service
    if min((renamed[at[0]], at[1]) for at in live) in {(m.occurrence, m.step) for m in moves}:
        ordered = sorted(moves, key=lambda m: (m.occurrence, m.step))
        place = placing.location(tx, who, request, ordered)
        service = placing.service_of(tx, request, ordered[0]).id
    left = [s for at, s in starts.items() if live[at].state == "booked"]
    bookings.begin(tx, row, left, location=place, service=service)
    tx.audit(
        action,
        "booking",
        row.uid,
        {"visits": [bookings.told(v) for v in old.values()]},
        {
            "visits": [
                bookings.placed(str(v.uid), a)
                for v, a in zip(old.values(), assignments, strict=True)
            ]
        },
    )
    return bookings.found(tx, row.ref)


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
    row = bookings.changing(tx, name, version, bookings.OPEN, "reassign")
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    open_visits = {(v.occurrence, v.step): v for v in there if v.state == "booked"}
    chosen = list(dict.fromkeys(occurrences)) or sorted(open_visits)
    if not chosen:
        raise WrongState(f"No visit of booking {name} is left to be reassigned.")
    moves = []
    for at in chosen:
        if at not in open_visits:
            raise NotFound(f"Booking {name} has no visit {at[0]}, step {at[1]}, to reassign.")
        now = placing.as_wanted(tx, open_visits[at])
        moves.append(replace(now, resources={**now.resources, **resources}))
    return _replace(tx, row, moves, there, "booking.reassigned")


def demand_allowed(tx: Tx, name: str) -> None:
    """Run the rules again on the visits of a booking where they lie: what is beside has moved.

    Nobody moves them meanwhile: whoever did would see the old state of what is beside.

    Raises
    ------
    Taken, RuleBroken
    """
    row = bookings.found(tx, name, for_update=True)
    request = bookings.request_of(row)
    live = series.live(store.visits(tx.connection, tx.tenant, [row.id])[row.id])
    ahead = [visit for visit in live.values() if visit.state == "booked"]
    stays = [visit for visit in live.values() if visit.state != "booked"]
    wanted = [placing.as_wanted(tx, visit) for visit in ahead]
    who = placing.cast(tx, request, wanted, booked=True, kept=stays)
    placing.checked(
        tx,
        request,
        wanted,
        who,
        kept=[placing.lies(tx, request, v, v.occurrence, who) for v in stays],
        before=[placing.lies(tx, request, v, v.occurrence, who) for v in ahead],
        freed=[visit.id for visit in live.values()],
        whole=False,
    )


def add_visits(
    tx: Tx, name: str, wanted: Sequence[WantedVisit], *, version: int | None = None
) -> Any:
    """Add visits of a series that could not be placed before."""
    tx.demand("bookings.reschedule")
    row = bookings.changing(tx, name, version, bookings.OPEN, "extend")
    live = series.live(store.visits(tx.connection, tx.tenant, [row.id])[row.id])
    bookings.demand_once(wanted)
    _demand_unreviewed(tx, row, wanted)
    for visit in wanted:
        if (visit.occurrence, visit.step) in live:
            raise WrongState(
                f"Booking {name} has visit {visit.occurrence}, step {visit.step}, already."
            )
    request = bookings.request_of(row)
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
    bookings.rename(tx, live, renamed)
    bookings.write(
        tx,
        request,
        wanted,
        assignments,
        taken,
        who,
        row.id,
        bookings.claimed(row.state),
        row.expires_at,
    )
    bookings.begin(tx, row, [row.starts_at, *(a.start for a in assignments)])
    changed = bookings.found(tx, row.ref)
    uids = {(v["occurrence"], v["step"]): v["id"] for v in changed.visits if v["state"] == "booked"}
    added = zip(wanted, assignments, strict=True)
    after = {"visits": [bookings.placed(uids[v.occurrence, v.step], a) for v, a in added]}
    tx.audit("booking.extended", "booking", row.uid, None, after)
    return changed


def move(tx: Tx, row: Any, moves: Sequence[WantedVisit]) -> Any:
    """Move visits of a booking whose row is locked, as a solve has it."""
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    return _replace(tx, row, moves, there, "booking.moved")
