"""From a plan to starts and rooms: what it serves is placed day by day, each day exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ortools.sat.python import cp_model

from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.as_before import demanded
from allocator.solve.budget import Budget
from allocator.solve.catch_up import caught_up
from allocator.solve.company import CORES
from allocator.solve.construct import place_request, run_sessions
from allocator.solve.loose import loosened, share
from allocator.solve.on_days import OnDays
from allocator.solve.params import Params
from allocator.solve.search import quick_solver, search
from allocator.state.state import State
from allocator.table.allowed import allowed
from allocator.table.rulebook import Rulebook

#: Share of the time left that it may take to serve a class no worse than before.
SHARE = 0.1
#: Deterministic time of CP-SAT for one day.
EFFORT = 0.2


Day = tuple[int, list[int]]  #: A local day, and the visits that are planned on it.


def realize(
    book: Rulebook,
    frozen: State,
    planned: Mapping[int, int],
    best: Sequence[Placement | None],
    must: set[int],
    params: Params,
    budget: Budget,
    classes: Sequence[int],
) -> Sequence[Placement | None]:
    """Return placements of as many planned visits as find room on the day that is planned.

    They break no rule, except that requests may lie there in part; group sessions are held
    where most of those who may come are free.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen
        The state in which only the frozen visits are placed.
    planned
        The plan: local days by visit.
    best
        A schedule: where the plan comes to less for a class, it stays as it is there.
    must
        Visits that have to be placed.
    params, budget
        Settings, and what may still be used up.
    classes
        Priorities of the requests that are placed, the most urgent first.
    """
    loose = loosened(book)
    work = demanded(book, frozen, best, must)
    run_sessions(book, work, book.prepared.requests)
    visits = book.prepared.visits
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, day in planned.items():
        if work.placements[number] is None:
            days[visits[number].priority, day].append(number)
    for priority in classes:
        todo = sorted((day, free) for (some, day), free in days.items() if some == priority)
        for together in _apart(todo, 1 if budget.exact else min(CORES, params.workers)):
            if budget.over:
                return work.placements
            _place(loose, work, together, params, budget)
        asked = [r for r in book.prepared.requests if r.request.priority == priority]
        for request in asked:
            if not budget.over:
                place_request(book, work, request)
        if priority != classes[-1]:
            part = budget.part(SHARE)
            work = caught_up(book, work, frozen, best, must, params, part, priority)
    return work.placements


def _apart(todo: list[Day], count: int) -> Iterator[list[Day]]:
    """Yield so many days at a time, far from each other."""
    each = -(-len(todo) // count)
    for first in range(each):
        yield todo[first::each]


def _place(
    book: Rulebook, state: State, days: Sequence[Day], params: Params, budget: Budget
) -> None:
    """Place as many visits as possible on each of some days, at the same time.

    What a visit on one day forbids on another is not placed there.
    """
    tasks = [_Task(book, state, day, free, params) for day, free in days]
    with ThreadPoolExecutor(len(tasks)) as pool:
        found = list(pool.map(lambda task: task.run(budget), tasks))
    for task, placements in zip(tasks, found, strict=True):
        for number, placement in placements.items():
            visit = book.prepared.visits[number]
            if task is tasks[0] or allowed(book, state, visit, placement):
                state.place(number, placement)


class _Task:
    """As many of some visits as possible on a day."""

    def __init__(
        self, book: Rulebook, state: State, day: int, free: Sequence[int], params: Params
    ) -> None:
        requests, visits = book.prepared.requests, book.prepared.visits
        state.pending = frozenset(free)
        rules = [*book.rules, OnDays(dict.fromkeys(free, day))]
        today = book.changed(book.prepared, rules, book.weighed)
        self.model = Model(today, state, free, levels=())
        state.pending = frozenset()
        worth = {
            v: share(requests[visits[v].request_index]) if visits[v].request_index >= 0 else 1
            for v in free
        }
        self.model.cp.maximize(sum(worth[v] * self.model.present(v) for v in free))
        self.solver = quick_solver(params.seed)
        self.solver.parameters.linearization_level = 1

    def run(self, budget: Budget) -> dict[int, Placement]:
        """Return where visits lie."""
        status = search(self.solver, self.model.cp, budget=budget, effort=EFFORT)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return {}
        return {v: p for v, p in self.model.read(self.solver).items() if p is not None}
