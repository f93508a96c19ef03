"""On random problems: whoever brute force finds a place for is asked, and nobody else."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from faces import book_of, broken, universe, with_placements
from random_problems import random_problem, random_schedule

from allocator.check.score import score
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import Span
from allocator.prepare.visit import Placement
from allocator.suggest import Backfill, BackfillTerms, Index, WaitlistEntry
from allocator.suggest.engine import LAST_PLACE
from allocator.table.rulebook import LEVEL_SCALE

SEEDS = range(9000, 9060)


class Cancelled:
    """A random schedule from which one visit is taken out, and requests that wait for its time."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.problem = random_problem(seed, most_visits=5)
        self.book = book_of(self.problem)
        placed = random_schedule(self.book, rng)
        prepared = self.book.prepared
        alone = [
            v
            for v in placed
            if v not in prepared.frozen and (r := prepared.visits[v].request) and r.visit_count == 1
        ]
        self.freed: dict[str, list[Span]] = {}
        if alone:
            gone = rng.choice(sorted(alone))
            lies = self.book.prepared.assignment(gone, placed.pop(gone))
            for claim in self.book.prepared.claims(Schedule(assignments=(lies,))):
                span = Span(start=claim.start, end=claim.end)
                self.freed.setdefault(claim.resource, []).append(span)
        self.placed = placed
        self.rest = Schedule(
            assignments=tuple(self.book.prepared.assignment(v, p) for v, p in placed.items())
        )
        self.now = self.problem.horizon.asked_at
        self.terms = BackfillTerms(notice_minutes=rng.choice((0, 0, 90, 24 * 60)))
        self.waiting = [
            WaitlistEntry(
                request=request,
                since=self.now - timedelta(days=rng.randrange(9)),
                refused=self._refused(rng),
                offers=rng.randrange(3),
            )
            for request in self.problem.requests
            if request.visit_count == 1
            and self.number(request) not in placed.keys() | prepared.frozen.keys()
        ]

    def _refused(self, rng: random.Random) -> tuple[datetime, ...]:
        spans = [span for some in self.freed.values() for span in some]
        return (rng.choice(spans).start,) if spans and rng.random() < 0.3 else ()

    def answer(self) -> Backfill:
        index = Index(self.problem, self.rest)
        return index.backfill(self.waiting, freed=self.freed, terms=self.terms, now=self.now)

    def number(self, request: Request) -> int:
        return self.book.prepared.visit_index[request.visit_id(1, 1)]

    def lies(self, request: Request, place: Placement) -> Assignment:
        return self.book.prepared.assignment(self.number(request), place)

    def good(self, waiting: WaitlistEntry) -> dict[Placement, int]:
        """Every place in the freed time that breaks nothing, with its points by the scores."""
        number = self.number(waiting.request)
        known, base = broken(self.book, self.placed), self._points(waiting, None)
        soonest = self.now + timedelta(minutes=self.terms.notice_minutes)
        found = {}
        for place in universe(self.book, self.book.prepared.visits[number]):
            lies = self.lies(waiting.request, place)
            if lies.start < soonest or lies.start in waiting.refused or not self._uses(lies):
                continue
            if not broken(self.book, {**self.placed, number: place}) - known:
                found[place] = self._points(waiting, place) - base - self._worth(place)
        return found

    def _uses(self, lies: Assignment) -> bool:
        """Say whether it takes a part of what came free, buffers included."""
        optional = {
            f"attendee:{a.resource}"
            for request in self.problem.requests
            if request.visit_id(1, 1) == lies.visit
            for a in request.attendees
            if not a.required
        }
        return any(
            claim.start < span.end and span.start < claim.end
            for claim in self.book.prepared.claims(Schedule(assignments=(lies,)))
            if claim.role not in optional
            for span in self.freed.get(claim.resource, ())
        )

    def _worth(self, place: Placement) -> int:
        """Return what a place fills of what came free, in points: ten for each minute."""
        horizon, grain = self.problem.horizon, self.book.prepared.grain
        ticks = range(place.start, place.start + place.duration)
        taken = [
            sum(
                any(horizon.tick(s.start) <= tick < horizon.tick_at_or_after(s.end) for s in spans)
                for tick in ticks
            )
            for members in place.team
            for r in members
            if (spans := self.freed.get(self.book.prepared.resources[r].id))
        ]
        return 10 * grain * max(taken, default=0)

    def _points(self, waiting: WaitlistEntry, place: Placement | None) -> int:
        """Return what the levels of a schedule cost but for what is served, on one scale."""
        number = self.number(waiting.request)
        placed = self.placed if place is None else {**self.placed, number: place}
        scored = score(self.book, with_placements(self.book, placed))
        levels = [
            level.name
            for level in self.book.levels
            if not all(name.startswith("served:") for name, _ in level.goals)
        ]
        scales = {name: LEVEL_SCALE**n for n, name in enumerate(reversed(levels))}
        return sum(goal.cost * scales.get(goal.level, 0) for goal in scored.goals)


@cache
def case(seed: int) -> Cancelled:
    return Cancelled(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_could_use_it_is_found_with_the_best_place(seed: int) -> None:
    """Nobody is missed, nothing is broken, and no place that they could have costs less."""
    asked = case(seed)
    found = asked.answer()
    told = {taker.waiting.request.id: taker for taker in found.takers}
    for waiting in asked.waiting:
        good = asked.good(waiting)
        taker = told.pop(waiting.request.id, None)
        assert (taker is not None) == bool(good), waiting.request.id
        if taker is not None:
            number = asked.number(waiting.request)
            prepared = asked.book.prepared
            place = prepared.placements(Schedule(assignments=taker.place.visits))[number]
            last_places = LAST_PLACE * len(taker.place.displaces)
            assert taker.place.rank == good[place] + last_places
            others = [w for w in asked.waiting if w is not waiting and w.request.windows]
            assert others or good[place] == min(good.values())
    assert not told
    assert {p.request for p in found.passed_over} == {
        w.request.id for w in asked.waiting if not asked.good(w)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_is_that_of_the_gain(seed: int) -> None:
    """Class, then points made of what is said of each; the order of the question is no matter."""
    asked = case(seed)
    found = asked.answer()
    keys = []
    for taker in found.takers:
        waiting, (visit,) = taker.waiting, taker.place.visits
        filled = max(
            (
                (min(span.end, visit.end) - max(span.start, visit.start)) // timedelta(minutes=1)
                for id in visit.everyone()
                for span in asked.freed.get(id, ())
            ),
            default=0,
        )
        assert taker.filled_minutes == max(0, filled)
        days = (asked.now - waiting.since).days
        points = 50 * days - 100 * waiting.offers
        assert taker.points == points - taker.place.rank
        keys.append((waiting.request.priority, -waiting.request.weight, -taker.points))
    assert keys == sorted(keys)
    turned = replace_waiting(asked, list(reversed(asked.waiting)))
    assert turned.answer().takers == found.takers


def replace_waiting(asked: Cancelled, waiting: list[WaitlistEntry]) -> Cancelled:
    other = Cancelled.__new__(Cancelled)
    other.__dict__ = {**asked.__dict__, "waiting": waiting}
    return other


def test_the_cases_are_of_every_kind() -> None:
    """Else something would go unseen: takers, nobody, several of one, refused starts, notice."""
    asked = [case(seed) for seed in SEEDS]
    takers = [len(one.answer().takers) for one in asked]
    assert any(n > 1 for n in takers) and 0 in takers
    assert any(w.refused for a in asked for w in a.waiting)
    assert any(a.terms.notice_minutes for a in asked)
    assert sum(len(a.waiting) for a in asked) > 40


def test_the_index_is_as_it_was() -> None:
    """Asking changes nothing: the same question has the same answer, and so has another."""
    asked = next(one for seed in SEEDS if (one := case(seed)).answer().takers)
    index = Index(asked.problem, asked.rest)
    before = index.suggest(asked.waiting[0].request)
    index.backfill(asked.waiting, freed=asked.freed, now=datetime.now(UTC))
    index.backfill(asked.waiting, freed=asked.freed, now=asked.now)
    assert replace(index.suggest(asked.waiting[0].request), version=0) == before
