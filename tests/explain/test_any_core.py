"""On random problems cores are sufficient and minimal, and funnels add up, whoever is left out."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import pairwise

from explain.judge import Judge, TooMany, without_each
from faces import PRESENCE, Placements, book_of, broken, universe
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_problems import random_problem, random_schedule

from allocator.domain.schedule import Schedule
from allocator.explain import Explainer, WhyNot
from allocator.explain.trial import Trial, needed_visits
from allocator.prepare.visit import Placement, Visit
from allocator.state.state import State
from allocator.table.funnel import ALL_STARTS, funnel
from allocator.table.rulebook import Rulebook

#: Ways to place what is left out up to which all are looked at.
MOST_WAYS = 2_000


@settings(max_examples=80)
@given(seed=st.integers(0, 10**9))
def test_a_core_leaves_no_way_and_each_of_its_facts_is_needed(seed: int) -> None:
    """Of every request left out of a random schedule, as far as all ways can be looked at.

    What breaks a pin as it is is no schedule to ask about.
    """
    problem = random_problem(seed, most_visits=6)
    book = book_of(problem)
    prepared = book.prepared
    placed = random_schedule(book, random.Random(seed))
    assume(not broken(book, placed))
    schedule = Schedule(
        assignments=tuple(prepared.assignment(v, p) for v, p in sorted(placed.items()))
    )
    explainer = Explainer(problem, schedule)
    for request in explainer.unserved:
        needed = needed_visits(book, prepared.request_index[request])
        if not needed:
            continue
        why = explainer.why_not(request, brief=True)
        trial = Trial(book, explainer.state, needed)
        judge = Judge(book, trial, MOST_WAYS)
        with suppress(TooMany):
            judged(judge, why)


def judged(judge: Judge, why: WhyNot) -> None:
    """Assert that every way there is bears out what was found."""
    assert (why.core is None) == judge.possible(judge.known), why
    if why.core is None:
        assert why.places
        return
    assert why.core.confirmed
    assert not judge.possible(why.core.facts), why
    for fact, others in without_each(why.core.facts):
        assert judge.possible(others), (fact, why)


@settings(max_examples=50)
@given(seed=st.integers(0, 10**9))
def test_a_funnel_runs_down_to_the_starts_that_are_left(seed: int) -> None:
    """It begins with every start of the horizon, loses some at each rule and never gains any.

    What is left in the end are the starts at which the visit by itself breaks nothing new.
    """
    problem = random_problem(seed, most_visits=6)
    book = book_of(problem)
    prepared = book.prepared
    placed = random_schedule(book, random.Random(seed))
    assume(not broken(book, placed))
    state = State(prepared, [placed.get(v.index) for v in prepared.visits])
    order = [ALL_STARTS, *(rule.name for rule in book.rules)]
    for visit in prepared.visits:
        if visit.index in placed:
            continue
        steps = funnel(book, state, visit)
        lengths = [variant.duration for variant in visit.variants]
        assert steps[0].rule == ALL_STARTS
        assert steps[0].left == max([0, *(prepared.ticks - n + 1 for n in lengths)])
        assert all(one.left > other.left >= 0 for one, other in pairwise(steps))
        assert {step.rule for step in steps} <= set(order)
        allowed = {
            place.start
            for place in universe(book, visit)
            if one_allowed(book, placed, visit, place)
        }
        assert len(allowed) == steps[-1].left


def one_allowed(book: Rulebook, placed: Placements, visit: Visit, place: Placement) -> bool:
    """Say by the plain checks whether a visit may lie there, all else placed as it is.

    Rules about what else has to be placed have nothing to say about where it may lie.
    """
    after = broken(book, {**placed, visit.index: place})
    return not {b for b in after if b[0] not in PRESENCE}
