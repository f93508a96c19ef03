"""Who walks in processes of their own: they tell and follow gains, and who dies is not missed."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest
from faces import book_of

from allocator.check.violations import violations
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.solve import company as companies
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.company import PATIENCE, Companion, Company, Errand, Talk
from allocator.solve.construct import construct
from allocator.solve.improve import Improve
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.loose import loosened
from allocator.solve.params import Params
from allocator.solve.walk import Walk
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

PROBLEM = clinic(visits=60, weeks=2, booked=False, seed=3)


@pytest.fixture(scope="module")
def began() -> tuple[Rulebook, Incumbent, list[int]]:
    """What insertion comes to, and who may move."""
    book = book_of(PROBLEM)
    free = list(range(len(book.prepared.visits)))
    state = State(book.prepared)
    construct(book, state, options_alone(book, State(book.prepared, pending=free)))
    return book, incumbent(book, state.placements), free


def walk_from(began: tuple[Rulebook, Incumbent, list[int]], seed: int = 0) -> Walk:
    book, start, free = began
    return Walk(book, start, free, set(), seed, Budget(60.0))


def errand(began: tuple[Rulebook, Incumbent, list[int]], goals=GOALS) -> Errand:
    _, start, free = began
    return Errand(PROBLEM, RULES, goals, start, free, frozenset(), 0, 60.0)


def company_of(walk: Walk, some: Errand, monkeypatch: pytest.MonkeyPatch, others: int) -> Company:
    """Return a walk with so many others."""
    monkeypatch.setattr(companies, "CORES", others + 1)
    return Company(walk, some, Params(workers=others + 1), Budget(60.0))


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is true, and say whether it came to that."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def better(company: Company, start: Incumbent) -> bool:
    """Let all talk, and say whether somebody has found a better schedule."""
    company.talk()
    return company.best.costs < start.costs


def test_another_process_finds_better_schedules_and_tells(began, monkeypatch) -> None:
    """What is best of all may come from elsewhere, and is as good as it says."""
    book, start, _ = began
    company = company_of(walk_from(began), errand(began), monkeypatch, 1)
    try:
        (other,) = company.others
        assert until(lambda: better(company, start))
        found = company.best
    finally:
        company.end()
    assert found == incumbent(book, found.placements)
    assert not list(violations(book, Timetable(book.prepared, found.placements)))
    assert other.process.poll() is not None


@pytest.mark.parametrize("about", [{"serving": True}, {"classes": (1, 2, 3)}], ids=str)
def test_others_may_be_sent_to_serve_or_to_fit_in(about, began, monkeypatch) -> None:
    """From nothing; the first in whole requests alone, the second also in parts of them."""
    book, _, free = began
    if "classes" in about:
        book = loosened(book)
    start = incumbent(book, [None] * len(free))
    walk = Walk(book, start, free, set(), 0, Budget(60.0), **about)
    some = replace(errand(began), start=start, **about)
    company = company_of(walk, some, monkeypatch, 1)
    try:
        assert until(lambda: better(company, start))
        found = company.best
    finally:
        company.end()
    assert found == incumbent(book, found.placements)
    assert not list(violations(book, Timetable(book.prepared, found.placements)))


def test_who_is_killed_is_not_missed(began, monkeypatch) -> None:
    """What was told before is kept, and the walk here goes on."""
    book, start, _ = began
    walk = walk_from(began)
    company = company_of(walk, errand(began), monkeypatch, 2)
    try:
        first, second = company.others
        assert until(lambda: better(company, start))
        kept = company.best.costs
        first.process.kill()
        second.process.kill()
        first.process.wait()
        second.process.wait()
        for _ in range(60):
            walk.step()
            company.talk()
    finally:
        company.end()
    assert company.best.costs <= kept
    assert company.best == incumbent(book, company.best.placements)


def test_a_solve_whose_workers_are_killed_ends_well(began, monkeypatch) -> None:
    """Improving notices nothing but that it is alone."""
    book, start, free = began
    monkeypatch.setattr(companies, "CORES", 3)
    before = set(psutil.Process().children(recursive=True))
    killed = 0

    def kill(*news: object) -> None:
        nonlocal killed
        for child in set(psutil.Process().children(recursive=True)) - before:
            child.kill()
            killed += 1

    budget = Budget(5.0)
    improve = Improve(book, start, free, set(), Params(workers=3), budget, RULES, GOALS)
    best = improve.run([None] * len(book.levels), kill)
    assert killed >= 2
    assert best.costs < start.costs
    assert best == incumbent(book, best.placements)
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [child for child in left if child.status() != psutil.STATUS_ZOMBIE]


class Unsent(Goal):
    """A goal that does not know how to travel."""

    name = "unsent"
    sentence = "Stays where it is."

    def __reduce__(self) -> str:
        raise pickle.PicklingError("stays here")


def test_where_goals_cannot_travel_nobody_else_goes(began, monkeypatch) -> None:
    """As with goals that a notebook defines."""
    company = company_of(walk_from(began), errand(began, (*GOALS, Unsent())), monkeypatch, 1)
    assert not company.others
    company.talk()
    company.end()


def test_gains_of_one_are_followed_by_another(began) -> None:
    """Two who start alike: what one gains the other has, without having looked for it."""
    book, start, _ = began
    one, other = walk_from(began, 1), walk_from(began, 2)
    told, hears = Companion(one), Companion(other)
    for _ in range(5_000):
        one.step()
        talk = told.tell()
        if talk is not None:
            hears.hear(pickle.loads(pickle.dumps(talk)))
        if other.best.costs < start.costs:
            break
    assert hears.known.costs == one.best.costs <= other.best.costs < start.costs
    assert other.best == incumbent(book, other.best.placements)
    assert told.tell() is None


def test_who_gains_nothing_for_long_goes_on_from_the_best(began) -> None:
    """Not at once: another way may still lead further."""
    book, start, _ = began
    leader, walk = walk_from(began, 1), walk_from(began, 2)
    while leader.best.costs >= start.costs:
        leader.step()
    companion = Companion(walk)
    companion.hear(Talk([], leader.best))
    for _ in range(PATIENCE - 1):
        companion.rest()
        assert walk.best.costs == start.costs
    companion.rest()
    assert walk.best == leader.best
    walk.step()
    assert walk.best == incumbent(book, walk.best.placements)


def test_the_errand_is_enough_to_prepare_the_same(began) -> None:
    """Another process numbers visits and resources alike."""
    book, start, _ = began
    sent = pickle.loads(pickle.dumps(errand(began)))
    again = Rulebook(Prepared(sent.problem), sent.rules, sent.goals)
    assert incumbent(again, sent.start.placements) == start
    assert [v.id for v in again.prepared.visits] == [v.id for v in book.prepared.visits]
