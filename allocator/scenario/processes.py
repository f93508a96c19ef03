"""Tasks done in processes of this machine, each in one of its own."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from os import cpu_count
from typing import Any, TypeVar

T = TypeVar("T")


class Processes(Executor):
    """Does each task in a process of its own: one that dies takes no other with it.

    Unlike ``ProcessPoolExecutor`` it asks nothing of a script that uses it: what the script does
    need not stand below ``if __name__ == "__main__"``.

    Parameters
    ----------
    most
        How many at once; by default as many as there are cores.
    """

    def __init__(self, most: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(most or cpu_count() or 1, thread_name_prefix="task")
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._over = False

    def submit(self, task: Callable[..., T], /, *given: Any, **named: Any) -> Future[T]:
        """Have a task done: a function that has a name in a module, and what it is given."""
        return self._threads.submit(self._do, pickle.dumps((task, given, named)))

    def _do(self, errand: bytes) -> Any:
        with self._lock:
            if self._over:
                raise RuntimeError("The tasks were ended before this one had begun.")
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "allocator.scenario.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": _path()},
            )
            self._running.add(process)
        try:
            told = _sent(process, errand)
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            raise RuntimeError(f"Its process ended with code {process.returncode}.")
        done, value = pickle.loads(told)
        if not done:
            raise value
        return value

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End, once all tasks are done; with ``cancel_futures`` at once, and those that run die."""
        if cancel_futures:
            with self._lock:
                self._over = True
                for process in self._running:
                    process.kill()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def _path() -> str:
    """Return where modules are found here, so that a process finds the same, and no others."""
    return os.pathsep.join(os.path.abspath(place) for place in sys.path)


def _sent(process: subprocess.Popen[bytes], errand: bytes) -> bytes:
    """Send an errand, and return what is answered.

    What it is sent by stays open until then: its end tells a process that nobody waits any more,
    as where this one was killed.
    """
    assert process.stdin is not None and process.stdout is not None
    with process:
        with suppress(BrokenPipeError):  # it has died, which its code tells
            process.stdin.write(errand)
            process.stdin.flush()
        told = process.stdout.read()
        with suppress(BrokenPipeError):  # of what could not be sent
            process.stdin.close()
    return told
