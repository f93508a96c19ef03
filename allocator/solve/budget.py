"""What a solve may use up, and the means to stop it."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol


class TooLate(Exception):
    """Nothing is left while something is being built."""


class Stoppable(Protocol):
    """Anything that can be asked to stop soon."""

    def stop_search(self) -> None:
        """Stop soon."""
        ...


class Control:
    """Lets any thread end a solve early."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[int, Stoppable] = {}

    @property
    def stopped(self) -> bool:
        """Whether someone asked to stop."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Ask the solve to return the best so far, soon; to ask again does no harm.

        CP-SAT is deaf for a moment between being called and beginning: the solve asks again
        until it has ended.
        """
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


class Budget:
    """Wall time, or CP-SAT's deterministic time in its place, that may still be used.

    Attributes
    ----------
    control
        Who stops it leaves nothing.
    exact
        Whether deterministic time counts and no clock: the same work each time.

    Parameters
    ----------
    seconds
        Wall time from now on.
    effort
        Deterministic time; where it is given, wall time does not count.
    control
        Made here where absent.
    whole
        A larger budget that this is a part of: what is spent here is spent there, and nothing
        is left here once nothing is left there.
    """

    def __init__(
        self,
        seconds: float = math.inf,
        effort: float | None = None,
        *,
        control: Control | None = None,
        whole: Budget | None = None,
    ) -> None:
        self.control = control or Control()
        self.exact = effort is not None
        self._began = time.monotonic()
        self._limit = math.inf if self.exact else seconds
        self._effort = math.inf if effort is None else effort
        self._whole = whole

    def part(self, share: float, *, seconds: float = math.inf, effort: float = math.inf) -> Budget:
        """Return a share of what is left, but no more than so many seconds, or so much effort."""
        if self.exact:
            mine = min(effort, self.effort * share)
            return Budget(effort=mine, control=self.control, whole=self)
        return Budget(min(seconds, self.left * share), control=self.control, whole=self)

    def keep(self, seconds: float) -> None:
        """Keep seconds for what comes after all that is spent from here."""
        self._limit -= seconds

    @property
    def seconds(self) -> float:
        """Wall time since the budget was made."""
        return time.monotonic() - self._began

    @property
    def stopped(self) -> bool:
        """Whether someone asked to stop."""
        return self.control.stopped

    @property
    def left(self) -> float:
        """Seconds that are left, without end where no clock counts; 0 once stopped."""
        if self.stopped:
            return 0.0
        mine = max(0.0, self._limit - self.seconds)
        return mine if self._whole is None else min(mine, self._whole.left)

    @property
    def effort(self) -> float:
        """Deterministic time that is left, without end where the clock counts."""
        mine = max(0.0, self._effort)
        return mine if self._whole is None else min(mine, self._whole.effort)

    @property
    def over(self) -> bool:
        """Whether nothing is left, or someone asked to stop."""
        return self.left <= 0.0 or self.effort <= 0.0

    def heed(self) -> None:
        """Give up what nobody has time for any more.

        Raises
        ------
        TooLate
            When no time is left.
        """
        if not self.left:
            raise TooLate

    def spend(self, effort: float) -> None:
        """Take note of deterministic time that was used."""
        self._effort -= effort
        if self._whole is not None:
            self._whole.spend(effort)
