"""Who stands in the way: placed visits that could give way to one that is left out."""

from __future__ import annotations

import random
from collections.abc import Iterator

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Visit
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Of the rivals that are wanted, one of so many has a share of what a rule shares out among all.
SHARING = 3


def rivals(
    book: Rulebook, state: State, visit: Visit, most: int, chance: random.Random
) -> list[int]:
    """Return placed visits that stand where a visit could go: on a day of one resource by chance.

    The resource is one that could fill the visit's scarcest need; days on which many rivals
    could give way come up more often. Where that are too few, those of other days follow. Where
    a rule shares out something among all visits, some are such as have a share.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is placed.
    visit
        The visit that is left out.
    most
        How many rivals are wanted.
    chance
        Picks the days.
    """
    prepared = book.prepared
    days: dict[tuple[int, int], list[int]] = {}
    for resource, reach in _reach(book, state, visit).items():
        day_of = prepared.clock_of(resource).day_of
        for claim in state.claims[resource]:
            if claim.visit in prepared.frozen or prepared.visits[claim.visit].request is None:
                continue
            if reach & masks.span(claim.first, claim.end):
                key = resource, int(day_of[max(claim.first, 0)])
                days.setdefault(key, []).append(claim.visit)
    found = dict.fromkeys(_sharing(book, state, visit, -(-most // SHARING), chance))
    left = sorted(days)
    while left and len(found) < most:
        key = chance.choices(left, [len(days[k]) for k in left])[0]
        left.remove(key)
        found.update(dict.fromkeys(days[key]))
    return list(found)[:most]


def _sharing(
    book: Rulebook, state: State, visit: Visit, most: int, chance: random.Random
) -> list[int]:
    """Return some visits, by chance, that have a share of what a rule shares out among all."""
    visits = book.prepared.visits
    some = [
        number
        for rule in book.rivalry
        for number in rule.rivals(state, visit)
        if visits[number].request is not None
    ]
    return chance.sample(some, min(len(some), most))


def _reach(book: Rulebook, state: State, visit: Visit) -> dict[int, Mask]:
    """Return, for the resources of the scarcest need, the ticks that the visit could claim."""
    best: dict[int, Mask] = {}
    for n, need in enumerate(visit.needs):
        if need.optional:
            continue
        reach = dict(_claimable(book, state, visit, n))
        if not need.attendee and (not best or len(reach) < len(best)):
            best = reach
    if not best:  # it takes nothing but the time of who attends
        for n, need in enumerate(visit.needs):
            best.update(_claimable(book, state, visit, n) if need.attendee else ())
    return best


def _claimable(
    book: Rulebook, state: State, visit: Visit, number: int
) -> Iterator[tuple[int, Mask]]:
    found: dict[int, Mask] = {}
    need = visit.needs[number]
    for variant in visit.variants:
        starts = book.static_mask(state, visit, variant)
        for n, other in enumerate(visit.needs):
            if other.attendee and not other.optional:
                starts &= book.static_mask_with(state, visit, variant, n, other.resources[0])
        first, end = need.covers(variant.duration)
        first, end = first - need.before, end + need.after
        for resource in variant.choices[number]:
            mask = starts & book.static_mask_with(state, visit, variant, number, resource)
            if mask:
                reach = masks.covered(masks.shift(mask, first), end - first)
                found[resource] = found.get(resource, 0) | reach
    yield from found.items()


def related(prepared: Prepared, visit: int) -> frozenset[int]:
    """Return the visits that a relation or a precedence ties to a visit, itself included."""

    def compute() -> dict[int, frozenset[int]]:
        ties: dict[int, frozenset[int]] = {}
        problem = prepared.problem
        groups = [relation.visits for relation in problem.relations]
        groups += [(order.before, order.after) for order in problem.precedences]
        for names in groups:
            tied = frozenset(v for name in names for v in prepared.named_visits(name))
            for number in tied:
                ties[number] = ties.get(number, frozenset()) | tied
        return ties

    return prepared.memo("related visits", compute).get(visit, frozenset({visit}))
