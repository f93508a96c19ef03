"""Limits against abuse, shared by all processes: each leases blocks of a bucket's allowance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import text

from api.auth.principal import Principal
from api.problems import TooMany
from api.store.clock import StoreClock
from api.store.database import Database

#: Share of a minute's allowance that a process takes at once; what it may overshoot by.
BLOCK = 0.05
MINUTE = 60


@dataclass(slots=True)
class _Lease:
    """What a process may still use of a bucket in this minute, and what nobody has leased yet.

    Whoever takes of it holds its lock: who leases more keeps nobody else's bucket waiting.
    """

    minute: int
    left: int = 0
    beyond: int = 0
    over: bool = False
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the headers of an answer say."""

    limit: int
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of the IETF's draft on rate limits."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class Limits:
    """Counts requests a minute.

    Parameters
    ----------
    database
        Where all processes lease from.
    clock
        Seconds since 1970; the database's where none is named, so that processes on machines whose
        clocks differ, or jump, count the same minute.
    """

    def __init__(self, database: Database, clock: Callable[[], float] | None = None) -> None:
        self._database = database
        self._clock = clock or StoreClock(database)
        self._leases: dict[tuple[int, str], _Lease] = {}
        self._lock = Lock()

    def take(self, principal: Principal, bucket: str, limit: int) -> Allowed:
        """Count one request; raise where the allowance of this minute is used up.

        Raises
        ------
        TooMany
            With the seconds until the next minute.
        """
        now = self._clock()
        minute, reset = int(now // MINUTE), MINUTE - int(now % MINUTE)
        lease = self._of_minute((principal.tenant, bucket), minute)
        with lease.lock:
            if lease.left == 0 and not lease.over:
                block = max(1, int(limit * BLOCK))
                used = self._lease(principal, bucket, minute, block)
                lease.left = max(0, min(block, limit - (used - block)))
                lease.beyond = max(0, limit - used)
                lease.over = lease.left == 0
            if lease.left == 0:
                raise TooMany(
                    f"At most {limit} requests a minute are possible here; try again in {reset} s.",
                    limit=limit,
                    retry_after_seconds=reset,
                )
            lease.left -= 1
            return Allowed(limit=limit, remaining=lease.left + lease.beyond, reset_seconds=reset)

    def _of_minute(self, key: tuple[int, str], minute: int) -> _Lease:
        with self._lock:
            lease = self._leases.get(key)
            if lease is None or lease.minute != minute:
                lease = self._leases[key] = _Lease(minute)
                if len(self._leases) > 10_000:
                    self._leases = {k: v for k, v in self._leases.items() if v.minute == minute}
            return lease

    def _lease(self, principal: Principal, bucket: str, minute: int, block: int) -> int:
        """Take a block, and return how much is used with it."""
        what = {
            "tenant": principal.tenant,
            "bucket": bucket,
            "period": minute * MINUTE,
            "block": block,
        }
        return self._database.run(
            principal.tenant, lambda connection, _: connection.execute(_TAKE, what).scalar_one()
        )


_TAKE = text(
    "INSERT INTO allowance AS a (tenant_id, bucket, period, used)"
    " VALUES (:tenant, :bucket, to_timestamp(:period), :block)"
    " ON CONFLICT (tenant_id, bucket, period) DO UPDATE SET used = a.used + excluded.used"
    " RETURNING used"
)
