"""Start from a schedule: keep each visit where it is, if nothing speaks against it."""

from __future__ import annotations

from collections.abc import Mapping

from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement, Visit
from allocator.rules.options import matching_options, option_spots
from allocator.rules.series_completeness import stands
from allocator.solve.construct import place_request
from allocator.state.state import State
from allocator.table.allowed import allowed
from allocator.table.rulebook import Rulebook


def keep_published(
    book: Rulebook,
    state: State,
    there: Mapping[int, Placement] | None = None,
    priority: int | None = None,
) -> None:
    """Place visits that are not frozen where they are published, one by one.

    Parameters
    ----------
    book, state
        Rules and goals, and what is placed; changed.
    there
        Where visits lie; None is where they are published.
    priority
        The class whose requests are kept; None is all of them.

    Notes
    -----
    A request of which something is placed already stays as it is. A visit stays out when a rule
    forbids its place (someone fell ill, a room closed). Then its request is completed around those
    that stay; where that does not go, it is taken out whole, to be placed anew.
    """
    prepared = book.prepared
    there = prepared.published if there is None else there
    torn: list[PreparedRequest] = []
    for request in prepared.requests:
        if priority not in (None, request.request.priority):
            continue
        free = [v for v in request.visits if v not in prepared.frozen]
        if any(state.placements[v] is not None for v in free):
            continue
        loose = [v for v in free if v in there]
        placed = [v for v in loose if _keep(book, state, v, there)]
        if placed and (len(placed) < len(loose) or not _stands(book, state, request)):
            torn.append(request)
    for request in torn:
        place_request(book, state, request)
        if not _stands(book, state, request):
            for number in request.visits:
                if state.placements[number] is not None and number not in prepared.frozen:
                    state.remove(number)


def _keep(book: Rulebook, state: State, number: int, there: Mapping[int, Placement]) -> bool:
    visit = book.prepared.visits[number]
    placement = there[number]
    if not _filled(visit, placement):
        return False
    session = placement.session
    if (
        session >= 0
        and state.placements[session] is None
        and (session not in there or not _keep(book, state, session, there))
    ):
        return False
    if allowed(book, state, visit, placement):
        state.place(number, placement)
        return True
    return False


def _filled(visit: Visit, placement: Placement) -> bool:
    """Say whether every need has as many as it asks for, and nobody fills two."""
    everyone = [resource for members in placement.team for resource in members]
    return len(set(everyone)) == len(everyone) and all(
        len(members) == need.quantity or (need.optional and not members)
        for need, members in zip(visit.needs, placement.team, strict=True)
    )


def _stands(book: Rulebook, state: State, request: PreparedRequest) -> bool:
    """Say whether a request may stay as far as it is placed."""
    prepared = book.prepared
    placed = {v for v in request.visits if state.placements[v] is not None}
    if request.request.options:
        spots = option_spots(prepared, request)
        agreed = matching_options(prepared, request, state.placements)
        if not any(spots[number].keys() == placed for number in agreed):
            return False
    return stands(request, placed, prepared.frozen)
