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
#: Days that a solve is kept after it has ended: what came of it may be megabytes.
DAYS = 30
#: So many are deleted at once, at most.
FORGOTTEN = 1_000
#: States of a solve that can still be published by itself.
TO_PUBLISH = ("solved", "publishing")
#: What is small: where it stands and what came of it are megabytes, which few ask for.
BRIEF = (
    "tenant_id, id, uid, state, asked, publish, progress, published, read_snapshot,"
    " world_version, cancel, attempt, worker, started_at, ended_at, created_by, created_at"
)

#: What is committed now.
SNAPSHOT = "CAST(pg_current_snapshot() AS text)"


def take(connection: Connection, worker: str) -> Any | None:
    """Give a worker the solve that is next; None where there is none.

    A solve whose worker has been silent goes to whoever comes next; so does one that was to be
    published when its worker died. Then tenants take turns: the one of which none was begun for
    longest, and of its solves the one that has waited longest. Those that somebody else is taking
    at the moment are passed over, so no two workers run one.

    Returns
    -------
    row of solve, or None
        ``running``: to be solved. ``solved`` or ``publishing``, with ``publish``: to be published.
        Else it was given up.
    """
    row = connection.execute(
        _TAKE, {"worker": worker, "silent": SILENT, "attempts": ATTEMPTS, "most": 2 * ATTEMPTS}
    ).first()
    if row is not None and row.state == "failed":
        _audit(connection, row)
    return row


_TAKE = text(
    f"""
    UPDATE solve SET
        state = CASE WHEN state IN ('solved', 'publishing')
                     THEN CASE WHEN attempt >= :most THEN 'solved' ELSE state END
                     WHEN attempt >= :attempts THEN 'failed' ELSE 'running' END,
        publish = publish AND NOT (state IN ('solved', 'publishing') AND attempt >= :most),
        result = CASE WHEN state IN ('solved', 'publishing') OR attempt < :attempts THEN result
                      ELSE '{{"error": "Its worker died each time."}}'::jsonb END,
        attempt = attempt + 1, worker = :worker, beat_at = now(),
        started_at = coalesce(started_at, now()),
        read_snapshot = coalesce(read_snapshot, {SNAPSHOT}),
        ended_at = CASE WHEN state IN ('solved', 'publishing') THEN ended_at
                        WHEN attempt >= :attempts THEN now() END
    WHERE (tenant_id, id) = (
        SELECT tenant_id, id FROM solve
        WHERE state = 'queued'
           OR (state = 'running' AND beat_at < now() - make_interval(secs => :silent))
           OR (state IN ('solved', 'publishing') AND publish AND NOT cancel
               AND beat_at < now() - make_interval(secs => :silent))
        ORDER BY state = 'queued',
            (SELECT max(started_at) FROM solve AS other WHERE other.tenant_id = solve.tenant_id)
                NULLS FIRST,
            created_at
        FOR UPDATE OF solve SKIP LOCKED LIMIT 1)
    RETURNING {BRIEF}
    """
)


def give_back(connection: Connection, taken: Any) -> None:
    """Let others take a solve up at once, as if the worker that has taken it had never had it."""
    what = {"tenant": taken.tenant_id, "solve": taken.id, "worker": taken.worker}
    connection.execute(_GIVE_BACK, what)


_GIVE_BACK = text(
    "UPDATE solve SET beat_at = to_timestamp(0), attempt = attempt - 1"
    " WHERE tenant_id = :tenant AND id = :solve AND worker = :worker"
    " AND (state = 'running' OR (publish AND NOT cancel AND state IN ('solved', 'publishing')))"
)


def note_read(connection: Connection, tenant: int, solve: int) -> None:
    """Write what is committed when a solve's problem is read: what comes later, it does not know.

    The caller commits before it reads.
    """
    connection.execute(_NOTE_READ, {"tenant": tenant, "solve": solve})


_NOTE_READ = text(
    "UPDATE solve SET world_version = (SELECT world_version FROM tenant WHERE id = :tenant),"
    f" read_snapshot = {SNAPSHOT}"
    " WHERE tenant_id = :tenant AND id = :solve"
)


def tell(
    connection: Connection,
    tenant: int,
    solve: int,
    worker: str,
    progress: Mapping[str, Any] | None,
    incumbent: Any | None,
) -> Any | None:
    """Write how a solve stands; return its state, and whether to stop it.

    None where it is no longer this worker's.
    """
    return connection.execute(
        _TELL,
        {
            "tenant": tenant,
            "solve": solve,
            "worker": worker,
            "progress": None if progress is None else json.dumps(progress),
            "incumbent": None if incumbent is None else json.dumps(incumbent),
        },
    ).first()


_TELL = text(
    """
    UPDATE solve SET beat_at = now(),
        progress = coalesce(CAST(:progress AS jsonb), progress),
        incumbent = coalesce(CAST(:incumbent AS jsonb), incumbent)
    WHERE tenant_id = :tenant AND id = :solve AND worker = :worker
      AND state IN ('running', 'solved', 'publishing', 'published', 'cancelled')
    RETURNING state, cancel
    """
)


def end(
    connection: Connection,
    tenant: int,
    solve: int,
    worker: str,
    state: str,
    result: Mapping[str, Any] | None,
) -> Any | None:
    """Write what came of a solve; None where it is no longer this worker's."""
    row = connection.execute(
        _END,
        {
            "tenant": tenant,
            "solve": solve,
            "worker": worker,
            "state": state,
            "result": None if result is None else json.dumps(result),
        },
    ).first()
    if row is not None:
        _audit(connection, row)
    return row


def _audit(connection: Connection, row: Any) -> None:
    """Write down how a solve ended, so that whoever asked for it hears of it."""
    connection.execute(_AUDIT, {"tenant": row.tenant_id, "object": row.uid, "state": row.state})


_AUDIT = text(
    "INSERT INTO audit (tenant_id, actor, action, kind, object, before, after)"
    " VALUES (:tenant, 'service', 'solve.' || :state, 'solve', :object, NULL,"
    " jsonb_build_object('state', CAST(:state AS text)))"
)
_END = text(
    f"""
    UPDATE solve SET state = :state, result = CAST(:result AS jsonb), ended_at = now(),
        incumbent = NULL
    WHERE tenant_id = :tenant AND id = :solve AND state = 'running' AND worker = :worker
    RETURNING {BRIEF}
    """
)


def forget(connection: Connection) -> None:
    """Delete solves that ended long ago; none that is being published."""
    connection.execute(_FORGET, {"days": DAYS, "most": FORGOTTEN})


_FORGET = text(
    "DELETE FROM solve WHERE ctid = ANY(ARRAY(SELECT ctid FROM solve"
    " WHERE ended_at < now() - make_interval(days => :days) AND state <> 'publishing'"
    " AND NOT (state = 'solved' AND publish AND NOT cancel) LIMIT :most FOR UPDATE SKIP LOCKED))"
)


def find(
    connection: Connection, tenant: int, uid: UUID, *more: str, for_update: bool = False
) -> Any | None:
    """Return a solve.

    Parameters
    ----------
    more
        ``"result"`` and ``"incumbent"``, where they are needed.
    """
    asked = _FIND[more] + (" FOR UPDATE" if for_update else "")
    return connection.execute(text(asked), {"tenant": tenant, "uid": uid}).first()


_FIND: dict[tuple[str, ...], str] = {
    more: f"SELECT {', '.join((BRIEF, *more))} FROM solve WHERE tenant_id = :tenant AND uid = :uid"
    for more in ((), ("result",), ("incumbent",))
}
