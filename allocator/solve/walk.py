"""Walk from schedule to schedule: change a little, keep what is no worse, again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.change import Change, plus
from allocator.solve.incumbent import Incumbent
from allocator.solve.neighbourhoods import NEIGHBOURHOODS, LeftOut
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.ways import Exact, Fit, Reinsert, Scatter, Way, serving_ways
from allocator.solve.ways.fit import TRIES
from allocator.table.rulebook import Rulebook

#: How fast it is learned how often a way is of use, and how long it takes.
LEARN = 0.03
#: How often a way is taken to be of use before anything is known.
FIRST_SHARE = 0.1
#: What a gain in comfort counts beside one in what is served.
COMFORT = 0.1
#: Uses of a way a second that are taken for granted, so that none is given up for ever.
HOPE = 0.1
#: Exact re-solves in vain after which the walk is taken to be stuck: so many, and so many for
#: each free visit.
STUCK, STUCK_EACH = 8, 0.2
#: Seconds that a try counts at least, so that what has nothing to do does not come up too often.
SHORTEST = 0.002
#: Deterministic time that a try is taken to cost, where no clock counts.
TRY = 0.003


@dataclass(slots=True)
class _Use:
    """How often a way has been of use of late, and how many seconds a try took."""

    share: float
    seconds: float
    tries: int = 1

    def learn(self, worth: float, seconds: float | None) -> None:
        """Take note of a try: what it was worth, and how long it took."""
        self.tries += 1
        part = max(LEARN, 1 / self.tries)
        self.share += part * (worth - self.share)
        if seconds is not None:
            self.seconds += part * (max(seconds, SHORTEST) - self.seconds)


class Walk:
    """A schedule that is changed a little, again and again.

    Which way is tried is learned from how often each was of use for the time it took (adaptive
    large neighbourhood search: Ropke and Pisinger 2006, Transportation Science 40(4)). Changes
    that cost nothing are kept too, so that the walk gets across plains; where it is stuck, a few
    visits are scattered (iterated local search: Lourenço, Martin and Stützle 2003, Handbook of
    Metaheuristics).

    Attributes
    ----------
    best
        The best schedule so far.
    vain
        Tries since the schedule was last better than ever: exact re-solves, but for a walk that
        is about what is served.
    left_out
        How many requests that may be placed missed something at the start.
    news
        Where visits were put by each gain, for others who walk from the same schedule.

    Parameters
    ----------
    book
        Rules and goals in force.
    start
        A schedule that breaks nothing.
    free, must
        Numbers of the visits that may move, and of those that have to stay placed.
    seed
        Of all chance.
    budget
        What may still be used up.
    serving
        Whether only what is served counts: by default all levels do, in every way there is.
    classes, tries
        Priorities of requests that are to be fitted in, and nothing else, each with so many tries
        in vain: for a book in which they may lie in part.
    """

    def __init__(
        self,
        book: Rulebook,
        start: Incumbent,
        free: Sequence[int],
        must: set[int],
        seed: int,
        budget: Budget,
        *,
        serving: bool = False,
        classes: Sequence[int] = (),
        tries: int = TRIES,
    ) -> None:
        self.book = book
        self.best = start
        self.budget = budget
        self.vain = 0
        self.news: list[dict[int, Placement | None]] = []
        self._work = Resolver(book, start.placements, must, seed, comfort=not classes)
        self._picture = Picture(book, self._work.state, free)
        self._chance = random.Random(seed)
        self._costs = start.costs
        self._stuck = 0
        self._deciding = len(start.costs)
        self._kick = Scatter(NEIGHBOURHOODS)
        asked = movable_requests(book, free)
        self.left_out = sum(any(start.placements[v] is None for v in r.visits) for r in asked)
        self._serving = serving
        self._fit: Fit | None = None
        ways = serving_ways(asked)
        if classes:
            wanted = [r for r in book.prepared.requests if r.request.priority in classes]
            self._fit = Fit(wanted, budget, tries)
            ways = [self._fit]
        elif serving:
            served = (n for n in range(self._deciding) if not book.serves(n))
            self._deciding = next(served, self._deciding)
        else:
            ways += [Reinsert(), *(Reinsert(some) for some in NEIGHBOURHOODS)]
            ways += [Exact(some, budget) for some in NEIGHBOURHOODS]
            ways += [Exact(LeftOut(), budget)] if asked else []
        self._uses = {way: _Use(FIRST_SHARE, way.seconds) for way in ways}

    @property
    def costs(self) -> tuple[int, ...]:
        """What the schedule at hand costs, by level."""
        return self._costs

    @property
    def dry(self) -> bool:
        """Whether there is nothing left to fit in that was not tried often."""
        return self._fit is not None and self._fit.dry

    def step(self) -> bool:
        """Try something once, and say whether the schedule is better than ever."""
        ways = list(self._uses)
        hopes = [(use.share / use.seconds + HOPE) / use.seconds for use in self._uses.values()]
        (way,) = self._chance.choices(ways, hopes)
        began = time.perf_counter()
        level = self._try(way)
        gained = level is not None
        worth = 0.0 if level is None else 1.0 if self.book.serves(level) else COMFORT
        self._uses[way].learn(worth, None if self.budget.exact else time.perf_counter() - began)
        if self.budget.exact:
            self.budget.spend(TRY)
        better = self._note()
        if self._serving or self._fit is not None:
            self.vain += 1
        elif isinstance(way, Exact):
            self.vain += 1
            self._stuck = 0 if gained else self._stuck + 1
        if self._stuck > STUCK + STUCK_EACH * len(self._picture.free):
            self._escape()
        return better

    def _escape(self) -> None:
        """Go on from the best schedule, with a few visits elsewhere: whatever it costs."""
        self._stuck = 0
        if self._costs != self.best.costs:
            self.go_to(self.best)
        change = self._kick.change(self._work, self._picture, self._chance)
        if change is not None:
            self._costs = plus(self._costs, change.costs)
            self._picture.changed()
            self._note()

    def _try(self, way: Way) -> int | None:
        """Change the schedule in a way, where that is no worse; return the level that gains."""
        change = way.change(self._work, self._picture, self._chance)
        if change is None or not self._kept(change):
            return None
        level = next((level for level, cost in enumerate(change.costs) if cost), None)
        if level is None or change.costs[level] > 0:
            return None
        self.news.append(self._gain(change))
        return level

    def _gain(self, change: Change) -> dict[int, Placement | None]:
        """Return where visits lie now, with all of each request of which some came or went."""
        here, prepared = self._work.state.placements, self.book.prepared
        places = {visit: here[visit] for visit in change.had}
        for visit, was in change.had.items():
            request = prepared.visits[visit].request_index
            if request >= 0 and (was is None) != (here[visit] is None):
                places |= {v: here[v] for v in prepared.requests[request].visits}
        return places

    def _kept(self, change: Change) -> bool:
        """Keep a change unless it is for the worse."""
        costs = plus(self._costs, change.costs)
        if costs[: self._deciding] > self._costs[: self._deciding]:
            self._work.move(change.had)
            return False
        self._costs = costs
        self._picture.changed()
        return True

    def follow(self, places: Mapping[int, Placement | None]) -> None:
        """Do what was a gain to somebody else, where it is allowed and no loss here."""
        change = self._work.put(places)
        if change is not None:
            self._kept(change)
            self._note()

    def go_to(self, other: Incumbent) -> None:
        """Go on from another schedule."""
        here = self._work.state.placements
        self._work.move({v: p for v, p in enumerate(other.placements) if p != here[v]})
        self._costs = other.costs
        self._note()

    def _note(self) -> bool:
        """Keep the schedule where it is better than ever."""
        if self._costs < self.best.costs:
            self.best = Incumbent(tuple(self._work.state.placements), self._costs)
            self.vain = self._stuck = 0
            return True
        return False


def movable_requests(book: Rulebook, free: Iterable[int]) -> list[PreparedRequest]:
    """Return the requests of which all visits are among those that may move."""
    movable = frozenset(free)
    return [r for r in book.prepared.requests if movable.issuperset(r.visits)]
