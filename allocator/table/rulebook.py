"""The rules and goals in force for a problem, with what they need no state for remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import count
from typing import Any, NamedTuple

from allocator.domain.faults import InvalidProblem
from allocator.domain.names import name_faults
from allocator.domain.request import Request
from allocator.goals.goal import Goal
from allocator.goals.served import Served
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State

LEVEL_SCALE = 10**6

#: Every class of priority that there may be.
CLASSES = range(1, 10)

#: What tells the variants of a visit apart: duration, location and session.
Way = tuple[int, int, int]

_NUMBERS = count()


class Kind(NamedTuple):
    """What visits are alike in, as far as a resource can tell them apart, as numbers.

    Attributes
    ----------
    static
        The same where rules that do not move say the same.
    claims
        The same where rules say the same that look at what the resource holds.
    both
        The same where both are.
    """

    static: int
    claims: int
    both: int


class Rulebook:
    """The rules and goals in force.

    Parameters
    ----------
    prepared
        The problem.
    rules, goals
        All that are known; the problem says which are switched off, and what goals weigh.
    more
        Whether requests may be admitted later on: rules and goals that no request asks for yet
        are in force as well, and there is a level for each class of priority.

    Raises
    ------
    InvalidProblem
        When the problem names a rule or goal that does not exist, or is without a rule that is
        built into the ways to hold a visit.
    """

    def __init__(
        self,
        prepared: Prepared,
        rules: Sequence[Rule],
        goals: Sequence[Goal],
        *,
        more: bool = False,
    ) -> None:
        problem = prepared.problem
        self.prepared = prepared
        self._known = tuple(goals)
        faults = tuple(
            name_faults(problem.levels, problem.without_rules, problem.requests, rules, goals)
        )
        if faults:
            raise InvalidProblem(faults)
        self.rules = tuple(
            rule
            for rule in rules
            if rule.name not in problem.without_rules
            and (rule.relevant(prepared) or (more and rule.of_requests))
        )
        self.levels = problem.objective_for(CLASSES) if more else problem.objective
        by_name = {goal.name: goal for goal in goals}
        self.goals: list[Goal] = []
        self._weights: list[tuple[int, int]] = []
        for number, level in enumerate(self.levels):
            for name, weight in level.goals:
                goal = by_name.get(name)
                if name.startswith("served:"):
                    goal = Served(int(name.split(":")[1]))
                if (
                    goal is not None
                    and weight
                    and (goal.relevant(prepared) or (more and goal.of_requests))
                ):
                    self.goals.append(goal)
                    self._weights.append((number, weight))
        self.settled = frozenset(
            r.index
            for r in prepared.requests
            if all(visit in prepared.frozen for visit in r.visits)
        )
        self._own = [
            {name: weight for name, weight in r.request.weights} for r in prepared.requests
        ]
        lower = [
            n
            for n, level in enumerate(self.levels)
            if any(not goal.startswith("served:") for goal, _ in level.goals)
        ]
        self._scale = {n: LEVEL_SCALE ** (len(lower) - 1 - i) for i, n in enumerate(lower[:3])}
        self._index()

    def _index(self) -> None:
        self.static_starts = _having(self.rules, "starts", moving=False)
        self.static_with = _having(self.rules, "starts_with", moving=False)
        self._moving_starts = _having(self.rules, "starts", moving=True)
        moving_with = _having(self.rules, "starts_with", moving=True)
        self._of_claims = tuple(rule for rule in moving_with if rule.of_claims)
        self._moving_with = tuple(rule for rule in moving_with if not rule.of_claims)
        self.team_rules = _having(self.rules, "team_allowed")
        self.rivalry = _having(self.rules, "rivals")
        self.cost_goals = self._goals_having("costs")
        self.cost_with_goals = self._goals_having("costs_with")
        self.team_goals = self._goals_having("team_cost")
        self._visit_masks: dict[tuple[int, Way], Mask] = {}
        self._resource_masks: dict[tuple[int, int], Mask] = {}
        self._same: dict[Mask, Mask] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._kinds_of: dict[tuple[int, Way], tuple[Kind, ...]] = {}
        self._concerned: dict[int, tuple[tuple[Rule, ...], tuple[Rule, ...]]] = {}

    @property
    def weighed(self) -> list[tuple[Goal, int, int]]:
        """The goals in force, each with the number of its level and its weight."""
        return [(g, *w) for g, w in zip(self.goals, self._weights, strict=True)]

    def changed(
        self, prepared: Prepared, rules: Sequence[Rule], goals: Sequence[tuple[Goal, int, int]]
    ) -> Rulebook:
        """Return a copy with other rules and goals in force: a solver's problem on the way.

        Parameters
        ----------
        prepared
            The same problem, perhaps without some rules.
        rules
            The rules.
        goals
            The goals, each with the number of its level and its weight.
        """
        other = copy(self)
        other.prepared = prepared
        other.rules = tuple(rules)
        other.goals = [goal for goal, _, _ in goals]
        other._weights = [(level, weight) for _, level, weight in goals]
        other._index()
        return other

    def part_of(self, level: int, goals: Sequence[Goal]) -> Rulebook:
        """Return a copy in which only some goals of a level count, as if there was no other."""
        some = [weighed for weighed in self.weighed if weighed[0] in goals and weighed[1] == level]
        other = self.changed(self.prepared, self.rules, some)
        other._scale = {level: 1}
        return other

    def serves(self, level: int) -> bool:
        """Say whether a level is about served requests alone, whether anybody asks or not."""
        names = [name for name, _ in self.levels[level].goals]
        return bool(names) and all(name.startswith("served:") for name in names)

    def weight(self, goal: int, request: int) -> int:
        """Return what a unit of a goal (by number) weighs in the name of a request, or of none."""
        weight = self._weights[goal][1]
        if request >= 0 and self._own[request] and not self.goals[goal].common:
            return self._own[request].get(self.goals[goal].name, weight)
        return weight

    def level(self, goal: int) -> int:
        """Return the number of a goal's level."""
        return self._weights[goal][0]

    def blended(self, goal: int, request: int) -> int:
        """Return a goal's weight with all levels on one scale, for picking among placements."""
        return self.weight(goal, request) * self._scale.get(self.level(goal), 0)

    def moving(self, visit: Visit) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """Return the rules that look at what is placed and may concern a visit.

        First those with ``starts``, then those with ``starts_with``, except such as look at
        nothing but what resources hold: ``claims_mask`` knows what they say.
        """
        found = self._concerned.get(visit.index)
        if found is None:
            prepared = self.prepared
            found = self._concerned[visit.index] = (
                tuple(rule for rule in self._moving_starts if rule.concerns(prepared, visit)),
                tuple(rule for rule in self._moving_with if rule.concerns(prepared, visit)),
            )
        return found

    def static_mask(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts that rules which need no state allow a visit."""
        key = (visit.index, variant[:3])
        if key not in self._visit_masks:
            mask = masks.span(0, self.prepared.ticks - variant.duration + 1)
            for rule in self.static_starts:
                mask &= rule.starts(state, visit, variant)
            self._visit_masks[key] = mask
        return self._visit_masks[key]

    def static_mask_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that rules which need no state allow a visit with a resource."""
        key = (self.kinds(visit, variant)[need].static, resource)
        if key not in self._resource_masks:
            mask = self.prepared.all_ticks
            for rule in self.static_with:
                mask &= rule.starts_with(state, visit, variant, need, resource)
            # Most resources have the calendar of some others: one mask for all of them.
            self._resource_masks[key] = self._same.setdefault(mask, mask)
        return self._resource_masks[key]

    def mask_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that a visit may have with a resource and beside what that one holds.

        It is remembered by the state until the resource holds something else.
        """
        kind, known = self.kinds(visit, variant)[need], state.known(resource)
        claims = known.get(kind.claims)
        if claims is None:
            claims = self.claims_mask(state, visit, variant, need, resource)
            if not state.lean:
                known[kind.claims] = claims
        mask = self.static_mask_with(state, visit, variant, need, resource) & claims
        known[kind.both] = mask
        return mask

    def claims_mask(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that a visit may have beside what a resource holds.

        Rules that look at anything else that is placed are left out.
        """
        mask = self.prepared.all_ticks
        for rule in self._of_claims:
            if not mask:
                break
            mask &= rule.starts_with(state, visit, variant, need, resource)
        return mask

    def kinds(self, visit: Visit, variant: Variant) -> tuple[Kind, ...]:
        """Return, for each need of a variant, what is the same where resources tell nothing apart.

        No other rulebook has the same numbers, so that a state may be asked by several.
        """
        key = (visit.index, variant[:3])
        found = self._kinds_of.get(key)
        if found is None:
            found = self._kinds_of[key] = tuple(self._kinds_for(visit, variant))
        return found

    def _kinds_for(self, visit: Visit, variant: Variant) -> Iterator[Kind]:
        who = self._who(visit, variant)
        seen = tuple([rule.sees(self.prepared, visit, variant) for rule in self._of_claims])
        for need in visit.needs:
            what = (need.covers(variant.duration), need.before, need.after, need.uses)
            static, claims = self._number((who, need.role)), self._number((what, seen))
            yield Kind(static, claims, self._number((static, claims)))

    def _who(self, visit: Visit, variant: Variant) -> tuple[Any, ...]:
        service = visit.service.id if visit.service is not None else None
        return service, visit.session is not None, visit.priority, variant.duration

    def _number(self, key: tuple[Any, ...]) -> int:
        if key not in self._numbers:
            self._numbers[key] = next(_NUMBERS)
        return self._numbers[key]

    def admit(self, request: Request) -> None:
        """Take in a request that was admitted to the problem, under its number.

        Raises
        ------
        InvalidProblem
            When it weighs a goal that does not exist, or that belongs to all.
        """
        faults = tuple(name_faults((), (), (request,), (), self._known))
        if faults:
            raise InvalidProblem(faults)
        number = self.prepared.request_index[request.id]
        self._own[number : number + 1] = [dict(request.weights)]

    def forget(self, state: State, visit: Visit) -> None:
        """Forget what is remembered of a visit, whose number another one may get.

        What is the same for all visits of its service is kept.
        """
        self._concerned.pop(visit.index, None)
        for variant in visit.variants:
            key = (visit.index, variant[:3])
            self._visit_masks.pop(key, None)
            for need, kind in zip(visit.needs, self._kinds_of.pop(key, ()), strict=False):
                if need.attendee:
                    (resource,) = need.resources
                    self._resource_masks.pop((kind.static, resource), None)
                    state.known(resource).pop(kind.both, None)
                    self._numbers.pop((kind.static, kind.claims), None)
                    self._numbers.pop((self._who(visit, variant), need.role), None)

    def _goals_having(self, face: str) -> list[tuple[int, Goal]]:
        return [
            (n, goal)
            for n, goal in enumerate(self.goals)
            if getattr(type(goal), face) is not getattr(Goal, face)
        ]


def _having(rules: Sequence[Rule], face: str, *, moving: bool | None = None) -> tuple[Rule, ...]:
    default: Callable[..., Any] = getattr(Rule, face)
    return tuple(
        rule
        for rule in rules
        if getattr(type(rule), face) is not default and (moving is None or rule.moving is moving)
    )
