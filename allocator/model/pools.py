"""Pools: resources that nothing tells apart are one resource with several lanes.

Who exactly is taken makes no difference to any rule or goal, so the model counts, and the
intervals are coloured afterwards. With the same candidates for every visit, taking whoever is
free, in order of start, never needs more members than overlap at once (interval graphs are
perfect).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, TickClaim, Visit
from allocator.rules.rule import Rule
from allocator.table.options import Options

#: By its first member, all members of a pool.
Pools = Mapping[int, tuple[int, ...]]
Span = tuple[int, int]


def find_pools(
    prepared: Prepared,
    rules: Iterable[Rule],
    goals: Iterable[Goal],
    free: Sequence[Visit],
    candidates: Mapping[int, Sequence[Options]],
) -> dict[int, tuple[int, ...]]:
    """Return the pools among what some free visits may take.

    Parameters
    ----------
    prepared
        The problem.
    rules, goals
        Those that the model expresses.
    free, candidates
        The visits, and what each of them may do beside what is fixed: whoever is fixed or
        closed at different times has different candidates, and no pool with others.
    """
    apart = {r for rule in rules for r in rule.tells_apart(prepared)}
    apart |= {r for goal in goals for r in goal.tells_apart(prepared)}
    apart |= {r for visit in free for r in _counted(visit)}
    marks: dict[int, list[object]] = {}
    for visit in free:
        for number, found in enumerate(candidates[visit.index]):
            for need, starts in enumerate(found.by_need):
                ranks = dict(zip(visit.needs[need].resources, visit.needs[need].rank, strict=True))
                for resource, mask in starts.items():
                    if resource not in apart:
                        mark = (visit.index, number, need, ranks.get(resource, 0), mask)
                        marks.setdefault(resource, []).append(mark)
    alike: dict[tuple[object, ...], list[int]] = {}
    for resource, some in sorted(marks.items()):
        thing = prepared.resources[resource]
        if thing.lanes == 1:
            kind = (thing.kind, thing.location, thing.mobile, thing.seats)
            alike.setdefault((*kind, *some), []).append(resource)
    return {members[0]: tuple(members) for members in alike.values() if len(members) > 1}


def _counted(visit: Visit) -> Iterable[int]:
    """Yield whom a visit takes in a way that a pool cannot count by itself."""
    seen: set[int] = set()
    for need in visit.needs:
        if need.attendee or need.optional or need.quantity > 1:
            yield from need.resources
        yield from seen.intersection(need.resources)
        seen.update(need.resources)


def first_members(options: Options, pools: Pools) -> Options:
    """Return options in which the first member stands for each pool."""
    others = {member for members in pools.values() for member in members[1:]}
    if not any(others & starts.keys() for starts in options.by_need):
        return options
    by_need = tuple(
        {resource: mask for resource, mask in starts.items() if resource not in others}
        for starts in options.by_need
    )
    return replace(options, by_need=by_need)


def coloured(
    prepared: Prepared,
    pools: Pools,
    placements: Mapping[int, Placement | None],
    span: Callable[[TickClaim], Span],
) -> dict[int, Placement | None]:
    """Return placements in which members of the pools stand where there was the first of each.

    Parameters
    ----------
    prepared
        The problem.
    pools, placements
        The first member of a pool stands for whoever is free.
    span
        What of a claim others have to keep off: its ticks with buffers, or without.
    """
    result = dict(placements)
    claims = sorted(
        (span(claim), visit, claim.need, claim.resource)
        for visit, placement in placements.items()
        if placement is not None
        for claim in prepared.visits[visit].claims(placement)
        if claim.resource in pools
    )
    earliest = min((first for (first, _), *_ in claims), default=0)
    busy_until = {member: earliest for members in pools.values() for member in members}
    for (first, end), visit, need, pool in claims:
        member = next(m for m in pools[pool] if busy_until[m] <= first)
        busy_until[member] = end
        placement = result[visit]
        assert placement is not None
        team = (*placement.team[:need], (member,), *placement.team[need + 1 :])
        result[visit] = placement._replace(team=team)
    return result
