"""Cuts: which starts each fact takes from a visit, asked of each rule once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from allocator.explain.facts import Fact, has_face, owner
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State

#: Facts, each with the starts that it leaves; those that leave all are not named.
Leaving = tuple[tuple[Fact, Mask], ...]


class Cuts:
    """What each fact takes from the starts of visits, all that is placed fixed.

    Parameters
    ----------
    rules
        The rules in force, in their order.
    state
        What is placed.
    """

    def __init__(self, rules: Sequence[Rule], state: State) -> None:
        self.rules = tuple(rules)
        self.state = state
        self._known: dict[Rule, dict[tuple[Any, ...], Mask]] = {rule: {} for rule in rules}
        self._starts = tuple(rule for rule in rules if has_face(rule, "starts"))
        self._starts_with = tuple(rule for rule in rules if has_face(rule, "starts_with"))

    def instead(self, rule: Rule) -> Cuts:
        """Return the cuts with another rule in place of the one of its name."""
        other = Cuts([rule if r.name == rule.name else r for r in self.rules], self.state)
        for known in other._known.keys() & self._known.keys():
            other._known[known] = self._known[known]
        return other

    def of(self, visit: Visit, variant: Variant) -> Leaving:
        """Return the facts that take starts from a variant of a visit, whoever is taken."""
        every = masks.span(0, self.state.prepared.ticks - variant.duration + 1)
        return tuple(
            (Fact(rule.name, owner(visit)), mask)
            for rule in self._starts
            if every & ~(mask := self._asked(rule, visit, variant))
        )

    def of_resource(self, visit: Visit, variant: Variant, need: int, resource: int) -> Leaving:
        """Return the facts that take starts from a variant of a visit with a resource."""
        return tuple(self._of_resource(visit, variant, need, resource))

    def _of_resource(
        self, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Iterator[tuple[Fact, Mask]]:
        prepared = self.state.prepared
        every = masks.span(0, prepared.ticks - variant.duration + 1)
        for rule in self._starts_with:
            mask = self._asked(rule, visit, variant, need, resource)
            if not every & ~mask:
                continue
            if rule.of_request:
                yield Fact(rule.name, owner(visit)), mask
            else:
                yield Fact(rule.name, prepared.resources[resource].id, True), mask

    def _asked(self, rule: Rule, visit: Visit, variant: Variant, *who: int) -> Mask:
        known, key = self._known[rule], (visit.index, variant, *who)
        if key not in known:
            face = rule.starts_with if who else rule.starts
            known[key] = face(self.state, visit, variant, *who)
        return known[key]
