"""Fit in what is left out: re-solve it by CP-SAT together with its rivals."""

from __future__ import annotations

import random
from collections.abc import Sequence

from allocator.prepare.prepared import PreparedRequest
from allocator.solve.budget import Budget
from allocator.solve.change import Change
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.rivals import related, rivals
from allocator.solve.ways.way import Way

#: Rivals freed at first, how many more each time that this is in vain, and at most.
RIVALS, MORE, MOST = 8, 4, 60
#: Deterministic time of CP-SAT for one level of one re-solve, and how much more each time.
EFFORT, MORE_EFFORT = 0.05, 0.03
#: Re-solves in vain of one request before it is given up.
TRIES = 30


class Fit(Way):
    """Requests that miss something, one after the other, the most urgent first.

    Each time that one is tried in vain there are more rivals, and others by chance. Of each two
    tries the second forces it in, if that costs the same: another is left out instead.

    Attributes
    ----------
    dry
        Whether every request that misses something was given up.

    Parameters
    ----------
    requests
        Those that are to be served.
    budget
        What may still be used up.
    tries
        Re-solves in vain of one request before it is given up.
    """

    name = "fit"
    seconds = 0.1

    def __init__(
        self, requests: Sequence[PreparedRequest], budget: Budget, tries: int = TRIES
    ) -> None:
        self.requests = requests
        self.budget = budget
        self.tries = tries
        self.dry = False
        self._queue: list[PreparedRequest] = []
        self._tried: dict[int, int] = {}

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Serve more of a request, or of others on the way; None where that is in vain."""
        request = self._next(work)
        self.dry = request is None
        if request is None:
            return None
        tries = self._tried.get(request.index, 0)
        free = self._freed(work, request, tries, chance)
        forced = (
            [v for v in request.visits if work.state.placements[v] is None] if tries % 2 else ()
        )
        step = work.better(free, EFFORT + MORE_EFFORT * tries, self.budget, forced)
        if step is None:
            self._tried[request.index] = tries + 1
            return None
        gained = any(step.change)
        self._tried[request.index] = 0 if gained else tries + 1
        had = {visit: work.state.placements[visit] for visit in step.places}
        work.move(step.places)
        return Change(had, step.change)

    def _next(self, work: Resolver) -> PreparedRequest | None:
        """Return the request to be tried next, or None where all were given up."""
        here = work.state.placements
        while True:
            if not self._queue:
                self._queue = [
                    r for r in self._left(work) if self._tried.get(r.index, 0) < self.tries
                ]
                if not self._queue:
                    return None
            request = self._queue.pop(0)
            if any(here[v] is None for v in request.visits):
                return request

    def _left(self, work: Resolver) -> list[PreparedRequest]:
        """Return the requests that miss something; those that miss little first, by class."""
        here = work.state.placements

        def key(request: PreparedRequest) -> tuple[int, float, int]:
            missing = sum(here[v] is None for v in request.visits)
            return request.request.priority, missing / request.request.weight, request.index

        return sorted((r for r in self.requests if any(here[v] is None for v in r.visits)), key=key)

    def _freed(
        self, work: Resolver, request: PreparedRequest, tries: int, chance: random.Random
    ) -> set[int]:
        """Return the visits of a request, with rivals of those that are missing."""
        prepared = work.book.prepared
        frozen = prepared.frozen
        missing = [v for v in request.visits if work.state.placements[v] is None]
        free = {v for v in request.visits if v not in frozen}
        each = max(2, min(MOST, RIVALS + MORE * tries) // len(missing))
        for number in missing:
            visit = prepared.visits[number]
            free.update(rivals(work.book, work.state, visit, each, chance))
            free |= related(prepared, number) - frozen.keys()
        for number in list(free):
            # Of a lesser class whole requests may have to give way.
            visit = prepared.visits[number]
            if visit.priority > request.request.priority and visit.request_index >= 0:
                rest = prepared.requests[visit.request_index].visits
                free.update(v for v in rest if v not in frozen)
        return free
