"""What a solve is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from allocator.domain.faults import Fault
from allocator.frames.nested import Decoder
from api.store.ids import as_answered

#: Days that a solve looks ahead, where nothing else is said.
DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a solve is asked for.

    Attributes
    ----------
    first, days
        Local dates that it looks at; the first is today where None.
    requests
        Names of requests; empty is all that are pending.
    pending
        Whether requests that wait are asked for at all.
    location
        Only requests for services at this location, or None.
    time_limit_seconds, workers, seed, gap
        See ``allocator.solve.params.Params``.
    weights
        Pairs of a goal of comfort and its weight, in place of the default's.
    may_move
        Whether confirmed bookings may move, where that serves more.
    most_changes
        How many of them at most; None is any number.
    notice_hours
        Those that start within these hours never move.
    unpinned
        Bookings, or single visits of theirs (UUIDs), that are to be placed anew whatever
        ``may_move`` says: somebody is ill. Nothing moves for comfort then.
    """

    first: date | None = None
    days: int = DAYS
    requests: tuple[str, ...] = ()
    pending: bool = True
    location: str | None = None
    time_limit_seconds: int = 30
    workers: int = 1
    seed: int = 0
    gap_percent: int = 0
    weights: tuple[tuple[str, int], ...] = ()
    may_move: bool = False
    most_changes: int | None = None
    notice_hours: int = 48
    unpinned: tuple[str, ...] = ()

    @property
    def anew(self) -> frozenset[str]:
        """What is unpinned, as bookings and visits are named in answers."""
        return frozenset(map(as_answered, self.unpinned))


def asked_of(row: Any) -> Asked:
    """Return what a stored solve was asked for."""
    faults: list[Fault] = []
    found: Asked = Decoder(faults).object(Asked, row.asked, "")
    assert not faults, faults
    return found
