"""Who would have to give way for a visit to have one start: as few placed visits as can be."""

from __future__ import annotations

import random
from collections.abc import Container, Iterable

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: What a claim counts that cannot give way.
FIXED = 1_000
#: How many more claims than the fewest may have to give way, at most, by chance.
SLACK = 2.0
#: By how much, at most, one of several resources is preferred by chance.
TIE = 0.01

Counts = npt.NDArray[np.float64]


def blockers(
    book: Rulebook, state: State, visit: Visit, movable: Container[int], chance: random.Random
) -> list[int]:
    """Return the placed visits that hold what a visit would need at a start with few of them.

    Only what resources hold counts, and what rules allow whatever is placed.

    Parameters
    ----------
    book, state
        Rules in force, and what is placed.
    visit
        A visit that is not placed.
    movable
        Visits that may give way.
    chance
        Picks one of the starts with few such visits, and one of the variants.

    Returns
    -------
    list of int
        Their numbers; none where nobody holds anything, or nobody could give way.
    """
    if not visit.variants:
        return []
    variant = chance.choice(visit.variants)
    ticks = masks.ticks_of(book.static_mask(state, visit, variant))
    if not len(ticks):
        return []
    total = np.zeros(len(ticks))
    held: list[tuple[int, int, int, tuple[int, ...], Counts]] = []
    for number, need in enumerate(visit.needs):
        resources = variant.choices[number]
        if need.optional or not resources:
            continue
        first, end = need.covers(variant.duration)
        first, end = first - need.before, end + need.after
        rows = np.stack(
            [
                _held(book, state, visit, variant, number, resource, (first, end), ticks, movable)
                for resource in resources
            ]
        )
        if need.quantity < len(resources):
            rows += np.array([[chance.random() * TIE] for _ in resources])
            least = np.sort(rows, axis=0)[: need.quantity]
        else:
            least = rows
        total += least.sum(axis=0)
        held.append((need.quantity, first, end, tuple(resources), rows))
    total += np.array([chance.random() for _ in ticks]) * SLACK
    column = int(total.argmin())
    if total[column] >= FIXED:
        return []
    start = int(ticks[column])
    found: dict[int, None] = {}
    for quantity, first, end, some, counts in held:
        for row in np.argsort(counts[:, column])[:quantity].tolist():
            here = _over(state.claims[some[row]], start + first, start + end)
            found.update({claim.visit: None for claim in here if claim.visit in movable})
    return list(found)


def _over(claims: Iterable[TickClaim], first: int, end: int) -> list[TickClaim]:
    return [claim for claim in claims if claim.first < end and first < claim.end]


def _held(
    book: Rulebook,
    state: State,
    visit: Visit,
    variant: Variant,
    need: int,
    resource: int,
    covers: tuple[int, int],
    ticks: npt.NDArray[np.int64],
    movable: Container[int],
) -> Counts:
    """Return for each start how many claims of a resource would have to give way."""
    prepared = book.prepared
    first, end = covers
    if prepared.resources[resource].lanes > 1:
        full = state.full(resource, visit.needs[need].uses)
        blocked = masks.shift(masks.covering(full, end - first), -first)
        counts = masks.flags(blocked, prepared.ticks).astype(np.float64)
    else:
        change = np.zeros(prepared.ticks + 1)
        for claim in state.claims[resource]:
            weight = 1 if claim.visit in movable else FIXED
            change[min(max(claim.first - end + 1, 0), prepared.ticks)] += weight
            change[min(max(claim.end - first, 0), prepared.ticks)] -= weight
        counts = np.cumsum(change)[:-1]
    may = book.static_mask_with(state, visit, variant, need, resource)
    found: Counts = np.where(masks.flags(may, prepared.ticks)[ticks], counts[ticks], FIXED)
    return found
