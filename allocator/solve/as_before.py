"""Parts of a schedule as they lie there: what has to be placed, or classes that are served well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from allocator.goals.served import earned
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import served_occurrences
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def demanded(
    book: Rulebook, frozen: State, best: Sequence[Placement | None], must: Collection[int]
) -> State:
    """Return the state in which only this is placed, beside what is frozen.

    Along come the rest of each request, the sessions that it joins, and whoever else joins those:
    so no request lies there in part, and no session with too few.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen
        The state in which only the frozen visits are placed.
    best
        A schedule.
    must
        Visits that have to be placed.
    """
    prepared = book.prepared
    joined: dict[int, list[int]] = {}
    for visit, placement in enumerate(best):
        if placement is not None and placement.session >= 0:
            joined.setdefault(placement.session, []).append(visit)
    found: set[int] = set()
    waiting = [*must, *(v for r in prepared.requests if r.request.must for v in r.visits)]
    while waiting:
        visit = waiting.pop()
        placement = best[visit]
        if visit in found or placement is None:
            continue
        found.add(visit)
        request = prepared.visits[visit].request_index
        waiting += prepared.requests[request].visits if request >= 0 else joined.get(visit, ())
        if placement.session >= 0:
            waiting.append(placement.session)
    work = State(prepared, frozen.placements)
    for visit in sorted(found):
        placement = best[visit]
        if placement is not None and work.placements[visit] is None:
            work.place(visit, placement)
    return work


def served_values(
    book: Rulebook, placements: Sequence[Placement | None], priority: int
) -> list[int]:
    """Return what is served of each class up to one, the most urgent first."""
    timetable = Timetable(book.prepared, placements)
    served: dict[int, int] = defaultdict(int)
    for request in book.prepared.requests:
        if request.request.priority <= priority:
            served[request.request.priority] += earned(
                request, served_occurrences(timetable, request)
            )
    return [served[some] for some in sorted(served)]
