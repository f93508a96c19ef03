"""A softer problem on the way: a request may lie there in part, though it counts only whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

from allocator.domain.request import FlexibleSeries
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.goals.served import Served
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.construct import close_sessions
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs
from allocator.table.rulebook import Rulebook

#: Rules about requests as a whole.
WHOLE = frozenset({"series_completeness", "must_serve", "session_least"})
#: What a unit of served value weighs beside what lies there in part.
SCALE = 1000


class Begun(Served):
    """Visits that are not placed, of one priority class, whether their request is whole or not."""

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the share of each visit that is not placed."""
        for prep in timetable.prepared.requests:
            if prep.request.priority == self.priority:
                missing = sum(timetable.placements[v] is None for v in prep.visits)
                yield Amount(missing * share(prep), prep.index, prep.visits)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what placing the visit earns, below 0: the same at every start."""
        if visit.request is None or visit.request.priority != self.priority:
            return 0
        return -share(state.prepared.requests[visit.request_index])

    def express(self, model: Verbs) -> None:
        """Credit each free visit that is placed."""
        for visit in model.free:
            if visit.request is not None and visit.request.priority == self.priority:
                prep = model.prepared.requests[visit.request_index]
                model.cost(-share(prep) * model.present(visit.index), prep.index)


def share(prep: PreparedRequest) -> int:
    """Return what a visit of a request counts: more where others would fall with it."""
    fall = len(required_occurrences(prep.request)) * len(prep.request.steps)
    return max(1, 100 * prep.request.weight // len(prep.visits)) * max(1, min(fall, 8))


def loosened(book: Rulebook) -> Rulebook:
    """Return the served levels alone, without rules about whole requests.

    What is served counts as ever, by whole requests; what lies there in part counts a little, so
    that it may be completed step by step.
    """
    prepared = copy(book.prepared)
    problem = prepared.problem
    prepared.problem = replace(problem, without_rules=problem.without_rules | WHOLE)
    rules = [rule for rule in book.rules if rule.name not in WHOLE]
    goals: list[tuple[Goal, int, int]] = []
    for number, goal in enumerate(book.goals):
        if isinstance(goal, Served):
            level, weight = book.level(number), book.weight(number, -1)
            goals.append((goal, level, weight * SCALE))
            goals.append((Begun(goal.priority), level, weight))
    return book.changed(prepared, rules, goals)


def whole(
    prepared: Prepared, placements: Sequence[Placement | None], *, close: bool = True
) -> State:
    """Return the state in which only what a request is served by is placed.

    Of a request in part, as much is kept as may stand alone: its first occurrences, chains whole.
    Sessions with too few participants are not held, unless others may still join them.
    """
    state = State(prepared, placements)
    for prep in prepared.requests:
        count = prep.request.occurrences
        there = {
            n
            for n in range(1, count + 1)
            if all(placements[v] is not None for v in prep.occurrence(n))
        }
        required = required_occurrences(prep.request)
        if not set(required) <= there:
            there = set()
        elif isinstance(prep.request.series, FlexibleSeries):
            end = next((n for n in range(1, count + 1) if n not in there), count + 1)
            there = set(range(1, end))
        for n in range(1, count + 1):
            if n not in there:
                for visit in prep.occurrence(n):
                    if state.placements[visit] is not None and visit not in prepared.frozen:
                        state.remove(visit)
    if close:
        close_sessions(prepared, state)
    return state
