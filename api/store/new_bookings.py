"""A new booking: written whole, with its visits, what they claim and who made it, in one trip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from allocator.domain.schedule import Assignment
from api.store import claims
from api.store.bookings import WHOLE
from api.store.claims import ClaimRow
from api.store.database import fetched
from api.store.ids import new_uid

#: A line of the audit log: action, before and after.
Line = tuple[str, Mapping[str, Any] | None, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """A booking that is to be written.

    Attributes
    ----------
    spec
        The request that it is asked for as.
    state, claimed, expires_at
        In which state it and what it claims are, and until when.
    log
        What is written down of it; its version is how many lines that is.
    """

    tenant: int
    uid: UUID
    spec: Mapping[str, Any]
    state: str
    claimed: str
    expires_at: datetime | None
    request: int | None
    person: int | None
    location: str | None
    service: str
    starts_at: datetime
    urgent: bool
    saving: Mapping[str, Any] | None
    actor: str
    log: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """One of its visits: which, in which group session if in any, and where it lies."""

    occurrence: int
    step: int
    service: str
    session: int | None
    assignment: Assignment


def add(
    connection: Connection,
    new: NewBooking,
    visits: Sequence[NewVisit],
    rows: Sequence[ClaimRow],
) -> tuple[Any, list[int], list[ClaimRow]]:
    """Write a booking.

    Parameters
    ----------
    rows
        What is claimed; the number of a visit is here its place among the visits.

    Returns
    -------
    row, list of int, list of ClaimRow
        The booking as it is found, the numbers of its visits, and the claims that found their lane
        taken; whoever gets some of these has to roll back.
    """
    wanted = claims.in_turn(rows)
    what = {
        "tenant": new.tenant,
        "uid": new.uid,
        "ref": str(new.uid),
        "spec": json.dumps(new.spec),
        "state": new.state,
        "version": len(new.log),
        "request": new.request,
        "person": new.person,
        "location": new.location,
        "service": new.service,
        "starts": new.starts_at,
        "expires": new.expires_at,
        "urgent": new.urgent,
        "saving": None if new.saving is None else json.dumps(new.saving),
        "actor": new.actor,
        "claimed": new.claimed,
        "visits": _json(_visit(visit) for visit in visits),
        "claims": _json(_claim(row, visits[row.visit]) for row in wanted),
        "log": _json({"action": a, "before": b, "after": c} for a, b, c in new.log),
    }
    (row,) = fetched(connection, _ADD, what)
    numbers = {(occurrence, step): number for occurrence, step, number in row.numbers}
    left = claims.left(
        wanted, ((r, lane, datetime.fromisoformat(start)) for r, lane, start in row.taken)
    )
    return row, [numbers[visit.occurrence, visit.step] for visit in visits], left


def _visit(visit: NewVisit) -> dict[str, Any]:
    lies = visit.assignment
    return {
        "uid": new_uid(),
        "occurrence": visit.occurrence,
        "step": visit.step,
        "service": visit.service,
        "session": visit.session,
        "start": lies.start,
        "finish": lies.end,
        "resources": {role: list(names) for role, names in lies.resources},
    }


def _claim(row: ClaimRow, visit: NewVisit) -> dict[str, Any]:
    return {
        "resource": row.resource,
        "occurrence": visit.occurrence,
        "step": visit.step,
        "role": row.role,
        "lane": row.lane,
        "start": row.start,
        "finish": row.end,
    }


def _json(rows: Any) -> str:
    return json.dumps(list(rows), default=str)


# What is written is called as its table is, so that the booking is read as any other is. Claims are
# written in their order: those who want the same wait for the first of it.
_ADD = text(
    f"""
    WITH booking AS (
        INSERT INTO booking (tenant_id, uid, ref, spec, state, version, request_id, person_id,
                             location, service, starts_at, expires_at, urgent, saving, created_by)
        VALUES (:tenant, :uid, :ref, CAST(:spec AS jsonb), :state, :version, :request, :person,
                :location, :service, :starts, CAST(:expires AS timestamptz), :urgent,
                CAST(:saving AS jsonb), :actor)
        RETURNING *
    ), visit AS (
        INSERT INTO visit (tenant_id, uid, booking_id, session_id, occurrence, step, service, span,
                           resources, state)
        SELECT booking.tenant_id, w.uid, booking.id, w.session, w.occurrence, w.step, w.service,
               tstzrange(w.start, w.finish), w.resources, 'booked'
        FROM booking, jsonb_to_recordset(CAST(:visits AS jsonb)) AS w (
            uid uuid, session bigint, occurrence integer, step integer, service text,
            start timestamptz, finish timestamptz, resources jsonb)
        ORDER BY w.occurrence, w.step
        RETURNING *
    ), taken AS (
        INSERT INTO claim (tenant_id, resource_id, visit_id, role, lane, span, state, expires_at)
        SELECT visit.tenant_id, w.resource, visit.id, w.role, w.lane, tstzrange(w.start, w.finish),
               :claimed, CAST(:expires AS timestamptz)
        FROM ROWS FROM (jsonb_to_recordset(CAST(:claims AS jsonb)) AS (
                 resource bigint, occurrence integer, step integer, role text, lane integer,
                 start timestamptz, finish timestamptz)) WITH ORDINALITY
             AS w (resource, occurrence, step, role, lane, start, finish, place)
        JOIN visit ON visit.occurrence = w.occurrence AND visit.step = w.step
        ORDER BY w.place
        ON CONFLICT DO NOTHING
        RETURNING resource_id, lane, lower(span) AS start
    ), logged AS (
        INSERT INTO audit (tenant_id, actor, action, kind, object, before, after)
        SELECT booking.tenant_id, :actor, w.action, 'booking', booking.uid,
               nullif(w.before, 'null'), w.after
        FROM booking, ROWS FROM (jsonb_to_recordset(CAST(:log AS jsonb)) AS (
                 action text, before jsonb, after jsonb)) WITH ORDINALITY
             AS w (action, before, after, place)
        ORDER BY w.place
    )
    SELECT whole.*, (SELECT jsonb_agg(jsonb_build_array(occurrence, step, id)) FROM visit)
               AS numbers,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(resource_id, lane, start)), '[]')
            FROM taken) AS taken
    FROM ({WHOLE}) AS whole
    """
)
