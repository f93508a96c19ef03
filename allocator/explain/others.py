"""Others: who could hold a visit as well, of the same kind and with the skills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from allocator.domain.matching import matching
from allocator.domain.service import Need, Selector
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import ANYWHERE, Team, Variant, Visit, VisitNeed


def with_others(prepared: Prepared, visit: Visit) -> Visit | None:
    """Return a visit that others may hold as well, or None where there are none.

    They are of the kind and have the skills that are asked for, but not the name or the place.
    """
    service = visit.service
    if service is None:
        return None
    asked = {need.role: need for need in service.needs}
    needs = tuple(
        need if need.attendee else _with_others(prepared, need, asked[need.role])
        for need in visit.needs
    )
    if needs == visit.needs:
        return None
    return replace(visit, needs=needs, variants=tuple(_variants(prepared, visit, needs)))


def newcomers(before: Visit, after: Visit) -> Iterator[tuple[int, int]]:
    """Yield who may hold a visit only afterwards: numbers of needs and resources."""
    for number, (need, wide) in enumerate(zip(before.needs, after.needs, strict=True)):
        for resource in wide.resources:
            if resource not in need.resources:
                yield number, resource


def _with_others(prepared: Prepared, need: VisitNeed, asked: Need) -> VisitNeed:
    skills = dict(zip(need.resources, need.skills, strict=True))
    ranks = dict(zip(need.resources, need.rank, strict=True))
    for selector in asked.alternatives:
        for wide in _without_names(prepared, selector):
            for resource in matching(prepared.problem, wide):
                number = prepared.resource_index[resource.id]
                if number not in need.resources and resource.lanes >= need.uses:
                    ranks[number] = len(asked.alternatives)
                    skills[number] = (*skills.get(number, ()), wide.skills)
    order = tuple(sorted(ranks))
    return replace(
        need,
        resources=order,
        rank=tuple(ranks[r] for r in order),
        skills=tuple(skills[r] for r in order),
    )


def _without_names(prepared: Prepared, selector: Selector) -> Iterator[Selector]:
    """Yield what a selector asks for beside names and a place: one for each kind that it names."""
    if selector.kind:
        yield replace(selector, names=frozenset(), location=None)
        return
    for kind in sorted({resource.kind for resource in matching(prepared.problem, selector)}):
        yield replace(selector, names=frozenset(), location=None, kind=kind)


def _variants(prepared: Prepared, visit: Visit, needs: tuple[VisitNeed, ...]) -> Iterator[Variant]:
    """Yield the ways to hold a visit with other needs: by length, and by place."""
    service = visit.service
    assert service is not None
    by_resource = {prepared.resource_index[id]: m for id, m in service.minutes_by_resource}
    first = visit.request is not None and visit.request.first_visit
    extra = 0
    if first and visit.series_key == (1, 1) and service.first_minutes is not None:
        extra = service.first_minutes - service.minutes
    timing = next(
        (n for n, need in enumerate(needs) if any(r in by_resource for r in need.resources)), -1
    )

    def length_with(resource: int) -> int:
        minutes = by_resource.get(resource, service.minutes) + extra
        return max(1, prepared.ticks_for(minutes))

    lengths = {length_with(-1)}
    if timing >= 0:
        lengths = {length_with(resource) for resource in needs[timing].resources}
    places = {prepared.anchors[r] for need in needs for r in need.resources} - {ANYWHERE}
    places |= {variant.location for variant in visit.variants}
    for length in sorted(lengths):
        for place in sorted(places):
            choices: Team = tuple(
                tuple(
                    resource
                    for resource in need.resources
                    if prepared.anchors[resource] in (ANYWHERE, place)
                    and (number != timing or length_with(resource) == length)
                )
                for number, need in enumerate(needs)
            )
            if all(
                need.optional or len(some) >= need.quantity
                for need, some in zip(needs, choices, strict=True)
            ):
                yield Variant(length, place, -1, choices)
