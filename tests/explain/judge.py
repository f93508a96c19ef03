"""Every way to place some visits, with what refuses it: by enumeration, without any solver.

What a fact in force takes from a visit with all else fixed is asked of the rule's vectorised face,
start by start. What it says of several visits that are placed together is asked of its truth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

from faces import universe

from allocator.check.violations import violations
from allocator.explain.facts import Fact, has_face, owner
from allocator.explain.trial import Trial
from allocator.prepare.visit import Placement, Visit
from allocator.rules.rule import Rule, Violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Rules of which one has nothing to say where the other is out of force.
RESTS_ON = {"option_complete": "options"}

#: What refuses a way: some of the first facts, together with all of the others.
Refusal = tuple[frozenset[Fact], frozenset[Fact]]

#: A place for each visit, or None for one that need not be placed.
Way = tuple[Placement | None, ...]


class TooMany(Exception):
    """There are more ways than can be looked at."""


class Judge:
    """All ways to place what a trial places, each with its refusals.

    Parameters
    ----------
    book
        Rules in force.
    trial
        Which visits have to be placed, which others may be, and beside what.
    most
        Ways that are looked at.
    """

    def __init__(self, book: Rulebook, trial: Trial, most: int = 20_000) -> None:
        self.book = book
        self.prepared = book.prepared
        self.trial = trial
        self.most = most
        self.fixed = list(trial.state.placements)
        self.known = frozenset(trial.facts)
        self.before = set(violations(book, Timetable(self.prepared, self.fixed)))
        self.coupling = [rule for rule in book.rules if has_face(rule, "constrain")]
        self.pools = [self._pool(self.prepared.visits[number]) for number in trial.free]
        self._joint_refusals: dict[Way, frozenset[Refusal]] = {}

    def possible(self, facts: Collection[Fact]) -> bool:
        """Say whether there is a way while just these facts are in force."""
        held = frozenset(facts)
        pools = [[p for p, some in pool if not _refused(some, held)] for pool in self.pools]
        for looks, way in enumerate(product(*pools)):
            if looks == self.most:
                raise TooMany
            if not _refused(self._together(way), held):
                return True
        return False

    def _pool(self, visit: Visit) -> list[tuple[Placement | None, frozenset[Refusal]]]:
        """Return where a visit may lie by itself, without what is refused for good."""
        pool: list[tuple[Placement | None, frozenset[Refusal]]] = []
        for placement in universe(self.book, visit):
            refusals = self._alone(visit, placement)
            if all(any_of for any_of, _ in refusals):
                pool.append((placement, refusals))
        if visit.index not in self.trial.must:
            pool.append((None, frozenset()))
        return pool

    def _alone(self, visit: Visit, placement: Placement) -> frozenset[Refusal]:
        """Return what refuses a visit at a place with all else fixed."""
        state, start = self._state(), placement.start
        variant = next(
            v
            for v in visit.variants
            if v[:3] == placement[1:4]
            and all(set(m) <= set(c) for m, c in zip(placement.team, v.choices, strict=True))
        )
        found: set[Refusal] = set()
        taken = [r for members in placement.team for r in members]
        if len(taken) != len(set(taken)):
            found.add(self._facts([]))
        for rule in self.book.rules:
            own = Fact(rule.name, owner(visit))
            if not rule.starts(state, visit, variant) >> start & 1:
                found.add(self._facts([own]))
            if not rule.team_allowed(state, visit, placement):
                found.add(self._facts([own]))
            for need, members in enumerate(placement.team):
                for r in members:
                    if not rule.starts_with(state, visit, variant, need, r) >> start & 1:
                        thing = Fact(rule.name, self.prepared.resources[r].id, True)
                        found.add(self._facts([own if rule.of_request else thing]))
        return frozenset(found)

    def _facts(self, any_of: Collection[Fact], all_of: Collection[Fact] = ()) -> Refusal:
        """Return a refusal; without facts that could be put out of force it is for good."""
        return frozenset(any_of) & self.known, frozenset(all_of) & self.known

    def _together(self, way: Way) -> frozenset[Refusal]:
        """Return what refuses visits that are placed together."""
        if way not in self._joint_refusals:
            placements = list(self.fixed)
            for number, placement in zip(self.trial.free, way, strict=True):
                placements[number] = placement
            timetable = Timetable(self.prepared, placements)
            self._joint_refusals[way] = frozenset(
                refusal
                for rule in self.coupling
                for found in rule.violations(timetable)
                if found not in self.before and not found.inherited
                for name in self._names(rule, found)
                for refusal in self._joint(rule, name, found)
            )
        return self._joint_refusals[way]

    def _names(self, rule: Rule, found: Violation) -> Iterator[str]:
        """Yield a rule's name; what overlaps does so with its buffers, where there are any."""
        yield rule.name
        if rule.name in ("capacity", "attendees_free"):
            (resource,) = (self.prepared.resource_index[id] for id in found.resources)
            users = [
                visit.needs[need]
                for visit in map(self.prepared.visits.__getitem__, self.trial.free)
                for variant in visit.variants
                for need, choices in enumerate(variant.choices)
                if resource in choices
            ]
            padded = any(need.before or need.after for need in users)
            if padded or self.trial.state.padded(resource):
                yield "buffers"

    def _joint(self, rule: Rule, name: str, found: Violation) -> Iterator[Refusal]:
        # What a rule says of a team it says of whoever is in it.
        resources = () if has_face(rule, "team_allowed") else found.resources
        whom = [Fact(name, id, True) for id in resources]
        for one in {owner(self.prepared.visits[number]) for number in self.trial.free}:
            rests = [Fact(RESTS_ON[name], one)] if name in RESTS_ON else []
            yield self._facts([Fact(name, one)], [*whom, *rests])

    def _state(self) -> State:
        state = self.trial.state
        state.pending = frozenset(self.trial.free)
        return state


def _refused(refusals: frozenset[Refusal], held: frozenset[Fact]) -> bool:
    return any(any_of & held and all_of <= held for any_of, all_of in refusals)


def without_each(facts: Collection[Fact]) -> Iterator[tuple[Fact, frozenset[Fact]]]:
    """Yield each fact, with the others."""
    for fact in facts:
        yield fact, frozenset(facts) - {fact}
