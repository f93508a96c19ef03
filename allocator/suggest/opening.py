"""Group sessions that have no place yet: the first who joins has one held for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from allocator.prepare.masks import Mask
from allocator.prepare.visit import Visit
from allocator.state.state import State
from allocator.suggest.bounds import Bounds
from allocator.suggest.places import places_of
from allocator.suggest.plans import Costed
from allocator.suggest.wishes import Wishes
from allocator.table.options import options
from allocator.table.rulebook import Rulebook


def openings(
    book: Rulebook,
    state: State,
    visit: Visit,
    bounds: Bounds,
    wishes: Wishes,
    most: int,
    *,
    soonest: bool = False,
) -> tuple[int, list[Costed]]:
    """Return how many starts there are, and places of a session with a visit that joins it.

    Parameters
    ----------
    book, state
        Rules and goals in force, and what is placed, the visit left out.
    visit
        Who would join.
    bounds
        Hours and places that were asked for.
    wishes
        What counts beside the goals.
    most
        Places of each session, at most.
    soonest
        Whether the first are wanted, not the cheapest.
    """
    starts, found = 0, list[Costed]()
    for session in _unheld(book, state, visit):
        joined = _with(book, state, visit, session, bounds)
        places = places_of(
            book,
            state,
            session,
            replace(bounds, windows=()),
            wishes,
            first=True,
            starts=joined,
            resources=None,
            most=None,
        )
        starts |= places.starts
        choices = places.choices(book.prepared.ticks if soonest else most)
        if soonest:
            choices.sort(key=lambda c: (c.placement.start, c.cost))
        plans = list[Costed]()
        for choice in choices:
            start = choice.placement.start
            with state.having({session.index: choice.placement}):
                here = places_of(
                    book, state, visit, bounds, wishes, first=True, starts=1 << start
                ).choices(1)
            if here:
                plan = {session.index: choice.placement, visit.index: here[0].placement}
                plans.append((plan, choice.cost + here[0].cost))
            if len(plans) == most:
                break
        found += plans
    return starts.bit_count(), found


def starts_opened(book: Rulebook, state: State, visit: Visit, bounds: Bounds) -> Mask:
    """Return every start of a session that could be held for a visit, each need by itself."""
    starts = 0
    for session in _unheld(book, state, visit):
        joined = _with(book, state, visit, session, bounds)
        for found in options(book, state, session):
            own = replace(bounds, windows=()).starts(book.prepared, session, found.variant)
            starts |= found.starts & joined & own
    return starts


def _unheld(book: Rulebook, state: State, visit: Visit) -> Iterator[Visit]:
    """Yield the sessions that a visit may join, and that are held as soon as somebody does."""
    for number in visit.joins:
        session = book.prepared.visits[number]
        assert session.session is not None
        if state.placements[number] is None and session.session.least <= 1:
            yield session


def _with(book: Rulebook, state: State, visit: Visit, session: Visit, bounds: Bounds) -> Mask:
    """Return the starts at which a visit could join a session, were it held then."""
    starts, before = 0, state.pending
    state.pending = before | {session.index}
    try:
        for found in options(book, state, visit):
            if found.variant.session == session.index:
                starts |= found.starts & bounds.starts(book.prepared, visit, found.variant)
    finally:
        state.pending = before
    return starts
