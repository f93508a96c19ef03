"""One question answered: all feasible starts, the best of them ranked, a few of those chosen."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from allocator.domain.schedule import Claim
from allocator.domain.steering import SteeringPolicy
from allocator.prepare import masks
from allocator.prepare.assignments import claims_of_visit, place_of
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Visit
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.suggest.bounds import Bounds
from allocator.suggest.opening import openings
from allocator.suggest.places import RESOURCES, STARTS, Places, places_of
from allocator.suggest.plans import Plan, Plans
from allocator.suggest.reasons import reasons_for
from allocator.suggest.spread import spread, traits_of
from allocator.suggest.suggestion import (
    ExpectedLoad,
    GoalCost,
    Reason,
    Suggestion,
    Suggestions,
    Tag,
    WhyNone,
)
from allocator.suggest.waiting import Waiting, displaced
from allocator.suggest.why import last_look, quick_look
from allocator.suggest.wishes import Wishes, known_to
from allocator.table.allowed import allowed
from allocator.table.price import amounts, amounts_of
from allocator.table.rulebook import Rulebook

#: Points for each request that would lose its last place: more than comfort is worth.
LAST_PLACE = 20_000
#: Choices that are worked out for each that is asked for.
FOR_EACH = 3


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
    until
        When all visits have to be over outside the hours asked for; None is the horizon.
    stays
        Whether the request's own windows count outside the hours asked for as well.
    opens
        Whether a group session that has no place yet may be given one.
    """

    bounds: Bounds
    limit: int
    wanted: datetime | None
    forecast: ExpectedLoad | None
    policy: SteeringPolicy | None
    explain: bool
    soonest: bool = False
    until: datetime | None = None
    stays: bool = False
    opens: bool = True


@dataclass(frozen=True, slots=True)
class Ranked:
    """A plan with its points in all, and the ids of those who would lose their last place."""

    plan: Plan
    rank: int
    displaces: tuple[str, ...] = ()


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
    waiting
        Others who wait for a place.
    gone
        Where visits lie that are thought to be gone.
    """

    def __init__(
        self,
        book: Rulebook,
        state: State,
        request: PreparedRequest,
        visits: Sequence[int],
        asked: Asked,
        waiting: Waiting,
        gone: Collection[Placement] = (),
    ) -> None:
        self.request = request
        self.waiting = waiting
        self.book = book
        self.state = state
        self.asked = asked
        self.prepared = book.prepared
        familiar = known_to(state, request, gone)
        self.wishes = Wishes(book.prepared, asked.forecast, asked.wanted, asked.policy, familiar)
        self.visits = [book.prepared.visits[v] for v in visits]

    def answer(self, version: int) -> Suggestions:
        """Return the choices, or why there are none."""
        starts, found = self._one() if len(self.visits) == 1 else self._several()
        why, asked = None, self.asked
        if not found and asked.explain:
            plan, why = last_look(self.book, self.state, self.request, self.visits, asked.bounds)
            if plan and (asked.opens or not self._opens(plan)):
                found = [self._ranked(plan)]
            elif plan:
                why = WhyNone("A group session would have to be held for it.")
        elif not found and not asked.soonest:
            why = quick_look(self.book, self.state, self.visits, asked.bounds)
        chosen = self._chosen(self._beside_others(found))
        return Suggestions(
            request=self.request.request.id,
            options=tuple(
                self._told(one, paid)
                for one, paid in zip(chosen, self._paid_by_all(chosen), strict=True)
            ),
            starts=starts,
            version=version,
            why_none=why,
        )

    def _beside_others(self, found: list[Ranked]) -> list[Ranked]:
        """Return plans with what they do to those who wait."""
        danger = self.waiting.in_danger(self.book, self.state, self.request) if found else []
        if not danger:
            return found
        who = [displaced(self.book, self.state, danger, one.plan) for one in found]
        return [
            replace(one, rank=one.rank + LAST_PLACE * len(some), displaces=some)
            for one, some in zip(found, who, strict=True)
        ]

    def _chosen(self, found: list[Ranked]) -> list[Ranked]:
        """Return those that are suggested; what rules do not allow, all in all, is left out."""
        while True:
            if self.asked.soonest:
                chosen = sorted(found, key=_first)[: self.asked.limit]
            else:
                chosen = spread(found, self.asked.limit, _rank, self._traits)
            wrong = [one for one in chosen if not self._allowed(one.plan)]
            if not wrong:
                return chosen
            found = [one for one in found if one not in wrong]

    def _one(self) -> tuple[int, list[Ranked]]:
        """Return how many starts a single visit has, and some that are good."""
        (visit,) = self.visits
        if self.asked.soonest:
            return self._soonest(visit)
        limit = self.asked.limit
        places = self._places(visit, RESOURCES, STARTS)
        choices = places.choices(FOR_EACH * limit)
        if len(choices) < min(limit, places.starts.bit_count()):
            # Those that were thought of cannot all come together: everybody and every start.
            places = self._places(visit, None, None)
            choices = places.choices(FOR_EACH * limit)
        if len(choices) < limit:
            choices += places.other_people(choices, limit - len(choices))
        if not choices:
            return self._opened(visit)
        found = [Ranked({visit.index: c.placement}, c.cost) for c in choices]
        return places.starts.bit_count(), found

    def _opened(self, visit: Visit) -> tuple[int, list[Ranked]]:
        """Return how many starts there are with a group session held for a visit, and the best."""
        asked = self.asked
        if not asked.opens or not visit.joins:
            return 0, []
        starts, found = openings(
            self.book,
            self.state,
            visit,
            asked.bounds,
            self.wishes,
            FOR_EACH * asked.limit,
            soonest=asked.soonest,
        )
        return starts, [self._ranked(plan) for plan, _ in found]

    def _soonest(self, visit: Visit) -> tuple[int, list[Ranked]]:
        """Return how many starts a visit has, and the first at which it can be held, by days."""
        starts = self.plans().alone(visit)
        left, clock = starts, visit.clock
        while left:
            day = clock.day_mask(int(clock.day_of[masks.lowest(left)]))
            choice = self._places(visit, None, None, left & day).first()
            if choice is not None:
                return starts.bit_count(), [Ranked({visit.index: choice.placement}, choice.cost)]
            left &= ~day
        return self._opened(visit)

    def _places(
        self, visit: Visit, resources: int | None, most: int | None, starts: Mask = -1
    ) -> Places:
        return places_of(
            self.book,
            self.state,
            visit,
            self.asked.bounds,
            self.wishes,
            first=True,
            starts=starts,
            resources=resources,
            most=most,
        )

    def _several(self) -> tuple[int, list[Ranked]]:
        """Return how many starts the first of several visits has, and good plans for all."""
        plans = self.plans()
        starts, found = plans.found(self.asked.limit)
        good = spread([Ranked(*one) for one in found], self.asked.limit, _rank, self._traits)
        return starts, [self._ranked(plans.better(one.plan)) for one in good]

    def best(self) -> Ranked | None:
        """Return the best plan there is, or None."""
        _, found = self._one() if len(self.visits) == 1 else self._several()
        return next(iter(self._chosen(found)), None)

    def plans(self) -> Plans:
        return Plans(
            self.book,
            self.state,
            self.wishes,
            self.request,
            self.visits,
            self.asked.bounds,
            self.asked.soonest,
        )

    def _allowed(self, plan: Plan) -> bool:
        """Say whether every rule allows each visit beside the others of its plan."""
        if len(plan) == 1:
            return True  # the masks have said so
        with self.state.having(plan):
            return all(self._stays(number) for number in plan)

    def _stays(self, number: int) -> bool:
        placement = self.state.remove(number)
        try:
            return allowed(self.book, self.state, self.prepared.visits[number], placement)
        finally:
            self.state.place(number, placement)

    def _ranked(self, plan: Plan) -> Ranked:
        """Return a plan with its points: what goals pay, and what the asker bears beside."""
        first, index = self.visits[0].index, self.request.index
        paid = self._paid(plan).items()
        points = sum(amount * self.book.blended(goal, index) for goal, amount in paid)
        for number, placement in plan.items():
            visit = self.prepared.visits[number]
            points += self.wishes.of(visit, placement, first=number == first)
            points -= self.asked.bounds.worth(visit, placement)
        return Ranked(plan, points)

    def _paid_by_all(self, chosen: Sequence[Ranked]) -> list[dict[int, int]]:
        """Return what each of some plans pays."""
        if len(self.visits) > 1 or any(len(one.plan) > 1 for one in chosen):
            return [self._paid(one.plan) for one in chosen]
        (visit,) = self.visits
        places = [one.plan[visit.index] for one in chosen]
        return amounts_of(self.book, self.state, visit, places)

    def _paid(self, plan: Plan) -> dict[int, int]:
        """Return by goal (its number) how much more is missed with a plan than without."""
        if len(plan) == 1:
            ((number, placement),) = plan.items()
            return amounts(self.book, self.state, self.prepared.visits[number], placement)
        paid: dict[int, int] = {}
        placed = []
        try:
            for number, placement in plan.items():
                visit = self.prepared.visits[number]
                for goal, amount in amounts(self.book, self.state, visit, placement).items():
                    paid[goal] = paid.get(goal, 0) + amount
                self.state.place(number, placement)
                placed.append(number)
        finally:
            for number in placed:
                self.state.remove(number)
        return paid

    def _traits(self, one: Ranked) -> Sequence[tuple[int, Hashable]]:
        """Return what a plan is like, by its first visit; of a series all are alike in that."""
        number, placement = min(one.plan.items(), key=lambda p: p[1].start)
        traits = traits_of(self.prepared.visits[number], placement)
        return [(len(one.plan) * points, trait) for points, trait in traits]

    def _opens(self, plan: Plan) -> list[Visit]:
        """Return the group sessions that are held only for a plan."""
        visits = (self.prepared.visits[number] for number in sorted(plan))
        return [visit for visit in visits if visit.session is not None]

    def _crowded(self, plan: Plan) -> tuple[Claim, ...]:
        """Return what a plan takes of the resources of which it needs lanes that were added."""
        taken = [c for v, p in sorted(plan.items()) for c in self.prepared.visits[v].claims(p)]
        needs = (self.state.crowded(c.resource, c.uses, c.first, c.end) for c in taken)
        some = {
            self.prepared.resources[c.resource].id for c, n in zip(taken, needs, strict=True) if n
        }
        if not some:
            return ()
        claims = (c for v, p in sorted(plan.items()) for c in claims_of_visit(self.prepared, v, p))
        return tuple(claim for claim in claims if claim.resource in some)

    def _told(self, one: Ranked, paid: dict[int, int]) -> Suggestion:
        """Return a plan in the user's words."""
        prepared = self.prepared
        order = sorted(one.plan.items(), key=lambda p: (p[1].start, p[0]))
        visits = tuple(place_of(prepared, v, p) for v, p in order)
        own = [(v, p) for v, p in order if prepared.visits[v].session is None]
        loads = (self.wishes.load(prepared.visits[v], p.start, p.duration) for v, p in order)
        load = max((load for load in loads if load is not None), default=None)
        levels = [0] * len(self.book.levels)
        costs = []
        for number, amount in sorted(paid.items()):
            goal, level = self.book.goals[number], self.book.level(number)
            cost = amount * self.book.weight(number, self.request.index)
            levels[level] += cost
            if cost:
                name = self.book.levels[level].name
                costs.append(GoalCost(name, goal.name, goal.unit, amount, cost))
        crowded = self._crowded(one.plan)
        opens = [visit.id for visit in self._opens(one.plan)]
        called = {
            id: prepared.who(prepared.resource_index[id]) for a in visits for id in a.everyone()
        }
        return Suggestion(
            visits=visits,
            costs=tuple(costs),
            levels=tuple(levels),
            rank=one.rank,
            reasons=(
                *reasons_for(self.book, self.state, self.wishes, one.plan, paid, load),
                *(Reason(Tag.OPENS, f"{v.id} would be held for it") for v in self._opens(one.plan)),
                *_beside(crowded, called),
                *(Reason(Tag.DISPLACES, f"takes the last place of {id}") for id in one.displaces),
            ),
            load=load,
            band=self.wishes.band(load),
            saving=self.wishes.saving(load, *own[0]),
            displaces=one.displaces,
            opens=tuple(opens),
            crowded=crowded,
            labels=tuple(sorted(called.items())),
        )


def _beside(crowded: Sequence[Claim], called: Mapping[str, str]) -> Iterator[Reason]:
    """Yield that somebody, or something, would serve more at once than usual."""
    who = " and ".join(called[id] for id in sorted({claim.resource for claim in crowded}))
    if who:
        yield Reason(Tag.EXTRA_LANE, f"beside others of {who}, in a lane that was added")


def _rank(one: Ranked) -> int:
    return one.rank


def _first(one: Ranked) -> tuple[int, int]:
    """Return when a plan begins, and its rank."""
    return min(placement.start for placement in one.plan.values()), one.rank
