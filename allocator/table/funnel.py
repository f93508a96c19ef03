"""The funnel of a visit: how its starts run out, rule by rule."""

from __future__ import annotations

from allocator.domain.schedule import FunnelStep
from allocator.prepare import masks
from allocator.prepare.visit import Visit
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.table.options import at_least
from allocator.table.rulebook import Rulebook

#: Name of the funnel's first step: all starts inside the horizon.
ALL_STARTS = "starts"


def funnel(book: Rulebook, state: State, visit: Visit) -> tuple[FunnelStep, ...]:
    """Return how many starts of an unplaced visit are left after each rule that removes some.

    A start counts while some variant of the visit has, for every need, enough resources that
    all rules so far allow then. The last step is what is left for this visit alone.
    """
    ticks = book.prepared.ticks
    starts = [masks.span(0, ticks - variant.duration + 1) for variant in visit.variants]
    by_need = [
        [{resource: mask for resource in choices} for choices in variant.choices]
        for variant, mask in zip(visit.variants, starts, strict=True)
    ]
    steps = [FunnelStep(rule=ALL_STARTS, left=_count(starts))]
    for rule in book.rules:
        for number in range(len(visit.variants)):
            if starts[number]:
                starts[number] = _narrow(
                    rule, state, visit, number, starts[number], by_need[number]
                )
        left = _count(starts)
        if left != steps[-1].left:
            steps.append(FunnelStep(rule=rule.name, left=left))
        if not left:
            break
    return tuple(steps)


def _narrow(
    rule: Rule,
    state: State,
    visit: Visit,
    number: int,
    starts: int,
    by_need: list[dict[int, int]],
) -> int:
    variant = visit.variants[number]
    starts &= rule.starts(state, visit, variant)
    for n, need in enumerate(visit.needs):
        allowed = by_need[n]
        for resource in list(allowed):
            allowed[resource] &= starts & rule.starts_with(state, visit, variant, n, resource)
        if not need.optional:
            starts &= at_least(list(allowed.values()), need.quantity)
    return starts


def _count(starts: list[int]) -> int:
    union = 0
    for mask in starts:
        union |= mask
    return union.bit_count()
