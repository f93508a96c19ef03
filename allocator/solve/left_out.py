"""What a schedule leaves out, visit by visit, with funnel and reason."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.domain.schedule import FunnelStep, Unplaced
from allocator.prepare.visit import Visit
from allocator.rules.series_completeness import required_occurrences
from allocator.rules.session_together import SessionTogether
from allocator.state.state import State
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook
from allocator.table.sessions import not_held


def left_out(book: Rulebook, state: State) -> Iterator[Unplaced]:
    """Yield the visits of requests that are not placed, request by request.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is placed.
    """
    for request in book.prepared.requests:
        for number in request.visits:
            if state.placements[number] is None:
                visit = book.prepared.visits[number]
                steps = funnel(book, state, visit)
                yield Unplaced(
                    visit=visit.id,
                    request=request.request.id,
                    funnel=steps,
                    reason=_reason(book, state, visit, steps[-1]),
                )


def _reason(book: Rulebook, state: State, visit: Visit, last: FunnelStep) -> str:
    """Say in a sentence why a visit was left out, from the last step of its funnel."""
    left, request = last.left, visit.request
    assert request is not None
    if not left:
        session = not_held(book, state, visit) if last.rule == SessionTogether.name else ""
        return session or f"No start is left after the rule {last.rule}."
    starts = "1 start is left" if left == 1 else f"{left} starts are left"
    needed = len(required_occurrences(request)) * len(request.steps)
    if needed > 1:
        return (
            f"{starts} for this visit alone, none for the {needed} visits that the request needs"
            " together."
        )
    return f"{starts}; the search ended before one of them was used."
