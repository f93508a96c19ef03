"""The first schedule: what is known stays, and the rest is inserted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.construct import construct, gather
from allocator.solve.incumbent import Incumbent
from allocator.solve.loose import whole
from allocator.solve.published import keep_published
from allocator.solve.repair import Repair
from allocator.solve.work import Work
from allocator.state.state import State

#: Share of the time left in which a class is fitted in before the next is there.
URGENT = 0.05


def first_schedule(
    work: Work, placements: Sequence[Placement | None], insertion: Callable[[], Budget]
) -> Incumbent | None:
    """Keep what lies somewhere already, and insert the rest; None where a demand is not met.

    Where somebody has left, their urgent visits find the time of others taken by less urgent ones.
    Then all is placed once more, class by class: those of a class that find no place where they
    were are inserted before the visits of the next class are put where they were.

    Parameters
    ----------
    work
        The problem, with what is known.
    placements
        What is placed in any case.
    insertion
        Gives what an insertion may use up.

    Returns
    -------
    Incumbent or None
        The better of the two.
    """
    state = State(work.prepared, placements)
    keep_published(work.book, state, work.there)
    construct(work.book, state, work.alone, insertion())
    best = work.accept(state.placements)
    classes = sorted({request.request.priority for request in work.prepared.requests})
    if best is None or not _displaced(work, best, classes[:-1]):
        return best
    return work.better(best, _by_class(work, placements, insertion, classes))


def _by_class(
    work: Work,
    placements: Sequence[Placement | None],
    insertion: Callable[[], Budget],
    classes: Sequence[int],
) -> Sequence[Placement | None]:
    """Place the visits of each class before any of the next, and return where they lie.

    What insertion leaves out of a class is fitted in by repair, as long as there is more room.
    """
    state = State(work.prepared, placements)
    for number, priority in enumerate(classes, 1):
        keep_published(work.book, state, work.there, priority)
        construct(work.book, state, work.alone, insertion(), priority)
        if number < len(classes):
            repair = Repair(
                work.book,
                state.placements,
                work.must,
                work.params,
                work.budget.part(URGENT),
                classes[:number],
            )
            state = whole(work.prepared, repair.complete(), close=False)
    gather(work.book, state)
    return state.placements


def _displaced(work: Work, best: Incumbent, classes: Sequence[int]) -> bool:
    """Say whether a visit of these classes had a place, and has none."""
    return any(
        visit in work.there and best.placements[visit] is None
        for request in work.prepared.requests
        if request.request.priority in classes
        for visit in request.visits
    )
