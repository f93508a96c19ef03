"""From a plan to starts and rooms: what it serves is placed day by day, each day exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ortools.sat.python import cp_model

from allocator.goals.served import earned
from allocator.model.model import Model
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import served_occurrences
from allocator.solve.budget import Budget
from allocator.solve.construct import place_request, run_sessions
from allocator.solve.loose import loosened, share
from allocator.solve.params import Params
from allocator.solve.plan import Spots
from allocator.solve.repair import Repair
from allocator.solve.search import quick_solver, search
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Re-solves in vain of one request before its class is taken as it was.
TRIES = 3
#: Share of the time left that this may take.
SHARE = 0.1
#: Deterministic time of CP-SAT for one day.
EFFORT = 0.2


class _OnDay(Rule):
    """The day on which visits are to be placed for the moment, by their own clocks."""

    name = "on_day"
    sentence = "A visit is placed on the day that is planned for it."
    moving = True

    def __init__(self, day: int) -> None:
        self.day = day

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts on the day."""
        return visit.clock.day_mask(self.day)


def realize(
    book: Rulebook,
    frozen: State,
    places: Spots,
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
    places
        The plan.
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
    work = _demanded(book, frozen, best, must)
    run_sessions(book, work, book.prepared.requests)
    visits = book.prepared.visits
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, needs in places.items():
        if work.placements[number] is None and any(needs.values()):
            first = next(iter(needs.values()))[0][1]
            day = int(visits[number].clock.day_of[max(first, 0)])
            days[visits[number].priority, day].append(number)
    for priority in classes:
        for (_, day), free in sorted(d for d in days.items() if d[0][0] == priority):
            if budget.over:
                return work.placements
            for number, placement in _placed(loose, work, day, free, params, budget).items():
                work.place(number, placement)
        asked = [r for r in book.prepared.requests if r.request.priority == priority]
        for request in asked:
            if not budget.over:
                place_request(book, work, request)
        wanted = _value(book, asked, best)
        if priority != classes[-1] and _value(book, asked, work.placements) < wanted:
            part = budget.part(SHARE)
            repair = Repair(book, work.placements, must, params, part, [priority], tries=TRIES)
            work = State(book.prepared, repair.complete())
            if _value(book, asked, work.placements) < wanted:
                work = _as_before(book, _demanded(book, frozen, best, must), best, priority)
    return work.placements


def _value(
    book: Rulebook, asked: Iterable[PreparedRequest], placements: Sequence[Placement | None]
) -> int:
    """Return what is served of requests of one class."""
    timetable = Timetable(book.prepared, placements)
    return sum(earned(r, served_occurrences(timetable, r)) for r in asked)


def _demanded(
    book: Rulebook, frozen: State, best: Sequence[Placement | None], must: set[int]
) -> State:
    """Return the state in which what has to be placed lies as in a schedule, sessions with it."""
    wanted = must | {v for r in book.prepared.requests if r.request.must for v in r.visits}
    wanted |= {p.session for v in wanted if (p := best[v]) is not None and p.session >= 0}
    work = State(book.prepared, frozen.placements)
    for visit in sorted(wanted):
        placement = best[visit]
        if placement is not None and work.placements[visit] is None:
            work.place(visit, placement)
    return work


def _as_before(
    book: Rulebook, frozen: State, best: Sequence[Placement | None], priority: int
) -> State:
    """Return the state in which a schedule's sessions and requests up to a class are placed."""
    work = State(book.prepared, frozen.placements)
    for visit in book.prepared.visits:
        placement = best[visit.index]
        if placement is None or work.placements[visit.index] is not None:
            continue
        if visit.request is None or visit.priority <= priority:
            work.place(visit.index, placement)
    return work


def _placed(
    book: Rulebook, state: State, day: int, free: list[int], params: Params, budget: Budget
) -> dict[int, Placement]:
    """Place as many of these visits as possible on a day."""
    visits = book.prepared.visits
    state.pending = frozenset(free)
    requests = book.prepared.requests
    worth = {
        v: share(requests[visits[v].request_index]) if visits[v].request_index >= 0 else 1
        for v in free
    }
    today = book.changed(book.prepared, [*book.rules, _OnDay(day)], book.weighed)
    model = Model(today, state, free, levels=())
    model.cp.maximize(sum(worth[v] * model.present(v) for v in free))
    solver = quick_solver(params.seed)
    solver.parameters.linearization_level = 1
    status = search(solver, model.cp, budget=budget, effort=EFFORT)
    state.pending = frozenset()
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {}
    return {v: p for v, p in model.read(solver).items() if p is not None}
