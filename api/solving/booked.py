"""Booked visits, in a solve: which may move, which lie fast, and which should move and cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from allocator.domain.request import Request
from allocator.domain.time import Horizon
from api.solving.anew import Part, as_its_service, parts, stuck, whole
from api.solving.asked import Asked
from api.solving.groups import Groups
from api.solving.pending import open_steps
from api.store.world import World, decoded
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The booked visits of a horizon: what may move, what lies fast, and what should and cannot."""

    parts: tuple[Part, ...]
    fixed: tuple[Any, ...]
    numbers: Mapping[str, int]
    stays: tuple[tuple[Any, str], ...]


def booked_rows(tx: Tx, horizon: Horizon) -> Sequence[Any]:
    """Return the booked visits of a horizon."""
    days = {"tenant": tx.tenant, "start": horizon.start, "end": horizon.end}
    return tx.connection.execute(_BOOKED, days).all()


def booked_in(
    tx: Tx,
    world: World,
    asked: Asked,
    horizon: Horizon,
    rows: Sequence[Any],
    around: Groups,
    stay: Collection[str],
) -> Booked:
    """Return what is taken in a horizon."""
    bookings: dict[str, list[Any]] = {}
    for row in rows:
        bookings.setdefault(row.booking, []).append(row)
    leaving = around.anew.keys() | around.left
    named = {
        row.uid
        for row in rows
        if {row.booking, str(row.uid)} & asked.anew or row.session in leaving
    }
    anew: dict[str, list[Any]] = {}
    stays = list(around.stays)
    last = tx.now + timedelta(hours=asked.notice_hours)
    found = list(around.parts(world, horizon))
    for booking, mine in bookings.items():
        hit = [row for row in mine if row.uid in named]
        if hit:
            free, bound = _free(hit, mine, world, tx.now, horizon)
            # Whoever keeps a seat in a session that may change hears of it with the session.
            stays += [(row, why) for row, why in bound if row.session not in around.anew]
            anew[booking] = [row for row in free if str(row.uid) not in stay]
        elif asked.may_move and all(
            row.start >= last
            and row.loose
            and row.whole
            and str(row.uid) not in stay
            and as_its_service(row, world)
            for row in mine
        ):
            part = whole(decoded(Request, mine[0].spec, booking), mine)
            found += [part] if part else []
    anew = {booking: some for booking, some in anew.items() if some}
    found += _parts(tx, anew, horizon, around.open, stays)
    moving = {mine.uid for part in found for mine in part.visits}
    return Booked(
        parts=tuple(found),
        fixed=tuple(row for row in rows if str(row.uid) not in moving),
        numbers={row.booking: row.booking_id for row in rows if str(row.uid) in moving},
        stays=tuple(stays),
    )


_BOOKED = text(
    """
    SELECT visit.uid, visit.booking_id, visit.occurrence, visit.step, visit.service,
           lower(visit.span) AS start, upper(visit.span) AS finish, visit.resources,
           visit.state AS visit_state, session.ref AS session, booking.ref AS booking,
           booking.state, booking.spec, person.ref AS person,
           booking.state = 'booked' AND visit.state = 'booked' AND visit.session_id IS NULL
               AS loose,
           NOT EXISTS (
               SELECT 1 FROM visit AS other WHERE other.tenant_id = visit.tenant_id
               AND other.booking_id = visit.booking_id AND other.state <> 'cancelled'
               AND (other.state <> 'booked' OR lower(other.span) < :start
                    OR upper(other.span) > :end)) AS whole
    FROM visit JOIN booking ON booking.tenant_id = visit.tenant_id
                           AND booking.id = visit.booking_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    LEFT JOIN person ON person.tenant_id = booking.tenant_id AND person.id = booking.person_id
    WHERE visit.tenant_id = :tenant AND visit.ends_at > :start AND visit.starts_at < :end
      AND visit.state IN ('booked', 'checked_in')
      AND (booking.state = 'booked' OR (booking.state IN ('held', 'pending_approval')
                                        AND booking.expires_at > now()))
    ORDER BY visit.id
    """
)


def _free(
    hit: Sequence[Any], mine: Sequence[Any], world: World, now: datetime, horizon: Horizon
) -> tuple[list[Any], list[tuple[Any, str]]]:
    """Return which visits of a booking can be placed anew, and those that cannot, with why.

    The steps of an occurrence come along: a chain is had together or not at all.
    """
    free: list[Any] = []
    bound: list[tuple[Any, str]] = []
    steps = len(decoded(Request, mine[0].spec, mine[0].booking).steps)
    for occurrence in sorted({row.occurrence for row in hit}):
        chain = [row for row in mine if row.occurrence == occurrence]
        why = next((said for row in chain if (said := _fast(row, world, now, horizon))), "")
        if len(chain) < steps:
            why = why or "Not all of its steps are open and within the days looked at."
        if why:
            bound += [(row, why) for row in hit if row.occurrence == occurrence]
        else:
            free += chain
    return free, bound


def _fast(row: Any, world: World, now: datetime, horizon: Horizon) -> str:
    """Say why a booked visit cannot be placed anew; empty where it can."""
    if row.state != "booked":
        return f"Its booking is {row.state}."
    if row.visit_state != "booked":
        return f"It is {row.visit_state}."
    return stuck(row, world, now, horizon)


def _parts(
    tx: Tx,
    anew: Mapping[str, Sequence[Any]],
    horizon: Horizon,
    sessions: Collection[str],
    stays: list[tuple[Any, str]],
) -> list[Part]:
    """Return visits that are to be placed anew as requests of their own.

    Parameters
    ----------
    sessions
        Group sessions that somebody may join.
    stays
        Those for which there is nothing to try are added, each with the reason.
    """
    numbers = [rows[0].booking_id for rows in anew.values()]
    siblings: dict[int, list[Any]] = {number: [] for number in numbers}
    for row in tx.connection.execute(_SIBLINGS, {"tenant": tx.tenant, "bookings": numbers}):
        siblings[row.booking_id].append(row)
    found: list[Part] = []
    for booking, rows in anew.items():
        request = decoded(Request, rows[0].spec, booking)
        request = replace(request, steps=open_steps(request, sessions))
        if not all(step.service or step.sessions for step in request.steps):
            stays += [(row, f"It stays with its group session {row.session}.") for row in rows]
            continue
        some = list(parts(request, rows, siblings[rows[0].booking_id], horizon))
        there = {mine.uid for part in some for mine in part.visits}
        stays += [
            (row, "Its series and windows leave no time for it.")
            for row in rows
            if str(row.uid) not in there
        ]
        found += some
    return found


_SIBLINGS = text(
    "SELECT booking_id, occurrence, step, lower(span) AS start, upper(span) AS finish FROM visit"
    " WHERE tenant_id = :tenant AND booking_id = ANY(:bookings) AND state <> 'cancelled'"
)
