"""What masks and visits placed one after the other answer is what CP-SAT answers."""

from __future__ import annotations

import random

import pytest
from faces import book_of
from random_problems import random_problem, random_schedule

from allocator.explain.facts import Fact
from allocator.explain.in_order import InOrder
from allocator.explain.trial import Trial, needed_visits
from allocator.goals import GOALS
from allocator.rules import RULES
from allocator.solve.feasible import Answer, feasible
from allocator.state.state import State

SEEDS = (*range(40), 101, 297, 663)


def by_model(trial: Trial, facts: list[Fact]) -> Answer:
    """Ask CP-SAT alone, with visits in any order."""
    trial.force.facts = frozenset(facts)
    trial.state.pending = frozenset(trial.free)
    rules = [rule for rule in trial.book.rules if rule.name != InOrder.name]
    book = trial.book.changed(trial.book.prepared, rules, trial.book.weighed)
    return feasible(book, trial.state, trial.free, trial.must)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_answer_is_what_the_model_answers(seed: int) -> None:
    """Requests are taken out of a random schedule; facts are put out of force at random.

    One request alone, then two together; the answers may rest on ways found before.
    """
    rng = random.Random(seed)
    book = book_of(random_problem(seed, most_visits=6), RULES, GOALS)
    schedule = random_schedule(book, rng)
    prepared = book.prepared
    numbers = [r.index for r in prepared.requests if not set(r.visits) & set(prepared.frozen)]
    for count in (1, 2):
        for some in (rng.sample(numbers, count) for _ in range(3) if len(numbers) >= count):
            gone = {v for number in some for v in prepared.requests[number].visits}
            placements = [
                None if v.index in gone else schedule.get(v.index) for v in prepared.visits
            ]
            trial = Trial(
                book,
                State(prepared, placements),
                [v for number in some for v in needed_visits(book, number)],
            )
            facts = list(trial.facts)
            for _ in range(12):
                held = [fact for fact in facts if rng.random() < rng.choice((0.5, 0.8, 1.0))]
                answer = trial.answer(held)
                assert answer is by_model(trial, held), held
                confirmed, places = trial.solve(held)
                assert confirmed is answer
                assert {v for v in trial.must if places.get(v)} == (
                    set(trial.must) if answer is Answer.YES else set()
                )
