"""For every rule a request is left out because of it: the core says so, and nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from explain.judge import Judge, without_each
from explain.planted import Planted, Planting, asked, planted, with_ann
from explain.planted_by_request import BY_REQUEST
from explain.planted_by_resource import BY_RESOURCE
from faces import book_of
from tiny import request, service

from allocator.check.check import check
from allocator.explain import Explainer, find_conflict
from allocator.explain.facts import has_face
from allocator.explain.trial import Trial, needed_visits
from allocator.rules import RULES
from allocator.rules.must_serve import MustServe
from allocator.solve.feasible import Answer
from allocator.state.state import State

CONFLICTS = {**BY_REQUEST, **BY_RESOURCE}
EACH = [pytest.param(r, p, id=p.__name__) for r, some in CONFLICTS.items() for p in some]

#: Rules that can be in no core, with the reason.
NEVER = {
    "duration": "it is built into the ways to hold a visit, and takes no start from any",
    "must_serve": "a trial has to place what a request needs anyway, and the rule asks for no more",
}


def trial_of(some: Planted) -> Trial:
    """Try A anew, beside what is placed."""
    book = book_of(some.problem)
    prepared = book.prepared
    state = State(prepared, prepared.placements(some.schedule))
    return Trial(book, state, needed_visits(book, prepared.request_index["A"]))


def test_every_rule_is_in_a_core_or_can_be_in_none() -> None:
    """A rule without a planted conflict fails here, as does one that no longer exists."""
    assert CONFLICTS.keys() | NEVER.keys() == {rule.name for rule in RULES}
    assert not CONFLICTS.keys() & NEVER.keys()


@pytest.mark.parametrize(("rule", "plant"), EACH)
def test_the_core_is_what_was_planted(rule: str, plant: Planting) -> None:
    """The rule is in it, with its object, beside the facts that a reader would name."""
    some = plant()
    core = some.why().core
    assert core is not None
    assert core.confirmed
    assert {(fact.rule, fact.object) for fact in core.facts} == some.core
    assert rule in {name for name, _ in some.core}


@pytest.mark.parametrize(("rule", "plant"), EACH)
def test_what_is_planted_is_a_schedule(rule: str, plant: Planting) -> None:
    """Beside that A is left out, what is placed breaks nothing: else it would prove nothing."""
    some = plant()
    found = check(some.problem, some.schedule).violations
    assert [v for v in found if v.rule != "pins" or v.visits != ("A",)] == []


@pytest.mark.parametrize(("rule", "plant"), EACH)
def test_the_core_leaves_no_way_and_each_of_its_facts_is_needed(rule: str, plant: Planting) -> None:
    """A fresh trial says so by CP-SAT, and so does looking at every way there is."""
    some = plant()
    core = some.why().core
    assert core is not None
    trial = trial_of(some)
    judge = Judge(book_of(some.problem), trial_of(some))
    assert core.facts and set(core.facts) <= set(trial.facts)
    assert trial.solve(core.facts)[0] is Answer.NO
    assert not judge.possible(core.facts)
    for fact, others in without_each(core.facts):
        assert trial.solve(others)[0] is Answer.YES, fact
        assert judge.possible(others), fact


@pytest.mark.parametrize(("rule", "plant"), EACH)
def test_the_sentence_names_those_whom_it_is_about(rule: str, plant: Planting) -> None:
    """The request, and each resource by its name: Dr Ann, not ann."""
    some = plant()
    why = some.why()
    assert why.core is not None
    assert why.sentence.startswith("A cannot be placed while all else stays: ")
    assert why.text().startswith(why.sentence)
    for fact in why.core.facts:
        if fact.of_resource:
            assert some.problem.resource(fact.object).label in why.sentence
        else:
            assert fact.object == "A"
    assert " ann " not in why.sentence


def test_duration_is_in_no_core() -> None:
    """It has no face by which a fact could take a start; too long a visit is told without facts."""
    (rule,) = (rule for rule in RULES if rule.name == "duration")
    faces = ("starts", "starts_with", "team_allowed", "constrain")
    assert not any(has_face(rule, face) for face in faces)
    why = planted(asked(services=(service(minutes=25 * 60),)), core="duration A").why()
    assert why.core is not None
    assert why.core.facts == ()
    assert why.core.confirmed
    assert why.sentence == "A cannot be placed at all: nobody can hold it inside the horizon."


def test_must_serve_is_in_no_core() -> None:
    """Alone it leaves a way, since all that it asks for is what has to be placed anyway.

    What has to be served is told as a demand of a conflict instead.
    """
    some = asked(request("A", must=True), request("B", must=True), services=(service(minutes=780),))
    why = Explainer(some, planted(some, with_ann("B", 0, 0, 780), core="x x").schedule).why_not("A")
    assert why.core is not None
    assert MustServe.name not in {fact.rule for fact in why.core.facts}
    conflict = find_conflict(some)
    assert conflict is not None
    assert conflict.demands == ("A", "B")
    assert MustServe.name not in {fact.rule for fact in conflict.core.facts}


@pytest.mark.parametrize(("rule", "plant"), EACH)
def test_must_serve_alone_leaves_a_way(rule: str, plant: Planting) -> None:
    """Whatever A is: where it must be served, all other facts out of force, it has a place."""
    some = plant()
    requests = tuple(replace(r, must=r.id == "A") for r in some.problem.requests)
    must = Planted(replace(some.problem, requests=requests), some.placed, some.core)
    trial = trial_of(must)
    alone = [fact for fact in trial.facts if fact.rule == MustServe.name]
    assert trial.solve(alone)[0] is Answer.YES
    core = must.why().core
    assert core is not None
    assert {(fact.rule, fact.object) for fact in core.facts} == some.core
