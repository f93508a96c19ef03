"""What clients get: rows as JSON, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import Response

from allocator.frames.nested import encode
from api.call import Answer, Call
from api.problems import Problem
from api.store.ids import of_number
from api.usecases.holding import Partly
from api.usecases.placing import WantedVisit
from api.usecases.policy import steering_of
from api.usecases.sessions import Held
from api.usecases.tx import Tx


def instant(value: datetime | None) -> str | None:
    """Write an instant, in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def etag(version: int) -> dict[str, str]:
    """Return the header that names a version."""
    return {"ETag": f'"{version}"'}


def thing(row: Any, **more: Any) -> dict[str, Any]:
    """Return a thing of the world, or a request."""
    return {
        "id": row.ref,
        "uid": str(row.uid),
        **row.spec,
        **more,
        "version": row.version,
        "created_at": instant(row.created_at),
        "changed_at": instant(row.changed_at),
    }


def person(row: Any) -> dict[str, Any]:
    """Return somebody."""
    return {
        "id": row.ref,
        "uid": str(row.uid),
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "erased_at": instant(row.erased_at),
        "version": row.version,
        "created_at": instant(row.created_at),
        "changed_at": instant(row.changed_at),
    }


def booking(tx: Tx, row: Any) -> dict[str, Any]:
    """Return a booking with its visits."""
    return {
        "id": str(row.uid),
        "state": row.state,
        "request": row.request,
        "person": row.person,
        "service": row.service,
        "location": row.location,
        "starts_at": instant(row.starts_at),
        "expires_at": instant(row.expires_at),
        "zone": tx.world_now.zone_of(row.location),
        "urgent": row.urgent,
        "reason": row.reason,
        "saving": row.saving,
        "visits": [_visit(visit) for visit in row.visits],
        "version": row.version,
        "created_at": instant(row.created_at),
        "changed_at": instant(row.changed_at),
    }


def _visit(visit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a visit; PostgreSQL writes instants with an offset of its own kind."""
    return {**visit, **{at: visit[at].replace("+00:00", "Z") for at in ("start", "end")}}


def claim(row: Any) -> dict[str, Any]:
    """Return what is taken of a resource."""
    return {
        "id": of_number(row.id),
        "resource": row.resource,
        "role": row.role,
        "lane": row.lane,
        "state": row.state,
        "start": instant(row.start),
        "end": instant(row.finish),
        "expires_at": instant(row.expires_at),
        "visit": str(row.visit),
        "booking": None if row.booking is None else str(row.booking),
        "session": row.session,
    }


def partly(found: Partly) -> dict[str, Any]:
    """Return what of a series can be had."""
    wanted = len(found.possible) + len(found.refused)
    return {
        "question": f"{len(found.possible)} of {wanted} visits can be had. Send the same again"
        ' with "partial": "accept" to hold those.',
        "possible": [_wanted(visit) for visit in found.possible],
        "refused": [
            {**_wanted(visit), "problem": _told(problem)} for visit, problem in found.refused
        ],
    }


def _wanted(visit: WantedVisit) -> dict[str, Any]:
    return {
        "occurrence": visit.occurrence,
        "step": visit.step,
        "start": instant(visit.start),
        "resources": {role: list(names) for role, names in visit.resources.items()},
        "session": visit.session,
    }


def _told(problem: Problem) -> Mapping[str, Any]:
    return problem.document()


def answer(call: Call, work: Callable[[Tx], Any]) -> Response:
    """Answer with a booking that is read."""

    def read(tx: Tx) -> tuple[Any, int]:
        row = work(tx)
        return booking(tx, row), row.version

    content, version = call.read(read)
    return Answer(content, headers=etag(version))


def changed(call: Call, body: bytes, work: Callable[[Tx], Any]) -> Response:
    """Answer with a booking that is changed."""

    def change(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = work(tx)
        return 200, booking(tx, row), etag(row.version)

    return call.once(body, change)


def key(row: Any) -> dict[str, Any]:
    """Return a key, without its secret."""
    return {
        "id": str(row.uid),
        "name": row.name,
        "role": row.role,
        "scopes": list(row.scopes),
        "locations": list(row.locations),
        "publishable": row.publishable,
        "expires_at": instant(row.expires_at),
        "revoked_at": instant(row.revoked_at),
        "created_at": instant(row.created_at),
    }


def membership(row: Any) -> dict[str, Any]:
    """Return a membership."""
    return {
        "id": str(row.uid),
        "issuer": row.issuer,
        "subject": row.subject,
        "role": row.role,
        "locations": list(row.locations),
        "created_at": instant(row.created_at),
    }


def link(row: Any) -> dict[str, Any]:
    """Return a link, without its secret."""
    return {
        "id": str(row.uid),
        "purpose": row.purpose,
        "expires_at": instant(row.expires_at),
        "revoked_at": instant(row.revoked_at),
        "created_at": instant(row.created_at),
    }


def tenant(row: Any) -> dict[str, Any]:
    """Return a tenant."""
    return {
        "id": str(row.uid),
        "name": row.name,
        "zone": row.zone,
        "grain_minutes": row.grain_minutes,
        "policy": row.policy,
        "version": row.version,
        "created_at": instant(row.created_at),
    }


def steering(row: Any) -> dict[str, Any]:
    """Return how a tenant steers people to quiet hours; where it does not, what steers nobody."""
    found = encode(steering_of(row.policy.get("steering", {})))
    return {"savings": [], "currency": "", **found}


def lane(row: Any) -> dict[str, Any]:
    """Return a lane that was added."""
    return {
        "id": str(row.uid),
        "start": instant(row.start),
        "end": instant(row.finish),
        "lanes": row.lanes,
        "reason": row.reason,
        "created_at": instant(row.created_at),
    }


def place(held: Held) -> dict[str, Any]:
    """Return where a group session is held."""
    return {
        "id": str(held.uid),
        "session": held.session,
        "start": instant(held.start),
        "end": instant(held.end),
        "resources": held.resources,
        "taken": held.taken,
        "least": held.least,
        "most": held.most,
        "enough": held.taken >= held.least,
    }


def audit(row: Any) -> dict[str, Any]:
    """Return a line of the audit log."""
    return {
        "at": instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "kind": row.kind,
        "object": str(row.object),
        "before": row.before,
        "after": row.after,
    }


def webhook(row: Any) -> dict[str, Any]:
    """Return a webhook, without its secret."""
    return {
        "id": str(row.uid),
        "url": row.url,
        "types": list(row.types),
        "enabled": row.disabled_at is None,
        "disabled_at": instant(row.disabled_at),
        "old_secret_until": instant(row.old_secret_until),
        "version": row.version,
        "created_at": instant(row.created_at),
    }


def delivery(row: Any) -> dict[str, Any]:
    """Return a delivery: which event, and what became of it."""
    return {
        "event": str(row.uid),
        "type": row.type,
        "object": str(row.object),
        "state": row.state,
        "attempts": row.attempts,
        "next_at": instant(row.next_at) if row.state == "waiting" else None,
        "status": row.status,
        "error": row.error,
        "ended_at": instant(row.ended_at),
    }


def solve(row: Any) -> dict[str, Any]:
    """Return a solve, without what came of it."""
    return {
        "id": str(row.uid),
        "state": row.state,
        "asked": row.asked,
        "publish": row.publish,
        "progress": row.progress,
        "published": row.published,
        "attempt": row.attempt,
        "created_at": instant(row.created_at),
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
    }


def absence(row: Any) -> dict[str, Any]:
    """Return an absence."""
    return {
        "id": str(row.uid),
        "resource": row.resource,
        "start": instant(row.start),
        "end": instant(row.finish),
        "reason": row.reason,
        "solve": None if row.solve is None else str(row.solve),
        "created_at": instant(row.created_at),
    }


def absence_with_hits(row: Any, hits: Sequence[Any]) -> dict[str, Any]:
    """Return an absence, and whom it hits."""
    bookings: dict[str, dict[str, Any]] = {}
    for hit in hits:
        if hit.booking is not None:
            found = {"id": str(hit.booking), "state": hit.state, "person": hit.person, "visits": []}
            visits = bookings.setdefault(str(hit.booking), found)["visits"]
            visits.append({"id": str(hit.uid), "start": instant(hit.start), "session": hit.session})
    return {
        **absence(row),
        "bookings": list(bookings.values()),
        "sessions": [
            {"id": hit.session, "start": instant(hit.start)} for hit in hits if hit.booking is None
        ],
    }
