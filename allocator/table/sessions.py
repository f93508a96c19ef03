"""Group sessions that are not held, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import reduce
from operator import or_

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Visit
from allocator.state.state import State
from allocator.table.funnel import funnel
from allocator.table.options import options, variant_options
from allocator.table.rulebook import Rulebook


def not_held(book: Rulebook, state: State, visit: Visit) -> str:
    """Say why none of the sessions that a visit could still join is held: too few could come.

    Of several sessions the one is named that lacks the fewest. Empty where that is not why.
    """
    joined = {placement.session for _, placement in state.placed_of(visit)}
    sessions = [book.prepared.visits[s] for s in visit.joins if s not in joined]
    if not sessions or any(state.placements[s.index] is not None for s in sessions):
        return ""
    missing = {s.index: _least(s) - could_come(book, state, s) for s in sessions}
    session = min(sessions, key=lambda s: missing[s.index])
    if missing[session.index] <= 0:
        return ""
    head = f"Session {session.id} is not held"
    if len(sessions) > 1:
        head = f"None of {len(sessions)} sessions is held; {session.id} comes nearest"
    last = funnel(book, state, session)[-1]
    if not last.left:
        return f"{head}: no start is left for it after the rule {last.rule}."
    come = _least(session) - missing[session.index]
    return f"{head}: {come} could come, and by session_least it needs {_least(session)}."


def could_come(book: Rulebook, state: State, session: Visit) -> int:
    """Return how many requests could join a session at the start that suits most of them.

    Each by itself, everything else placed as it is; who has a place elsewhere does not count.
    """

    def compute() -> int:
        before, state.pending = state.pending, state.pending | {session.index}
        try:
            starts = _union(option.starts for option in options(book, state, session))
            by_request: dict[int, Mask] = {}
            for visit in book.prepared.visits:
                if session.index in visit.joins and state.placements[visit.index] is None:
                    found = [
                        variant_options(book, state, visit, variant)
                        for variant in visit.variants
                        if variant.session == session.index
                    ]
                    mask = starts & _union(option.starts for option in found if option)
                    by_request[visit.request_index] = mask | by_request.get(visit.request_index, 0)
        finally:
            state.pending = before
        together = Counter(tick for m in by_request.values() for tick in masks.ticks_of(m).tolist())
        return max(together.values(), default=0)

    return state.memo_of_all(("could come", session.index), compute)


def _least(visit: Visit) -> int:
    assert visit.session is not None
    return visit.session.least


def _union(sets: Iterable[Mask]) -> Mask:
    return reduce(or_, sets, 0)
