"""Learning how busy hours will be, tenant by tenant, now and then, as long as a worker runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import structlog
from sqlalchemy import Connection

from allocator.domain.problem import Problem
from allocator.domain.time import MAX_DAYS, MAX_TICKS, MINUTES_PER_DAY, Horizon, zone_of
from allocator.forecast import learn, open_hours
from api.problems import StoreUnavailable
from api.store import forecasts
from api.store.database import Again, Database
from api.store.world import World, read_world
from api.suggesting.expected import spec_of
from api.usecases.policy import policy

LOG = structlog.get_logger("allocator.learning")
#: Seconds between two looks, hours for which what was learnt is good, and tenants for each look.
EVERY, GOOD, MOST = 60.0, 20.0, 10
#: Days of the past that are learnt from, at most.
PAST = 2 * 366


def learnt(database: Database, tenant: int) -> int:
    """Learn the load of a tenant, and write it down; return of how many kinds.

    Parameters
    ----------
    database
        The worker's.
    """
    read = database.run(tenant, lambda connection, now: _read(connection, tenant, now))
    found = learn(
        read["taken"],
        read["opening"],
        zone=read["zone"],
        now=read["now"],
        refused=read["refused"],
        days=read["days"],
    )
    spec = spec_of(found)

    def write(connection: Connection, now: datetime) -> None:
        forecasts.write(connection, tenant, spec)
        forecasts.forget(connection, tenant, read["start"])

    database.run(tenant, write)
    return len(spec)


def learn_all(relay: Database, database: Database, after: int = 0) -> int:
    """Learn of tenants of whom it is time, in turn; return whose turn it was last.

    Those of whom nothing can be learnt hold up no other, and are tried again when all others have
    had their turn.

    Parameters
    ----------
    after
        Whose turn it was last.
    """
    with relay.transaction() as (connection, _):
        tenants = forecasts.due(connection, GOOD, MOST, after)
    for tenant in tenants:
        try:
            learnt(database, tenant)
        except Exception as problem:
            LOG.error("failed", action="forecast.failed", exc_info=problem)
    return tenants[-1] if tenants else after


@contextmanager
def learning(relay: Database, url: str) -> Iterator[None]:
    """Learn beside, in a thread of its own."""
    stopping = threading.Event()
    database = Database(url, size=1, seconds=600)

    def run() -> None:
        last = 0
        while not stopping.wait(EVERY):
            try:
                last = learn_all(relay, database, last)
            except (StoreUnavailable, Again):
                continue  # the worker itself says so

    thread = threading.Thread(target=run, name="learning")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        database.close()


def _read(connection: Connection, tenant: int, now: datetime) -> dict[str, Any]:
    """Return everything that a forecast is learnt from."""
    world = read_world(connection, tenant)
    ahead = policy(world).suggest_days
    most = min(MAX_DAYS, MAX_TICKS * world.grain_minutes // MINUTES_PER_DAY)
    past = min(PAST, most - ahead - 1)
    today = now.astimezone(zone_of(world.zone)).date()
    first = today - timedelta(days=past)
    horizon = Horizon(
        first=first,
        days=past + ahead,
        zone=world.zone,
        grain_minutes=world.grain_minutes,
        now=now,
    )
    problem = Problem(
        horizon=horizon,
        locations=world.locations,
        travel=world.travel,
        calendars=tuple(world.calendars.values()),
        resources=tuple(world.resources.values()),
        services=tuple(world.services.values()),
        turnarounds=world.turnarounds,
    )
    taken = [_claim(world, row) for row in forecasts.taken(connection, tenant, horizon.start)]
    asked = forecasts.refused(connection, tenant, horizon.start)
    refused = [one for row in asked for one in _refused(world, row)]
    return {
        "now": now,
        "start": horizon.start,
        "zone": world.zone,
        "days": ahead,
        "opening": open_hours(problem),
        "taken": _frame(taken, ("kind", "start", "end", "booked", "cancelled", "uses")),
        "refused": _frame(refused, ("kind", "start", "end", "booked", "uses")),
    }


def _claim(world: World, row: Any) -> dict[str, Any]:
    """Return what a visit takes of a kind, with the buffers of its service as it is now."""
    service = world.services.get(row.service)
    needs = {need.role: need for need in service.needs} if service else {}
    need = needs.get(row.role)
    before = timedelta(minutes=need.before_minutes if need else 0)
    after = timedelta(minutes=need.after_minutes if need else 0)
    return {
        "kind": row.kind,
        "start": row.start - before,
        "end": row.finish + after,
        "booked": row.booked,
        "cancelled": row.cancelled,
        "uses": row.uses * (need.uses if need else 1),
    }


def _refused(world: World, row: Any) -> Iterator[dict[str, Any]]:
    """Yield what refused demand would have taken, of each kind that its service draws on."""
    service = world.services.get(row.service)
    if service is None:
        return
    asked = datetime.combine(row.asked_on, datetime.min.time(), tzinfo=row.hour.tzinfo)
    for need in service.needs:
        for kind in sorted({selector.kind for selector in need.alternatives if selector.kind}):
            yield {
                "kind": kind,
                "start": row.hour,
                "end": row.hour + timedelta(minutes=service.minutes),
                "booked": min(asked, row.hour),
                "uses": row.count * need.quantity * need.uses,
            }


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for column in ("start", "end", "booked", "cancelled"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame
