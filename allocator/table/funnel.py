"""The funnel of a visit: how its starts run out, rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, islice, product, takewhile

from allocator.domain.schedule import FunnelStep
from allocator.prepare import masks
from allocator.prepare.visit import Placement, Team, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.table.options import at_least
from allocator.table.rulebook import Rulebook

#: Name of the funnel's first step: all starts inside the horizon.
ALL_STARTS = "starts"
#: The rule by which nobody fills two roles at once.
TWICE = "capacity"
#: Teams tried for one visit, at most: enough for a clinic, and no wait where there are many.
MOST_TEAMS = 1000


def funnel(book: Rulebook, state: State, visit: Visit) -> tuple[FunnelStep, ...]:
    """Return how many starts of an unplaced visit are left after each rule that removes some.

    A start counts while some variant of the visit has, for every need, enough resources that
    all rules so far allow then; in the end, while some of them make a team that no rule about
    teams refuses. The last step is what is left for this visit alone.
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
            return tuple(steps)
    for name, left in _by_team(book, state, visit, starts, by_need):
        if left != steps[-1].left:
            steps.append(FunnelStep(rule=name, left=left))
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


def _by_team(
    book: Rulebook,
    state: State,
    visit: Visit,
    starts: list[int],
    by_need: list[list[dict[int, int]]],
) -> Iterator[tuple[str, int]]:
    """Yield how many starts have a team once nobody is taken twice, and after each rule.

    Where there are too many teams to try, the starts not looked at count as left.
    """
    rules = book.team_rules
    reached: Counter[int] = Counter()
    tries = MOST_TEAMS
    left = _count(starts)
    for tick in masks.ticks_of(_union(starts)).tolist():
        if not tries:
            break
        furthest = -1
        for number, variant in enumerate(visit.variants):
            if not starts[number] >> tick & 1:
                continue
            for team in _teams(visit, by_need[number], tick):
                if furthest == len(rules) or not tries:
                    furthest = len(rules)
                    break
                tries -= 1
                if _twice(team):
                    continue
                placement = Placement(
                    tick, variant.duration, variant.location, variant.session, team
                )
                passed = (rule.team_allowed(state, visit, placement) for rule in rules)
                furthest = max(furthest, sum(takewhile(bool, passed)))
        reached[furthest if tries else len(rules)] += 1
    for furthest, name in enumerate([TWICE, *(rule.name for rule in rules)], -1):
        left -= reached[furthest]
        yield name, left


def _teams(visit: Visit, by_need: list[dict[int, int]], tick: int) -> Iterator[Team]:
    """Yield the teams of a start."""
    ways: list[list[tuple[int, ...]]] = []
    for need, allowed in zip(visit.needs, by_need, strict=True):
        here = [resource for resource, mask in allowed.items() if mask >> tick & 1]
        some = list(islice(combinations(here, need.quantity), MOST_TEAMS))
        ways.append([(), *some] if need.optional else some)
    yield from product(*ways)


def _twice(team: Team) -> bool:
    taken = [resource for members in team for resource in members]
    return len(set(taken)) < len(taken)


def _count(starts: list[int]) -> int:
    return _union(starts).bit_count()


def _union(starts: list[int]) -> int:
    union = 0
    for mask in starts:
        union |= mask
    return union
