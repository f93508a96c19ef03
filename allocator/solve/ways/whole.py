"""Requests as a whole: who misses something, and who may go."""

from __future__ import annotations

import random
from collections.abc import Sequence

from allocator.prepare.prepared import PreparedRequest
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver

#: Requests drawn, at most, for each that is wanted.
TRIES = 20


def left_out(
    requests: Sequence[PreparedRequest], work: Resolver, most: int, chance: random.Random
) -> list[PreparedRequest]:
    """Return up to so many requests by chance that miss something; none where hardly any does."""
    here = work.state.placements
    found: dict[int, PreparedRequest] = {}
    for _ in range(TRIES * most):
        request = chance.choice(requests)
        if any(here[v] is None for v in request.visits):
            found[request.index] = request
            if len(found) == most:
                break
    return list(found.values())


def may_go(work: Resolver, picture: Picture, request: PreparedRequest) -> bool:
    """Say whether a request may be left out whole, and goes without anybody else."""
    if request.request.must or not picture.movable.issuperset(request.visits):
        return False
    placed = [v for v in request.visits if work.state.placements[v] is not None]
    return work.must.isdisjoint(request.visits) and len(work.by_itself(placed)) == len(placed)
