"""Start from what is published: keep each visit where it is, if nothing speaks against it."""

from __future__ import annotations

from allocator.prepare.visit import Placement, Visit
from allocator.state.state import State
from allocator.table.options import variant_options
from allocator.table.rulebook import Rulebook


def keep_published(book: Rulebook, state: State) -> None:
    """Place published visits that are not frozen where they are published, one by one.

    A visit stays out when a rule forbids its place (someone fell ill, a room closed); a request
    of which a visit stays out is taken out whole, to be placed anew.
    """
    prepared = book.prepared
    for request in prepared.requests:
        loose = [v for v in request.visits if v in prepared.published and v not in prepared.frozen]
        placed: list[int] = []
        for number in loose:
            if not _keep(book, state, number):
                break
            placed.append(number)
        else:
            if all(state.placements[v] is not None for v in request.visits) or not placed:
                continue
            if _stands(book, state, request.visits):
                continue
        for number in placed:
            state.remove(number)


def _keep(book: Rulebook, state: State, number: int) -> bool:
    prepared = book.prepared
    visit = prepared.visits[number]
    placement = prepared.published[number]
    if not _filled(visit, placement):
        return False
    if placement.session >= 0 and state.placements[placement.session] is None:
        there = prepared.published.get(placement.session)
        if there is None or not _keep(book, state, placement.session):
            return False
    for variant in visit.variants:
        if variant[:3] != placement[1:4]:
            continue
        found = variant_options(book, state, visit, variant)
        if found is None or not found.starts >> placement.start & 1:
            continue
        if all(
            found.by_need[n].get(r, 0) >> placement.start & 1
            for n, members in enumerate(placement.team)
            for r in members
        ) and all(rule.team_allowed(state, visit, placement) for rule in book.team_rules):
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


def _stands(book: Rulebook, state: State, visits: tuple[int, ...]) -> bool:
    """Say whether a request placed in part may stay so."""
    from allocator.rules.series_completeness import SeriesCompleteness
    from allocator.state.timetable import Timetable

    placements: list[Placement | None] = [None] * len(book.prepared.visits)
    for visit in visits:
        placements[visit] = state.placements[visit]
    return not any(
        True for _ in SeriesCompleteness().violations(Timetable(book.prepared, placements))
    )
