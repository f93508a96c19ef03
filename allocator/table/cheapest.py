"""The starts of a visit that are worth a thought: the cheapest, and others by chance."""

from __future__ import annotations

import random

import numpy as np

from allocator.prepare import masks
from allocator.prepare.visit import Placement
from allocator.state.state import State
from allocator.table.costs import CostTable
from allocator.table.options import Options
from allocator.table.rulebook import Rulebook

#: Of the starts that are kept, one of so many is drawn by chance: visits that depend on each
#: other, as those of a series, may need starts that none would choose by itself.
BY_CHANCE = 4


def cheapest_starts(
    book: Rulebook,
    state: State,
    found: Options,
    most: int,
    kept: Placement | None,
    chance: random.Random,
) -> Options:
    """Return what a variant of a visit may do at no more than so many of its starts.

    Parameters
    ----------
    book, state
        What is fixed, the visit not placed.
    found
        What the variant may do.
    most
        How many starts, the one that is kept left out.
    kept
        A placement whose start is kept in any case.
    chance
        Draws some starts that are not among the cheapest.
    """
    if found.starts.bit_count() <= most:
        return found
    table = CostTable(book, state, found)
    cheap = most - most // BY_CHANCE
    order = np.argsort(table.lower, kind="stable").tolist()
    some = order[:cheap] + chance.sample(order[cheap:], most - cheap)
    starts = masks.from_ticks(table.ticks[sorted(some)].tolist())
    if kept is not None:
        starts |= found.starts & masks.span(kept.start, kept.start + 1)
    return Options(
        found.visit,
        found.variant,
        starts,
        tuple(
            {resource: mask & starts for resource, mask in by_resource.items() if mask & starts}
            for by_resource in found.by_need
        ),
    )
