"""What the store knows about how the service does, across tenants and without any name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How the service does just now.

    Attributes
    ----------
    queued, running
        Solves that wait, and that run.
    open_holds
        Holds whose time is not over.
    oldest_event_seconds
        How long the oldest event has waited to be relayed.
    waiting, failing
        Messages to webhooks that were not sent yet, and that have failed and are sent again.
    ended
        Solves that ended in the last hour, by state.
    solve_seconds, solve_gap
        Their mean seconds, and the mean of their gaps; None where there is none.
    share
        Requests booked, of all that the published ones among them had.
    """

    queued: int
    running: int
    open_holds: int
    oldest_event_seconds: float
    waiting: int
    failing: int
    ended: Mapping[str, int]
    solve_seconds: float | None
    solve_gap: float | None
    share: float | None


def figures(connection: Connection) -> Figures:
    """Return how the service does; the connection is the relay's."""
    now = connection.execute(_NOW).one()
    return Figures(
        queued=now.queued,
        running=now.running,
        open_holds=now.open_holds,
        oldest_event_seconds=now.oldest,
        waiting=now.waiting,
        failing=now.failing,
        ended={row.state: row.many for row in connection.execute(_ENDED)},
        **connection.execute(_MEANS).mappings().one(),
    )


_NOW = text(
    """
    SELECT (SELECT count(*) FROM solve WHERE state = 'queued') AS queued,
           (SELECT count(*) FROM solve WHERE state = 'running') AS running,
           (SELECT count(*) FROM booking
            WHERE state = 'held' AND expires_at > now()) AS open_holds,
           coalesce((SELECT extract(epoch FROM now() - at) FROM event
                     WHERE position IS NULL ORDER BY id LIMIT 1), 0)::float8 AS oldest,
           count(*) FILTER (WHERE attempts = 0) AS waiting,
           count(*) FILTER (WHERE attempts > 0) AS failing
    FROM delivery WHERE state = 'waiting'
    """
)
_ENDED = text(
    "SELECT state, count(*) AS many FROM solve WHERE ended_at > now() - interval '1 hour'"
    " GROUP BY state ORDER BY state"
)
#: The gap as the library has it: of the value served, or of the cost.
_MEANS = text(
    """
    SELECT avg((result ->> 'seconds')::float8) AS solve_seconds,
           avg((SELECT CASE WHEN l.cost <= l.bound THEN 0
                            ELSE (l.cost - l.bound) / greatest(1, coalesce(l.total - l.bound,
                                                                           abs(l.cost))) END
                FROM jsonb_to_recordset(result -> 'levels')
                     AS l (cost float8, bound float8, total float8)
                WHERE l.bound IS NOT NULL LIMIT 1)) AS solve_gap,
           sum(jsonb_array_length(published -> 'booked'))::float8
               / nullif(sum((result ->> 'requests')::int) FILTER (WHERE published IS NOT NULL), 0)
               AS share
    FROM solve
    WHERE ended_at > now() - interval '1 hour' AND state IN ('solved', 'publishing', 'published')
    """
)
