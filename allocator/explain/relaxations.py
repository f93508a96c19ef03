"""Relaxations: what would place a request, each tried out, the cheapest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from allocator.domain.request import FlexibleSeries
from allocator.explain.core import Core
from allocator.explain.facts import Fact, named
from allocator.explain.in_the_way import InTheWay
from allocator.explain.other_resource import OtherResource
from allocator.explain.relaxation import Finder, Places
from allocator.explain.relaxation import Kind as Kind
from allocator.explain.relaxation import Relaxation as Relaxation
from allocator.explain.trial import Trial, needed_visits
from allocator.explain.wider import LongerHours, WiderWindows, unpinned, with_visits
from allocator.explain.without import without
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
    others = OtherResource(book, request, trial, core)
    found = [
        *finder.shorter(),
        *finder.wider_windows(),
        *finder.longer_hours(),
        *others.find(),
        *finder.moved(rivals),
        *finder.fewer_visits(),
    ]
    finder.told |= others.told
    found += finder.without()
    return tuple(sorted(found, key=lambda r: (r.price, r.sentence)))


class _Finder(Finder):
    def shorter(self) -> Iterator[Relaxation]:
        """Cut the visits' length, tick by tick, as far as half of it.

        Who takes part in a group session is there for all of it.
        """
        visits = [self.prepared.visits[number] for number in self.trial.must]
        lengths = {variant.duration for visit in visits for variant in visit.variants}
        if len(lengths) != 1 or any(n.part is not None for visit in visits for n in visit.needs):
            return
        if any(visit.joins for visit in visits):
            return
        (whole,) = lengths
        steps = range(whole - 1, math.ceil(whole * SHORTEST) - 1, -1)
        for length, found in self._least(steps, self._with_length):
            minutes, before = length * self.prepared.grain, whole * self.prepared.grain
            yield self.relaxation(
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
        return self.tried(with_visits(self.prepared, changed))

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
            yield self.relaxation(
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
                yield self.relaxation(
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
            found = self.placed(tried(step))
            if found:
                yield step, found
                return

    def moved(self, rivals: Sequence[InTheWay]) -> Iterator[Relaxation]:
        """Put one of the requests in the way elsewhere, as near to where it lies as can be."""
        for rival in [rival for rival in rivals if rival.alone][:MOVED]:
            moving = [self.prepared.visit_index[id] for id in rival.visits]
            if len(moving) > 1 or self.prepared.visits[moving[0]].session is not None:
                continue
            (visit,) = moving
            before = self.trial.state.placements[visit]
            assert before is not None
            trial = self.tried(unpinned(self.prepared, visit), also=(visit,))
            if trial.answer() is Answer.NO:
                continue
            answer, places = trial.solve(least=_distance(visit, before.start))
            after = places.get(visit)
            if answer is not Answer.YES or after is None:
                continue
            clock = self.prepared.visits[visit].clock
            days = abs(int(clock.day_of[after.start]) - int(clock.day_of[before.start]))
            booked = ", which is booked," if rival.booked else ""
            yield self.relaxation(
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
        prep = self.prepared.requests[self.prepared.request_index[self.request]]
        steps = len(prep.request.steps)
        own = [number for number in self.trial.must if number in prep.visits]
        if len(own) <= steps:
            return
        if isinstance(prep.request.series, FlexibleSeries) and not len(own) % steps:
            found = self._first_visits(own, steps)
        else:
            found = self._any_visits(own) if steps == 1 else {}
        left = len([number for number in own if number in found]) // steps
        asked = len(own) // steps
        needed = needed_visits(self.book, prep.index)
        held = sum(number in self.prepared.frozen for number in needed) // steps
        if 0 < left < asked:
            yield self.relaxation(
                Kind.FEWER_VISITS,
                self.request,
                asked - left,
                f"{count(held + left, 'visit')} instead of {held + asked}: {{places}}",
                found,
            )

    def _first_visits(self, own: Sequence[int], steps: int) -> Places:
        """Place the first visits of a series, the last of which are those left out."""
        others = [number for number in self.trial.must if number not in own]
        rules = [rule for rule in self.book.rules if rule.name != "series_completeness"]
        book = self.book.changed(self.prepared, rules, self.book.weighed)
        best: Places = {}
        fits, too_many = 0, len(own) // steps
        while too_many - fits > 1:
            number = (fits + too_many) // 2
            trial = Trial(book, self.trial.state, [*others, *own[: number * steps]])
            answer, places = trial.solve()
            if answer is Answer.YES:
                fits, best = number, {v: p for v, p in places.items() if p is not None}
            else:
                too_many = number
        return best

    def _any_visits(self, own: Sequence[int]) -> Places:
        """Place any visits of the request, as many as can be; a first visit is not left out."""
        prep = self.prepared.requests[self.prepared.request_index[self.request]]
        first = prep.visits[:1] if prep.request.first_visit else ()

        def missing(model: Verbs) -> Expression:
            return -sum(model.present(v) for v in own)

        facts = [
            fact for fact in self.trial.facts if fact != Fact("series_completeness", self.request)
        ]
        must = [number for number in self.trial.must if number not in own or number in first]
        answer, places = self.trial.solve(facts, must=must, least=missing)
        if answer is not Answer.YES:
            return {}
        return {v: p for v, p in places.items() if p is not None}

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
                yield self.relaxation(
                    Kind.WITHOUT,
                    fact.object,
                    1,
                    f"{without(self.prepared, fact, found)}: {{places}}",
                    found,
                )

    def _answer_without(self, facts: Sequence[Fact]) -> Answer:
        return self.trial.answer(fact for fact in self.trial.facts if fact not in facts)


def _distance(visit: int, start: int) -> Callable[[Verbs], Expression]:
    def least(model: Verbs) -> Expression:
        at = model.start(visit)
        ticks = model.prepared.ticks
        return model.greatest([at - start, start - at], 0, ticks)

    return least
