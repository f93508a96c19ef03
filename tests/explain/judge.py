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
        self.fixed = list(trial.state.placements)
        self.known = frozenset(trial.facts)
        self.before = set(violations(book, Timetable(self.prepared, self.fixed)))
        self.coupling = {rule.name: rule for rule in book.rules if has_face(rule, "constrain")}
        pools: list[list[tuple[Placement | None, frozenset[Refusal]]]] = []
        ways = 1
        for number in trial.free:
            visit = self.prepared.visits[number]
            pool = [(p, self._alone(visit, p)) for p in universe(book, visit)]
            # What cannot be put out of force refuses for good.
            pool = [(p, some) for p, some in pool if all(any_of for any_of, _ in some)]
            if number not in trial.must:
                pool.append((None, frozenset()))
            pools.append(pool)
            ways *= len(pool)
        if ways > most:
            raise TooMany
        self.ways = [
            frozenset().union(*(some for _, some in way)) | self._together([p for p, _ in way])
            for way in product(*pools)
        ]

    def possible(self, facts: Collection[Fact]) -> bool:
        """Say whether there is a way while just these facts are in force."""
        held = frozenset(facts)
        return any(not any(_refuses(refusal, held) for refusal in way) for way in self.ways)

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

    def _together(self, way: list[Placement | None]) -> frozenset[Refusal]:
        """Return what refuses visits that are placed together."""
        placements = list(self.fixed)
        for number, placement in zip(self.trial.free, way, strict=True):
            placements[number] = placement
        timetable = Timetable(self.prepared, placements)
        found: set[Refusal] = set()
        for rule in self.coupling.values():
            some = [v for v in rule.violations(timetable) if v not in self.before]
            found.update(self._joint(rule, v) for v in some if not v.inherited)
        return frozenset(refusal for refusal in found if refusal[0])

    def _joint(self, rule: Rule, found: Violation) -> Refusal:
        owners = {owner(self.prepared.visits[number]) for number in self.trial.free}
        anyone = [Fact(rule.name, one) for one in owners]
        if rule.name in RESTS_ON:
            anyone = [f for f in anyone if Fact(RESTS_ON[f.rule], f.object) in self.known]
        # What a rule says of a team it says of whoever is in it.
        resources = () if has_face(rule, "team_allowed") else found.resources
        whom = [Fact(rule.name, id, True) for id in resources]
        rests = [Fact(RESTS_ON[f.rule], f.object) for f in anyone if f.rule in RESTS_ON]
        return self._facts(anyone, [*whom, *rests])

    def _state(self) -> State:
        state = self.trial.state
        state.pending = frozenset(self.trial.free)
        return state


def _refuses(refusal: Refusal, held: frozenset[Fact]) -> bool:
    any_of, all_of = refusal
    return bool(any_of & held) and all_of <= held


def without_each(facts: Collection[Fact]) -> Iterator[tuple[Fact, frozenset[Fact]]]:
    """Yield each fact, with the others."""
    for fact in facts:
        yield fact, frozenset(facts) - {fact}
