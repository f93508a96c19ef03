"""One question answered: all feasible starts, the best of them ranked, a few of those chosen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from allocator.domain.steering import SteeringPolicy
from allocator.prepare.assignments import place_of
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.suggest.bounds import Bounds
from allocator.suggest.places import places_of
from allocator.suggest.plans import Plan, Plans
from allocator.suggest.reasons import reasons_for
from allocator.suggest.spread import spread, traits_of
from allocator.suggest.suggestion import GoalCost, LoadForecast, Suggestion, Suggestions
from allocator.suggest.why import last_look, quick_look
from allocator.suggest.wishes import Wishes
from allocator.table.allowed import allowed
from allocator.table.price import amounts
from allocator.table.rulebook import Rulebook

#: Choices that are worked out for each that is asked for.
FOR_EACH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How an index is asked; see ``Index.suggest``.

    Attributes
    ----------
    bounds
        Hours and places.
    limit, wanted, forecast, policy, explain
        As asked.
    soonest
        Whether the first that is possible is wanted, not the best.
    """

    bounds: Bounds
    limit: int
    wanted: datetime | None
    forecast: LoadForecast | None
    policy: SteeringPolicy | None
    explain: bool
    soonest: bool = False


@dataclass(frozen=True, slots=True)
class Priced:
    """A plan, with how much more each goal is missed, by its number, and points in all."""

    plan: Plan
    amounts: dict[int, int]
    rank: int


class Engine:
    """Answers one question, beside all that is placed; the state is the same in the end.

    Parameters
    ----------
    book, state
        Rules and goals in force, and what is placed.
    request, visits
        The request, and the numbers of its visits that are to be placed.
    asked
        How it is asked.
    """

    def __init__(
        self,
        book: Rulebook,
        state: State,
        request: PreparedRequest,
        visits: Sequence[int],
        asked: Asked,
    ) -> None:
        self.request = request
        self.book = book
        self.state = state
        self.asked = asked
        self.prepared = book.prepared
        self.wishes = Wishes(book.prepared, asked.forecast, asked.wanted, asked.policy)
        self.visits = [book.prepared.visits[v] for v in visits]

    def answer(self, version: int) -> Suggestions:
        """Return the choices, or why there are none."""
        starts, plans = self._one() if len(self.visits) == 1 else self._several()
        found = [self._priced(plan) for plan in plans if self._allowed(plan)]
        why = None
        if not found and self.asked.explain:
            plan, why = last_look(
                self.book, self.state, self.request, self.visits, self.asked.bounds
            )
            found = [self._priced(plan)] if plan else []
        elif not found and not self.asked.soonest:
            why = quick_look(self.book, self.state, self.visits, self.asked.bounds)
        if self.asked.soonest:
            chosen = sorted(found, key=_first)[: self.asked.limit]
        else:
            chosen = spread(found, self.asked.limit, lambda p: p.rank, self._traits)
        return Suggestions(
            request=self.request.request.id,
            options=tuple(self._told(one) for one in chosen),
            starts=starts,
            version=version,
            why_none=why,
        )

    def _one(self) -> tuple[int, list[Plan]]:
        """Return how many starts a single visit has, and some that are good."""
        (visit,) = self.visits
        places = places_of(self.book, self.state, visit, self.asked.bounds, self.wishes, first=True)
        if self.asked.soonest:
            places = places.on_first_day()
        choices = places.choices(FOR_EACH * self.asked.limit)
        return places.starts.bit_count(), [{visit.index: c.placement} for c in choices]

    def _several(self) -> tuple[int, list[Plan]]:
        """Return how many starts the first of several visits has, and good plans for all."""
        plans = Plans(
            self.book,
            self.state,
            self.wishes,
            self.request,
            self.visits,
            self.asked.bounds,
            self.asked.soonest,
        )
        return plans.found(self.asked.limit)

    def _allowed(self, plan: Plan) -> bool:
        """Say whether every rule allows each visit beside the others of its plan."""
        if len(plan) == 1:
            return True  # the masks have said so
        with self._placed(plan):
            return all(self._stays(number) for number in plan)

    def _stays(self, number: int) -> bool:
        placement = self.state.remove(number)
        try:
            return allowed(self.book, self.state, self.prepared.visits[number], placement)
        finally:
            self.state.place(number, placement)

    @contextmanager
    def _placed(self, plan: Plan) -> Iterator[None]:
        """Have the visits of a plan placed for a while."""
        for number, placement in plan.items():
            self.state.place(number, placement)
        try:
            yield
        finally:
            for number in plan:
                self.state.remove(number)

    def _priced(self, plan: Plan) -> Priced:
        """Return a plan with its exact price by goal, and its rank."""
        paid: dict[int, int] = {}
        beside = 0
        placed = []
        try:
            for number, placement in plan.items():
                visit = self.prepared.visits[number]
                for goal, amount in amounts(self.book, self.state, visit, placement).items():
                    paid[goal] = paid.get(goal, 0) + amount
                beside += self.wishes.of(visit, placement, first=visit is self.visits[0])
                self.state.place(number, placement)
                placed.append(number)
        finally:
            for number in placed:
                self.state.remove(number)
        index = self.request.index
        goals = sum(amount * self.book.blended(goal, index) for goal, amount in paid.items())
        return Priced(plan, paid, goals + beside)

    def _traits(self, one: Priced) -> Sequence[tuple[int, Hashable]]:
        """Return what a plan is like, by its first visit."""
        number, placement = min(one.plan.items(), key=lambda p: p[1].start)
        return traits_of(self.prepared.visits[number], placement)

    def _told(self, one: Priced) -> Suggestion:
        """Return a plan in the user's words."""
        prepared = self.prepared
        order = sorted(one.plan.items(), key=lambda p: (p[1].start, p[0]))
        visits = tuple(place_of(prepared, v, p) for v, p in order)
        loads = (self.wishes.load(prepared.visits[v], p.start, p.duration) for v, p in order)
        load = max((load for load in loads if load is not None), default=None)
        levels = [0] * len(self.book.levels)
        costs = []
        for number, amount in sorted(one.amounts.items()):
            goal, level = self.book.goals[number], self.book.level(number)
            cost = amount * self.book.weight(number, self.request.index)
            levels[level] += cost
            if cost:
                name = self.book.levels[level].name
                costs.append(GoalCost(name, goal.name, goal.unit, amount, cost))
        called = {
            id: prepared.who(prepared.resource_index[id]) for a in visits for id in a.everyone()
        }
        return Suggestion(
            visits=visits,
            costs=tuple(costs),
            levels=tuple(levels),
            rank=one.rank,
            reasons=reasons_for(self.book, self.state, self.wishes, one.plan, one.amounts, load),
            load=load,
            band=self.wishes.band(load),
            saving=self.wishes.saving(load, *order[0]),
            labels=tuple(sorted(called.items())),
        )


def _first(one: Priced) -> tuple[int, int]:
    """Return when a plan begins, and its rank."""
    return min(placement.start for placement in one.plan.values()), one.rank
