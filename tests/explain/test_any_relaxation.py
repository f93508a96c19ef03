"""On random problems the places that relaxations tell are right, whatever gives way."""

from __future__ import annotations

import random

from explain.giving_way import given, held, moved, places_of
from faces import book_of, broken
from hypothesis import assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from random_problems import random_problem, random_schedule

from allocator.check.check import check
from allocator.domain.schedule import Schedule
from allocator.explain import Explainer, Kind, Relaxation, WhyNot


@settings(max_examples=60)
@drawn(seed=st.integers(0, 10**9))
def test_the_places_break_nothing_but_what_gave_way(seed: int) -> None:
    """Of every relaxation of every request left out of a random schedule."""
    problem = random_problem(seed, most_visits=6)
    book = book_of(problem)
    placed = random_schedule(book, random.Random(seed))
    assume(not broken(book, placed))
    schedule = Schedule(
        assignments=tuple(book.prepared.assignment(v, p) for v, p in sorted(placed.items()))
    )
    explainer = Explainer(problem, schedule)
    for id in explainer.unserved:
        request = problem.request(id)
        # What fewer visits of a series mean of which some are booked is tested by itself.
        if not any(visit in schedule for visit in request.visit_ids()):
            why = explainer.why_not(id)
            for relaxation in why.relaxations:
                judged(explainer, why, relaxation)


def judged(explainer: Explainer, why: WhyNot, relaxation: Relaxation) -> None:
    """Assert by the plain checks that the places are right."""
    problem, schedule = explainer.problem, explainer.schedule
    after = places_of(relaxation, schedule)
    if relaxation.kind is Kind.WITHOUT:
        found = [v for v in check(problem, after).violations if not v.inherited]
        assert why.core is not None
        facts = {(fact.rule, fact.object) for fact in why.core.facts}
        (rule,) = {violation.rule for violation in found}
        assert (rule, relaxation.object) in facts
        return
    request = problem.request(why.request)
    around = held(problem, moved(schedule, relaxation), request)
    checked = check(given(around, request, relaxation), after)
    assert checked.valid, (relaxation.sentence, checked.violations)
