"""Some of the resources that a visit could have: those with the least to do, where many could."""

from __future__ import annotations

from allocator.prepare.masks import Mask
from allocator.prepare.visit import Visit
from allocator.state.state import State
from allocator.table.options import Options, at_least


def with_fewer(state: State, found: Options, most: int) -> Options:
    """Return what a variant of a visit may do with no more than so many resources for each need.

    Those that other visits of its request have come first, then those that hold the least. Where
    no start is left so, all of them stay.

    Parameters
    ----------
    state
        What is placed.
    found
        What the variant may do.
    most
        How many resources, for each of the quantity of a need.
    """
    visit = found.visit
    if all(len(some) <= most for some in found.by_need):
        return found
    known = _known(state, visit)
    starts = found.starts
    kept: list[dict[int, Mask]] = []
    for need, by_resource in zip(visit.needs, found.by_need, strict=True):
        few = by_resource
        if len(by_resource) > most * need.quantity:
            order = sorted(by_resource, key=lambda r: (r not in known, state.claimed[r], r))
            some = set(order[: most * need.quantity])
            few = {r: mask for r, mask in by_resource.items() if r in some}
            if not need.optional:
                starts &= at_least(list(few.values()), need.quantity)
        kept.append(few)
    if not starts:
        return found
    return Options(
        visit,
        found.variant,
        starts,
        tuple({r: mask & starts for r, mask in some.items() if mask & starts} for some in kept),
    )


def _known(state: State, visit: Visit) -> set[int]:
    """Return the resources that other visits of the same request have."""
    return {
        resource
        for _, placement in state.placed_of(visit)
        for members in placement.team
        for resource in members
    }
