"""One question answered: all feasible starts, the best of them ranked, a few of those chosen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import Span
from allocator.prepare import masks
from allocator.prepare.assignments import place_of
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Visit
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.suggest.places import parts_of_days, places_of
from allocator.suggest.reasons import reasons_for
from allocator.suggest.spread import SAME_DAY, SAME_PART, SAME_PEOPLE, SAME_TIME, spread
from allocator.suggest.suggestion import GoalCost, LoadForecast, Suggestion, Suggestions
from allocator.suggest.wishes import Wishes
from allocator.table.price import amounts
from allocator.table.rulebook import Rulebook

#: Where all visits of a request would lie.
Plan = Mapping[int, Placement]
#: Choices that are worked out for each that is asked for.
FOR_EACH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of an index; see ``Index.suggest``.

    Attributes
    ----------
    request, visits
        The request, and the numbers of its visits that are to be placed.
    windows, limit, wanted, forecast, policy, now
        As asked.
    where
        Numbers of the locations where it may take place; None is everywhere.
    """

    request: PreparedRequest
    visits: tuple[int, ...]
    windows: tuple[Span, ...]
    limit: int
    wanted: datetime | None
    forecast: LoadForecast | None
    policy: SteeringPolicy | None
    now: datetime | None
    where: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A plan, with what each goal pays more, by its number, and points in all."""

    plan: Plan
    amounts: dict[int, int]
    rank: int


class Engine:
    """Answers one question, beside all that is placed; the state is the same in the end."""

    def __init__(self, book: Rulebook, state: State, asked: Asked) -> None:
        self.book = book
        self.state = state
        self.asked = asked
        self.prepared = book.prepared
        self.wishes = Wishes(book.prepared, asked.forecast, asked.wanted, asked.policy)
        self.visits = [book.prepared.visits[v] for v in asked.visits]

    def answer(self, version: int) -> Suggestions:
        """Return the choices, or why there are none."""
        starts, found = self._single()
        chosen = spread(found, self.asked.limit, lambda p: p.rank, self._traits)
        return Suggestions(
            request=self.asked.request.request.id,
            options=tuple(self._told(one) for one in chosen),
            starts=starts,
            version=version,
        )

    def _single(self) -> tuple[int, list[Priced]]:
        """Return how many starts a single visit has, and some that are good."""
        (visit,) = self.visits
        places = places_of(
            self.book,
            self.state,
            visit,
            self._within(visit),
            self.wishes,
            first=True,
            where=self.asked.where,
        )
        choices = places.choices(FOR_EACH * self.asked.limit)
        return places.starts.bit_count(), [
            Priced({visit.index: c.placement}, {}, c.cost) for c in choices
        ]

    def _within(self, visit: Visit) -> Mask:
        """Return the ticks in which a visit may lie, by what was asked."""
        prepared, asked = self.prepared, self.asked
        ticks = prepared.all_ticks
        if asked.windows:
            ticks &= prepared.window((w.start, w.end) for w in asked.windows)
        if asked.now is not None:
            notice = visit.service.notice_minutes if visit.service is not None else 0
            soonest = prepared.horizon.tick_at_or_after(asked.now + timedelta(minutes=notice))
            ticks &= ~masks.span(0, soonest)
        return ticks

    def _traits(self, one: Priced) -> Sequence[tuple[int, Hashable]]:
        """Return what a plan is like: its day, part of the day, time and people."""
        number, placement = min(one.plan.items(), key=lambda p: p[1].start)
        visit = self.prepared.visits[number]
        clock = visit.clock
        day, minute = int(clock.day_of[placement.start]), int(clock.minute_of[placement.start])
        serving = tuple(
            members
            for need, members in zip(visit.needs, placement.team, strict=True)
            if not need.attendee
        )
        part = int(parts_of_days(clock, masks.ticks_of(1 << placement.start))[0])
        return (
            (SAME_DAY, ("day", day)),
            (SAME_PART, ("part", part)),
            (SAME_TIME, ("time", minute)),
            (SAME_PEOPLE, ("people", serving)),
        )

    def _told(self, one: Priced) -> Suggestion:
        """Return a plan in the user's words."""
        paid = self._paid(one.plan)
        order = sorted(one.plan.items(), key=lambda p: (p[1].start, p[0]))
        visits = tuple(place_of(self.prepared, v, p) for v, p in order)
        loads = [
            load
            for v, p in order
            if (load := self.wishes.load(self.prepared.visits[v], p.start, p.duration)) is not None
        ]
        load = max(loads, default=None)
        levels = [0] * len(self.book.levels)
        costs = []
        for number, amount in sorted(paid.items()):
            goal, level = self.book.goals[number], self.book.level(number)
            cost = amount * self.book.weight(number, self.asked.request.index)
            levels[level] += cost
            if cost:
                name = self.book.levels[level].name
                costs.append(GoalCost(name, goal.name, goal.unit, amount, cost))
        called = {
            id: self.prepared.who(self.prepared.resource_index[id])
            for a in visits
            for id in a.everyone()
        }
        return Suggestion(
            visits=visits,
            costs=tuple(costs),
            levels=tuple(levels),
            rank=one.rank,
            reasons=reasons_for(self.book, self.state, self.wishes, one.plan, paid, load),
            load=load,
            band=self.wishes.band(load),
            saving=self.wishes.saving(load, *order[0]),
            labels=tuple(sorted(called.items())),
        )

    def _paid(self, plan: Plan) -> dict[int, int]:
        """Return by goal how much more is missed with all visits of a plan than without."""
        found: dict[int, int] = {}
        placed = []
        try:
            for number, placement in sorted(plan.items()):
                visit = self.prepared.visits[number]
                for goal, amount in amounts(self.book, self.state, visit, placement).items():
                    found[goal] = found.get(goal, 0) + amount
                self.state.place(number, placement)
                placed.append(number)
        finally:
            for number in placed:
                self.state.remove(number)
        return found


def answer(book: Rulebook, state: State, asked: Asked, version: int) -> Suggestions:
    """Suggest places for the visits of a request; the state is the same in the end."""
    return Engine(book, state, asked).answer(version)
