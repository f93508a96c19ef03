"""Waiting: requests are served by the day on which they are due."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.domain.time import zone_of
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def due_day(visit: Visit) -> int | None:
    """Return the local day by which a request's first visit is due; it may lie outside.

    None for other visits, and where nothing is due.
    """
    request = visit.request
    if request is None or request.due is None or not visit.occurrence == visit.step == 1:
        return None
    return visit.clock.day_index(request.due.astimezone(zone_of(visit.clock.zone)).date())


class Waiting(Goal):
    """Tardiness, in local days: how far a request's first visit lies beyond its due date.

    A due date is soft, and the whole of its day is in time. For the term see Pinedo,
    *Scheduling: Theory, Algorithms, and Systems*, section 2.1: T = max(C − d, 0).
    """

    name = "waiting"
    sentence = "A request is served (its first visit is) no later than on the day it is due."
    unit = "days"
    local = True
    adds_up = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request has a due date."""
        return any(r.request.due is not None for r in prepared.requests)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the days by which first visits are late."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if prep.request.due is None:
                continue
            placement = timetable.placements[prep.visits[0]]
            if placement is not None:
                visit = prepared.visits[prep.visits[0]]
                due = prep.request.due.astimezone(zone_of(visit.clock.zone)).date()
                day = visit.clock.dates[visit.clock.day_of[placement.start]]
                yield Amount(max(0, (day - due).days), prep.index, prep.visits[:1])

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the days beyond the due date, start by start."""
        due = due_day(visit)
        if due is None:
            return 0
        return (visit.clock.day_of[ticks].astype(np.int64) - due).clip(0)

    def express(self, model: Verbs) -> None:
        """Charge each local day of a first visit by its days beyond the due date."""
        for visit in model.free:
            due = due_day(visit)
            if due is not None:
                for day, literal in model.days(visit.index).items():
                    if day > due:
                        model.cost((day - due) * literal, visit.request_index)
