"""Served: as much of what is asked for as possible, class by class."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import requests_with_free
from allocator.rules.series_completeness import required_occurrences, served_occurrences
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

#: Parts into which a request's weight is cut, so that shares of series stay whole numbers.
PARTS = 2520


def earned(request: PreparedRequest, placed: int) -> int:
    """Return the value, in parts, of so many occurrences placed (0 or an admissible number)."""
    whole = request.request.weight * PARTS
    count = request.request.occurrences
    return whole if placed == count else placed * (whole // count)


class Served(Goal):
    """Value that is not served, of one priority class; a partial series earns its share.

    Parameters
    ----------
    priority
        The class.
    """

    sentence = "Requests are served, by priority: a class is never traded for a later one."
    unit = f"weight / {PARTS}"
    local = True
    of_requests = True

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.name = f"served:{priority}"

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request is in this class."""
        return any(r.request.priority == self.priority for r in prepared.requests)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield what each request of the class does not get."""
        for prep in timetable.prepared.requests:
            if prep.request.priority == self.priority:
                missed = prep.request.weight * PARTS - earned(
                    prep, served_occurrences(timetable, prep)
                )
                yield Amount(missed, prep.index, prep.visits)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what placing the visit earns, below 0: the same at every start."""
        if visit.request is None or visit.request.priority != self.priority:
            return 0
        prep = state.prepared.requests[visit.request_index]

        def served(extra: int) -> int:
            whole = {
                n
                for n in range(1, prep.request.occurrences + 1)
                if all(state.placements[v] is not None or v == extra for v in prep.occurrence(n))
            }
            required = set(required_occurrences(prep.request))
            return len(whole) if required <= whole else 0

        return earned(prep, served(-1)) - earned(prep, served(visit.index))

    def express(self, model: Verbs) -> None:
        """Earn a share for each occurrence placed, and the rest when all are."""
        for prep in requests_with_free(model):
            if prep.request.priority != self.priority:
                continue
            count = prep.request.occurrences
            whole = prep.request.weight * PARTS
            share, rest = divmod(whole, count)
            occurrences = [
                model.all_of([model.present(v) for v in prep.occurrence(n)])
                for n in range(1, count + 1)
            ]
            required = model.all_of(
                [occurrences[n - 1] for n in required_occurrences(prep.request)]
            )
            for occurrence in occurrences:
                model.cost(-share * model.all_of([occurrence, required]), prep.index)
            if rest:
                model.cost(-rest * model.all_of(occurrences), prep.index)
            model.cost(earned(prep, _fixed(model, prep)), prep.index)


def _fixed(model: Verbs, prep: PreparedRequest) -> int:
    whole = {
        n
        for n in range(1, prep.request.occurrences + 1)
        if all(model.state.placements[v] is not None for v in prep.occurrence(n))
    }
    return len(whole) if set(required_occurrences(prep.request)) <= whole else 0
