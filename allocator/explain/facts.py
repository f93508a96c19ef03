"""Facts: a rule as it holds for one object, which may be put out of force to see what it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.state.verbs import Verbs

#: Rules that speak only of visits for which another rule is in force: options are complete only
#: where they bind.
RESTS_ON = {"option_complete": "options"}

#: Rules that leave to another what it sees to, as long as it is in force.
COUNTS_ON = {"turnaround": "buffers", "series_gaps": "series_completeness"}


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


class Force:
    """The facts in force, each a bit of a number.

    Parameters
    ----------
    resources
        Numbers of the resources that the visits may take.

    Attributes
    ----------
    bits
        A bit for each fact in force. Those of facts that nobody has spoken of yet are set.
    """

    def __init__(self, resources: frozenset[int]) -> None:
        self.resources = resources
        self.bits = -1
        self._numbers: dict[Fact, int] = {}
        self._known: frozenset[Fact] = frozenset()
        self._known_bits = 0

    def bit(self, fact: Fact) -> int:
        """Return the bit of a fact."""
        return 1 << self._numbers.setdefault(fact, len(self._numbers))

    def bits_of(self, facts: Iterable[Fact] | None) -> int:
        """Return the bits while just these facts are in force, or all; the unknown always are."""
        if facts is None:
            return -1
        bits = ~self._known_bits
        for fact in facts:
            bits |= self.bit(fact)
        return bits

    @property
    def known(self) -> frozenset[Fact]:
        """All that may be put out of force; what is not known always holds."""
        return self._known

    @known.setter
    def known(self, facts: frozenset[Fact]) -> None:
        self._known = facts
        self._known_bits = sum(self.bit(fact) for fact in facts)

    @property
    def facts(self) -> frozenset[Fact]:
        """Those in force among ``known``."""
        return frozenset(fact for fact in self._known if self.bits & self.bit(fact))

    @facts.setter
    def facts(self, facts: Iterable[Fact]) -> None:
        self.bits = self.bits_of(facts)

    def lacks(self, rule: str) -> bool:
        """Say whether any fact of a rule is out of force."""
        return any(f.rule == rule and not self.bits & self.bit(f) for f in self._known)

    def holds(self, rule: str, object: str, of_resource: bool = False) -> bool:
        """Say whether a fact is in force."""
        return bool(self.bits & self.bit(Fact(rule, object, of_resource)))


class Guarded(Rule):
    """What a rule says of visits among themselves and of teams, while it is in force for them.

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
        self.couples = has_face(rule, "constrain")
        self.of_teams = has_face(rule, "team_allowed")

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether the team is allowed, or the rule out of force."""
        if not self.of_teams or not self.force.holds(self.name, owner(visit)):
            return True
        return self.rule.team_allowed(state, visit, placement)

    def constrain(self, model: Verbs) -> None:
        """Constrain the free visits among themselves where the rule is in force for them."""
        if not self.couples:
            return
        names = (self.name, RESTS_ON.get(self.name, self.name))
        some = {owner(visit) for visit in model.free}
        if any(all(self.force.holds(name, one) for name in names) for one in some):
            hidden, prepared = self._hidden(model), model.prepared
            if self.force.lacks(COUNTS_ON.get(self.name, "")):
                prepared = _without(prepared, COUNTS_ON[self.name])
            seen = hidden or prepared is not model.prepared
            self.rule.constrain(_Seen(model, hidden, prepared) if seen else model)

    def _hidden(self, model: Verbs) -> frozenset[int]:
        """Return the resources that the rule does not count; of a team it counts all."""
        if self.of_teams:
            return frozenset()
        return frozenset(
            number
            for number in self.force.resources
            if not self.force.holds(self.name, model.prepared.resources[number].id, True)
        )


class _Seen:
    """A model that does not tell who may use some resources; all else is the model's."""

    def __init__(self, model: Verbs, hidden: frozenset[int], prepared: Prepared) -> None:
        self._model = model
        self._hidden = hidden
        self.prepared = prepared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def users(self, resource: int) -> Sequence[tuple[Visit, int]]:
        """Return the free visits that may take a resource, none where that is hidden."""
        return () if resource in self._hidden else self._model.users(resource)


def _without(prepared: Prepared, rule: str) -> Prepared:
    """Return a prepared problem in which a rule is switched off, for a rule that asks."""
    problem = prepared.problem
    off = problem.without_rules | {rule}
    other = copy(prepared)
    other.problem = prepared.memo(
        ("problem without", rule), lambda: replace(problem, without_rules=off)
    )
    return other


def has_face(rule: Rule, face: str) -> bool:
    """Say whether a rule has a face of its own."""
    return getattr(type(rule), face) is not getattr(Rule, face)


def named(prepared: Prepared, fact: Fact) -> str:
    """Return what people call the object of a fact."""
    if fact.of_resource:
        return prepared.who(prepared.resource_index[fact.object])
    return called(prepared, fact.object)


def called(prepared: Prepared, id: str) -> str:
    """Return a request or session by its id and, since many may share it, its label."""
    problem = prepared.problem
    kind = next((kind for kind in ("request", "session") if problem.knows(kind, id)), "")
    label = getattr(problem, kind)(id).label if kind else ""
    return f"{id} ({label})" if label and label != id else id
