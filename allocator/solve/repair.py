"""Serve what insertion left out: re-solve what is left together with its rivals."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.goals.goal import Goal
from allocator.prepare.visit import Placement
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import served_occurrences
from allocator.solve.bound import Aim, Alone
from allocator.solve.budget import Budget
from allocator.solve.company import Company, Errand
from allocator.solve.construct import construct
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.loose import loosened, whole
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.solve.walk import Walk
from allocator.solve.ways.fit import TRIES
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Re-solves in vain after which it is given up: so many, and so many for each request left out.
VAIN, VAIN_EACH = 20, 2.0
#: How many times as long as it takes it is put off to look what is whole by now.
SELDOM = 10
#: Seconds that insertion has at the end, at least.
SOON = 0.5


class Repair:
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
    rules, goals
        What is known, for those who work in processes of their own; where absent, nobody does.
    tries
        Re-solves in vain of one request before it is given up.
    """

    def __init__(
        self,
        book: Rulebook,
        start: Sequence[Placement | None],
        must: set[int],
        params: Params,
        budget: Budget,
        classes: Sequence[int],
        *,
        rules: Sequence[Rule] = (),
        goals: Sequence[Goal] = (),
        tries: int = TRIES,
    ) -> None:
        self.book = book
        self.prepared = book.prepared
        self.params = params
        self.budget = budget
        asked = {v for r in self.prepared.requests if r.request.must for v in r.visits}
        self.must = {v for v in must | asked if start[v] is not None}
        self.aim = Aim(book, params.gap)
        self._served_levels = [n for n in range(len(book.levels)) if book.serves(n)]
        self._free = [v for v in range(len(start)) if v not in self.prepared.frozen]
        loose = loosened(book)
        began = incumbent(loose, start)
        self._walk = Walk(
            loose,
            began,
            self._free,
            self.must,
            params.seed,
            budget,
            classes=tuple(classes),
            tries=tries,
        )
        self._errand = None
        if rules:
            self._errand = Errand(
                problem=self.prepared.problem,
                rules=rules,
                goals=goals,
                start=began,
                free=tuple(self._free),
                must=frozenset(self.must),
                seed=params.seed,
                seconds=budget.left,
                classes=tuple(classes),
            )

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
        missed = [best.costs[n] for n in self._served_levels]
        seen: Incumbent | None = None
        again = 0.0

        def report(on_the_way: Incumbent) -> None:
            nonlocal best, missed, seen, again
            began = self.budget.seconds
            if on_the_way is not seen and (self.budget.exact or began >= again):
                seen = on_the_way
                found = self._better(best, whole(self.prepared, on_the_way.placements).placements)
                missed = [found.costs[n] for n in self._served_levels]
                best = found
                again = began + SELDOM * (self.budget.seconds - began)
            tell(best, floors, level)

        def done() -> bool:
            vain = VAIN + VAIN_EACH * self._walk.left_out
            return (
                self._walk.dry
                or self._walk.vain > vain
                or all(
                    self.aim.reached(n, cost, floors[n])
                    for n, cost in zip(self._served_levels, missed, strict=True)
                )
            )

        company = Company(self._walk, self._errand, self.params, self.budget)
        company.run(self.budget, done, report)
        state = whole(self.prepared, company.best.placements)
        last = Budget(max(SOON, self.budget.left), control=self.budget.control)
        construct(self.book, state, alone, None if self.budget.exact else last)
        best = self._better(best, state.placements)
        tell(best, floors, level)
        return best

    def complete(self) -> Sequence[Placement | None]:
        """Try to place what is missing, alone, and return where visits lie then."""
        while not self.budget.over and not self._walk.dry:
            self._walk.step()
        return self._walk.best.placements

    def _better(self, best: Incumbent, placements: Sequence[Placement | None]) -> Incumbent:
        """Return a schedule where it meets every demand and is better, else the other one."""
        timetable = Timetable(self.prepared, placements)
        if any(placements[v] is None for v in self.must) or not all(
            served_occurrences(timetable, r) for r in self.prepared.requests if r.request.must
        ):
            return best
        found = incumbent(self.book, placements)
        return found if found.costs < best.costs else best
