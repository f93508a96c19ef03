"""The queue of solves, as the API sees it: asked for, looked at, cancelled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from allocator.domain.faults import Fault
from allocator.frames.cells import LARGEST
from allocator.frames.nested import Decoder
from api.problems import Forbidden, Invalid, NotFound, WrongState
from api.schemas.texts import YEARS
from api.solving.asked import Asked
from api.solving.clinic import clinic
from api.store import solves
from api.store.ids import as_uid, new_uid
from api.usecases import weights
from api.usecases.rules import faults as told
from api.usecases.tx import Tx

#: Weight of a goal, at most: as a problem has it.


def ask(tx: Tx, asked: Mapping[str, Any], *, publish: bool) -> Any:
    """Queue a solve; a worker takes it. What makes no sense is refused now.

    Raises
    ------
    Invalid, Forbidden
    """
    tx.demand("solves.write")
    _demand_there(tx, parsed(asked))
    if publish and tx.principal.locations:
        mine = ", ".join(sorted(tx.principal.locations))
        raise Forbidden(
            f"A solve that publishes itself books at every location; yours are: {mine}. Publish it"
            " once it is solved: what is elsewhere is left out.",
            action="solves.write",
        )
    row = tx.connection.execute(
        _ADD,
        {
            "tenant": tx.tenant,
            "uid": new_uid(),
            "asked": json.dumps(dict(asked)),
            "publish": publish,
            "actor": tx.principal.actor,
        },
    ).one()
    tx.audit("solve.queued", "solve", row.uid, None, {"publish": publish})
    return row


_ADD = text(
    "INSERT INTO solve (tenant_id, uid, asked, publish, created_by)"
    f" VALUES (:tenant, :uid, CAST(:asked AS jsonb), :publish, :actor) RETURNING {solves.BRIEF}"
)


def parsed(asked: Mapping[str, Any]) -> Asked:
    """Return what was asked for.

    Raises
    ------
    Invalid
        With every fault.
    """
    faults: list[Fault] = []
    found: Asked = Decoder(faults).object(Asked, dict(asked), "")
    if faults:
        raise Invalid(faults[0].message, faults=told(faults))
    if found.first is not None and not YEARS[0] <= found.first.year <= YEARS[1]:
        raise Invalid(f"first is {found.first}; the years {YEARS[0]} to {YEARS[1]} are possible.")
    for name, value, least, most in (
        ("days", found.days, 1, 366),
        ("time_limit_seconds", found.time_limit_seconds, 1, 3600),
        ("workers", found.workers, 1, 64),
        ("seed", found.seed, 0, LARGEST),
        ("gap_percent", found.gap_percent, 0, 100),
        ("notice_hours", found.notice_hours, 0, 24 * 365),
    ):
        if not least <= value <= most:
            raise Invalid(f"{name} is {value}; {least} to {most} are possible.")
    if found.most_changes is not None and found.most_changes < 0:
        raise Invalid(f"most_changes is {found.most_changes}; at least 0 visits may change.")
    weights.demand_possible(found.weights)
    return found


def _demand_there(tx: Tx, asked: Asked) -> None:
    """Refuse names of what is not there: a solve of nothing looks as if nothing was possible.

    Raises
    ------
    Invalid
    """
    if asked.location is not None and asked.location not in {
        location.id for location in tx.world_now.locations
    }:
        raise Invalid(f"There is no location {asked.location!r}.")
    uids = {name: as_uid(name) for name in asked.unpinned}
    missing = [name for name, uid in uids.items() if uid is None]
    if not missing and uids:
        some = {"tenant": tx.tenant, "uids": list(uids.values())}
        there = set(tx.connection.execute(_BOOKED, some).scalars())
        missing = [name for name, uid in uids.items() if uid not in there]
    if missing:
        raise Invalid(f"There is no booking or visit {missing[0]!r}.")
    if asked.requests:
        named = {"tenant": tx.tenant, "refs": list(asked.requests)}
        known = set(tx.connection.execute(_REQUESTS, named).scalars())
        for name in asked.requests:
            if name not in known:
                raise Invalid(f"There is no request {name!r}.")


_REQUESTS = text("SELECT ref FROM request WHERE tenant_id = :tenant AND ref = ANY(:refs)")
_BOOKED = text(
    "SELECT uid FROM booking WHERE tenant_id = :tenant AND uid = ANY(CAST(:uids AS uuid[]))"
    " UNION ALL"
    " SELECT uid FROM visit WHERE tenant_id = :tenant AND uid = ANY(CAST(:uids AS uuid[]))"
)


def said(asked: dict[str, Any], name: str) -> bool:
    """Take what is said beside what a solve looks at: ``publish`` and ``dry_run``.

    Raises
    ------
    Invalid
        Where it is neither true nor false: "false" must not publish.
    """
    faults: list[Fault] = []
    found = Decoder(faults).value(bool, asked.pop(name, False), name)
    if faults:
        raise Invalid(f"{name}: {faults[0].message}", faults=told(faults))
    return bool(found)


def count(tx: Tx, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a solve would look at, and solve nothing: a dry run."""
    tx.demand("solves.write")
    wanted = parsed(asked)
    _demand_there(tx, wanted)
    found = clinic(tx, wanted)
    return {
        "requests": len(found.requests),
        "bookings_that_may_move": len(found.bookings),
        "visits": sum(
            request.visit_count
            for request in found.problem.requests
            if request.id in found.requests
        ),
        "resources": len(found.problem.resources),
        "published": len(found.problem.published),
        "first": found.problem.horizon.first.isoformat(),
        "days": found.problem.horizon.days,
    }


def read(tx: Tx, name: str, *more: str) -> Any:
    """Return a solve; with ``"result"``, what came of it as well."""
    tx.demand("solves.read")
    return _found(tx, name, *more)


def _found(tx: Tx, name: str, *more: str, for_update: bool = False) -> Any:
    uid = as_uid(name)
    row = None
    if uid is not None:
        row = solves.find(tx.connection, tx.tenant, uid, *more, for_update=for_update)
    if row is None:
        raise NotFound(f"There is no solve {name!r}.")
    return row


def page(tx: Tx, *, state: str | None, after: int, limit: int) -> Sequence[Any]:
    """Return solves, some at a time."""
    tx.demand("solves.read")
    return tx.connection.execute(
        _PAGE, {"tenant": tx.tenant, "state": state, "after": after, "limit": limit}
    ).all()


_PAGE = text(
    f"SELECT {solves.BRIEF} FROM solve WHERE tenant_id = :tenant AND id > :after"
    " AND (CAST(:state AS text) IS NULL OR state = :state) ORDER BY id LIMIT :limit"
)


def cancel(tx: Tx, name: str) -> Any:
    """Stop a solve: one that runs ends with the best it has, one that waits does not begin.

    One that runs and has told nothing yet, as long as its problem is prepared, has nothing either.
    One that is solved and publishes itself publishes no more: what is booked by then stays booked,
    and the rest is left to the staff.
    """
    tx.demand("solves.write")
    row = _found(tx, name, for_update=True)
    publishes = row.publish and row.state in solves.TO_PUBLISH
    if row.state not in ("queued", "running") and not publishes:
        raise WrongState(f"Solve {name} is {row.state}; it cannot be cancelled.", state=row.state)
    changed = tx.connection.execute(_CANCEL, {"tenant": tx.tenant, "id": row.id}).one()
    tx.audit("solve.cancelled", "solve", row.uid, {"state": row.state}, {"state": changed.state})
    return changed


#: Whether there is nothing to end with.
_NOTHING = "(state = 'queued' OR (state = 'running' AND progress IS NULL))"
_CANCEL = text(
    "UPDATE solve SET cancel = true,"
    f" state = CASE WHEN {_NOTHING} THEN 'cancelled' ELSE state END,"
    f" ended_at = CASE WHEN {_NOTHING} THEN now() ELSE ended_at END,"
    f" read_snapshot = coalesce(read_snapshot, {solves.SNAPSHOT})"
    f" WHERE tenant_id = :tenant AND id = :id RETURNING {solves.BRIEF}"
)
