"""Several threads that make one schedule better at once."""

from __future__ import annotations

import math
import os
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from allocator.prepare.visit import Placement
from allocator.solve.params import Params
from allocator.solve.progress import Control
from allocator.solve.resolve import Resolver

#: Seconds between two reports.
EVERY = 0.5

Places = dict[int, Placement | None]
Task = TypeVar("Task")


class Crew(Generic[Task]):
    """A schedule on the way, and threads that re-solve parts of it.

    Each works on its own picture of the schedule: who comes back with something better while
    nobody else did has it accepted, and tells the others. Towards the end few re-solves are
    better, so that hardly any work is thrown away.

    Parameters
    ----------
    start
        Placements to begin with.
    params, control
        Settings, and the time that is left.
    """

    def __init__(self, start: Sequence[Placement | None], params: Params, control: Control) -> None:
        self.placements: list[Placement | None] = list(start)
        self.params = params
        self.control = control
        self.lock = threading.Lock()
        self.budget = params.deterministic_limit or math.inf
        self._news: list[Places] = []
        self._ended = False

    def resolver(self, seed: int) -> Resolver:
        """Return a picture of the schedule for one thread."""
        raise NotImplementedError

    def next(self) -> Task | None:
        """Return what is to be tried next, or None where nothing is; one thread at a time asks."""
        raise NotImplementedError

    def attempt(self, work: Resolver, task: Task, chance: random.Random) -> Places | None:
        """Return better places for some visits, or None."""
        raise NotImplementedError

    def learn(self, task: Task, places: Places | None) -> None:
        """Take note of what a task came to; one thread at a time tells."""

    def accept(self, places: Places) -> None:
        """Put visits where they are to lie."""
        for visit, placement in places.items():
            self.placements[visit] = placement
        self._news.append(places)

    def work_all(self, report: Callable[[], None]) -> None:
        """Let the threads work to the end, and report now and then."""
        threads = min(self.params.workers, os.cpu_count() or 1)
        if self.params.deterministic_limit is not None:
            threads = 1
        if threads == 1:
            self._work(0)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="allocator") as pool:
            working = [pool.submit(self._work, number) for number in range(threads)]
            while any(not one.done() for one in working):
                wait(working, timeout=EVERY)
                report()
            for one in working:
                one.result()

    def _work(self, number: int) -> None:
        """Re-solve again and again, as one of several threads."""
        try:
            with self.lock:
                known = len(self._news)
                work = self.resolver(self.params.seed + number)
            chance = random.Random(self.params.seed + number)
            while True:
                with self.lock:
                    for places in self._news[known:]:
                        work.move(places)
                    known = len(self._news)
                    ended = self._ended or self.budget <= 0 or self.control.over
                    task = None if ended else self.next()
                if task is None:
                    return
                found = self.attempt(work, task, chance)
                with self.lock:
                    if known != len(self._news):
                        found = None
                    elif found is not None:
                        self.accept(found)
                    self.learn(task, found)
        finally:
            self._ended = True
