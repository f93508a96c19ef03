"""Serve what insertion left out: re-solve each left request together with its rivals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allocator.prepare import masks
from allocator.prepare.prepared import PreparedRequest
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Control
from allocator.solve.resolve import Resolver
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Visits freed beside those of the request itself.
RIVALS = 14
#: Deterministic time of CP-SAT for one level of one re-solve.
EFFORT = 0.15
#: Times that all left requests are gone through, each with more rivals than before.
ROUNDS = 4


def repair(
    book: Rulebook,
    best: Incumbent,
    must: set[int],
    floors: Sequence[int | None],
    params: Params,
    control: Control,
    tell: Callable[[Incumbent | None, Sequence[int | None], str], None],
) -> Incumbent:
    """Try to serve every request that is left out, most urgent first.

    Improvement of comfort by neighbourhoods belongs beside this, in a module of its own.

    Returns
    -------
    Incumbent
        Never worse than ``best``.
    """
    work = Resolver(book, best.placements, best.costs, must, params.seed)
    spent = 0.0
    for round_ in range(ROUNDS):
        left = [
            r
            for r in book.prepared.requests
            if any(work.state.placements[v] is None for v in r.visits)
        ]
        left.sort(key=lambda r: (r.request.priority, -r.request.weight, r.index))
        for request in left:
            if control.over or _reached(work.costs, floors):
                return Incumbent(tuple(work.state.placements), work.costs)
            if params.deterministic_limit is not None and spent > params.deterministic_limit:
                return Incumbent(tuple(work.state.placements), work.costs)
            free = {v for v in request.visits if v not in book.prepared.frozen}
            free |= rivals(book, work.state, request, RIVALS * (1 + round_))
            spent += EFFORT
            if work.serve(free, EFFORT, control):
                best = Incumbent(tuple(work.state.placements), work.costs)
                tell(best, floors, "repair")
    return Incumbent(tuple(work.state.placements), work.costs)


def _reached(costs: Sequence[int], floors: Sequence[int | None]) -> bool:
    known = [(c, f) for c, f in zip(costs, floors, strict=True) if f is not None]
    return bool(known) and all(cost <= floor for cost, floor in known)


def rivals(book: Rulebook, state: State, request: PreparedRequest, most: int) -> set[int]:
    """Return placed visits that stand where a request could go, those in most of its ways first.

    A rival of lesser priority comes with its whole request, since it may have to give way.
    """
    prepared = book.prepared
    weight: dict[int, int] = {}
    for number in request.visits:
        visit = prepared.visits[number]
        for variant in visit.variants:
            starts = book.static_mask(state, visit, variant)
            for n, need in enumerate(visit.needs):
                first, end = need.covers(variant.duration)
                for resource in variant.choices[n]:
                    mask = starts & book.static_mask_with(state, visit, variant, n, resource)
                    if not mask:
                        continue
                    scarce = 1 + 60 // len(variant.choices[n])
                    reach = masks.shift(mask, first) | masks.shift(mask, end - 1)
                    for claim in state.claims[resource]:
                        if reach & masks.span(claim.first, claim.end):
                            weight[claim.visit] = weight.get(claim.visit, 0) + scarce
    found: set[int] = set()
    for number in sorted(weight, key=lambda v: (-weight[v], v)):
        if len(found) >= most:
            break
        if number in prepared.frozen:
            continue
        owner = prepared.visits[number].request_index
        if owner < 0:
            continue
        some = {number}
        if prepared.requests[owner].request.priority > request.request.priority:
            some = {v for v in prepared.requests[owner].visits if v not in prepared.frozen}
        found |= some
    return found
