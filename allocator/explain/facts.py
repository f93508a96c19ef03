"""Facts: a rule as it holds for one object, which may be put out of force to see what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule
from allocator.state.state import State
from allocator.state.verbs import Verbs


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """A rule as it holds for one object.

    Attributes
    ----------
    rule
        Its name.
    object
        Id of a resource, a request or a session.
    of_resource
        Whether the object is a resource. A fact of a resource says what the resource allows, a
        fact of a request what holds for its visits whoever is taken, and among themselves.
    """

    rule: str
    object: str
    of_resource: bool = False


def owner(visit: Visit) -> str:
    """Return the id of the request or session that a visit belongs to."""
    what = visit.request or visit.session
    assert what is not None
    return what.id


class Guarded(Rule):
    """A rule that holds only for the objects of the facts in force.

    Parameters
    ----------
    rule
        The rule.
    force
        Where the facts in force are looked up; changed from outside.
    """

    moving = True

    def __init__(self, rule: Rule, force: Force) -> None:
        self.rule = rule
        self.name = rule.name
        self.sentence = rule.sentence
        self.force = force
        self._known: dict[tuple[Any, ...], Mask] = {}

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts that the rule allows, or every start where it is out of force."""
        if not self.force.holds(self.name, owner(visit)):
            return EVERY
        return self.asked(state, visit, variant)

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that the rule allows, or every start where it is out of force."""
        if self.rule.of_request:
            object, of_resource = owner(visit), False
        else:
            object, of_resource = state.prepared.resources[resource].id, True
        if not self.force.holds(self.name, object, of_resource):
            return EVERY
        return self.asked(state, visit, variant, need, resource)

    def asked(self, state: State, visit: Visit, variant: Variant, *who: int) -> Mask:
        """Return what the rule says, in force or not; it is asked once."""
        key = (visit.index, variant, *who)
        if key not in self._known:
            face = self.rule.starts_with if who else self.rule.starts
            self._known[key] = face(state, visit, variant, *who)
        return self._known[key]

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether the team is allowed, or the rule out of force."""
        if not self.force.holds(self.name, owner(visit)):
            return True
        return self.rule.team_allowed(state, visit, placement)

    def constrain(self, model: Verbs) -> None:
        """Constrain the free visits among themselves where the rule is in force for them."""
        some = {owner(visit) for visit in model.free}
        if any(self.force.holds(self.name, one) for one in some):
            hidden = frozenset(
                number
                for number in self.force.resources
                if not self.force.holds(self.name, model.prepared.resources[number].id, True)
            )
            self.rule.constrain(_Hiding(model, hidden) if hidden else model)


class _Hiding:
    """A model that does not tell who may use some resources; all else is the model's."""

    def __init__(self, model: Verbs, hidden: frozenset[int]) -> None:
        self._model = model
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def users(self, resource: int) -> Sequence[tuple[Visit, int]]:
        """Return the free visits that may take a resource, none where that is hidden."""
        return () if resource in self._hidden else self._model.users(resource)


class Force:
    """The facts in force.

    Attributes
    ----------
    facts
        Those in force among ``known``; what is not known always holds.
    known
        All that may be put out of force.
    resources
        Numbers of the resources that the visits may take.
    """

    def __init__(self, resources: frozenset[int]) -> None:
        self.resources = resources
        self.known: frozenset[Fact] = frozenset()
        self.facts: frozenset[Fact] = frozenset()

    def holds(self, rule: str, object: str, of_resource: bool = False) -> bool:
        """Say whether a fact is in force."""
        fact = Fact(rule, object, of_resource)
        return fact in self.facts or fact not in self.known


def facts_of(
    guards: Iterable[Guarded], state: State, visits: Sequence[Visit], *, together: bool
) -> Iterator[Fact]:
    """Yield the facts that take anything from some visits.

    Parameters
    ----------
    guards
        The rules.
    state
        What is fixed.
    visits
        The visits.
    together
        Whether the visits may constrain each other, or anything beside them.
    """
    prepared = state.prepared
    for guard in guards:
        rule = guard.rule
        couples = _has(rule, "constrain") or _has(rule, "team_allowed")
        for visit in visits:
            if (together and couples) or _has(rule, "team_allowed"):
                yield Fact(guard.name, owner(visit))
            for variant in visit.variants:
                every = masks.span(0, prepared.ticks - variant.duration + 1)
                if _has(rule, "starts") and every & ~guard.asked(state, visit, variant):
                    yield Fact(guard.name, owner(visit))
                if not _has(rule, "starts_with"):
                    continue
                for need, choices in enumerate(variant.choices):
                    for resource in choices:
                        if every & ~guard.asked(state, visit, variant, need, resource):
                            if rule.of_request:
                                yield Fact(guard.name, owner(visit))
                            else:
                                yield Fact(guard.name, prepared.resources[resource].id, True)


def _has(rule: Rule, face: str) -> bool:
    default: Callable[..., Any] = getattr(Rule, face)
    return getattr(type(rule), face) is not default


def named(prepared: Prepared, fact: Fact) -> str:
    """Return what people call the object of a fact."""
    if fact.of_resource:
        return prepared.who(prepared.resource_index[fact.object])
    return fact.object
