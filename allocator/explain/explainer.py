"""One schedule, and every question about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from allocator.domain.faults import Fault, FaultCode, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.explain.analysis import Payment, analyse
from allocator.explain.by_visit import VisitCost, by_visit
from allocator.explain.difference import Difference, compare
from allocator.explain.placed import OTHERS, WhyHere, why_here
from allocator.explain.slot import Slot, try_slot
from allocator.explain.unplaced import WhyNot, why_not
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import served_occurrences
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


class Explainer:
    """Answers questions about a schedule: why here, why not, what if there.

    Parameters
    ----------
    problem, schedule
        The schedule and what it is a schedule of.
    rules, goals
        What is known.

    Raises
    ------
    InvalidSchedule
        When the schedule names what the problem does not have.
    """

    def __init__(
        self,
        problem: Problem,
        schedule: Schedule,
        *,
        rules: Sequence[Rule] = RULES,
        goals: Sequence[Goal] = GOALS,
    ) -> None:
        self.problem = problem
        self.schedule = schedule
        self.prepared = Prepared(problem)
        self.book = Rulebook(self.prepared, rules, goals)
        self.placements = self.prepared.placements(schedule)

    @cached_property
    def state(self) -> State:
        """What is placed, for who asks what else could be."""
        return State(self.prepared, self.placements)

    @cached_property
    def unserved(self) -> tuple[str, ...]:
        """The ids of the requests that are not served, the most urgent first."""
        timetable = Timetable(self.prepared, self.placements)
        some = [r for r in self.prepared.requests if not served_occurrences(timetable, r)]
        return tuple(r.request.id for r in sorted(some, key=lambda r: r.request.priority))

    def why_not(self, request: str, *, brief: bool = False) -> WhyNot:
        """Say why a request is left out, who is in its way, and what would help.

        All other visits are taken to stay where they are.

        Parameters
        ----------
        request
            Id of the request.
        brief
            Whether to leave out who stands in the way: a good deal quicker.

        Raises
        ------
        InvalidSchedule
            When there is no such request, or it is served.
        """
        if request not in self.prepared.request_index:
            raise _invalid("request", request, FaultCode.UNKNOWN_NAME, "does not exist")
        if request not in self.unserved:
            raise _invalid("request", request, FaultCode.CONTRADICTION, "is served")
        return why_not(self.book, self.state, request, brief=brief)

    def why_not_all(
        self, *, on_progress: Callable[[int, int], None] | None = None
    ) -> Iterator[WhyNot]:
        """Yield why each request is left out, the most urgent first, in brief.

        Parameters
        ----------
        on_progress
            Hears how many are done, and of how many.
        """
        some = self.unserved
        for done, request in enumerate(some, 1):
            yield why_not(self.book, self.state, request, brief=True)
            if on_progress is not None:
                on_progress(done, len(some))

    def why_here(self, visit: str, *, others: int = OTHERS) -> WhyHere:
        """Say why a visit lies where it does, and what its best other places would cost.

        Parameters
        ----------
        visit
            Its id.
        others
            How many other places to tell.

        Raises
        ------
        InvalidSchedule
            When there is no such visit, or it is not placed.
        """
        if visit not in self.prepared.visit_index:
            raise _invalid("visit", visit, FaultCode.UNKNOWN_NAME, "does not exist")
        number = self.prepared.visit_index[visit]
        if self.placements[number] is None:
            raise _invalid("visit", visit, FaultCode.CONTRADICTION, "is not placed")
        return why_here(self.book, self.placements, number, others)

    def slot(
        self,
        visit: str,
        start: datetime,
        resources: Mapping[str, Sequence[str]] | None = None,
    ) -> Slot:
        """Try a visit at a start of your choice, and hear every reason against it.

        Nothing is changed: where the visit lies elsewhere, it is thought of as moved.

        Parameters
        ----------
        visit
            Its id.
        start
            With a zone or an offset, on the grid.
        resources
            Ids by role. For roles that are not named those are taken against whom least is to
            be said; attendees come in any case.

        Raises
        ------
        InvalidSchedule
            When the visit, a role or a resource does not exist, or the start is no tick of the
            horizon.
        """
        return try_slot(self.book, self.placements, visit, start, resources)

    def analysis(self) -> tuple[Payment, ...]:
        """Take the schedule's cost apart: by level and goal, the dearest first.

        Of each level the costs sum to its part of the objective.
        """
        return analyse(self.book, self.placements)

    def by_visit(self) -> tuple[VisitCost, ...]:
        """Take the schedule's cost apart: by level, goal and visit, the dearest first.

        Of each goal the costs sum to what it costs.
        """
        return by_visit(self.prepared, self.placements, self.analysis())

    def difference(self, after: Schedule) -> Difference:
        """Say what another schedule does differently: who moved, came and went, and the cost.

        Raises
        ------
        InvalidSchedule
            When it names what the problem does not have.
        """
        return compare(self.book, self.placements, self.prepared.placements(after))


def _invalid(kind: str, id: str, code: FaultCode, what: str) -> InvalidSchedule:
    return InvalidSchedule([Fault(code, kind, id, f"{kind.capitalize()} {id} {what}.")])
