"""Whether the service is alive, and ready."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.call import Answer, service_of
from api.problems import Problem
from api.routes.documents import answer_of
from api.store import migrate

routes = APIRouter(prefix="/health", tags=["health"])


@routes.get(
    "/live", operation_id="live", responses={200: answer_of("Health", description="Alive.")}
)
async def live() -> Response:
    """Say that the process answers; it takes no thread, for all may be waiting for the database."""
    return Answer({"status": "live"})


@routes.get(
    "/ready",
    operation_id="ready",
    responses={
        200: answer_of("Health", description="Ready."),
        503: answer_of("Health", description="Not ready."),
    },
)
def ready(request: Request) -> Response:
    """Say whether bookings can be made: database, constraint and migrations."""
    try:
        checks = service_of(request).database.run(None, _checks)
    except Problem:
        checks = {"database": False}
    good = all(checks.values())
    return Answer({"status": "ready" if good else "not ready", **checks}, 200 if good else 503)


def _checks(connection: Connection, now: datetime) -> dict[str, bool]:
    return {
        "constraint": migrate.constraint_stands(connection),
        "migrations": migrate.current(connection) == migrate.newest(),
    }
