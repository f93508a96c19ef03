"""Relaxations: what would place a request, each tried out, the cheapest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from allocator.domain.request import Alike, FlexibleSeries, Relation
from allocator.domain.schedule import Assignment
from allocator.explain.core import Core
from allocator.explain.facts import Fact, named
from allocator.explain.in_the_way import InTheWay
from allocator.explain.others import newcomers, with_others
from allocator.explain.phrases import listed
from allocator.explain.places import place_of
from allocator.explain.trial import Trial
from allocator.explain.wider import LongerHours, PinnedInTime, WiderWindows, unpinned, with_visits
from allocator.explain.without import without
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.report.words import count
from allocator.solve.feasible import Answer
from allocator.state.verbs import Expression, Verbs
from allocator.table.rulebook import Rulebook

#: Days by which windows are widened, and minutes by which opening hours are, one after the other.
DAYS = (1, 2, 3, 7, 14, 28)
MINUTES = (15, 30, 60, 120)
#: Shortest part of its length to which a visit is cut.
SHORTEST = 0.5
#: Placed requests that are tried elsewhere.
MOVED = 6
#: What never gives way as a whole: nobody is in two places; windows are widened by degrees.
FIRM = ("capacity", "attendees_free", "windows")

Places = Mapping[int, Placement]


class Kind(Enum):
    """What gives way, with what a step of it is taken to be worth, in minutes of inconvenience."""

    SHORTER = 1  #: Each minute that the visit is shorter.
    LONGER_HOURS = 2  #: Each minute that someone is open longer.
    OTHER_RESOURCE = 45  #: Each visit that somebody else holds than was asked for.
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
        *finder.with_others(),
        *finder.moved(rivals),
        *finder.fewer_visits(),
        *finder.without(),
    ]
    return tuple(sorted(found, key=lambda r: (r.price, r.sentence)))


class _Finder:
    def __init__(self, book: Rulebook, request: str, trial: Trial, core: Core) -> None:
        self.book = book
        self.prepared = book.prepared
        self.request = request
        self.trial = trial
        self.core = core
        self.told: set[Fact] = set()  #: Of which a relaxation speaks already.

    def shorter(self) -> Iterator[Relaxation]:
        """Cut the visits' length, tick by tick, as far as half of it."""
        visits = [self.prepared.visits[number] for number in self.trial.must]
        lengths = {variant.duration for visit in visits for variant in visit.variants}
        if len(lengths) != 1 or any(n.part is not None for visit in visits for n in visit.needs):
            return
        (whole,) = lengths
        steps = range(whole - 1, math.ceil(whole * SHORTEST) - 1, -1)
        for length, found in self._least(steps, self._with_length):
            minutes, before = length * self.prepared.grain, whole * self.prepared.grain
            yield self._relaxation(
                Kind.SHORTER,
                self.request,
                before - minutes,
                f"{minutes} minutes instead of {before}: {{places}}",
                found,
            )

    def _with_length(self, length: int) -> Trial:
        changed = {}
        for number in self.trial.must:
            visit = self.prepared.visits[number]
            variants = tuple(v._replace(duration=length) for v in visit.variants)
            changed[number] = replace(visit, variants=variants)
        return self._trial(with_visits(self.prepared, changed))

    def wider_windows(self) -> Iterator[Relaxation]:
        """Widen the request's windows by days."""
        fact = Fact("windows", self.request)
        if fact not in self.core.facts:
            return

        def wide(days: int) -> Trial:
            ticks = max(1, days * 24 * 60 // self.prepared.grain)
            return self.trial.instead(WiderWindows(self.request, ticks))

        for days, found in self._least(DAYS, wide):
            self.told.add(fact)
            told = "a day" if days == 1 else f"{days} days"
            yield self._relaxation(
                Kind.WIDER_WINDOW,
                self.request,
                days,
                f"up to {told} before or after its windows: {{places}}",
                found,
            )

    def longer_hours(self) -> Iterator[Relaxation]:
        """Keep a resource open longer, before and after its hours."""
        facts = [fact for fact in self.core.facts if fact.rule == "opening_hours"]
        minutes = [m for m in MINUTES if m // self.prepared.grain]
        if not facts or not minutes:
            return

        def longer(objects: frozenset[str], by: int) -> Trial:
            return self.trial.instead(LongerHours(objects, by // self.prepared.grain))

        # Where it does not help that all of them are open longer, no single one need be tried.
        everyone = frozenset(fact.object for fact in facts)
        if len(facts) > 1 and longer(everyone, minutes[-1]).answer() is Answer.NO:
            return
        for fact in facts:
            for by, found in self._least(minutes, partial(longer, frozenset({fact.object}))):
                self.told.add(fact)
                yield self._relaxation(
                    Kind.LONGER_HOURS,
                    fact.object,
                    by,
                    f"if {named(self.prepared, fact)} were available up to {by} minutes longer:"
                    " {places}",
                    found,
                )

    def _least(
        self, steps: Sequence[int], tried: Callable[[int], Trial]
    ) -> Iterator[tuple[int, Places]]:
        """Yield the first step that helps, with the places; none where the last does not."""
        if not steps or tried(steps[-1]).answer() is not Answer.YES:
            return
        for step in steps:
            found = self._placed(tried(step))
            if found:
                yield step, found
                return

    def with_others(self) -> Iterator[Relaxation]:
        """Let others hold the visits than those asked for by name or place, or one carer more."""
        before = {number: self.prepared.visits[number] for number in self.trial.must}
        changed = {
            number: wide
            for number, visit in before.items()
            if (wide := with_others(self.prepared, visit)) is not None
        }
        if changed:
            new = {n: set(newcomers(before[n], wide)) for n, wide in changed.items()}
            trial = self._trial(with_visits(self.prepared, changed))
            yield from self._with_others(trial, new, before)
        pinned = Fact("pins", self.request)
        if pinned in self.core.facts:
            held = self.prepared.published
            new = {
                number: {
                    (n, r)
                    for n, need in enumerate(visit.needs)
                    for r in need.resources
                    if not need.attendee and held[number].team[n] and r not in held[number].team[n]
                }
                for number, visit in before.items()
                if number in held and number in self.prepared.pins
            }
            for found in self._with_others(
                self.trial.instead(PinnedInTime(self.request)), new, before
            ):
                self.told.add(pinned)
                yield found
        for fact in self.core.facts:
            role = self._same_role(fact)
            if role:
                yield from self._more_carers(fact, role)

    def _with_others(
        self,
        trial: Trial,
        new: Mapping[int, set[tuple[int, int]]],
        before: Mapping[int, object],
    ) -> Iterator[Relaxation]:
        def others(model: Verbs) -> Expression:
            return sum(model.takes(v, n, r) for v, some in new.items() for n, r in sorted(some))

        if trial.answer() is not Answer.YES:
            return
        answer, places = trial.solve(least=others)
        found = {v: p for v, p in places.items() if p is not None}
        taken = {
            v: [(n, r) for n, members in enumerate(p.team) for r in members if (n, r) in new[v]]
            for v, p in found.items()
            if v in new
        }
        needs = {(v, n) for v, some in taken.items() for n, _ in some}
        if answer is not Answer.YES or not needs:
            return
        prepared = self.prepared
        asked = sorted(
            {
                r
                for v, n in needs
                for r in prepared.visits[v].needs[n].resources
                if (n, r) not in new[v]
            }
        )
        come = sorted({r for some in taken.values() for _, r in some})
        told = f"with {self._people(come)}"
        if asked:
            told += f" instead of {self._people(asked)}"
        yield self._relaxation(
            Kind.OTHER_RESOURCE,
            self.request,
            sum(bool(some) for some in taken.values()),
            f"{told}: {{places}}",
            found,
        )

    def _same_role(self, fact: Fact) -> str:
        """Return the role of which a fact keeps people few or the same, if that is all it does."""
        series = self._series()
        if fact.of_resource or fact.object != self.request:
            return ""
        if fact.rule == "most_carers" and series is not None:
            return series.carer_role
        some = self._relations() if fact.rule == "relations" else []
        if all(r.same and r.alike is Alike.RESOURCE for r in some):
            return some[0].role if len({relation.role for relation in some}) == 1 else ""
        return ""

    def _relations(self) -> list[Relation]:
        """Return the relations of any of the visits."""
        return [
            relation
            for relation in self.prepared.problem.relations
            if any(
                number in self.trial.must
                for name in relation.visits
                for number in self.prepared.named_visits(name)
            )
        ]

    def _more_carers(self, fact: Fact, role: str) -> Iterator[Relaxation]:
        """Let a series have more carers, or related visits different ones."""
        facts = [other for other in self.trial.facts if other != fact]
        if self.trial.answer(facts) is not Answer.YES:
            return

        def carers(model: Verbs) -> Expression:
            by_carer: dict[int, list[object]] = {}
            for number in self.trial.must:
                for n, need in enumerate(self.prepared.visits[number].needs):
                    for r in model.choices(number, n) if need.role == role else ():
                        by_carer.setdefault(r, []).append(model.takes(number, n, r))
            return sum(model.any_of(takes) for takes in by_carer.values())

        answer, places = self.trial.solve(facts, least=carers)
        found = {v: p for v, p in places.items() if p is not None}
        people = sorted(
            {
                r
                for v, p in found.items()
                for need, members in zip(self.prepared.visits[v].needs, p.team, strict=True)
                for r in members
                if need.role == role
            }
        )
        if answer is not Answer.YES or not people:
            return
        self.told.add(fact)
        series = self._series()
        most = series.most_carers if series is not None and fact.rule == "most_carers" else None
        few = f"the same {role}{self._as_others()}" if most is None else count(most, role)
        yield self._relaxation(
            Kind.OTHER_RESOURCE,
            self.request,
            max(1, len(people) - (most or 1)),
            f"with {self._people(people)} instead of {few}: {{places}}",
            found,
        )

    def _as_others(self) -> str:
        own = {self.request, *(self.prepared.visits[number].id for number in self.trial.must)}
        names = [name for r in self._relations() for name in r.visits if name not in own]
        return f" as {listed(names)}" if names else ""

    def _series(self) -> FlexibleSeries | None:
        series = self.prepared.requests[self.prepared.request_index[self.request]].request.series
        return series if isinstance(series, FlexibleSeries) else None

    def _people(self, resources: Iterable[int]) -> str:
        """Name people, with their ids where those say more."""
        told = []
        for number in resources:
            thing = self.prepared.resources[number]
            plain = not thing.name or "(" in thing.name
            told.append(thing.label if plain else f"{thing.name} ({thing.id})")
        return listed(told)

    def moved(self, rivals: Sequence[InTheWay]) -> Iterator[Relaxation]:
        """Put one of the requests in the way elsewhere, as near to where it lies as can be."""
        for rival in [rival for rival in rivals if rival.alone][:MOVED]:
            moving = [self.prepared.visit_index[id] for id in rival.visits]
            if len(moving) > 1 or self.prepared.visits[moving[0]].session is not None:
                continue
            (visit,) = moving
            before = self.trial.state.placements[visit]
            assert before is not None
            trial = self._trial(unpinned(self.prepared, visit), also=(visit,))
            if trial.answer() is Answer.NO:
                continue
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
                f"with {rival.visits[0]}{booked} moved"
                f" from {self.prepared.local(before.start, clock)}"
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
                f"{count(len(found), 'visit')} instead of {asked}: {{places}}",
                found,
            )

    def _steps(self) -> int:
        index = self.prepared.request_index[self.request]
        return len(self.prepared.requests[index].request.steps)

    def without(self) -> Iterator[Relaxation]:
        """Let a rule give way for one object, where no other relaxation speaks of it."""
        firm = {fact for fact in self.core.facts if fact.rule in FIRM}
        some = [fact for fact in self.core.facts if fact not in firm | self.told]
        if len(some) > 2 and self._answer_without(some) is Answer.NO:
            return
        for fact in some:
            if self._answer_without([fact]) is not Answer.YES:
                continue
            answer, places = self.trial.solve(f for f in self.trial.facts if f != fact)
            if answer is Answer.YES:
                found = {v: p for v, p in places.items() if p is not None}
                yield self._relaxation(
                    Kind.WITHOUT,
                    fact.object,
                    1,
                    f"{without(self.prepared, fact, found)}: {{places}}",
                    found,
                )

    def _answer_without(self, facts: Sequence[Fact]) -> Answer:
        return self.trial.answer(fact for fact in self.trial.facts if fact not in facts)

    def _trial(self, prepared: Prepared, also: tuple[int, ...] = ()) -> Trial:
        book = self.book.changed(prepared, self.book.rules, self.book.weighed)
        return Trial(book, self.trial.state, (*self.trial.must, *also))

    def _placed(self, trial: Trial) -> Places:
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
        places: Places,
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
