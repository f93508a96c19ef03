"""Random schedules, and where their visits could lie instead, by the twins and by enumeration."""

from __future__ import annotations

import random

from faces import PRESENCE, book_of, broken, universe
from random_problems import random_problem, random_schedule

from allocator.check.check import Checked, check
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.explain import Explainer
from allocator.prepare.visit import Placement
from allocator.table.rulebook import Rulebook


class Drawn:
    """A random problem with a random schedule that breaks nothing.

    Parameters
    ----------
    seed
        Of both.
    problem
        Where it is not to be a random one.
    """

    def __init__(self, seed: int, problem: Problem | None = None) -> None:
        self.rng = random.Random(seed)
        self.problem = random_problem(seed, most_visits=5) if problem is None else problem
        self.book: Rulebook = book_of(self.problem)
        self.prepared = self.book.prepared
        self.placed: dict[int, Placement] = random_schedule(self.book, self.rng)
        self.schedule = self.as_schedule(self.placed)
        self.explainer = Explainer(self.problem, self.schedule)

    def as_schedule(self, placed: dict[int, Placement]) -> Schedule:
        """Return placements as a schedule, in the order of the visits."""
        return Schedule(
            assignments=tuple(self.prepared.assignment(v, p) for v, p in sorted(placed.items()))
        )

    def checked(self, placed: dict[int, Placement]) -> Checked:
        """Check and score placements by the twins."""
        return check(self.problem, self.as_schedule(placed))

    def without(self, *visits: int) -> dict[int, Placement]:
        """Return what is placed, but for some visits."""
        return {v: p for v, p in self.placed.items() if v not in visits}

    def allowed(self, visit: int, beside: dict[int, Placement]) -> list[Placement]:
        """Return every placement of a visit that breaks nothing new beside others."""
        before = {b for b in broken(self.book, beside) if b[0] not in PRESENCE}
        return [
            p
            for p in universe(self.book, self.prepared.visits[visit])
            if not {b for b in broken(self.book, {**beside, visit: p}) if b[0] not in PRESENCE}
            - before
        ]
