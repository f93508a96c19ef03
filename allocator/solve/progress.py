"""News of a solve, and the means to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a solve stands.

    Attributes
    ----------
    phase
        What it is doing: ``"construct"``, ``"repair"``, ``"prove"`` or ``"improve"``.
    seconds
        Since the call.
    costs
        Of the best schedule so far, by level; empty before the first.
    bounds
        By level; None where nothing is proved.
    visits_placed, visits
        Counts.
    level
        Name of the level at work.
    """

    phase: str
    seconds: float
    costs: tuple[int, ...] = ()
    bounds: tuple[int | None, ...] = ()
    visits_placed: int = 0
    visits: int = 0
    level: str = ""


Listener = Callable[[Progress], None]


class Stoppable(Protocol):
    """Anything that can be asked to stop soon."""

    def stop_search(self) -> None:
        """Stop soon."""
        ...


class Control:
    """Time left, and a way to end a solve early from another thread.

    Parameters
    ----------
    time_limit_seconds
        From now on.
    """

    def __init__(self, time_limit_seconds: float) -> None:
        self.began = time.monotonic()
        self._limit = time_limit_seconds
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[int, Stoppable] = {}

    @property
    def seconds(self) -> float:
        """Wall time since the call."""
        return time.monotonic() - self.began

    @property
    def stopped(self) -> bool:
        """Whether someone asked to stop."""
        return self._stopped.is_set()

    @property
    def left(self) -> float:
        """Seconds that are left; 0 once stopped."""
        return 0.0 if self.stopped else max(0.0, self._limit - self.seconds)

    @property
    def over(self) -> bool:
        """Whether the time is up or someone asked to stop."""
        return self.left <= 0.0

    def stop(self) -> None:
        """Ask the solve to return the best so far, soon."""
        with self._lock:
            self._stopped.set()
            for solver in self._running.values():
                solver.stop_search()

    def running(self, solver: Stoppable | None) -> None:
        """Note which solver to stop, of the thread that calls; None when it has ended.

        It is stopped at once when that was asked before.
        """
        thread = threading.get_ident()
        with self._lock:
            if solver is None:
                self._running.pop(thread, None)
                return
            self._running[thread] = solver
            if self._stopped.is_set():
                solver.stop_search()


class Part(Control):
    """A share of the time that is left; what stops the whole stops it, too.

    Parameters
    ----------
    whole
        The time that is shared.
    share
        How much of what is left.
    """

    def __init__(self, whole: Control, share: float) -> None:
        super().__init__(whole.left * share)
        self._whole = whole

    @property
    def stopped(self) -> bool:
        """Whether someone asked the whole solve to stop."""
        return self._whole.stopped

    @property
    def left(self) -> float:
        """Seconds that are left; 0 once stopped."""
        return min(super().left, self._whole.left)

    def stop(self) -> None:
        """Ask the whole solve to return the best so far, soon."""
        self._whole.stop()

    def running(self, solver: Stoppable | None) -> None:
        """Note which solver to stop with the whole."""
        self._whole.running(solver)
