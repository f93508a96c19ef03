"""Make a schedule more comfortable: re-solve neighbourhoods of it, again and again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from allocator.solve.budget import Budget
from allocator.solve.crew import Crew
from allocator.solve.incumbent import Incumbent
from allocator.solve.neighbourhoods import NEIGHBOURHOODS, Neighbourhood
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.solve.resolve import Resolver, Step
from allocator.table.rulebook import Rulebook

#: Visits re-solved together, at first, at least and at most.
SIZE, LEAST, MOST = 10, 4, 40
#: Deterministic time of CP-SAT for one level of one re-solve.
EFFORT = 0.1
#: How much larger a neighbourhood gets that was solved in vain, and how much smaller one that
#: was too hard.
GROW, SHRINK = 0.05, 0.5
#: How fast the use of a neighbourhood is learned, and what one is worth without any.
LEARN, WORTH = 0.05, 0.1
#: Re-solves in vain after which the end is near: so many, and so many for each free visit.
VAIN, VAIN_EACH = 10, 0.5


@dataclass(slots=True)
class _Use:
    """How well a neighbourhood has done of late, and how many visits it picks."""

    worth: float = 1.0
    size: float = SIZE


@dataclass(slots=True)
class _Task:
    """A neighbourhood, by its number, of a size; and whether it was solved to its end."""

    number: int
    size: int
    proved: bool = False


class Improve(Crew[_Task]):
    """A schedule that is made better at no cost to what it serves.

    Which neighbourhoods are of use, and how large they may be, is learned on the way (adaptive
    large neighbourhood search: Ropke and Pisinger 2006, Transportation Science 40(4)).

    Parameters
    ----------
    book
        Rules and goals in force.
    best
        A schedule that breaks nothing.
    free, must
        Numbers of the visits that may move, and of those that have to stay placed.
    params, budget
        Settings, and what may still be used up.
    neighbourhoods
        Ways to pick what is re-solved together.
    """

    def __init__(
        self,
        book: Rulebook,
        best: Incumbent,
        free: Sequence[int],
        must: set[int],
        params: Params,
        budget: Budget,
        neighbourhoods: Sequence[Neighbourhood] = NEIGHBOURHOODS,
    ) -> None:
        super().__init__(best.placements, params, budget)
        self.book = book
        self.best = best
        self.free = free
        self.must = must
        self.neighbourhoods = neighbourhoods
        self._uses = [_Use() for _ in neighbourhoods]
        self._chance = random.Random(params.seed)
        self._pictures: dict[Resolver, Picture] = {}
        self._vain = 0

    def run(self, bounds: Sequence[int | None], tell: Tell) -> Incumbent:
        """Improve until the budget is used up or nothing more is found.

        Parameters
        ----------
        bounds
            Lower bounds of the levels, for reports.
        tell
            Hears of better schedules.

        Returns
        -------
        Incumbent
            The best schedule, never worse than what was best before.
        """
        level = self.book.levels[-1].name
        self.work_all(lambda: tell(self.best, bounds, level))
        return self.best

    def resolver(self, seed: int) -> Resolver:
        """Return a picture of the schedule for one thread."""
        work = Resolver(self.book, self.placements, self.must, seed, comfort=True)
        self._pictures[work] = Picture(self.book, work.state, self.free)
        return work

    def next(self) -> _Task | None:
        """Return a neighbourhood by chance, those that were of use more often than others."""
        if self._vain > VAIN + VAIN_EACH * len(self.free):
            return None
        worths = [use.worth + WORTH for use in self._uses]
        (number,) = self._chance.choices(range(len(worths)), worths)
        return _Task(number, round(self._uses[number].size))

    def attempt(self, work: Resolver, task: _Task, chance: random.Random) -> Step | None:
        """Re-solve a neighbourhood."""
        picture = self._pictures[work]
        picture.changed()
        some = self.neighbourhoods[task.number].pick(picture, task.size, chance)
        if not some:
            return None
        step = work.better(some, EFFORT, self.budget)
        task.proved = work.proved
        return step

    def accept(self, step: Step) -> None:
        """Put visits where they are to lie: it costs what the model says that it changes."""
        super().accept(step)
        costs = tuple(a + b for a, b in zip(self.best.costs, step.change, strict=True))
        self.best = Incumbent(tuple(self.placements), costs)

    def learn(self, task: _Task, step: Step | None) -> None:
        """Let a neighbourhood that was of use come up more often, and others be larger."""
        use = self._uses[task.number]
        better = step is not None
        self._vain = 0 if better else self._vain + 1
        use.worth += LEARN * (better - use.worth)
        if not task.proved:
            use.size = max(LEAST, use.size - SHRINK)
        elif not better:
            use.size = min(MOST, use.size + GROW)
