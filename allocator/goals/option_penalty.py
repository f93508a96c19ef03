"""Option penalty: of the patterns that would do, those that people mind least."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.options import matching_options, option_spots, wanted_by_options
from allocator.rules.rule import requests_with_free
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def has_penalties(request: PreparedRequest) -> bool:
    """Say whether it matters which of its options a request gets."""
    return any(option.penalty for option in request.request.options)


def dearest(request: PreparedRequest) -> int:
    """Return the greatest penalty of a request's options."""
    return max(option.penalty for option in request.request.options)


def penalty(
    prepared: Prepared,
    request: PreparedRequest,
    placements: Sequence[Placement | None] | Mapping[int, Placement | None],
) -> int:
    """Return the penalty of the cheapest option that the placed visits of a request match.

    Whole options come first, then those that are placed in part; what matches none costs as
    much as the dearest. 0 where nothing is placed.
    """
    placed = sum(placements[v] is not None for v in request.visits)
    if not placed:
        return 0
    spots = option_spots(prepared, request)
    agreed = matching_options(prepared, request, placements)
    whole = [n for n in agreed if len(spots[n]) == placed]
    options = request.request.options
    return min((options[n].penalty for n in whole or agreed), default=dearest(request))


class OptionPenalty(Goal):
    """Cost of the column that is chosen: the penalty of the option that a request gets."""

    name = "option_penalty"
    sentence = "A request that lists options gets the one with the smallest penalty."
    unit = "penalties"
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any option has a penalty."""
        return any(has_penalties(r) for r in prepared.requests)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the penalty of each request's option."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if has_penalties(prep):
                amount = penalty(prepared, prep, timetable.placements)
                yield Amount(amount, prep.index, prep.visits)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the change of the penalty at each start, with those whom options insist on."""
        if visit.request is None or not visit.request.options:
            return 0
        prep = state.prepared.requests[visit.request_index]
        if not has_penalties(prep):
            return 0
        least = _least(state, visit)
        worst = dearest(prep)
        after = np.array([least.get(tick, worst) for tick in ticks.tolist()], dtype=np.int64)
        return after - penalty(state.prepared, prep, state.placements)

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the request has options."""
        return visit.request is not None and bool(visit.request.options)

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Return what the team adds: dearer options, where the cheapest has somebody else."""
        if visit.request is None or not visit.request.options:
            return 0
        prep = state.prepared.requests[visit.request_index]
        if not has_penalties(prep):
            return 0
        after = {v: state.placements[v] for v in prep.visits}
        after[visit.index] = placement
        least = _least(state, visit).get(placement.start, dearest(prep))
        return penalty(state.prepared, prep, after) - least

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that an option names."""
        return wanted_by_options(prepared)

    def express(self, model: Verbs) -> None:
        """Charge the first match in the order of preference: whole, then in part, then none."""
        for prep in requests_with_free(model):
            if not has_penalties(prep):
                continue
            before = charged = 0
            matched: Literal | None = None
            for price, literal in _matches(model, prep):
                matched = literal if matched is None else model.any_of([matched, literal])
                # What is matched from here on, and was not by a better one, costs this price.
                charged = charged + price * (matched - before)
                before = matched
            fixed = penalty(model.prepared, prep, model.state.placements)
            model.cost(charged - fixed, prep.index)


def _least(state: State, visit: Visit) -> dict[int, int]:
    """Return, by start, the least penalty of the options that put a visit there.

    Of those options that the request's other placed visits agree with.
    """
    prepared = state.prepared
    prep = prepared.requests[visit.request_index]
    others = {v: state.placements[v] if v != visit.index else None for v in prep.visits}
    spots = option_spots(prepared, prep)
    least: dict[int, int] = {}
    for number in matching_options(prepared, prep, others):
        starts = {spot.start for spot in spots[number].get(visit.index, ())}
        if len(starts) == 1:
            (start,) = starts
            price = prep.request.options[number].penalty
            least[start] = min(price, least.get(start, price))
    return least


def _matches(model: Verbs, prep: PreparedRequest) -> Iterator[tuple[int, Literal]]:
    """Yield in order of preference a penalty, and whether an option with it is matched."""
    prepared, state = model.prepared, model.state
    spots = option_spots(prepared, prep)
    free = [v for v in prep.visits if model.is_free(v)]
    some = model.any_of(model.present(v) for v in prep.visits)
    whole: dict[int, list[Literal]] = {}
    part: dict[int, list[Literal]] = {}
    for number in matching_options(prepared, prep, state.placements):
        here = spots[number]
        price = prep.request.options[number].penalty
        inside = {
            v: model.all_of(
                literal
                for spot in here[v]
                for literal in (
                    model.at(v, 1 << spot.start if spot.start >= 0 else 0),
                    *(model.takes(v, need, resource) for need, resource in spot.wanted),
                )
            )
            for v in free
            if v in here
        }
        absent = [model.opposite(model.present(v)) for v in free if v not in here]
        if all(v in inside or state.placements[v] is not None for v in here):
            literal = model.all_of([some, *inside.values(), *absent])
            whole.setdefault(price, []).append(literal)
        if len(prep.visits) > 1:
            fits = [
                model.any_of([literal, model.opposite(model.present(v))])
                for v, literal in inside.items()
            ]
            part.setdefault(price, []).append(model.all_of([some, *fits, *absent]))
    for matches in (whole, part):
        for price in sorted(matches):
            yield price, model.any_of(matches[price])
    yield dearest(prep), some
