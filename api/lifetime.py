"""How a process of the service ends: when asked to, or with the process that started it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


class Stopping:
    """Hears SIGTERM and SIGINT, and lets whoever waits for something hear it, too."""

    def __init__(self) -> None:
        self.asked = False
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; say whether the process was asked to stop."""
        if not self.asked:
            select.select([self._ear], [], [], seconds)
        return self.asked

    def _hear(self, number: int, frame: object) -> None:
        self.asked = True
        os.write(self._mouth, b".")


def with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what has a child stopped by a signal when this process ends, however it ends.

    It is run in the child before its program (``preexec_fn``). Only Linux knows how; elsewhere
    there is nothing to run, and a parent that is killed leaves its children. For Linux the parent
    is the thread that started the child: start one from a thread that lives as long as the process.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return ask
