"""Solves: queued, taken by a worker, told of, ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

#: Seconds without a sign of life after which a solve is given to another worker.
SILENT = 20
#: Times that a solve is begun, at most: one that kills its worker each time ends as failed.
ATTEMPTS = 3


def take(connection: Connection, worker: str) -> Any | None:
    """Give a worker the solve that has waited longest; None where there is none.

    A solve whose worker has been silent goes to whoever comes next. Those that somebody else is
    taking at the moment are passed over, so no two workers run one.
    """
    return connection.execute(
        _TAKE, {"worker": worker, "silent": SILENT, "attempts": ATTEMPTS}
    ).first()


_TAKE = text(
    """
    UPDATE solve SET
        state = CASE WHEN attempt >= :attempts THEN 'failed' ELSE 'running' END,
        result = CASE WHEN attempt >= :attempts
                      THEN '{"error": "Its worker died each time."}'::jsonb ELSE result END,
        attempt = attempt + 1, worker = :worker, beat_at = now(),
        started_at = coalesce(started_at, now()),
        ended_at = CASE WHEN attempt >= :attempts THEN now() END
    WHERE (tenant_id, id) = (
        SELECT tenant_id, id FROM solve
        WHERE state = 'queued'
           OR (state = 'running' AND beat_at < now() - make_interval(secs => :silent))
        ORDER BY created_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING *
    """
)


def tell(
    connection: Connection,
    tenant: int,
    solve: int,
    worker: str,
    progress: Mapping[str, Any] | None,
    incumbent: Any | None,
) -> tuple[bool, bool]:
    """Write how a solve stands; say whether it is still this worker's, and whether to stop it."""
    row = connection.execute(
        _TELL,
        {
            "tenant": tenant,
            "solve": solve,
            "worker": worker,
            "progress": None if progress is None else json.dumps(progress),
            "incumbent": None if incumbent is None else json.dumps(incumbent),
        },
    ).first()
    return (row is not None, bool(row and row.cancel))


_TELL = text(
    """
    UPDATE solve SET beat_at = now(),
        progress = coalesce(CAST(:progress AS jsonb), progress),
        incumbent = coalesce(CAST(:incumbent AS jsonb), incumbent)
    WHERE tenant_id = :tenant AND id = :solve AND state = 'running' AND worker = :worker
    RETURNING cancel
    """
)


def end(
    connection: Connection,
    tenant: int,
    solve: int,
    worker: str,
    state: str,
    result: Mapping[str, Any],
) -> Any | None:
    """Write what came of a solve; None where it is no longer this worker's."""
    return connection.execute(
        _END,
        {
            "tenant": tenant,
            "solve": solve,
            "worker": worker,
            "state": state,
            "result": json.dumps(result),
        },
    ).first()


_END = text(
    """
    UPDATE solve SET state = :state, result = CAST(:result AS jsonb), ended_at = now()
    WHERE tenant_id = :tenant AND id = :solve AND state = 'running' AND worker = :worker
    RETURNING *
    """
)


def find(connection: Connection, tenant: int, uid: UUID, *, for_update: bool = False) -> Any | None:
    """Return a solve."""
    return connection.execute(
        _FIND_LOCKED if for_update else _FIND, {"tenant": tenant, "uid": uid}
    ).first()


_FIND = text("SELECT * FROM solve WHERE tenant_id = :tenant AND uid = :uid")
_FIND_LOCKED = text("SELECT * FROM solve WHERE tenant_id = :tenant AND uid = :uid FOR UPDATE")
