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
from allocator.suggest.places import FEW_RESOURCES, LATER, RESOURCES, STARTS, Places, places_of
from allocator.suggest.spread import spread, traits_of
from allocator.suggest.wishes import Wishes
from allocator.table.costs import Choice
from allocator.table.options import options
from allocator.table.rulebook import Rulebook

#: Where visits of a request would lie, by their numbers; and with what that costs.
Plan = Mapping[int, Placement]
Costed = tuple[Plan, int]

#: Plans that are worked out beyond those that are asked for.
MORE = 3
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

    def found(self, most: int) -> tuple[int, list[Costed]]:
        """Return how many starts the first visit may have, and as many plans or a few more.

        Each holds all visits or, where nothing whole is found, as many as may be placed without
        the others.
        """
        pending, self.state.pending = self.state.pending, frozenset(v.index for v in self.visits)
        try:
            return self._found(most)
        finally:
            self.state.pending = pending

    def first_starts(self) -> Mask:
        """Return the starts of the first visit from which the later ones may follow in time."""
        starts = 0
        for visits in self._groups():
            alone = {visit.index: self.alone(visit) for visit in visits}
            ahead = reachable(self.book.prepared, self.prep, visits, alone)
            starts |= ahead[visits[0].index]
        return starts

    def _found(self, most: int) -> tuple[int, list[Costed]]:
        starts, whole, parts = 0, list[Costed](), list[Costed]()
        for visits in self._groups():
            alone = {visit.index: self.alone(visit) for visit in visits}
            ahead = reachable(self.book.prepared, self.prep, visits, alone)
            visits = self._without_first(visits, ahead)
            places = self.places(visits[0], ahead[visits[0].index], {})
            starts += places.starts.bit_count()
            for seed in self._in_order(places, SEEDS_FOR_EACH * most):
                plan, cost = _Search(self, visits, ahead).run(seed)
                if len(plan) == len(visits):
                    whole.append((plan, cost))
                elif plan:
                    parts.append((plan, cost))
                if len(whole) == most + MORE:
                    return starts, whole
        longest = max((len(plan) for plan, _ in parts), default=0)
        return starts, whole or [one for one in parts if len(one[0]) == longest]

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

    def _without_first(self, visits: Sequence[Visit], ahead: Mapping[int, Mask]) -> Sequence[Visit]:
        """Return visits without the first occurrences that have no start, and may be missed."""
        series = self.prep.request.series
        missed = series.may_miss if isinstance(series, FixedSeries) else frozenset[int]()
        for visit in visits:
            if visit.step == 1 and (visit.occurrence not in missed or ahead[visit.index]):
                return [v for v in visits if v.occurrence >= visit.occurrence]
        return visits

    def _in_order(self, places: Places, most: int) -> list[Choice]:
        """Return first places, those of different kinds before others of the same."""
        some = places.choices(most)
        if self.soonest:
            return sorted(some, key=lambda c: (c.placement.start, c.cost))
        return spread(
            some, len(some), lambda c: c.cost, lambda c: traits_of(places.visit, c.placement)
        )

    def better(self, plan: Plan) -> Plan:
        """Return a plan with the same starts and, where that is cheaper, other people.

        Visits were placed in order, the first ones without regard to who is free for the last.
        """
        state, found = self.state, dict(plan)
        with state.having(plan):
            for number in plan:
                visit = self.book.prepared.visits[number]
                before = state.remove(number)
                here = places_of(
                    self.book,
                    state,
                    visit,
                    self.bounds,
                    self.wishes,
                    first=visit is self.visits[0],
                    starts=1 << before.start,
                ).choices(1)
                found[number] = here[0].placement if here else before
                state.place(number, found[number])
        return found

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

    def alone(self, visit: Visit) -> Mask:
        """Return the starts of a visit by itself."""
        starts = 0
        for found in options(self.book, self.state, visit):
            starts |= found.starts & self.bounds.starts(self.book.prepared, visit, found.variant)
        return starts

    def places(self, visit: Visit, starts: Mask, placed: Plan) -> Places:
        """Return the places of a visit beside those that are placed of the request."""
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
            resources=FEW_RESOURCES if placed else RESOURCES,
            most=LATER if placed else STARTS,
        )


class _Search:
    """Depth first, the cheapest places first, a limited number of steps."""

    def __init__(self, plans: Plans, visits: Sequence[Visit], ahead: Mapping[int, Mask]) -> None:
        self.plans = plans
        self.visits = visits
        self.ahead = ahead
        self.steps = STEPS + len(visits)
        self.placed: dict[int, Placement] = {}
        self.costs: list[int] = []
        self.best: tuple[dict[int, Placement], int] = {}, 0

    def run(self, first: Choice) -> Costed:
        """Return the plan, with what it costs; the state is the same in the end."""
        self._put(self.visits[0], first)
        try:
            self._extend(1)
            return self.best
        finally:
            for number in reversed(list(self.placed)):
                self.plans.state.remove(number)

    def _put(self, visit: Visit, choice: Choice) -> None:
        self.plans.state.place(visit.index, choice.placement)
        self.placed[visit.index] = choice.placement
        self.costs.append(choice.cost)
        if len(self.placed) > len(self.best[0]) and self.plans.may_stand():
            self.best = dict(self.placed), sum(self.costs)

    def _take(self, visit: Visit) -> None:
        self.plans.state.remove(visit.index)
        del self.placed[visit.index]
        self.costs.pop()

    def _extend(self, at: int) -> bool:
        if at == len(self.visits):
            return True
        visit = self.visits[at]
        for choice in self._choices(visit):
            if self.steps <= 0:
                return False
            self.steps -= 1
            self._put(visit, choice)
            if self._extend(at + 1):
                return True
            self._take(visit)
        return self._without(visit, at)

    def _choices(self, visit: Visit) -> Iterator[Choice]:
        places = self.plans.places(visit, self.ahead[visit.index], self.placed)
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
