"""Whether one placement is allowed beside all that is placed."""

from __future__ import annotations

from allocator.prepare.visit import Placement, Variant, Visit
from allocator.state.state import State
from allocator.table.options import variant_options
from allocator.table.rulebook import Rulebook


def allowed(book: Rulebook, state: State, visit: Visit, placement: Placement) -> bool:
    """Say whether every rule allows a visit to lie somewhere.

    Parameters
    ----------
    book, state
        Rules in force, and what is placed, the visit left out.
    visit, placement
        The visit, and where it is to lie.
    """
    return any(
        variant[:3] == placement[1:4] and _allows(book, state, visit, variant, placement)
        for variant in visit.variants
    )


def _allows(
    book: Rulebook, state: State, visit: Visit, variant: Variant, placement: Placement
) -> bool:
    found = variant_options(book, state, visit, variant)
    return (
        found is not None
        and bool(found.starts >> placement.start & 1)
        and all(
            found.by_need[number].get(resource, 0) >> placement.start & 1
            for number, members in enumerate(placement.team)
            for resource in members
        )
        and all(rule.team_allowed(state, visit, placement) for rule in book.team_rules)
    )
