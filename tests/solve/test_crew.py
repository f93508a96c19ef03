"""A crew: threads that share tasks, hear of each other's news, and end together."""

import random
import threading
import time
from collections import Counter
from typing import cast

import pytest

from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.crew import EVERY_TASKS, Crew
from allocator.solve.params import Params
from allocator.solve.resolve import Resolver, Step

TWO = Params(workers=2)


def at(start: int) -> Placement:
    """Return some placement."""
    return Placement(start, 1, -1, -1, ())


class Picture:
    """Stands for the picture of a schedule that a thread works on."""

    def __init__(self) -> None:
        self.known: dict[int, Placement | None] = {}

    def move(self, places: dict[int, Placement | None]) -> None:
        self.known.update(places)


class Toy(Crew[str]):
    """Works through tasks by name; what each does is said by a subclass."""

    def __init__(self, *tasks: str, params: Params = TWO, budget: Budget | None = None) -> None:
        super().__init__([None] * 9, params, budget or Budget(60.0))
        self.tasks = list(tasks)
        self.done: list[tuple[str, bool]] = []
        self.late: list[str] = []
        self.pictures: list[Picture] = []

    def resolver(self, seed: int) -> Resolver:
        self.pictures.append(Picture())
        return cast(Resolver, self.pictures[-1])

    def next(self) -> str | None:
        return self.tasks.pop(0) if self.tasks else None

    def learn(self, task: str, places: Step | None) -> None:
        self.done.append((task, places is not None))

    def came_late(self, task: str) -> None:
        self.late.append(task)
        self.tasks.append(task)


def nothing() -> None:
    """Report nothing."""


def test_every_task_is_tried_and_all_hear_the_news() -> None:
    """Four tasks, each of use; in the end every thread that lasted knows all that was accepted."""

    class Simple(Toy):
        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            return Step({int(task): at(int(task))}, ())

    crew = Simple("1", "2", "3", "4", params=Params(workers=1))
    crew.work_all(nothing)
    assert crew.done == [("1", True), ("2", True), ("3", True), ("4", True)]
    assert [p and p.start for p in crew.placements[:5]] == [None, 1, 2, 3, 4]
    assert set(crew.pictures[0].known) == {1, 2, 3, 4}


def test_a_success_that_comes_second_is_no_failure() -> None:
    """Two at once: one is accepted, the other is told that it came late and is tried again."""

    class AtOnce(Toy):
        both = threading.Barrier(2)

        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            if len(self.done) + len(self.late) == 0:
                self.both.wait()
            return Step({int(task): at(1)}, ())

    crew = AtOnce("1", "2")
    crew.work_all(nothing)
    assert len(crew.late) == 1
    assert Counter(crew.done) == Counter({("1", True): 1, ("2", True): 1})


def test_nobody_goes_home_while_another_may_bring_work() -> None:
    """One thread finds nothing to do; what the other brings is then done by both at once."""

    class Bringing(Toy):
        idle = threading.Event()
        together = threading.Barrier(2)

        def next(self) -> str | None:
            task = super().next()
            if task is None:
                self.idle.set()
            return task

        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            if task == "0":
                self.idle.wait()
                return Step({0: at(0)}, ())
            self.together.wait(30.0)
            return None

        def learn(self, task: str, places: Step | None) -> None:
            super().learn(task, places)
            if task == "0":
                self.tasks += ["1", "2"]

    crew = Bringing("0")
    crew.work_all(nothing)
    assert sorted(crew.done) == [("0", True), ("1", False), ("2", False)]


class Endless(Toy):
    """Never runs out of tasks that come to nothing."""

    def next(self) -> str | None:
        return "1"

    def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
        time.sleep(0.001)
        return None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_listener_ends_the_work(workers: int) -> None:
    """What the listener raises reaches the caller at once, not when time is up."""

    def report() -> None:
        raise RuntimeError("nobody listens")

    crew = Endless(params=Params(workers=workers))
    with pytest.raises(RuntimeError, match="nobody listens"):
        crew.work_all(report)
    assert not crew.budget.over


def test_a_fault_in_one_thread_ends_the_other() -> None:
    """Nobody goes on for a crew that has failed."""

    class Failing(Endless):
        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            if work is cast(Resolver, self.pictures[0]):
                raise RuntimeError("no solver today")
            return super().attempt(work, task, chance)

    crew = Failing()
    with pytest.raises(RuntimeError, match="no solver today"):
        crew.work_all(nothing)
    assert not crew.budget.over


def test_one_thread_reports_as_it_works_and_at_the_end() -> None:
    """By the number of its tasks, so that no clock has a say, and once more at the end."""

    class Simple(Toy):
        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            return None

    crew = Simple(*"x" * (2 * EVERY_TASKS + 1), params=Params(workers=1))
    heard: list[int] = []
    crew.work_all(lambda: heard.append(len(crew.done)))
    assert heard == [EVERY_TASKS, 2 * EVERY_TASKS, 2 * EVERY_TASKS + 1]


def test_a_budget_that_is_used_up_ends_the_work() -> None:
    """By effort: after ten tasks that cost one each."""

    class Costly(Endless):
        def attempt(self, work: Resolver, task: str, chance: random.Random) -> Step | None:
            self.budget.spend(1.0)
            return None

    crew = Costly(budget=Budget(effort=10.0))
    crew.work_all(nothing)
    assert len(crew.done) == 10
