"""A request tried on a schedule, with some facts out of force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from allocator.explain.facts import Fact, Force, Guarded, facts_of, owner
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.feasible import EFFORT, Answer, feasible
from allocator.state.state import State
from allocator.state.verbs import Expression, Verbs
from allocator.table.options import at_least
from allocator.table.rulebook import Rulebook


def needed_visits(book: Rulebook, request: int) -> list[int]:
    """Return the visits of which a request needs every one to count as served."""
    prep = book.prepared.requests[request]
    return [v for n in required_occurrences(prep.request) for v in prep.occurrence(n)]


class Trial:
    """Some visits that have to be placed, all else fixed where it lies.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is placed. The visits to be tried are taken out of a copy, where they are placed.
    must
        Visits that have to be placed. Those that are frozen stay where they are. A group session
        that is not held yet and that one of them might join may be held for it.
    """

    def __init__(self, book: Rulebook, state: State, must: Iterable[int]) -> None:
        prepared = book.prepared
        self.must = tuple(sorted(v for v in set(must) if v not in prepared.frozen))
        sessions = {
            s
            for v in self.must
            for s in prepared.visits[v].joins
            if state.placements[s] is None and s not in self.must
        }
        self.free = tuple(sorted({*self.must, *sessions}))
        if any(state.placements[v] is not None for v in self.free):
            gone = frozenset(self.free)
            state = State(
                prepared, [None if v in gone else p for v, p in enumerate(state.placements)]
            )
        self.state = state
        self.visits = [prepared.visits[v] for v in self.free]
        self.force = Force(
            frozenset(
                r for v in self.visits for one in v.variants for some in one.choices for r in some
            )
        )
        self._guards = [Guarded(rule, self.force) for rule in book.rules]
        self.book = book.changed(prepared, self._guards, book.weighed)
        self._single = len(self.free) == 1
        self._answers: dict[frozenset[Fact] | None, Answer] = {}

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that take anything from the visits, in the order of the rules."""
        self._put(None)
        found = facts_of(self._guards, self.state, self.visits, together=not self._single)
        order = {guard.name: n for n, guard in enumerate(self._guards)}
        facts = tuple(sorted(set(found), key=lambda f: (order[f.rule], f.object)))
        self.force.known = frozenset(facts)
        return facts

    def answer(self, facts: Iterable[Fact] | None = None) -> Answer:
        """Say whether there is a way while just these facts are in force, or all of them."""
        key = None if facts is None else frozenset(facts)
        if key not in self._answers:
            self._put(key)
            quick = self._quick()
            self._answers[key] = self.solve(facts)[0] if quick is None else quick
        return self._answers[key]

    def solve(
        self,
        facts: Iterable[Fact] | None = None,
        *,
        must: Iterable[int] | None = None,
        least: Callable[[Verbs], Expression] | None = None,
        effort: float = EFFORT,
    ) -> tuple[Answer, Mapping[int, Placement | None]]:
        """Look for places by CP-SAT while just these facts are in force.

        Parameters
        ----------
        facts
            Those in force; all by default.
        must
            Visits that have to be placed, where not all of the trial's have to.
        least
            What is to be as little as can be.
        effort
            Deterministic time of CP-SAT.
        """
        self._put(None if facts is None else frozenset(facts))
        needed = self.must if must is None else must
        return feasible(self.book, self.state, self.free, needed, least=least, effort=effort)

    def _put(self, facts: frozenset[Fact] | None) -> None:
        self.force.facts = self.force.known if facts is None else facts
        self.state.pending = frozenset(self.free)

    def starts(self, visit: Visit) -> Mask:
        """Return the starts that a visit has by itself, with the facts in force."""
        found = 0
        for variant in visit.variants:
            found |= self.variant_starts(visit, variant)
        return found

    def variant_starts(self, visit: Visit, variant: Variant) -> Mask:
        """Return the starts at which every need can be met, each by itself."""
        prepared = self.book.prepared
        starts = masks.span(0, prepared.ticks - variant.duration + 1)
        for rule in self._guards:
            starts &= rule.starts(self.state, visit, variant)
        for number, need in enumerate(visit.needs):
            if need.optional or not starts:
                continue
            allowed = [
                starts & self.with_resource(visit, variant, number, resource)
                for resource in variant.choices[number]
            ]
            starts &= at_least(allowed, need.quantity)
        return starts

    def with_resource(self, visit: Visit, variant: Variant, need: int, resource: int) -> Mask:
        """Return the starts that every rule in force allows with a resource."""
        mask: Mask = -1
        for rule in self._guards:
            mask &= rule.starts_with(self.state, visit, variant, need, resource)
            if not mask:
                break
        return mask

    def _quick(self) -> Answer | None:
        """Answer by masks where they are enough: always where they leave no start."""
        for number in self.must:
            if not self.starts(self.book.prepared.visits[number]):
                return Answer.NO
        if self._single and self._plain(self.visits[0]):
            return Answer.YES
        return None

    def _plain(self, visit: Visit) -> bool:
        """Say whether each need of a visit can be met without regard to the others."""
        who = owner(visit)
        if any(self.force.holds(rule.name, who) for rule in self._guards if _of_teams(rule)):
            return False
        for variant in visit.variants:
            some = [r for choices in variant.choices for r in choices]
            if len(some) != len(set(some)):
                return False
        return True


def _of_teams(guard: Guarded) -> bool:
    from allocator.rules.rule import Rule

    return type(guard.rule).team_allowed is not Rule.team_allowed
