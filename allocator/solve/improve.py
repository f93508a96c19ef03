"""Make a schedule better, in every respect or in what it serves, by walks from it."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.goals.goal import Goal
from allocator.rules.rule import Rule
from allocator.solve.budget import Budget
from allocator.solve.company import Company, Errand
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.solve.walk import Walk
from allocator.table.rulebook import Rulebook

#: Exact re-solves without a better schedule after which walking has run dry: so many, and so many
#: for each free visit.
VAIN, VAIN_EACH = 10, 0.5
#: The same for each two free visits, where nothing else waits for the time that is left.
VAIN_TWO = 0.1
#: Tries to serve more, in vain, after which that has run dry: so many, and so many for each request
#: that is left out.
UNSERVED, UNSERVED_EACH = 200, 100


class Improve:
    """A schedule that is made better.

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
    rules, goals
        What is known, for those who walk in processes of their own.
    serving
        Whether only what is served counts. Who is left out for somebody of the same worth is
        served elsewhere then, and so on: comfort does not count on the way.
    """

    def __init__(
        self,
        book: Rulebook,
        best: Incumbent,
        free: Sequence[int],
        must: set[int],
        params: Params,
        budget: Budget,
        rules: Sequence[Rule],
        goals: Sequence[Goal],
        *,
        serving: bool = False,
    ) -> None:
        self.book = book
        self.budget = budget
        self._serving = serving
        self._free = len(free)
        self._walk = Walk(book, best, free, must, params.seed, budget, serving=serving)
        self._params = params
        self._errand = Errand(
            problem=book.prepared.problem,
            rules=rules,
            goals=goals,
            start=best,
            free=tuple(free),
            must=frozenset(must),
            seed=params.seed,
            seconds=budget.left,
            serving=serving,
        )

    def _dry(self, soon: bool) -> bool:
        """Say whether nothing more was found for long, or for very long."""
        if self._serving:
            return self._walk.vain > UNSERVED + UNSERVED_EACH * self._walk.left_out
        enough = VAIN + VAIN_EACH * self._free
        if not soon:
            enough += VAIN_TWO * self._free**2
        return self._walk.vain > enough

    def run(self, bounds: Sequence[int | None], tell: Tell, *, soon: bool = False) -> Incumbent:
        """Improve until the budget is used up, or nothing more was found for very long.

        Parameters
        ----------
        bounds
            Lower bounds of the levels, for reports.
        tell
            Hears of better schedules.
        soon
            Whether to end once nothing more was found for long: others wait for the time.

        Returns
        -------
        Incumbent
            The best schedule, never worse than what was best before.
        """
        levels = [level for n, level in enumerate(self.book.levels) if self.book.serves(n)]
        level = (levels if self._serving and levels else self.book.levels)[-1].name
        if self._serving and not self._walk.left_out:
            return self._walk.best
        company = Company(self._walk, self._errand, self._params, self.budget)
        company.run(self.budget, lambda: self._dry(soon), lambda best: tell(best, bounds, level))
        tell(company.best, bounds, level)
        return company.best
