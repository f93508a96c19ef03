"""Failed sign-ins: nobody tries keys without end."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from api.auth.credentials import digest
from api.auth.limits import MINUTE, Allowed
from api.problems import TooMany

#: Credentials that are remembered as good, at most.
REMEMBERED = 10_000


class Failures:
    """Counts failed sign-ins a minute by network address, in this process alone.

    Whoever is not known belongs to no tenant, so no row can be kept of them that row-level
    security would show to one tenant alone.

    Parameters
    ----------
    limit
        How many an address may have in a minute.
    clock
        Seconds that only grow.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._minute = 0
        self._counts: dict[str, int] = {}
        self._good: set[tuple[str, bytes]] = set()
        self._lock = Lock()

    def left(self, address: str) -> Allowed:
        """Return how many an address may still have in this minute."""
        with self._lock:
            return self._allowed(address)

    def demand(self, address: str, credential: str) -> None:
        """Refuse an address that has failed too often, before anything is looked up.

        What was good from there lately still is: one program with an old key does not lock out
        everybody behind the same router.

        Raises
        ------
        TooMany
            With the seconds until the next minute.
        """
        with self._lock:
            allowed = self._allowed(address)
            if allowed.remaining or (address, digest(credential)) in self._good:
                return
        raise TooMany(
            f"At most {self._limit} failed sign-ins a minute are possible from one address; try"
            f" again in {allowed.reset_seconds} s.",
            limit=self._limit,
            retry_after_seconds=allowed.reset_seconds,
        )

    def failed(self, address: str, credential: str) -> Allowed:
        """Count a failure; return how many are left."""
        with self._lock:
            self._allowed(address)
            self._counts[address] = self._counts.get(address, 0) + 1
            self._good.discard((address, digest(credential)))
            return self._allowed(address)

    def good(self, address: str, credential: str) -> None:
        """Remember a credential that was good."""
        with self._lock:
            if len(self._good) >= REMEMBERED:
                self._good.clear()
            self._good.add((address, digest(credential)))

    def _allowed(self, address: str) -> Allowed:
        now = self._clock()
        if self._minute != int(now // MINUTE):
            self._minute = int(now // MINUTE)
            self._counts.clear()
        return Allowed(
            limit=self._limit,
            remaining=max(0, self._limit - self._counts.get(address, 0)),
            reset_seconds=MINUTE - int(now % MINUTE),
        )
