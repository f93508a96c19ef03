"""Whole plans: every visit of a request placed, one beside the other, in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from allocator.domain.request import FixedSeries
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Visit
from allocator.prepare.visits import PreparedRequest
from allocator.rules.options import matching_options, option_spots
from allocator.rules.series_completeness import stands
from allocator.state.state import State
from allocator.suggest.ahead import reachable
from allocator.suggest.bounds import Bounds
from allocator.suggest.places import LATER, Places, places_of
from allocator.suggest.spread import spread, traits_of
from allocator.suggest.wishes import Wishes
from allocator.table.costs import Choice
from allocator.table.options import options
from allocator.table.rulebook import Rulebook

#: Where visits of a request would lie, by their numbers.
Plan = Mapping[int, Placement]

#: Plans that are worked out for each that is asked for.
PLANS_FOR_EACH = 2
#: First places that are tried for each plan that is wanted.
SEEDS_FOR_EACH = 6
#: Places tried for each later visit, and visits placed in all from one first place.
BRANCHES, STEPS = 3, 60


@dataclass(slots=True)
class Plans:
    """Places the visits of a request together, beside all that is placed.

    Attributes
    ----------
    book, state, wishes
        As for the places of one visit.
    prep, visits
        The request, and those of its visits that are to be placed, in order.
    bounds
        Hours and places that were asked for.
    soonest
        Whether plans that begin first are looked for first.
    """

    book: Rulebook
    state: State
    wishes: Wishes
    prep: PreparedRequest
    visits: Sequence[Visit]
    bounds: Bounds
    soonest: bool = False

    def found(self, most: int) -> tuple[int, list[Plan]]:
        """Return how many starts the first visit may have, and up to so many plans.

        Each holds all visits or, where nothing whole is found, as many as may be placed without
        the others.
        """
        pending, self.state.pending = self.state.pending, frozenset(v.index for v in self.visits)
        try:
            return self._found(most)
        finally:
            self.state.pending = pending

    def _found(self, most: int) -> tuple[int, list[Plan]]:
        starts, whole, parts = 0, list[Plan](), list[Plan]()
        for visits in self._groups():
            alone = {visit.index: self._alone(visit) for visit in visits}
            ahead = reachable(self.book.prepared, self.prep, visits, alone)
            places = self._places(visits[0], ahead[visits[0].index], {})
            starts += places.starts.bit_count()
            for seed in self._in_order(places, SEEDS_FOR_EACH * most):
                plan = _Search(self, visits, ahead).run(seed.placement)
                if len(plan) == len(visits):
                    whole.append(plan)
                elif plan:
                    parts.append(plan)
                if len(whole) >= PLANS_FOR_EACH * most:
                    return starts, whole
        return starts, whole or sorted(parts, key=len, reverse=True)[:most]

    def _groups(self) -> Iterator[Sequence[Visit]]:
        """Yield visits that are placed together: all, or those of one option, the best first."""
        if not self.prep.request.options:
            yield self.visits
            return
        prepared = self.book.prepared
        spots = option_spots(prepared, self.prep)
        penalties = [option.penalty for option in self.prep.request.options]
        for number in sorted(range(len(spots)), key=lambda n: (penalties[n], n)):
            visits = [visit for visit in self.visits if visit.index in spots[number]]
            if visits:
                yield visits

    def _in_order(self, places: Places, most: int) -> list[Choice]:
        """Return first places, those of different kinds before others of the same."""
        some = places.choices(most)
        if self.soonest:
            return sorted(some, key=lambda c: (c.placement.start, c.cost))
        return spread(
            some, len(some), lambda c: c.cost, lambda c: traits_of(places.visit, c.placement)
        )

    def may_stand(self) -> bool:
        """Say whether the visits placed may stay without the rest of the request."""
        prepared, placements = self.book.prepared, self.state.placements
        there = {v for v in self.prep.visits if placements[v] is not None}
        if not stands(self.prep, there, prepared.frozen):
            return False
        if not self.prep.request.options or len(self.prep.visits) == 1:
            return True
        spots = option_spots(prepared, self.prep)
        return any(
            there >= spots[number].keys()
            for number in matching_options(prepared, self.prep, placements)
        )

    def _alone(self, visit: Visit) -> Mask:
        """Return the starts of a visit by itself."""
        starts = 0
        for found in options(self.book, self.state, visit):
            starts |= found.starts & self.bounds.starts(self.book.prepared, visit, found.variant)
        return starts

    def _places(self, visit: Visit, starts: Mask, placed: Plan, most: int | None = None) -> Places:
        minutes = {int(visit.clock.minute_of[p.start]) for p in placed.values()}
        return places_of(
            self.book,
            self.state,
            visit,
            self.bounds,
            self.wishes,
            first=not placed,
            starts=starts,
            minutes=frozenset(minutes),
            **({} if most is None else {"most": most}),
        )


class _Search:
    """Depth first, the cheapest places first, a limited number of steps."""

    def __init__(self, plans: Plans, visits: Sequence[Visit], ahead: Mapping[int, Mask]) -> None:
        self.plans = plans
        self.visits = visits
        self.ahead = ahead
        self.steps = STEPS + len(visits)
        self.placed: dict[int, Placement] = {}
        self.best: dict[int, Placement] = {}

    def run(self, first: Placement) -> Plan:
        """Return the plan; the state is the same in the end."""
        self._put(self.visits[0], first)
        try:
            self._extend(1)
            return self.best
        finally:
            for number in reversed(list(self.placed)):
                self.plans.state.remove(number)

    def _put(self, visit: Visit, placement: Placement) -> None:
        self.plans.state.place(visit.index, placement)
        self.placed[visit.index] = placement
        if len(self.placed) > len(self.best) and self.plans.may_stand():
            self.best = dict(self.placed)

    def _take(self, visit: Visit) -> None:
        self.plans.state.remove(visit.index)
        del self.placed[visit.index]

    def _extend(self, at: int) -> bool:
        if at == len(self.visits):
            return True
        visit = self.visits[at]
        for choice in self._choices(visit):
            if self.steps <= 0:
                return False
            self.steps -= 1
            self._put(visit, choice.placement)
            if self._extend(at + 1):
                return True
            self._take(visit)
        return self._without(visit, at)

    def _choices(self, visit: Visit) -> Iterator[Choice]:
        places = self.plans._places(visit, self.ahead[visit.index], self.placed, LATER)
        yield from places.choices(BRANCHES)

    def _without(self, visit: Visit, at: int) -> bool:
        """Go on without an occurrence that a fixed series may miss."""
        series = self.plans.prep.request.series
        if not isinstance(series, FixedSeries) or visit.occurrence not in series.may_miss:
            return False
        if visit.step > 1:
            return False
        while at < len(self.visits) and self.visits[at].occurrence == visit.occurrence:
            at += 1
        return self._extend(at)
