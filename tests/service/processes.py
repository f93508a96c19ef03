"""Waits for processes, and for what they bring about."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

#: Seconds that something has to happen in; far more than it takes.
PATIENCE = 60.0


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(process: psutil.Process) -> bool:
    """Say whether a process has ended; where nobody asks for its exit code, it stays listed."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
