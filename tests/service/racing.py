"""Races: calls that all begin at the same moment."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

from service.processes import PATIENCE

MONDAY = datetime.fromisoformat("2030-01-07T00:00:00+01:00")


def at(hour: float, day: int = 0) -> str:
    """A wall time so many days after a Monday in 2030, as it is sent."""
    return (MONDAY + timedelta(days=day, hours=hour)).isoformat()


def race(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make calls at the same moment, each in a thread of its own; return what they return."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(run, call) for call in calls]]


def statuses(answers: Sequence[Any]) -> dict[int, int]:
    """Count the answers by status."""
    return dict(Counter(answer.status_code for answer in answers))


def insisting(asks: Any, path: str, once: str, body: Any = None) -> Any:
    """Send a change with its key again as long as it is answered by 503."""
    answer = asks.post(path, body, Idempotency_Key=once)
    deadline = time.monotonic() + PATIENCE
    while answer.status_code == 503:
        assert time.monotonic() < deadline, answer.text
        answer = asks.post(path, body, Idempotency_Key=once)
    return answer
