"""On random problems over every shape, rule and goal: what is offered can be had, at its price."""

from __future__ import annotations

import gc
import random
import weakref
from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest
from faces import book_of, broken, universe, with_placements
from random_problems import random_problem, random_schedule

from allocator.check.score import score
from allocator.domain.garbage import kept
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.prepare.visit import Placement
from allocator.suggest import Index, Suggestion
from allocator.suggest.engine import LAST_PLACE
from allocator.table.rulebook import Rulebook

SEEDS = range(7000, 7040)

#: More than there are places.
ALL = 10_000


def without(problem: Problem, request: Request) -> Problem:
    """Return the problem as it was before a request was asked."""
    gone = {request.id, *request.visit_ids()}
    return replace(
        problem,
        requests=tuple(r for r in problem.requests if r.id != request.id),
        relations=tuple(r for r in problem.relations if gone.isdisjoint(r.visits)),
        precedences=tuple(p for p in problem.precedences if gone.isdisjoint((p.before, p.after))),
        pins=tuple(p for p in problem.pins if p.visit not in gone),
        published=tuple(a for a in problem.published if a.visit not in gone),
    )


class Question:
    """A request asked beside a random schedule, with an index that does not know it yet."""

    def __init__(self, seed: int, number: int) -> None:
        problem = random_problem(seed, most_visits=5)
        self.request = problem.requests[number % len(problem.requests)]
        self.before = without(problem, self.request)
        book = book_of(self.before)
        placed = random_schedule(book, random.Random(seed))
        self.schedule = Schedule(
            assignments=tuple(book.prepared.assignment(v, p) for v, p in placed.items())
        )
        self.index = Index(self.before, self.schedule)
        #: The problem with the request in it, as the plain checks read it.
        self.book = book_of(replace(self.before, requests=(*self.before.requests, self.request)))
        self.rest = self._read(self.schedule.assignments)

    def _read(self, assignments: tuple[Assignment, ...]) -> dict[int, Placement]:
        found = self.book.prepared.placements(Schedule(assignments=assignments))
        return {v: p for v, p in enumerate(found) if p is not None}

    def after(self, option: Suggestion) -> dict[int, Placement]:
        """Return all that is placed once a suggestion is booked."""
        return self._read((*self.schedule.assignments, *option.visits))


@cache
def question(seed: int) -> Question:
    return Question(seed, seed)


def points(book: Rulebook, placed: dict[int, Placement]) -> dict[str, int]:
    """Return what a schedule costs by goal."""
    return {g.goal: g.cost for g in score(book, with_placements(book, placed)).goals}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_offered_breaks_nothing(seed: int) -> None:
    """Every plain check passes on the schedule with it; the index is as it was before."""
    asked = question(seed)
    found = asked.index.suggest(asked.request, limit=ALL)
    known = broken(asked.book, asked.rest)
    for option in found.options:
        new = broken(asked.book, asked.after(option)) - known
        assert not {b for b in new if b[0] != "must_serve"}, option.text()
    assert asked.index.suggest(asked.request, limit=ALL) == found


@pytest.mark.parametrize("seed", SEEDS)
def test_its_price_is_that_of_the_whole_schedule(seed: int) -> None:
    """Goal by goal, the score with it less the score without."""
    asked = question(seed)
    base = points(asked.book, asked.rest)
    for option in asked.index.suggest(asked.request, limit=ALL).options:
        scored = points(asked.book, asked.after(option))
        told = {cost.goal: cost.cost for cost in option.costs}
        assert told == {g: scored[g] - base[g] for g in scored if scored[g] != base[g]}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_start_is_missed(seed: int) -> None:
    """Of a single visit, every start is offered at which brute force finds a way."""
    asked = question(seed)
    if asked.request.visit_count > 1:
        return
    number = asked.book.prepared.visit_index[asked.request.visit_id(1, 1)]
    visit = asked.book.prepared.visits[number]
    known = broken(asked.book, asked.rest)
    possible = {
        place.start
        for place in universe(asked.book, visit)
        if not broken(asked.book, {**asked.rest, number: place}) - known
    }
    if not possible:
        possible = {start for start, _ in opened(asked, number)}
    found = asked.index.suggest(asked.request, limit=ALL)
    instants = {asked.book.prepared.horizon.instant(tick) for tick in possible}
    assert {option.start for option in found.options} == instants


def opened(asked: Question, number: int) -> set[tuple[int, str]]:
    """Return when, by brute force, a visit could join which session were it held for them."""
    prepared, known = asked.book.prepared, broken(asked.book, asked.rest)
    visit = prepared.visits[number]
    return {
        (place.start, prepared.visits[session].id)
        for session in visit.joins
        if session not in asked.rest
        for held in universe(asked.book, prepared.visits[session])
        for place in universe(asked.book, visit, [held.start])
        if place.session == session
        if not broken(asked.book, {**asked.rest, session: held, number: place}) - known
    }


#: Seeds of single visits of which the sessions have no place, and one could be held for them.
OPENED = (7030, 7046, 7100, 7151, 7185, 7225)


@pytest.mark.parametrize("seed", OPENED)
def test_sessions_are_held_for_the_first_who_joins(seed: int) -> None:
    """At every start, and for every session, at which brute force finds a way, and no other."""
    asked = question(seed)
    number = asked.book.prepared.visit_index[asked.request.visit_id(1, 1)]
    options = asked.index.suggest(asked.request, limit=ALL).options
    assert options
    found = {(asked.book.prepared.horizon.tick(o.start), *o.opens) for o in options}
    assert found == opened(asked, number)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ranking_of_every_start_is_the_same(seed: int) -> None:
    """Of a single visit, each start has the rank of the cheapest choice that begins then."""
    asked = question(seed)
    if asked.request.visit_count > 1:
        return
    cheapest: dict[datetime, int] = {}
    for option in asked.index.suggest(asked.request, limit=ALL).options:
        if option.opens:
            return  # starts are ranked beside sessions that are held
        rank = option.rank - LAST_PLACE * len(option.displaces)
        cheapest[option.start] = min(cheapest.get(option.start, rank), rank)
    ranked = asked.index.ranking(asked.request)
    assert {one.visit.start: one.rank for one in ranked} == cheapest
    assert [one.rank for one in ranked] == sorted(one.rank for one in ranked)


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_and_goals_that_requests_bring_are_marked(seed: int) -> None:
    """What a problem has only because of its requests, an index has in force from the first."""
    problem = random_problem(seed, most_visits=5)
    bare = replace(
        problem, requests=(), relations=(), precedences=(), pins=(), published=(), sessions=()
    )
    with_them, without_them = book_of(problem), book_of(bare)
    # Named requests come with the problem; a practitioner who only ever attends has no short gaps.
    named = {"relations", "precedence", "pins", "most_changes", "fewest_changes", "compact_days"}
    named |= {"session_together", "session_most", "session_least"}
    for there, here in (
        (with_them.rules, without_them.rules),
        (with_them.goals, without_them.goals),
    ):
        known = {one.name for one in here} | named
        assert all(one.of_requests for one in there if one.name not in known)


def test_the_questions_are_of_every_shape() -> None:
    """Else something would go unseen: singles, chains, series, sessions; some have no answer."""
    asked = [question(seed) for seed in SEEDS]
    assert {type(a.request.series).__name__ for a in asked} == {
        "NoneType",
        "FixedSeries",
        "FlexibleSeries",
    }
    assert any(len(a.request.steps) > 1 for a in asked)
    assert any(step.sessions for a in asked for step in a.request.steps)
    answered = [bool(a.index.suggest(a.request).options) for a in asked]
    assert any(answered) and not all(answered)


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_an_index_that_is_kept_goes_when_nobody_needs_it(seed: int) -> None:
    """Asked and booked, and no search for cycles looks through it: nothing of it stays."""
    question = Question(seed, seed)
    with kept():
        index = Index(question.before, question.schedule)
    try:
        found = index.suggest(question.request, limit=3)
        index.days(question.request)
        if found.options:
            index.book(question.request, found.options[0].visits)
        parts = [weakref.ref(part) for part in (index, index.prepared, index.state)]
        del index, found
        gc.collect()  # questions may leave something for it
        assert [part() for part in parts] == [None, None, None]
    finally:
        gc.unfreeze()
