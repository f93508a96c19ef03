"""On random problems, all rules and goals together: masks, tables and CP-SAT say what is true.

Each rule's and goal's own tests tie its faces together alone. Here they meet.
"""

import random
from functools import cache

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees
from random_problems import likely, random_problem, random_schedule

from allocator.goals import GOALS
from allocator.goals.served import Served
from allocator.rules import RULES
from allocator.table.rulebook import Rulebook

SEEDS = range(3000, 3024)


@cache
def book(seed: int) -> Rulebook:
    return book_of(random_problem(seed, most_visits=6))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_visit_agrees(seed: int) -> None:
    """Each visit of a random schedule is moved to every place that there is."""
    some = book(seed)
    schedule = random_schedule(some, random.Random(seed))
    for visit in some.prepared.visits:
        if visit.index not in some.prepared.frozen:
            rest = {v: p for v, p in schedule.items() if v != visit.index}
            allowed, forbidden = one_visit_agrees(some, visit.index, rest)
            assert allowed + forbidden > 0 or not visit.variants


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_agrees(seed: int) -> None:
    """Some visits of a random schedule are free; joint placements of theirs are tried at random."""
    rng = random.Random(seed)
    some = book(seed)
    schedule = random_schedule(some, rng)
    assert not {b for b in broken(some, schedule) if b[0] != "must_serve"}
    moving = [v.index for v in some.prepared.visits if v.index not in some.prepared.frozen]
    free = sorted(rng.sample(moving, rng.randint(1, len(moving))))
    accepted, refused = model_agrees(
        some,
        free,
        {v: p for v, p in schedule.items() if v not in free},
        samples=16,
        seed=seed,
        near=[schedule],
        starts={v: sorted({p.start for p in places}) for v, places in likely(some).items()},
    )
    assert accepted + refused


def test_every_rule_and_goal_takes_part() -> None:
    """The random problems leave no rule and no goal out; else a meeting would go unseen."""
    there = {thing.name for seed in SEEDS for thing in (*book(seed).rules, *book(seed).goals)}
    assert {thing.name for thing in (*RULES, *GOALS)} <= there
    assert {Served(priority).name for priority in (1, 2, 3)} <= there
