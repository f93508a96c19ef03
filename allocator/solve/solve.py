"""Solve: prepare, construct, prove or repair, verify, explain what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from allocator.domain.garbage import collected_later
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import required_occurrences, served_occurrences
from allocator.solve.bound import served_floors
from allocator.solve.budget import Budget, Control
from allocator.solve.direct import prove
from allocator.solve.first import first_schedule
from allocator.solve.incumbent import Incumbent, verify
from allocator.solve.interrupt import interruptible
from allocator.solve.large import solve_large
from allocator.solve.left_out import left_out
from allocator.solve.params import Params
from allocator.solve.progress import Listener
from allocator.solve.result import LevelResult, Result, Status
from allocator.solve.work import Work
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.funnel import funnel

#: Free visits up to which a problem, or a part of one, is one CP-SAT model.
WHOLE_MODEL_VISITS = 160
#: Share of the time left after which the first schedule is taken as it is, since it has to be
#: checked; and the least number of seconds.
CONSTRUCT, SOON = 0.7, 1.0
#: Share of the time left for models of parts that serve as much as can be, where there are too many
#: visits for a model of the whole.
PARTS = 0.4
#: Share of the time left in which comfort is improved before the model of the whole proves it.
IMPROVE = 0.2
#: Share of the time left that the proof may take then, and of that the share after which it has to
#: be near the end.
PROVE, TRIAL = 0.8, 0.3
#: Visits left out of which it is measured how long it takes to say why, and the share of the time
#: left that is kept for that at most.
FEW_REASONS, MOST_KEPT = 30, 0.1
#: Free visits up to which that model alone is best.
SMALL = 12


def solve(
    problem: Problem,
    params: Params | None = None,
    *,
    on_progress: Listener | None = None,
    control: Control | None = None,
    start: Schedule | None = None,
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
    start
        A schedule to begin with, such as that of yesterday or of another scenario. Its visits are
        kept where no rule forbids it, and may all move: unlike what is published, moving costs
        nothing.
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
    InvalidSchedule
        When the schedule to begin with names what the problem does not have.
    SolverDisagreement
        When the model and the plain checks disagree: a bug of allocator's.
    """
    params = params or Params()
    params.check()
    budget = Budget(params.time_limit_seconds, params.deterministic_limit, control=control)
    return interruptible(
        lambda: _Run(Work(problem, params, budget, on_progress, rules, goals, start))(),
        budget.control,
    )


class _Run:
    """One solve, from problem to result."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self) -> Result:
        """Run it."""
        work = self.work
        best = first_schedule(work, work.frozen, self._insertion)
        bounds = served_floors(work.book, work.frozen_state, work.alone)
        if best is None:
            best, infeasible = self._meet_demands()
            if best is None:
                status = Status.INFEASIBLE if infeasible else Status.UNKNOWN
                return self._without_schedule(status)
        work.tell(best, bounds, "")
        self._keep_time(best)
        best, bounds = self._served(best, bounds)
        best, bounds = self._comfort(best, bounds)
        best = work.improve(best, bounds)
        return self._result(best, bounds)

    def _keep_time(self, best: Incumbent) -> None:
        """Keep the time that it takes to check the result and to say why visits are left out.

        It is told from what checking the first schedule takes, and a few of its visits.
        """
        budget = self.work.budget
        if budget.exact:
            return
        began = budget.seconds
        timetable = Timetable(self.work.prepared, best.placements)
        verify(self.work.book, timetable, best.costs)
        checked = budget.seconds
        state = State(self.work.prepared, best.placements)
        some = sum(1 for _ in islice(left_out(self.work.book, state), FEW_REASONS))
        waiting = sum(best.placements[v] is None for v in self.work.free)
        each = (budget.seconds - checked) / max(1, some)
        budget.keep(min(MOST_KEPT * budget.left, checked - began + waiting * each))

    def _served(
        self, best: Incumbent, bounds: list[int | None]
    ) -> tuple[Incumbent, list[int | None]]:
        """Serve as much as can be: to a proof, where each independent part is one model."""
        work, served = self.work, range(self._first_of_comfort())
        large = len(work.free) > WHOLE_MODEL_VISITS
        if self._one_model_each(served.stop - 1):
            best = work.squeeze(best, bounds)
            work.tighten(best, bounds)
            best, bounds = work.prove(best, bounds, served, PARTS if large else 1.0)
        if large and not all(work.aim.reached(n, best.costs[n], bounds[n]) for n in work.serving):
            best = solve_large(work, best, bounds)
        return best, bounds

    def _comfort(
        self, best: Incumbent, bounds: list[int | None]
    ) -> tuple[Incumbent, list[int | None]]:
        """Improve comfort, and prove it, where each independent part is one model."""
        work, count = self.work, len(self.work.book.levels)
        work.floor_comfort(best, bounds)
        if not self._one_model_each(count - 1):
            return best, bounds
        if len(work.free) > SMALL:
            best = work.improve(best, bounds, IMPROVE, soon=True)
        return work.prove(best, bounds, range(self._first_of_comfort(), count), PROVE, TRIAL)

    def _first_of_comfort(self) -> int:
        """Return the number of the first level that is about more than served requests."""
        levels = range(len(self.work.book.levels))
        return next((n for n in levels if n not in self.work.serving), len(levels))

    def _one_model_each(self, level: int) -> bool:
        """Say whether each part that is independent up to a level is small enough for one model."""
        return all(len(part) <= WHOLE_MODEL_VISITS for part in self.work.parts.up_to(level))

    def _insertion(self) -> Budget:
        """Return what the first schedule may use up."""
        if self.work.budget.exact:
            return Budget(control=self.work.budget.control)
        return Budget(
            max(SOON, CONSTRUCT * self.work.budget.left), control=self.work.budget.control
        )

    def _meet_demands(self) -> tuple[Incumbent | None, bool]:
        """Place what has to be placed by a model of its own, then everything else around it."""
        self.work.phase = "demands"
        needed = self._needed()
        proof = prove(
            self.work.book,
            self.work.frozen,
            needed,
            self.work.must,
            None,
            [None] * len(self.work.book.levels),
            self.work.params,
            self.work.budget,
            self.work.tell,
        )
        if proof.best is None:
            return None, proof.infeasible
        best = first_schedule(self.work, proof.best.placements, self._insertion)
        return best or proof.best, False

    def _needed(self) -> set[int]:
        """Return the visits that demands speak of, with all that may have to come along.

        Those are the rest of each request, the sessions that it may join, and the requests of
        which someone may join those.
        """
        prepared = self.work.prepared
        needed = set(self.work.must)
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

    @collected_later()
    def _result(self, best: Incumbent, bounds: Sequence[int | None]) -> Result:
        timetable = Timetable(self.work.prepared, best.placements)
        scored, inherited = verify(self.work.book, timetable, best.costs)
        levels = tuple(
            LevelResult(level.name, cost, bound, self.work.aim.totals[number])
            for number, (level, cost, bound) in enumerate(
                zip(self.work.book.levels, scored.levels, bounds, strict=True)
            )
        )
        asked = [
            r
            for r in self.work.prepared.requests
            if any(v not in self.work.prepared.frozen for v in r.visits)
        ]
        open_visits = [v for r in asked for v in r.visits if v not in self.work.prepared.frozen]
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
            seconds=self.work.budget.seconds,
            first_schedule_seconds=self.work.first,
            params=self.work.params,
            notes=self.work.prepared.notes,
        )

    def _schedule(self, timetable: Timetable) -> Schedule:
        return Schedule(
            assignments=tuple(
                self.work.prepared.assignment(visit.index, placement)
                for visit, placement in timetable.placed()
            ),
            unplaced=tuple(
                left_out(self.work.book, State(self.work.prepared, timetable.placements))
            ),
        )

    def _unmet(self) -> Iterator[str]:
        """Yield the demands for which no start is left with nothing but frozen visits placed."""
        prepared = self.work.prepared
        demands = [
            (f"Visit {prepared.visits[v].id} is pinned", [v]) for v in sorted(self.work.must)
        ]
        for request in prepared.requests:
            if request.request.must:
                wanted = [
                    v for n in required_occurrences(request.request) for v in request.occurrence(n)
                ]
                demands.append((f"Request {request.request.id} must be served", wanted))
        for what, wanted in demands:
            for number in wanted:
                if self.work.frozen[number] is None:
                    visit = prepared.visits[number]
                    last = funnel(self.work.book, self.work.frozen_state, visit)[-1]
                    if not last.left:
                        yield (
                            f"{what}; even alone, visit {visit.id} has no start left after the"
                            f" rule {last.rule}."
                        )
                        break

    def _without_schedule(self, status: Status) -> Result:
        return Result(
            status=status,
            schedule=None,
            seconds=self.work.budget.seconds,
            params=self.work.params,
            notes=(*self._unmet(), *self.work.prepared.notes),
            requests=len(self.work.prepared.requests),
            visits=len(self.work.prepared.visits),
        )
