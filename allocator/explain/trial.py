"""A request tried on a schedule, with some facts out of force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import combinations, product

from allocator.explain.cuts import Cuts
from allocator.explain.facts import Fact, Force, Guarded, owner
from allocator.explain.in_order import InOrder, in_order
from allocator.explain.insertion import Insertion
from allocator.explain.left import Left
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import Rule
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.feasible import EFFORT, Answer, feasible
from allocator.state.state import State
from allocator.state.verbs import Expression, Verbs
from allocator.table.options import at_least
from allocator.table.rulebook import Rulebook

Places = Mapping[int, Placement | None]
#: Places, with the bits of the facts that they keep.
Way = tuple[int, Places]

#: Places of a visit that are looked at one by one before CP-SAT is asked.
PLACES = 2000


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
        that is not held yet and that one of them might join may be held for it, and so may the
        other visits of a request that lists options, which are placed whole.
    cuts
        What the rules take from the visits, where it is known in part.
    """

    def __init__(
        self, book: Rulebook, state: State, must: Iterable[int], *, cuts: Cuts | None = None
    ) -> None:
        prepared = book.prepared
        self.must = tuple(sorted(v for v in set(must) if v not in prepared.frozen))
        sessions = {
            s
            for v in self.must
            for s in prepared.visits[v].joins
            if state.placements[s] is None and s not in self.must
        }
        siblings = {
            s
            for v in self.must
            for s in _of_options(prepared, v)
            if s not in prepared.frozen and state.placements[s] is None
        }
        self.free = tuple(sorted({*self.must, *sessions, *siblings}))
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
        self._cuts = Cuts(book.rules, state) if cuts is None else cuts
        self._left = Left(self._cuts, self.force)
        self._original = book
        self._guards = [Guarded(rule, self.force) for rule in book.rules]
        self.book = book.changed(prepared, [self._left, InOrder(), *self._guards], book.weighed)
        self._single = len(self.free) == 1 and not _of_options(prepared, self.free[0])
        self._insertion = Insertion(
            state,
            self._guards,
            self.force,
            partial(self._left.starts, state),
            partial(self._left.starts_with, state),
        )
        #: Ways found, with the bits of all facts that they keep: by CP-SAT, and by masks.
        self._solved: list[Way] = []
        self._found: list[Way] = []
        self._answers: dict[int, Answer] = {}

    def instead(self, rule: Rule) -> Trial:
        """Return the trial with another rule in place of the one of its name, all in force."""
        self._put(-1)
        cuts = self._cuts.instead(rule)
        book = self._original.changed(self.book.prepared, cuts.rules, self.book.weighed)
        return Trial(book, self.state, self.must, cuts=cuts)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that take anything from the visits, in the order of the rules."""
        self._put(-1)
        order = {guard.name: n for n, guard in enumerate(self._guards)}
        facts = tuple(sorted(set(self._facts()), key=lambda f: (order[f.rule], f.object)))
        self.force.known = frozenset(facts)
        self._answers.clear()
        self._solved.clear()
        self._found.clear()
        return facts

    def _facts(self) -> Iterator[Fact]:
        for visit in self.visits:
            for guard in self._guards:
                if guard.of_teams or (guard.couples and not self._single):
                    yield Fact(guard.name, owner(visit))
            for variant in visit.variants:
                yield from (fact for fact, _ in self._cuts.of(visit, variant))
                for need, choices in enumerate(variant.choices):
                    for resource in choices:
                        left = self._cuts.of_resource(visit, variant, need, resource)
                        yield from (fact for fact, _ in left)

    def answer(self, facts: Iterable[Fact] | None = None) -> Answer:
        """Say whether there is a way while just these facts are in force, or all of them.

        CP-SAT is asked only where nothing cheaper answers: a way found before, which holds for
        whatever facts it breaks none of; masks; visits placed one after the other.
        """
        bits = self.force.bits_of(facts)
        if bits not in self._answers:
            self._put(bits)
            self._answers[bits] = self._cheaply() or self._solve(bits)[0]
        return self._answers[bits]

    def _cheaply(self) -> Answer | None:
        bits = self.force.bits
        if _known(self._solved, bits) is not None or _known(self._found, bits) is not None:
            return Answer.YES
        if not all(self.starts(self.book.prepared.visits[number]) for number in self.must):
            return Answer.NO
        prepared = self.book.prepared
        if any(v not in self.must or _of_options(prepared, v) for v in self.free):
            return None
        if self._single:
            answer, places = self._alone(self.visits[0])
        else:
            found = self._insertion.places(self.visits)
            places = in_order(prepared, self.visits, found) if found else {}
            answer = Answer.YES if places else None
        if answer is Answer.YES:
            self._found.append((bits | self._kept(bits, places), places))
        return answer

    def solve(
        self,
        facts: Iterable[Fact] | None = None,
        *,
        must: Iterable[int] | None = None,
        least: Callable[[Verbs], Expression] | None = None,
        effort: float = EFFORT,
    ) -> tuple[Answer, Places]:
        """Look for places while just these facts are in force, and have CP-SAT agree.

        Places that masks found are put to CP-SAT as they are, which is soon checked. Whether
        there are none is for CP-SAT to say.

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
        bits = self.force.bits_of(facts)
        if must is None and least is None:
            self._put(bits)
            if self._cheaply() is Answer.YES:
                places = _known(self._solved, bits) or self._agreed(bits)
                if places is not None:
                    return Answer.YES, places
            return self._solve(bits, effort)
        self._put(bits)
        needed = self.must if must is None else must
        return feasible(self.book, self.state, self.free, needed, least=least, effort=effort)

    def _solve(self, bits: int, effort: float = EFFORT) -> tuple[Answer, Places]:
        self._put(bits)
        answer, places = feasible(self.book, self.state, self.free, self.must, effort=effort)
        if answer is Answer.YES:
            self._solved.append((bits | self._kept(bits, places), places))
        return answer, places

    def _agreed(self, bits: int) -> Places | None:
        """Return places that masks found, if CP-SAT agrees that they are a way."""
        places = _known(self._found, bits)
        if places is None:
            return None
        self._left.only = places
        try:
            answer, _ = self._solve(bits)
        finally:
            self._left.only = {}
        return places if answer is Answer.YES else None

    def _put(self, bits: int) -> None:
        self.force.bits = bits
        self.state.pending = frozenset(self.free)

    def _kept(self, bits: int, places: Places) -> int:
        """Return facts out of force that places keep nevertheless, as far as starts tell."""
        kept = sum(self.force.bit(fact) for fact in self.force.known) & ~bits
        taken: list[int] = []
        for number, place in places.items():
            visit = self.book.prepared.visits[number]
            for fact in (Fact(g.name, owner(visit)) for g in self._guards if self._ties(g)):
                kept &= ~self.force.bit(fact)
            if place is None:
                continue
            taken += [r for members in place.team for r in members]
            for variant in visit.variants:
                if variant[:3] != place[1:4]:
                    continue
                for bit, mask in self._left.lists(visit, variant, place.team):
                    if not mask >> place.start & 1:
                        kept &= ~bit
        for resource in {r for r in taken if taken.count(r) > 1}:
            id = self.book.prepared.resources[resource].id
            for guard in self._guards:
                if guard.couples:
                    kept &= ~self.force.bit(Fact(guard.name, id, True))
        return kept

    def _ties(self, guard: Guarded) -> bool:
        """Say whether a rule has more to say of a request than starts tell."""
        return guard.of_teams or (guard.couples and not self._single)

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
        starts &= self._left.starts(self.state, visit, variant)
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
        return self._left.starts_with(self.state, visit, variant, need, resource)

    def _alone(self, visit: Visit) -> tuple[Answer | None, Places]:
        """Answer for a visit that is tried alone, as far as a look at some places tells."""
        who = owner(visit)
        rules = [g.rule for g in self._guards if g.of_teams and self.force.holds(g.name, who)]
        whole = not any(need.optional for need in visit.needs)
        for looks, place in enumerate(self._places_of(visit)):
            if looks == PLACES:
                return None, {}
            if place and all(rule.team_allowed(self.state, visit, place) for rule in rules):
                return Answer.YES, {visit.index: place}
        return (Answer.NO if whole else None), {}

    def _places_of(self, visit: Visit) -> Iterator[Placement | None]:
        """Yield the places of a visit, team by team, and None for a team without any."""
        for variant in visit.variants:
            starts = self.variant_starts(visit, variant)
            for team in self._teams(visit, variant, starts) if starts else ():
                at = starts
                for need, members in enumerate(team):
                    for resource in members:
                        at &= self.with_resource(visit, variant, need, resource)
                if not at:
                    yield None
                while at:
                    start = masks.lowest(at)
                    yield Placement(
                        start, variant.duration, variant.location, variant.session, team
                    )
                    at &= at - 1

    def _teams(
        self, visit: Visit, variant: Variant, starts: Mask
    ) -> Iterator[tuple[tuple[int, ...], ...]]:
        """Yield the teams of which nobody is taken twice; who may be absent is."""
        ways = [
            [()]
            if need.optional
            else combinations(
                [
                    resource
                    for resource in variant.choices[number]
                    if starts & self.with_resource(visit, variant, number, resource)
                ],
                need.quantity,
            )
            for number, need in enumerate(visit.needs)
        ]
        for team in product(*ways):
            taken = [resource for members in team for resource in members]
            if len(taken) == len(set(taken)):
                yield team


def _of_options(prepared: Prepared, visit: int) -> tuple[int, ...]:
    """Return the visits of a visit's request, where that lists options."""
    what = prepared.visits[visit]
    if what.request is None or not what.request.options:
        return ()
    return prepared.requests[what.request_index].visits


def _known(ways: list[Way], bits: int) -> Places | None:
    """Return a way known to keep all facts in force."""
    return next((places for kept, places in ways if not bits & ~kept), None)
