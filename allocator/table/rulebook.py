"""The rules and goals in force for a problem, with what they need no state for remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from allocator.domain.faults import InvalidProblem
from allocator.domain.names import name_faults
from allocator.goals.goal import Goal
from allocator.goals.served import Served
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State

LEVEL_SCALE = 10**6


class Rulebook:
    """The rules and goals in force.

    Parameters
    ----------
    prepared
        The problem.
    rules, goals
        All that are known; the problem says which are switched off, and what goals weigh.

    Raises
    ------
    InvalidProblem
        When the problem names a rule or goal that does not exist, or is without a rule that is
        built into the ways to hold a visit.
    """

    def __init__(self, prepared: Prepared, rules: Sequence[Rule], goals: Sequence[Goal]) -> None:
        problem = prepared.problem
        self.prepared = prepared
        faults = tuple(
            name_faults(problem.levels, problem.without_rules, problem.requests, rules, goals)
        )
        if faults:
            raise InvalidProblem(faults)
        self.rules = tuple(
            rule
            for rule in rules
            if rule.name not in problem.without_rules and rule.relevant(prepared)
        )
        self.levels = problem.objective
        by_name = {goal.name: goal for goal in goals}
        self.goals: list[Goal] = []
        self._weights: list[tuple[int, int]] = []
        for number, level in enumerate(self.levels):
            for name, weight in level.goals:
                goal = by_name.get(name)
                if name.startswith("served:"):
                    goal = Served(int(name.split(":")[1]))
                if goal is not None and weight and goal.relevant(prepared):
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
        self.moving_starts = _having(self.rules, "starts", moving=True)
        self.moving_with = _having(self.rules, "starts_with", moving=True)
        self.team_rules = _having(self.rules, "team_allowed")
        self.cost_goals = self._goals_having("costs")
        self.cost_with_goals = self._goals_having("costs_with")
        self.team_goals = self._goals_having("team_cost")
        self._visit_masks: dict[tuple[int, Variant], Mask] = {}
        self._resource_masks: dict[tuple[Any, ...], Mask] = {}

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

    def static_mask(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts that rules which need no state allow a visit."""
        key = (visit.index, variant)
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
        service = visit.service.id if visit.service is not None else None
        asked = (service, visit.session is not None, visit.priority)
        key = (*asked, variant.duration, visit.needs[need].role, resource)
        if key not in self._resource_masks:
            mask = self.prepared.all_ticks
            for rule in self.static_with:
                mask &= rule.starts_with(state, visit, variant, need, resource)
            self._resource_masks[key] = mask
        return self._resource_masks[key]

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
