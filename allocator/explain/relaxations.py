"""Relaxations: what would place a request, each tried out, the cheapest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum

from allocator.domain.schedule import Assignment
from allocator.explain.core import Core
from allocator.explain.facts import Fact, named, owner
from allocator.explain.in_the_way import InTheWay
from allocator.explain.phrases import OF_REQUESTS, clause
from allocator.explain.places import place_of
from allocator.explain.trial import Trial
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import Rule
from allocator.solve.feasible import Answer
from allocator.state.state import State
from allocator.state.verbs import Expression, Verbs
from allocator.table.rulebook import Rulebook

#: Days by which windows are widened, and minutes by which opening hours are, one after the other.
DAYS = (1, 2, 3, 7, 14, 28)
MINUTES = (15, 30, 60, 120)
#: Shortest part of its length to which a visit is cut.
SHORTEST = 0.5
#: Placed requests that are tried elsewhere.
MOVED = 6


class Kind(Enum):
    """What gives way, with what a step of it is taken to be worth, in minutes of inconvenience."""

    SHORTER = 1  #: Each minute that the visit is shorter.
    LONGER_HOURS = 2  #: Each minute that someone is open longer.
    WIDER_WINDOW = 60  #: Each day by which the request's windows are wider.
    MOVED = 90  #: A placed request that lies elsewhere, and each day that it moves.
    FEWER_VISITS = 240  #: Each visit of the request that is left out.
    WITHOUT = 480  #: A rule that gives way for one object.


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Something that would place a request if it gave way, all else as it is.

    Attributes
    ----------
    kind
        What gives way.
    object
        Id of what gives way: the request, a resource, or a request that moves.
    amount
        How much: minutes, days or visits; 1 where there is no more and less to it.
    price
        For the order: amount times what a step of the kind is taken to be worth.
    sentence
        All of it in plain words.
    places
        Where the visits then lie, of the request and of what moves.
    """

    kind: Kind
    object: str
    amount: int
    price: int
    sentence: str
    places: tuple[Assignment, ...]


class Wider(Rule):
    """A rule with its starts widened by so many ticks, before and after."""

    def __init__(self, rule: Rule, object: str, ticks: int) -> None:
        self.rule = rule
        self.name = rule.name
        self.sentence = rule.sentence
        self.moving = rule.moving
        self.of_request = rule.of_request
        self.object = object
        self.ticks = ticks

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the widened starts of the object's visits."""
        mask = self.rule.starts(state, visit, variant)
        return self._widened(mask) if owner(visit) == self.object else mask

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the widened starts with the object."""
        mask = self.rule.starts_with(state, visit, variant, need, resource)
        if state.prepared.resources[resource].id != self.object:
            return mask
        return self._widened(mask)

    def _widened(self, mask: Mask) -> Mask:
        if mask <= 0:
            return mask
        return masks.shift(masks.covered(mask, 2 * self.ticks + 1), -self.ticks)


def find_relaxations(
    book: Rulebook,
    request: str,
    trial: Trial,
    core: Core,
    rivals: Sequence[InTheWay],
) -> tuple[Relaxation, ...]:
    """Return what would place a request, the cheapest first; each was solved.

    Parameters
    ----------
    book
        Rules and goals in force.
    request
        Id of the request.
    trial
        Of its visits.
    core
        Why it has no place.
    rivals
        Who stands in its way.
    """
    finder = _Finder(book, request, trial, core)
    found = [
        *finder.shorter(),
        *finder.wider_windows(),
        *finder.longer_hours(),
        *finder.moved(rivals),
        *finder.fewer_visits(),
        *finder.without(),
    ]
    return tuple(sorted(found, key=lambda r: (r.price, r.sentence)))


class _Finder:
    def __init__(
        self,
        book: Rulebook,
        request: str,
        trial: Trial,
        core: Core,
    ) -> None:
        self.book = book
        self.prepared = book.prepared
        self.request = request
        self.trial = trial
        self.core = core

    def shorter(self) -> Iterator[Relaxation]:
        """Cut the visits' length, tick by tick, as far as half of it."""
        lengths = {
            variant.duration
            for number in self.trial.must
            for variant in self.prepared.visits[number].variants
        }
        parts = any(
            need.part is not None
            for number in self.trial.must
            for need in self.prepared.visits[number].needs
        )
        if len(lengths) != 1 or parts:
            return
        (whole,) = lengths
        for length in range(whole - 1, math.ceil(whole * SHORTEST) - 1, -1):
            found = self._placed(self._with_length(length))
            if found:
                minutes, before = length * self.prepared.grain, whole * self.prepared.grain
                yield self._relaxation(
                    Kind.SHORTER,
                    self.request,
                    before - minutes,
                    f"{minutes} minutes instead of {before}: {{places}}",
                    found,
                )
                return

    def _with_length(self, length: int) -> Trial:
        changed = {}
        for number in self.trial.must:
            visit = self.prepared.visits[number]
            variants = tuple(v._replace(duration=length) for v in visit.variants)
            changed[number] = replace(visit, variants=variants)
        return self._trial(_changed(self.prepared, changed))

    def wider_windows(self) -> Iterator[Relaxation]:
        """Widen the request's windows by days."""
        if Fact("windows", self.request) not in self.core.facts:
            return
        for days in DAYS:
            ticks = max(1, days * 24 * 60 // self.prepared.grain)
            found = self._placed(self._wider("windows", self.request, ticks))
            if found:
                told = "a day" if days == 1 else f"{days} days"
                yield self._relaxation(
                    Kind.WIDER_WINDOW,
                    self.request,
                    days,
                    f"up to {told} before or after its windows: {{places}}",
                    found,
                )
                return

    def longer_hours(self) -> Iterator[Relaxation]:
        """Keep a resource open longer, before and after its hours."""
        for fact in self.core.facts:
            if fact.rule != "opening_hours":
                continue
            for minutes in MINUTES:
                ticks = minutes // self.prepared.grain
                if not ticks:
                    continue
                found = self._placed(self._wider("opening_hours", fact.object, ticks))
                if found:
                    yield self._relaxation(
                        Kind.LONGER_HOURS,
                        fact.object,
                        minutes,
                        f"{named(self.prepared, fact)} up to {minutes} minutes longer: {{places}}",
                        found,
                    )
                    break

    def _wider(self, name: str, object: str, ticks: int) -> Trial:
        rules = [
            Wider(rule, object, ticks) if rule.name == name else rule for rule in self.book.rules
        ]
        book = self.book.changed(self.prepared, rules, self.book.weighed)
        return Trial(book, self.trial.state, self.trial.must)

    def moved(self, rivals: Sequence[InTheWay]) -> Iterator[Relaxation]:
        """Put one of the requests in the way elsewhere, as near to where it lies as can be."""
        for rival in [rival for rival in rivals if rival.alone][:MOVED]:
            moving = [self.prepared.visit_index[id] for id in rival.visits]
            if len(moving) > 1 or self.prepared.visits[moving[0]].session is not None:
                continue
            (visit,) = moving
            before = self.trial.state.placements[visit]
            assert before is not None
            trial = self._trial(_unpinned(self.prepared, visit), also=(visit,))
            answer, places = trial.solve(least=_distance(visit, before.start))
            after = places.get(visit)
            if answer is not Answer.YES or after is None:
                continue
            clock = self.prepared.visits[visit].clock
            days = abs(int(clock.day_of[after.start]) - int(clock.day_of[before.start]))
            booked = ", which is booked," if rival.booked else ""
            yield self._relaxation(
                Kind.MOVED,
                rival.object,
                1 + days + 2 * rival.booked,
                f"{rival.visits[0]}{booked} moved from {self.prepared.local(before.start, clock)}"
                f" to {self.prepared.local(after.start, clock)}: {{places}}",
                {v: p for v, p in places.items() if p is not None},
                moved=visit,
            )

    def fewer_visits(self) -> Iterator[Relaxation]:
        """Place as many of the request's visits as can be, but not all that it asks for."""
        trial = self.trial
        asked = len(trial.must)
        steps = self._steps()
        if asked <= steps:
            return

        def missing(model: Verbs) -> Expression:
            return -sum(model.present(v) for v in trial.must)

        facts = [fact for fact in trial.facts if fact.rule != "series_completeness"]
        if steps > 1:
            facts = list(trial.facts)
        answer, places = trial.solve(facts, must=(), least=missing)
        found = {v: p for v, p in places.items() if p is not None and v in trial.must}
        if answer is Answer.YES and 0 < len(found) < asked:
            yield self._relaxation(
                Kind.FEWER_VISITS,
                self.request,
                asked - len(found),
                f"{len(found)} visits instead of {asked}: {{places}}",
                found,
            )

    def _steps(self) -> int:
        index = self.prepared.request_index[self.request]
        return len(self.prepared.requests[index].request.steps)

    def without(self) -> Iterator[Relaxation]:
        """Let a rule give way for one object, where no other relaxation speaks of it."""
        for fact in self.core.facts:
            if fact.rule in ("windows", "opening_hours", "capacity", "attendees_free"):
                continue
            answer, places = self.trial.solve(f for f in self.trial.facts if f != fact)
            if answer is Answer.YES:
                yield self._relaxation(
                    Kind.WITHOUT,
                    fact.object,
                    1,
                    f"not so that {clause(self.prepared, [fact])}: {{places}}"
                    if fact.rule in OF_REQUESTS or fact.of_resource
                    else f"without the rule {fact.rule} for {fact.object}: {{places}}",
                    {v: p for v, p in places.items() if p is not None},
                )

    def _trial(self, prepared: Prepared, also: tuple[int, ...] = ()) -> Trial:
        book = self.book.changed(prepared, self.book.rules, self.book.weighed)
        return Trial(book, self.trial.state, (*self.trial.must, *also))

    def _placed(self, trial: Trial) -> dict[int, Placement]:
        if trial.answer() is not Answer.YES:
            return {}
        answer, places = trial.solve()
        if answer is not Answer.YES:
            return {}
        return {v: p for v, p in places.items() if p is not None}

    def _relaxation(
        self,
        kind: Kind,
        object: str,
        amount: int,
        sentence: str,
        places: Mapping[int, Placement],
        moved: int = -1,
    ) -> Relaxation:
        own = [
            self.prepared.local(p.start, self.prepared.visits[v].clock)
            for v, p in sorted(places.items(), key=lambda place: place[1].start)
            if v != moved and v in self.trial.must
        ]
        told = own[0] if len(own) == 1 else f"{own[0]} to {own[-1]}"
        sentence = sentence.format(places=told)
        return Relaxation(
            kind,
            object,
            amount,
            amount * kind.value,
            sentence[0].upper() + sentence[1:] + ".",
            tuple(place_of(self.prepared, v, p) for v, p in sorted(places.items())),
        )


def _distance(visit: int, start: int) -> Callable[[Verbs], Expression]:
    def least(model: Verbs) -> Expression:
        at = model.start(visit)
        ticks = model.prepared.ticks
        return model.greatest([at - start, start - at], 0, ticks)

    return least


def _changed(prepared: Prepared, visits: Mapping[int, Visit]) -> Prepared:
    """Return a prepared problem with some visits in place of those with their numbers."""
    other = copy(prepared)
    other._memo = {}
    other.visits = [visits.get(n, visit) for n, visit in enumerate(prepared.visits)]
    return other


def _unpinned(prepared: Prepared, visit: int) -> Prepared:
    """Return a prepared problem in which a visit is not pinned."""
    other = copy(prepared)
    other._memo = {}
    other.frozen = {v: p for v, p in prepared.frozen.items() if v != visit}
    other.pins = {v: kind for v, kind in prepared.pins.items() if v != visit}
    return other
