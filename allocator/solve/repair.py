"""Serve what insertion left out: re-solve what is left together with its rivals."""

from __future__ import annotations

import random
from collections.abc import Sequence

from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import served_occurrences
from allocator.solve.bound import Aim, Alone
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.crew import Crew
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.loose import loosened, whole
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.solve.resolve import Resolver, Step
from allocator.solve.rivals import related, rivals
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Rivals freed at first, how many more each time that this is in vain, and at most.
RIVALS, MORE, MOST = 8, 4, 60
#: Deterministic time of CP-SAT for one level of one re-solve, and how much more each time.
EFFORT, MORE_EFFORT = 0.05, 0.03
#: Re-solves in vain of one request before it is given up.
TRIES = 30


class Repair(Crew[tuple[PreparedRequest, int]]):
    """A schedule on the way, in which requests may lie in part, and the best one so far.

    Parameters
    ----------
    book
        Rules and goals in force.
    start
        Placements that break no rule, except that requests may lie there in part.
    must
        Visits that have to be placed.
    params, budget
        Settings, and what may still be used up.
    classes
        Priorities of the requests that are to be served.
    """

    def __init__(
        self,
        book: Rulebook,
        start: Sequence[Placement | None],
        must: set[int],
        params: Params,
        budget: Budget,
        classes: Sequence[int],
    ) -> None:
        super().__init__(start, params, budget)
        self.book = book
        self.prepared = book.prepared
        self.asked = [r for r in self.prepared.requests if r.request.priority in classes]
        self.loose = loosened(book)
        asked = {v for r in self.prepared.requests if r.request.must for v in r.visits}
        self.must = {v for v in must | asked if start[v] is not None}
        self.aim = Aim(book, params.gap)
        self._served_levels = [n for n in range(len(book.levels)) if book.serves(n)]
        self._floors: Sequence[int | None] = [None] * len(book.levels)
        self._queue: list[PreparedRequest] = []
        self._tried: dict[int, int] = {}
        self._missed = self._served()

    def run(
        self, alone: Alone, best: Incumbent, floors: Sequence[int | None], tell: Tell, level: str
    ) -> Incumbent:
        """Try to serve every request that is left out, most urgent first.

        Parameters
        ----------
        alone
            What each visit could do beside what is frozen.
        best
            A schedule.
        floors
            Lower bounds of the levels; None where nothing is proved.
        tell
            Hears of better schedules.
        level
            Name of the level at work, for reports.

        Returns
        -------
        Incumbent
            The best schedule, never worse than what was best before.
        """
        if not self.asked:
            return best
        self._floors = floors

        def report() -> None:
            nonlocal best
            best = self._promoted(best)
            tell(best, floors, level)

        self.work_all(report)
        state = whole(self.prepared, self.placements)
        construct(self.book, state, alone)
        best = self._better(best, state.placements)
        tell(best, floors, level)
        return best

    def complete(self, requests: Sequence[PreparedRequest], rounds: int) -> None:
        """Try to place some requests, so many times each."""
        work = self.resolver(self.params.seed)
        chance = random.Random(self.params.seed)
        for tries in range(rounds):
            for request in requests:
                if self.budget.over:
                    return
                found = self.attempt(work, (request, tries), chance)
                if found is not None:
                    work.move(found.places)
                    self.accept(found)

    def resolver(self, seed: int) -> Resolver:
        """Return a picture of the schedule for one thread."""
        return Resolver(self.loose, self.placements, self.must, seed)

    def next(self) -> tuple[PreparedRequest, int] | None:
        """Return the request to be tried next, and how often it was tried; None at the end."""
        if all(
            self.aim.reached(level, cost, self._floors[level])
            for level, cost in zip(self._served_levels, self._missed, strict=True)
        ):
            return None
        if not self._queue:
            self._queue = [r for r in self._left() if self._tried.get(r.index, 0) < TRIES]
            if not self._queue:
                return None
        request = self._queue.pop(0)
        tries = self._tried.get(request.index, 0)
        self._tried[request.index] = tries + 1
        return request, tries

    def learn(self, task: tuple[PreparedRequest, int], step: Step | None) -> None:
        """Try a request anew from the beginning once it was of use."""
        if step is not None:
            self._tried[task[0].index] = 0

    def came_late(self, task: tuple[PreparedRequest, int]) -> None:
        """Do not count a try that would have been of use."""
        self._tried[task[0].index] = task[1]

    def accept(self, step: Step) -> None:
        """Put visits where they are to lie."""
        super().accept(step)
        self._missed = self._served()

    def attempt(
        self, work: Resolver, task: tuple[PreparedRequest, int], chance: random.Random
    ) -> Step | None:
        """Re-solve a request that misses something, with rivals of what it misses.

        Each time that this is tried there are more rivals, and others by chance.
        """
        request, tries = task
        frozen = self.prepared.frozen
        missing = [v for v in request.visits if work.state.placements[v] is None]
        if not missing:
            return None
        free = {v for v in request.visits if v not in frozen}
        each = max(2, min(MOST, RIVALS + MORE * tries) // len(missing))
        for number in missing:
            visit = self.prepared.visits[number]
            free.update(rivals(self.book, work.state, visit, each, chance))
            free |= related(self.prepared, number) - frozen.keys()
        for number in list(free):
            # Of a lesser class whole requests may have to give way.
            visit = self.prepared.visits[number]
            if visit.priority > request.request.priority and visit.request_index >= 0:
                rest = self.prepared.requests[visit.request_index].visits
                free.update(v for v in rest if v not in frozen)
        return work.better(free, EFFORT + MORE_EFFORT * tries, self.budget)

    def _promoted(self, best: Incumbent) -> Incumbent:
        """Return the schedule on the way where it serves more than the best one by now."""
        with self.lock:
            placements, missed = list(self.placements), self._missed
        if missed < [best.costs[level] for level in self._served_levels]:
            return self._better(best, whole(self.prepared, placements).placements)
        return best

    def _left(self) -> list[PreparedRequest]:
        """Return the requests that miss something; those that miss little first, by class."""
        placements = self.placements

        def key(request: PreparedRequest) -> tuple[int, float, int]:
            missing = sum(placements[v] is None for v in request.visits)
            return request.request.priority, missing / request.request.weight, request.index

        some = [r for r in self.asked if any(placements[v] is None for v in r.visits)]
        return sorted(some, key=key)

    def _served(self) -> list[int]:
        """Return what is missed, level by level, in whole requests."""
        timetable = Timetable(self.prepared, self.placements)
        missed = [0] * len(self.book.levels)
        for number, goal in enumerate(self.book.goals):
            if self.book.level(number) in self._served_levels:
                missed[self.book.level(number)] += sum(
                    amount.amount * self.book.weight(number, amount.request)
                    for amount in goal.score(timetable)
                    if amount.request not in self.book.settled
                )
        return [missed[level] for level in self._served_levels]

    def _better(self, best: Incumbent, placements: Sequence[Placement | None]) -> Incumbent:
        """Return a schedule where it meets every demand and is better, else the other one."""
        timetable = Timetable(self.prepared, placements)
        if any(placements[v] is None for v in self.must) or not all(
            served_occurrences(timetable, r) for r in self.prepared.requests if r.request.must
        ):
            return best
        found = incumbent(self.book, placements)
        return found if found.costs < best.costs else best
