"""Serve what insertion left out: re-solve each left request together with its rivals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.goals.served import Served
from allocator.model.model import Model
from allocator.prepare import masks
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement
from allocator.solve.direct import complete
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Control
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Visits freed beside those of the request itself.
RIVALS = 14
#: Deterministic time of CP-SAT for one level of one re-solve.
EFFORT = 0.4


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
    tried: set[tuple[int, int]] = set()
    round_ = 0
    while round_ < 3 and not control.over:
        left = [
            r
            for r in book.prepared.requests
            if any(best.placements[v] is None for v in r.visits)
        ]
        left.sort(key=lambda r: (r.request.priority, -r.request.weight, r.index))
        progressed = False
        for request in left:
            if control.over:
                break
            if (request.index, round_) in tried:
                continue
            tried.add((request.index, round_))
            better = _serve(book, best, request, must, params, control, RIVALS * (1 + round_))
            if better is not None and better.costs < best.costs:
                best = better
                progressed = True
                tell(best, floors, "repair")
        if all(
            floor is not None and cost <= floor
            for cost, floor in zip(best.costs, floors, strict=True)
            if floor is not None
        ):
            break
        round_ += 1
        if not progressed and round_ > 1:
            break
    return best


def _serve(
    book: Rulebook,
    best: Incumbent,
    request: PreparedRequest,
    must: set[int],
    params: Params,
    control: Control,
    most: int,
) -> Incumbent | None:
    """Re-solve a request with its rivals; None where nothing better is found."""
    free = {v for v in request.visits if v not in book.prepared.frozen}
    free |= rivals(book, best.placements, request, most)
    placements = [None if v in free else p for v, p in enumerate(best.placements)]
    model = Model(book, State(book.prepared, placements, pending=free), free, must & free)
    base = score(book, Timetable(book.prepared, placements)).levels
    solution = complete(model, best)
    found = best
    for level in range(len(book.levels)):
        cost = model.level_cost(level)
        if isinstance(cost, int):
            continue
        model.cp.minimize(cost)
        model.cp.clear_hints()
        for index, value in enumerate(solution):
            model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = params.seed
        solver.parameters.max_deterministic_time = EFFORT
        solver.parameters.max_time_in_seconds = max(0.01, control.left)
        solver.parameters.catch_sigint_signal = False
        control.running(solver)
        status = solver.solve(model.cp)
        control.running(None)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            merged = list(placements)
            for visit, placement in model.read(solver).items():
                merged[visit] = placement
            candidate = incumbent(book, merged)
            if candidate.costs <= found.costs:
                found = candidate
                solution = [int(v) for v in solver.response_proto.solution]
        model.cp.add(cost <= found.costs[level] - base[level])
        served = all(
            isinstance(goal, Served)
            for number, goal in enumerate(book.goals)
            if book.level(number) == level
        )
        if served and found.costs[: level + 1] < best.costs[: level + 1]:
            continue
        if not served and found.costs[:level] == best.costs[:level]:
            break
    return found


def rivals(
    book: Rulebook, placements: Sequence[Placement | None], request: PreparedRequest, most: int
) -> set[int]:
    """Return placed visits that stand where a request could go, those in most of its ways first.

    A rival of lesser priority comes with its whole request, since it may have to give way.
    """
    prepared = book.prepared
    state = State(prepared, placements)
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
        if prepared.requests[owner].request.priority >= request.request.priority:
            some = {v for v in prepared.requests[owner].visits if v not in prepared.frozen}
        found |= some
    return found
