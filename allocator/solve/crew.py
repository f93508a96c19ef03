"""Several threads that make one schedule better at once."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.params import Params
from allocator.solve.resolve import Resolver, Step

#: Seconds between two reports of several threads.
EVERY = 0.5
#: Tasks between two reports of one thread: by its work, so that no clock has a say in the result.
EVERY_TASKS = 10

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
    params, budget
        Settings, and what may still be used up.
    """

    def __init__(self, start: Sequence[Placement | None], params: Params, budget: Budget) -> None:
        self.placements: list[Placement | None] = list(start)
        self.params = params
        self.budget = budget
        self.lock = threading.Condition()
        self._news: list[Step] = []
        self._at_work = 0
        self._ended = False

    def resolver(self, seed: int) -> Resolver:
        """Return a picture of the schedule for one thread."""
        raise NotImplementedError

    def next(self) -> Task | None:
        """Return what is to be tried next, or None where nothing is; one thread at a time asks."""
        raise NotImplementedError

    def attempt(self, work: Resolver, task: Task, chance: random.Random) -> Step | None:
        """Return better places for some visits, or None."""
        raise NotImplementedError

    def learn(self, task: Task, step: Step | None) -> None:
        """Take note of what a task came to; one thread at a time tells."""

    def came_late(self, task: Task) -> None:
        """Take note of a task with better places, thrown away since another came first."""

    def accept(self, step: Step) -> None:
        """Put visits where they are to lie."""
        for visit, placement in step.places.items():
            self.placements[visit] = placement
        self._news.append(step)

    def work_all(self, report: Callable[[], None]) -> None:
        """Let the threads work to the end, and report now and then, the last time at the end."""
        threads = 1 if self.budget.exact else min(self.params.workers, os.cpu_count() or 1)
        if threads == 1:
            self._work(0, report)
        else:
            with ThreadPoolExecutor(threads, thread_name_prefix="allocator") as pool:
                working = [pool.submit(self._work, number) for number in range(threads)]
                try:
                    while any(not one.done() for one in working):
                        wait(working, timeout=EVERY)
                        report()
                finally:
                    self._end()
                for one in working:
                    one.result()
        report()

    def _work(self, number: int, report: Callable[[], None] | None = None) -> None:
        """Re-solve again and again, as one of several threads or as the only one."""
        try:
            with self.lock:
                known = len(self._news)
                work = self.resolver(self.params.seed + number)
            chance = random.Random(self.params.seed + number)
            done = 0
            while True:
                with self.lock:
                    task = self._await_task()
                    for step in self._news[known:]:
                        work.move(step.places)
                    known = len(self._news)
                if task is None:
                    return
                found = self.attempt(work, task, chance)
                with self.lock:
                    self._at_work -= 1
                    if found is not None and known != len(self._news):
                        self.came_late(task)
                    else:
                        if found is not None:
                            self.accept(found)
                        self.learn(task, found)
                    self.lock.notify_all()
                done += 1
                if report is not None and done % EVERY_TASKS == 0:
                    report()
        finally:
            self._end()

    def _await_task(self) -> Task | None:
        """Return the next task; where there is none, wait while others may come to one."""
        while not self._ended and not self.budget.over:
            task = self.next()
            if task is not None:
                self._at_work += 1
                return task
            if not self._at_work:
                return None
            self.lock.wait(EVERY)
        return None

    def _end(self) -> None:
        """Let nobody take up anything more."""
        with self.lock:
            self._ended = True
            self.lock.notify_all()
