"""What all stages of a solve share: the problem, the limits, and the means to get on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.pins import must_place
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import served_occurrences
from allocator.solve.asks import Asks
from allocator.solve.bound import Aim, greater, options_alone
from allocator.solve.budget import Budget
from allocator.solve.comfort_floor import comfort_floor
from allocator.solve.improve import Improve
from allocator.solve.incumbent import Incumbent, checked
from allocator.solve.params import Params
from allocator.solve.parts import Parts
from allocator.solve.prices import Prices
from allocator.solve.progress import Listener, Progress
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Share of the time left in which prices of time are sought that bound a level of served requests.
PRICE = 0.1
#: Share of the time left in which requests that insertion left out are squeezed in.
SQUEEZE = 0.06


class Work:
    """A problem that is being solved.

    Attributes
    ----------
    prepared, book, aim
        The problem in numbers, the rules and goals in force, and what is near enough.
    must
        Visits that pins demand to be placed.
    there
        Where visits lie to begin with: where they are published, or in a schedule that was given.
    given
        Whether a schedule was given; unlike what is published, its visits move at no price.
    frozen, frozen_state
        Placements of the frozen visits, None for all others; and the state in which only these
        are placed.
    free
        Numbers of the others.
    alone
        What those could do beside what is frozen.
    parts
        Those of them that are independent.
    serving
        Numbers of the levels of served requests.
    phase
        What is being done, for reports.
    first
        Seconds after which there was a schedule; None as long as there is none.

    Parameters
    ----------
    problem, params, budget
        What is asked for, settings, and what may be used up.
    listener
        Hears how the solve stands.
    rules, goals
        What is known.
    start
        A schedule to begin with.
    """

    def __init__(
        self,
        problem: Problem,
        params: Params,
        budget: Budget,
        listener: Listener | None,
        rules: Sequence[Rule],
        goals: Sequence[Goal],
        start: Schedule | None = None,
    ) -> None:
        self.params = params
        self.budget = budget
        self.listener = listener
        self.rules = rules
        self.goals = goals
        self.phase = "construct"
        self.first: float | None = None
        self._told: Incumbent | None = None
        prepared = self.prepared = Prepared(problem)
        self.book = Rulebook(prepared, rules, goals)
        self.there = dict(prepared.published)
        self.given = start is not None
        if start is not None:
            places = prepared.placements(start)
            self.there.update({v: p for v, p in enumerate(places) if p is not None})
        self.aim = Aim(self.book, params.gap)
        self.must = must_place(prepared) - set(prepared.frozen)
        self.frozen: list[Placement | None] = [
            prepared.frozen.get(v) for v in range(len(prepared.visits))
        ]
        self.free = [v for v, placement in enumerate(self.frozen) if placement is None]
        self.frozen_state = State(prepared, self.frozen, pending=self.free)
        self.alone = options_alone(self.book, self.frozen_state)
        self.parts = Parts(self.book, self.frozen_state, self.alone, self.must)
        self.serving = [n for n in range(len(self.book.levels)) if self.book.serves(n)]

    @cached_property
    def asks(self) -> Asks:
        """What visits ask for."""
        return Asks(self.book, self.frozen_state, self.alone)

    def tell(self, best: Incumbent | None, bounds: Sequence[int | None], level: str) -> None:
        """Tell how the solve stands: with the best so far, whatever draft is being worked on."""
        if best is None or (self._told is not None and self._told.costs <= best.costs):
            best = self._told
        self._told = best
        if self.listener is not None:
            self.listener(
                Progress(
                    phase=self.phase,
                    seconds=self.budget.seconds,
                    costs=best.costs if best else (),
                    bounds=tuple(bounds),
                    visits_placed=sum(p is not None for p in best.placements) if best else 0,
                    visits=len(self.prepared.visits),
                    level=level,
                    assignments=partial(self._assignments, best) if best else tuple,
                )
            )

    def _assignments(self, best: Incumbent) -> tuple[Assignment, ...]:
        placed = enumerate(best.placements)
        return tuple(self.prepared.assignment(v, p) for v, p in placed if p is not None)

    def accept(self, placements: Sequence[Placement | None]) -> Incumbent | None:
        """Return placements as an incumbent when they meet every demand; a breach raises."""
        timetable = Timetable(self.prepared, placements)
        unmet = [v for v in self.must if placements[v] is None]
        unmet += [
            r.visits[0]
            for r in self.prepared.requests
            if r.request.must and not served_occurrences(timetable, r)
        ]
        if unmet:
            return None
        best = checked(self.book, placements)
        if self.first is None:
            self.first = self.budget.seconds
        return best

    def better(self, best: Incumbent, placements: Sequence[Placement | None] | None) -> Incumbent:
        """Return placements as the best, where they meet every demand and cost less."""
        found = None if placements is None else self.accept(placements)
        return found if found is not None and found.costs < best.costs else best

    def prove(
        self,
        best: Incumbent,
        bounds: Sequence[int | None],
        levels: Sequence[int],
        share: float = 1.0,
        trial: float = 1.0,
    ) -> tuple[Incumbent, list[int | None]]:
        """Solve some levels, a model for each independent part, in a share of the time left."""
        if not levels or self.aim.all_reached(best.costs, bounds):
            return best, list(bounds)
        self.phase = "prove"
        budget = self.budget.part(share)
        return self.parts.prove(best, bounds, self.params, budget, self.tell, levels, trial)

    def improve(
        self,
        best: Incumbent,
        bounds: list[int | None],
        share: float = 1.0,
        *,
        soon: bool = False,
    ) -> Incumbent:
        """Make the schedule better, in a share of the time left, or until nothing more is found."""
        if self.budget.over or self.aim.all_reached(best.costs, bounds):
            return best
        self.phase = "improve"
        budget = self.budget.part(share)
        improve = Improve(
            self.book, best, self.free, self.must, self.params, budget, self.rules, self.goals
        )
        return improve.run(bounds, self.tell, soon=soon)

    def squeeze(self, best: Incumbent, bounds: Sequence[int | None]) -> Incumbent:
        """Serve what is left out though there is room, or can be made."""
        if all(
            self.aim.reached(level, best.costs[level], bound)
            for level, bound in enumerate(bounds)
            if bound is not None
        ):
            return best
        self.phase = "squeeze"
        budget = self.budget.part(SQUEEZE)
        improve = Improve(
            self.book,
            best,
            self.free,
            self.must,
            self.params,
            budget,
            self.rules,
            self.goals,
            serving=True,
        )
        return improve.run(bounds, self.tell)

    def floor_comfort(self, best: Incumbent, bounds: list[int | None]) -> None:
        """Raise the bounds of comfort to what each visit by itself costs at least.

        They hold for the costs of the served levels that were reached.
        """
        for level in range(len(bounds)):
            if level not in self.serving and not self.budget.over:
                floor = comfort_floor(
                    self.book, self.frozen_state, self.alone, level, best.costs, self.budget
                )
                bounds[level] = greater(bounds[level], floor)

    def tighten(self, best: Incumbent, bounds: list[int | None]) -> Prices | None:
        """Raise the bounds of the served levels by prices of time, where they are not reached.

        Return the prices where there was time for any. They hold for the costs of the levels
        before that were reached.
        """
        prices: Prices | None = None
        for level, bound in enumerate(bounds):
            if (
                bound is not None
                and not self.aim.reached(level, best.costs[level], bound)
                and not self.budget.over
            ):
                self.phase = "price"
                prices = prices or Prices(self.book, self.frozen_state, self.alone, self.asks)
                part = self.budget.part(PRICE)
                floor = prices.floor(level, best.costs, self.aim.totals, part)
                bounds[level] = max(bound, floor)
                self.tell(best, bounds, self.book.levels[level].name)
        return prices
