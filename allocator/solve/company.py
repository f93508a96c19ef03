"""Others who walk too, each in a process of its own, and what they tell each other."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO, Any

from allocator.domain.problem import Problem
from allocator.goals.goal import Goal
from allocator.prepare.visit import Placement
from allocator.rules.rule import Rule
from allocator.solve.budget import Budget
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.walk import Walk

#: Seconds between two talks, and tries where no clock counts.
EVERY, EVERY_TRIES = 0.5, 100
#: Seconds that have to be left for others to be worth their start.
LONG = 4.0
#: Cores, of which each walks.
CORES = os.cpu_count() or 1
#: Talks without a better schedule of one's own after which the best of all is gone on from.
PATIENCE = 6

Places = Mapping[int, Placement | None]


@dataclass(frozen=True, slots=True)
class Errand:
    """What one who walks has to know.

    Attributes
    ----------
    problem, rules, goals
        What the schedule is one of.
    start
        The schedule from which to go.
    free, must
        Visits that may move, and such as have to stay placed.
    seed
        Of all chance.
    seconds
        How long to go.
    serving
        Whether only what is served counts.
    classes
        Priorities of requests that are to be fitted in, if that is what it is about.
    """

    problem: Problem
    rules: Sequence[Rule]
    goals: Sequence[Goal]
    start: Incumbent
    free: Sequence[int]
    must: frozenset[int]
    seed: int
    seconds: float
    serving: bool = False
    classes: tuple[int, ...] = ()


@dataclass(slots=True)
class Talk:
    """What one tells the others.

    Attributes
    ----------
    gains
        Where visits were put by each gain since the last talk.
    best
        The best schedule, where it is better than all that were told before.
    """

    gains: list[dict[int, Placement | None]] = field(default_factory=list)
    best: Incumbent | None = None


class Companion:
    """What one who walks knows of the others: what he has told, and what he has heard.

    Parameters
    ----------
    walk
        His walk.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.known = walk.best
        self._own = walk.best.costs
        self._vain = 0

    def tell(self) -> Talk | None:
        """Return what there is to tell, or None."""
        gains, self.walk.news = self.walk.news, []
        best = self.walk.best if self.walk.best.costs < self.known.costs else None
        if best is not None:
            self.known = best
        return Talk(gains, best) if gains or best is not None else None

    def hear(self, talk: Talk) -> None:
        """Follow the gains of another, and note the best schedule."""
        for gain in talk.gains:
            self.walk.follow(gain)
        if talk.best is not None and talk.best.costs < self.known.costs:
            self.known = talk.best

    def rest(self) -> None:
        """Go on from the best schedule of all where the own way has led nowhere for long."""
        gained = self.walk.best.costs < self._own
        self._own = self.walk.best.costs
        self._vain = 0 if gained else self._vain + 1
        if self._vain >= PATIENCE and self.known.costs < self.walk.best.costs:
            self.walk.go_to(self.known)
            self._own, self._vain = self.walk.best.costs, 0


class Other:
    """One who walks in a process of his own; who dies is not missed.

    Parameters
    ----------
    errand
        The errand, pickled.
    """

    def __init__(self, errand: bytes) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "allocator.solve.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._heard: queue.SimpleQueue[Talk] = queue.SimpleQueue()
        self._to_tell: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._to_tell.put(errand)
        for target in (self._listen, self._talk):
            threading.Thread(target=target, name="allocator company", daemon=True).start()

    def tell(self, talk: Talk) -> None:
        """Tell him something; he hears of it when he has time."""
        self._to_tell.put(pickle.dumps(talk))

    def heard(self) -> list[Talk]:
        """Return what he has told since the last time."""
        return emptied(self._heard)

    def end(self) -> None:
        """Let him go, at once."""
        self._to_tell.put(None)
        self.process.kill()
        self.process.wait()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            received(pipe, self._heard)

    def _talk(self) -> None:
        assert self.process.stdin is not None
        try:
            with self.process.stdin as pipe:
                while (message := self._to_tell.get()) is not None:
                    pipe.write(message)
                    pipe.flush()
        except OSError:
            pass  # he is gone


def emptied(some: queue.SimpleQueue[Talk]) -> list[Talk]:
    """Return all that a queue holds by now."""
    found = []
    while not some.empty():
        found.append(some.get())
    return found


def received(pipe: IO[bytes], to: queue.SimpleQueue[Any]) -> None:
    """Pass on what comes through a pipe, until its other end is gone."""
    try:
        while True:
            to.put(pickle.load(pipe))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        pass


class Company:
    """One who walks here, and others in processes of their own.

    Parameters
    ----------
    walk
        The walk here.
    errand
        For the others, each of whom has a seed of his own; None: nobody else goes. Nor does anybody
        where rules and goals cannot be sent to another process, as those that a notebook defines.
    params, budget
        How many may go, and for how long: where it is not worth their start, nobody does.
    """

    def __init__(self, walk: Walk, errand: Errand | None, params: Params, budget: Budget) -> None:
        self.walk = walk
        self._self = Companion(walk)
        self.others: list[Other] = []
        if errand is not None and not budget.exact and budget.left >= LONG:
            errands = [
                replace(errand, seed=errand.seed + number)
                for number in range(1, min(params.workers, CORES))
            ]
            with suppress(pickle.PicklingError, AttributeError, TypeError, OSError):
                self.others = [Other(sent) for sent in [pickle.dumps(one) for one in errands]]

    def run(
        self, budget: Budget, done: Callable[[], bool], report: Callable[[Incumbent], None]
    ) -> None:
        """Walk until the budget is used up or it is done, and let all go.

        Parameters
        ----------
        budget
            What may be used up.
        done
            Says whether it is done.
        report
            Hears now and then of the best schedule of all.
        """
        told, tries = time.monotonic(), 0
        try:
            while not budget.over and not done():
                self.walk.step()
                tries += 1
                due = tries % EVERY_TRIES == 0
                if not budget.exact:
                    due = time.monotonic() - told > EVERY
                if due:
                    self.talk()
                    report(self.best)
                    told = time.monotonic()
        finally:
            self.end()

    @property
    def best(self) -> Incumbent:
        """The best schedule of all."""
        return min(self.walk.best, self._self.known, key=lambda one: one.costs)

    def talk(self) -> None:
        """Tell the others what there is, hear what they have, and pass it on."""
        own = self._self.tell()
        heard = {other: other.heard() for other in self.others}
        for other in self.others:
            if own is not None:
                other.tell(own)
            for somebody, talks in heard.items():
                if somebody is not other:
                    for talk in talks:
                        other.tell(talk)
        for talks in heard.values():
            for talk in talks:
                self._self.hear(talk)
        self._self.rest()

    def end(self) -> None:
        """Hear the others for the last time, and let them go."""
        for other in self.others:
            for talk in other.heard():
                if talk.best is not None and talk.best.costs < self._self.known.costs:
                    self._self.known = talk.best
            other.end()
