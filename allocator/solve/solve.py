"""Solve: prepare, construct, prove or repair, verify, explain what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.domain.garbage import collected_later
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.goals.served import Served
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.pins import must_place
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import required_occurrences, served_occurrences
from allocator.solve.bound import Aim, options_alone, served_floors
from allocator.solve.budget import Budget, Control
from allocator.solve.company import LONG
from allocator.solve.construct import construct
from allocator.solve.direct import prove
from allocator.solve.everybody import everybody
from allocator.solve.improve import Improve
from allocator.solve.incumbent import Incumbent, checked, verify
from allocator.solve.interrupt import interruptible
from allocator.solve.left_out import left_out
from allocator.solve.on_days import insert_on_days
from allocator.solve.params import Params
from allocator.solve.plan import Plan
from allocator.solve.prices import Prices, planned_days
from allocator.solve.progress import Listener, Progress
from allocator.solve.published import keep_published
from allocator.solve.realize import realize
from allocator.solve.repair import Repair
from allocator.solve.result import LevelResult, Result, Status
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook

#: Free visits up to which the whole problem is one CP-SAT model.
WHOLE_MODEL_VISITS = 160
#: Share of the time left after which the first schedule is taken as it is, since it has to be
#: checked; and the least number of seconds.
CONSTRUCT, SOON = 0.7, 1.0
#: Share of the time left in which prices of time are sought that bound a level of served requests.
PRICE = 0.1
#: Share of the time left in which visits are planned at these prices, and in which they are placed.
PLAN = 0.25
#: Share of the time left that a level of served requests may take while others wait behind it.
SHARE = 0.3
#: The same of the last such level: what is left is for comfort, in which more is served, too.
LAST_SHARE = 0.8
#: Share of the time left in which requests that insertion left out are squeezed in.
SQUEEZE = 0.06
#: Free visits up to which one model of the whole may serve everybody, its share of the time left,
#: and the share of requests that are left out up to which that is worth it.
ALL_VISITS, ALL, FEW = 1_500, 0.4, 0.03
#: Of large problems, share of the time left for one round of improving, and for fitting in what is
#: left out after it; and the share of the time after plans that is left for the last round.
ROUND, LAST = 0.15, 0.4
#: Rounds in vain after which they end.
ROUNDS = 3
#: Share of the time left in which comfort is improved before the model of the whole proves it.
IMPROVE = 0.2
#: Share of the time left that the proof may take then, and of that the share after which it has to
#: be near the end.
PROVE, TRIAL = 0.8, 0.3
#: Free visits up to which that model alone is best.
SMALL = 12


def solve(
    problem: Problem,
    params: Params | None = None,
    *,
    on_progress: Listener | None = None,
    control: Control | None = None,
    rules: Sequence[Rule] = RULES,
    goals: Sequence[Goal] = GOALS,
) -> Result:
    """Allocate a problem's requests.

    Parameters
    ----------
    problem
        What is asked for, and the world.
    params
        Limits, gap, workers, seed.
    on_progress
        Hears how the solve stands, from another thread.
    control
        Lets another thread stop the solve early; made here where absent. Ctrl-C in the main
        thread stops it too: either way the best schedule so far is returned.
    rules, goals
        What is known; add your own to the lists to have them obeyed.

    Returns
    -------
    Result
        With a schedule that every rule's plain check has passed and whose cost was recomputed,
        or without one where the hard demands cannot be met.

    Raises
    ------
    InvalidProblem
        When settings, or names of rules and goals, make no sense.
    SolverDisagreement
        When the model and the plain checks disagree: a bug of allocator's.
    """
    params = params or Params()
    params.check()
    budget = Budget(params.time_limit_seconds, params.deterministic_limit, control=control)
    return interruptible(_Run(problem, params, budget, on_progress, rules, goals), budget.control)


class _Run:
    """One solve, from problem to result."""

    def __init__(
        self,
        problem: Problem,
        params: Params,
        budget: Budget,
        on_progress: Listener | None,
        rules: Sequence[Rule],
        goals: Sequence[Goal],
    ) -> None:
        self.problem = problem
        self.params = params
        self.budget = budget
        self.listener = on_progress
        self.rules = rules
        self.goals = goals
        self.first: float | None = None
        self.phase = "construct"

    def __call__(self) -> Result:
        """Run it."""
        prepared = self.prepared = Prepared(self.problem)
        book = self.book = Rulebook(prepared, self.rules, self.goals)
        self.aim = Aim(book, self.params.gap)
        self.must = must_place(prepared) - set(prepared.frozen)
        frozen: list[Placement | None] = [
            prepared.frozen.get(v) for v in range(len(prepared.visits))
        ]
        free = [v for v, placement in enumerate(frozen) if placement is None]
        frozen_state = State(prepared, frozen, pending=free)
        state = State(prepared, frozen)
        self.alone = options_alone(book, frozen_state)
        keep_published(book, state)
        construct(book, state, self.alone, self._insertion())
        bounds = served_floors(book, frozen_state, self.alone)
        best = self._accept(state.placements)
        if best is None:
            best, infeasible = self._meet_demands(frozen)
            if best is None:
                status = Status.INFEASIBLE if infeasible else Status.UNKNOWN
                return self._without_schedule(status, frozen_state)
        self._tell(best, bounds, "")
        best = self._squeeze(free, best, bounds)
        if len(free) <= WHOLE_MODEL_VISITS:
            self._tighten(frozen_state, best, bounds)
            comfort = [n for n in range(len(book.levels)) if not book.serves(n)]
            served = range(comfort[0] if comfort else len(book.levels))
            best, bounds = self._prove(frozen, free, best, bounds, served)
            rest = range(served.stop, len(book.levels))
            if len(free) > SMALL:
                best = self._improve(free, best, bounds, IMPROVE, soon=True)
            best, bounds = self._prove(frozen, free, best, bounds, rest, PROVE, TRIAL)
        else:
            best = self._serve(frozen_state, best, bounds)
            best = self._serve_all(frozen, free, best, bounds)
            best = self._alternate(free, best, bounds)
        best = self._improve(free, best, bounds)
        return self._result(best, bounds)

    def _insertion(self) -> Budget:
        """Return what the first schedule may use up."""
        if self.budget.exact:
            return Budget(control=self.budget.control)
        return Budget(max(SOON, CONSTRUCT * self.budget.left), control=self.budget.control)

    def _prove(
        self,
        frozen: Sequence[Placement | None],
        free: Sequence[int],
        best: Incumbent,
        bounds: Sequence[int | None],
        levels: Sequence[int],
        share: float = 1.0,
        trial: float = 1.0,
    ) -> tuple[Incumbent, list[int | None]]:
        """Solve some levels by one model of the whole, in a share of the time left."""
        if self.aim.all_reached(best.costs, bounds):
            return best, list(bounds)
        self.phase = "prove"
        proof = prove(
            self.book,
            frozen,
            free,
            self.must,
            best,
            bounds,
            self.params,
            self.budget.part(share),
            self._tell,
            levels,
            trial=trial,
        )
        assert proof.best is not None
        return proof.best, list(proof.bounds)

    def _improve(
        self,
        free: Sequence[int],
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
            self.book, best, free, self.must, self.params, budget, self.rules, self.goals
        )
        return improve.run(bounds, self._tell, soon=soon)

    def _squeeze(
        self, free: Sequence[int], best: Incumbent, bounds: Sequence[int | None]
    ) -> Incumbent:
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
            free,
            self.must,
            self.params,
            budget,
            self.rules,
            self.goals,
            serving=True,
        )
        return improve.run(bounds, self._tell)

    def _tighten(self, frozen: State, best: Incumbent, bounds: list[int | None]) -> Prices | None:
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
                prices = prices or Prices(self.book, frozen, self.alone)
                part = self.budget.part(PRICE)
                floor = prices.floor(level, best.costs, self.aim.totals, part)
                bounds[level] = max(bound, floor)
                self._tell(best, bounds, self.book.levels[level].name)
        return prices

    def _serve(self, frozen: State, best: Incumbent, bounds: list[int | None]) -> Incumbent:
        """Serve more: plan who comes when, place what the plan serves, and repair the rest.

        Raises the bounds of the levels; they hold for the costs of the levels before that were
        reached. A plan is an integer programme, and each day placed exactly; of problems that are
        too large for that, prices of time tell who comes when, and visits are inserted.
        """
        prices = self._tighten(frozen, best, bounds)
        if prices is None or self.budget.over:
            return best
        self.phase = "plan"
        plan = Plan(self.book, frozen, self.alone, self.budget)
        if plan.too_large:
            return self._insert(prices, frozen, best)
        levels = [n for n in range(len(self.book.levels)) if self.book.serves(n)]
        for place, level in enumerate(levels):
            bound = bounds[level] or 0
            if self.aim.reached(level, best.costs[level], bound) or self.budget.over:
                continue
            self.phase = "plan"
            part = self.budget.part(LAST_SHARE if level == levels[-1] else SHARE)
            planned = plan.solve(
                level, best.costs, self.aim.totals, best.placements, self.params, part
            )
            if planned.floor is not None:
                bounds[level] = max(bound, planned.floor)
            name = self.book.levels[level].name
            self._tell(best, bounds, name)
            if not self.budget.left:
                break
            classes = self._classes(levels[: place + 1])
            start: Sequence[Placement | None] = best.placements
            if planned.days:
                start = realize(
                    self.book,
                    frozen,
                    planned.days,
                    best.placements,
                    self.must,
                    self.params,
                    part,
                    classes,
                )
                if self.budget.stopped:
                    break
            best = self._repair(start, best, bounds, classes, part, name)
        return best

    def _serve_all(
        self,
        frozen: Sequence[Placement | None],
        free: Sequence[int],
        best: Incumbent,
        bounds: Sequence[int | None],
    ) -> Incumbent:
        """Serve everybody by one model of the whole, where few are left out and may not have to."""
        levels = [n for n in range(len(self.book.levels)) if self.book.serves(n)]
        missed = [n for n in levels if best.costs[n]]
        waiting = [
            r for r in self.prepared.requests if any(best.placements[v] is None for v in r.visits)
        ]
        if (
            not missed
            or any(bounds[n] for n in missed)
            or len(free) > ALL_VISITS
            or len(waiting) > FEW * len(self.prepared.requests)
            or self.budget.over
        ):
            return best
        self.phase = "serve all"
        placements = everybody(
            self.book, frozen, free, best.placements, self.params, self.budget.part(ALL)
        )
        found = None if placements is None else self._accept(placements)
        return found if found is not None and found.costs < best.costs else best

    def _insert(self, prices: Prices, frozen: State, best: Incumbent) -> Incumbent:
        """Plan at the prices of time who comes on which day, and insert them there."""
        planned = planned_days(prices, self.budget.part(PLAN))
        part = self.budget.part(PLAN)
        placements = insert_on_days(
            self.book, frozen, self.alone, planned, best.placements, self.must, part
        )
        found = self._accept(placements)
        return found if found is not None and found.costs < best.costs else best

    def _repair(
        self,
        start: Sequence[Placement | None],
        best: Incumbent,
        bounds: Sequence[int | None],
        classes: Sequence[int],
        budget: Budget,
        level: str,
    ) -> Incumbent:
        """Fit in what is left out, from placements in which requests may lie in part."""
        self.phase = "repair"
        repair = Repair(
            self.book,
            start,
            self.must,
            self.params,
            budget,
            classes,
            rules=self.rules,
            goals=self.goals,
        )
        return repair.run(self.alone, best, bounds, self._tell, level)

    def _alternate(
        self, free: Sequence[int], best: Incumbent, bounds: list[int | None]
    ) -> Incumbent:
        """Improve for a while and fit in what is left out: each finds what the other opens."""
        levels = [n for n in range(len(self.book.levels)) if self.book.serves(n)]
        classes = self._classes(levels)
        left = self._left()
        vain = 0
        while (
            self._left() > LAST * left
            and self.budget.left * ROUND >= LONG
            and vain < ROUNDS
            and not all(self.aim.reached(n, best.costs[n], bounds[n]) for n in levels)
        ):
            before = best.costs
            part, name = self.budget.part(ROUND), self.book.levels[levels[-1]].name
            best = self._repair(best.placements, best, bounds, classes, part, name)
            best = self._improve(free, best, bounds, ROUND)
            vain = 0 if best.costs < before else vain + 1
        return best

    def _left(self) -> float:
        """Return what is left, as seconds or as deterministic time."""
        return self.budget.effort if self.budget.exact else self.budget.left

    def _classes(self, levels: Sequence[int]) -> list[int]:
        """Return the priorities of which some levels speak, the most urgent first."""
        return sorted(
            {
                goal.priority
                for number, goal in enumerate(self.book.goals)
                if isinstance(goal, Served) and self.book.level(number) in levels
            }
        )

    def _accept(self, placements: Sequence[Placement | None]) -> Incumbent | None:
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

    def _meet_demands(self, frozen: Sequence[Placement | None]) -> tuple[Incumbent | None, bool]:
        """Place what has to be placed by a model of its own, then everything else around it."""
        self.phase = "demands"
        needed = self._needed()
        proof = prove(
            self.book,
            frozen,
            needed,
            self.must,
            None,
            [None] * len(self.book.levels),
            self.params,
            self.budget,
            self._tell,
        )
        if proof.best is None:
            return None, proof.infeasible
        state = State(self.prepared, proof.best.placements)
        construct(self.book, state, self.alone, self._insertion())
        best = self._accept(state.placements)
        return best or proof.best, False

    def _needed(self) -> set[int]:
        """Return the visits that demands speak of, with all that may have to come along.

        Those are the rest of each request, the sessions that it may join, and the requests of
        which someone may join those.
        """
        prepared = self.prepared
        needed = set(self.must)
        for request in prepared.requests:
            if request.request.must:
                needed.update(request.visits)
        while True:
            sessions = {s for v in needed for s in (v, *prepared.visits[v].joins)}
            wider = needed | sessions
            for request in prepared.requests:
                if any(
                    v in needed or sessions & set(prepared.visits[v].joins) for v in request.visits
                ):
                    wider.update(request.visits)
            if wider == needed:
                return needed.difference(prepared.frozen)
            needed = wider

    def _tell(self, best: Incumbent | None, bounds: Sequence[int | None], level: str) -> None:
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
                )
            )

    @collected_later()
    def _result(self, best: Incumbent, bounds: Sequence[int | None]) -> Result:
        timetable = Timetable(self.prepared, best.placements)
        scored, inherited = verify(self.book, timetable, best.costs)
        levels = tuple(
            LevelResult(level.name, cost, bound, self.aim.totals[number])
            for number, (level, cost, bound) in enumerate(
                zip(self.book.levels, scored.levels, bounds, strict=True)
            )
        )
        asked = [
            r
            for r in self.prepared.requests
            if any(v not in self.prepared.frozen for v in r.visits)
        ]
        open_visits = [v for r in asked for v in r.visits if v not in self.prepared.frozen]
        return Result(
            status=Status.OPTIMAL if all(level.proved for level in levels) else Status.FEASIBLE,
            schedule=self._schedule(timetable),
            levels=levels,
            goals=scored.goals,
            violations=inherited,
            requests=len(asked),
            requests_served=sum(served_occurrences(timetable, r) > 0 for r in asked),
            visits=len(open_visits),
            visits_placed=sum(best.placements[v] is not None for v in open_visits),
            seconds=self.budget.seconds,
            first_schedule_seconds=self.first,
            params=self.params,
            notes=self.prepared.notes,
        )

    def _schedule(self, timetable: Timetable) -> Schedule:
        return Schedule(
            assignments=tuple(
                self.prepared.assignment(visit.index, placement)
                for visit, placement in timetable.placed()
            ),
            unplaced=tuple(left_out(self.book, State(self.prepared, timetable.placements))),
        )

    def _unmet(self, frozen: State) -> Iterator[str]:
        """Yield the demands for which no start is left with nothing but frozen visits placed."""
        prepared = self.prepared
        demands = [(f"Visit {prepared.visits[v].id} is pinned", [v]) for v in sorted(self.must)]
        for request in prepared.requests:
            if request.request.must:
                wanted = [
                    v for n in required_occurrences(request.request) for v in request.occurrence(n)
                ]
                demands.append((f"Request {request.request.id} must be served", wanted))
        for what, wanted in demands:
            for number in wanted:
                if frozen.placements[number] is None:
                    visit = prepared.visits[number]
                    last = funnel(self.book, frozen, visit)[-1]
                    if not last.left:
                        yield (
                            f"{what}; even alone, visit {visit.id} has no start left after the"
                            f" rule {last.rule}."
                        )
                        break

    def _without_schedule(self, status: Status, frozen: State) -> Result:
        return Result(
            status=status,
            schedule=None,
            seconds=self.budget.seconds,
            params=self.params,
            notes=(*self._unmet(frozen), *self.prepared.notes),
            requests=len(self.prepared.requests),
            visits=len(self.prepared.visits),
        )
