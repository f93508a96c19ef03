"""Whether one placement is allowed beside all that is placed."""

from __future__ import annotations

from allocator.prepare.visit import Placement, Visit
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
    variant = next((v for v in visit.variants if v[:3] == placement[1:4]), None)
    found = None if variant is None else variant_options(book, state, visit, variant)
    if found is None or not found.starts >> placement.start & 1:
        return False
    for number, members in enumerate(placement.team):
        masks = found.by_need[number]
        if any(not masks.get(resource, 0) >> placement.start & 1 for resource in members):
            return False
    return all(rule.team_allowed(state, visit, placement) for rule in book.team_rules)
