"""Facts in plain words: every rule has its clause, people have their names, nothing is empty."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from faces import book_of
from random_problems import random_problem, random_schedule
from tiny import at, need, practitioner, problem, request, room, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, Precedence, Relation, Session, Step
from allocator.domain.schedule import Schedule
from allocator.explain import Explainer, Fact
from allocator.explain.facts import has_face
from allocator.explain.lists import NAMED, joined, listed
from allocator.explain.phrases import (
    OF_REQUESTS,
    OF_RESOURCES,
    clauses,
    missed,
)
from allocator.explain.without import FOR_REQUESTS, FOR_RESOURCES
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Rule

SEEDS = range(60)

#: A sentence or a line that has gone wrong: an empty place, a doubled space, a lost word.
AMISS = re.compile(r"  |\(\)|\bNone\b|\{|\}| [,.;:]|\.\.|: ?$|,,")


def of_requests(rule: Rule) -> bool:
    """Say whether a rule can be a fact of a request."""
    faces = ("starts", "constrain", "team_allowed")
    return any(has_face(rule, face) for face in faces) or (
        has_face(rule, "starts_with") and rule.of_request
    )


def of_resources(rule: Rule) -> bool:
    """Say whether a rule can be a fact of a resource."""
    return has_face(rule, "starts_with") and not rule.of_request


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_clause_in_every_form_needed(rule: Rule) -> None:
    """What it says, and what it would mean that it gave way: of requests, and of resources."""
    if of_requests(rule):
        assert OF_REQUESTS[rule.name]
        assert FOR_REQUESTS[rule.name].startswith("if ")
    if of_resources(rule):
        assert all(OF_RESOURCES[rule.name])
        assert FOR_RESOURCES[rule.name].startswith("if ")
        assert "{who}" in FOR_RESOURCES[rule.name]


def test_no_clause_is_of_a_rule_that_is_not_there() -> None:
    """Each clause belongs to a rule, and what can be said can be said to give way."""
    names = {rule.name for rule in RULES}
    assert OF_REQUESTS.keys() | OF_RESOURCES.keys() <= names
    assert OF_REQUESTS.keys() == FOR_REQUESTS.keys()
    assert OF_RESOURCES.keys() == FOR_RESOURCES.keys()


def two() -> Problem:
    """Dr Ann and the main hall have names, Ben has none."""
    return problem(
        request("A", windows=(span(0, 8, 12),)),
        request("B", windows=(span(0, 0, 24),)),
        request("C", windows=(span(0, 8, 9), span(0, 10, 11))),
        request("D", windows=(span(0, 0, 48),)),
        days=2,
        resources=(
            practitioner("ann", name="Dr Ann"),
            practitioner("ben"),
            room("hall", name="Main hall"),
        ),
        services=(service(needs=(need(), need("room"))),),
    )


def said(*facts: Fact) -> list[str]:
    """Say facts about the two."""
    return clauses(Prepared(two()), facts)


def test_each_resource_is_named_once_and_those_alike_together() -> None:
    """By their names where they have any; a request comes first and needs no name."""
    found = said(
        Fact("opening_hours", "ann", True),
        Fact("opening_hours", "ben", True),
        Fact("opening_hours", "hall", True),
        Fact("series_gaps", "A"),
        Fact("capacity", "ann", True),
        Fact("capacity", "hall", True),
    )
    assert found == [
        "its visits keep their distance in days",
        "Dr Ann and Main hall are not available at other times and are taken",
        "ben is not available at other times",
    ]


def test_several_requests_are_told_apart() -> None:
    """Of a conflict each clause says whose it is."""
    found = said(Fact("notice", "A"), Fact("series_gaps", "B"))
    assert found == [
        "A: its service needs notice",
        "B: its visits keep their distance in days",
    ]


def test_what_several_requests_take_of_the_same_is_about_all_of_them() -> None:
    """It is said once, and of them together; what is about one alone is said of that one."""
    facts = [Fact("series_gaps", "A"), Fact("capacity", "A"), Fact("capacity", "B")]
    assert (
        clauses(Prepared(two()), facts[:2], about=("A", "B"))
        == said(*facts)
        == [
            "A: its visits keep their distance in days",
            "their visits cannot share whom or what they take",
        ]
    )
    assert said(*facts[:2])[-1] == "its visits cannot share whom or what they take"


@pytest.mark.parametrize(
    ("id", "window"),
    [
        ("A", "window, Mon 2026-03-02 08:00 to Mon 2026-03-02 12:00"),
        ("B", "window, Mon 2026-03-02"),
        ("C", "2 windows"),
        ("D", "window, Mon 2026-03-02 to Tue 2026-03-03"),
    ],
)
def test_windows_are_told_by_days_where_they_are_whole_days(id: str, window: str) -> None:
    """With times where they are not; several are counted."""
    assert said(Fact("windows", id)) == [f"it has to lie in its {window}"]


def test_a_session_has_windows_as_well() -> None:
    """Of a group session it is the session that has to lie in them."""
    asks = problem(
        request("A", services="", steps=(Step(sessions=frozenset({"S"})),)),
        sessions=(Session(id="S", service="visit", most=2, windows=(span(0, 8, 10),)),),
    )
    assert clauses(Prepared(asks), [Fact("windows", "S")]) == [
        "it has to lie in its window, Mon 2026-03-02 08:00 to Mon 2026-03-02 10:00"
    ]


def test_the_freeze_is_told_with_its_time() -> None:
    """Nothing new may start before it."""
    asks = replace(two(), freeze_before=at(0, 10))
    assert clauses(Prepared(asks), [Fact("freeze", "A")]) == [
        "nothing new may start before Mon 2026-03-02 10:00"
    ]


@pytest.mark.parametrize(
    ("tie", "words"),
    [
        ({"alike": Alike.RESOURCE}, "A and B must have the same practitioner"),
        ({"alike": Alike.RESOURCE, "same": False}, "A and B must each have another practitioner"),
        ({"alike": Alike.DAY}, "A and B must be on one day"),
        ({"alike": Alike.DAY, "same": False}, "A and B must each be on another day"),
        ({"alike": Alike.TIME}, "A and B must be at one time of day"),
    ],
)
def test_who_is_tied_to_whom_is_told(tie: dict[str, object], words: str) -> None:
    """And C, which is in no relation, is only said to be tied."""
    asks = replace(two(), relations=(Relation(id="tie", visits=("A", "B"), **tie),))
    assert clauses(Prepared(asks), [Fact("relations", "B")]) == [words]
    assert clauses(Prepared(asks), [Fact("relations", "C")]) == ["its visits are tied to others"]


def test_who_comes_before_whom_is_told() -> None:
    """Each precedence that a request has a part in."""
    ties = (Precedence(id="1", before="A", after="B"), Precedence(id="2", before="B", after="C"))
    prepared = Prepared(replace(two(), precedences=ties))
    assert clauses(prepared, [Fact("precedence", "B")]) == [
        "A must come before B and B must come before C"
    ]
    assert clauses(prepared, [Fact("precedence", "C")]) == ["B must come before C"]


class OwnRule(Rule):
    """A rule of a user's own."""

    name = "full_moon"
    sentence = "A visit is not held at full moon."


def test_a_rule_of_ones_own_is_told_by_its_sentence() -> None:
    """Or by its name, where nobody knows it."""
    prepared = Prepared(two())
    facts = [Fact("full_moon", "A"), Fact("full_moon", "ann", True)]
    assert clauses(prepared, facts, [*RULES, OwnRule()]) == [
        "a visit is not held at full moon",
        "Dr Ann comes under a rule: a visit is not held at full moon",
    ]
    assert clauses(prepared, facts)[0] == "full_moon"


def test_names_as_a_list() -> None:
    """Where there are many, some of them and how many more."""
    assert joined([]) == ""
    assert [listed("abcdefg"[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
    assert listed("abcdef"[: NAMED + 1]) == "a, b, c, d and e"
    assert listed("abcdef") == "a, b, c, d and 2 others"


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (1, "wishes", "1 wish"),
        (2, "wishes", "2 wishes"),
        (1, "quarter hours", "1 quarter hour"),
        (1, "minutes off a fair share", "1 minute off a fair share"),
        (1, "busy minutes", "1 busy minute"),
        (1, "penalties", "1 penalty"),
        (1234, "days", "1,234 days"),
        (2520, "weight / 2520", "1 weight left out"),
        (630, "weight / 2520", "0.25 weight left out"),
    ],
)
def test_one_of_a_thing_is_told_as_one(amount: int, unit: str, words: str) -> None:
    """And weights are told whole."""
    assert missed(amount, unit) == words
    assert missed(amount, unit, sign=True) == f"+{words}"
    assert missed(-amount, unit, sign=True) == f"-{words}"


@pytest.mark.parametrize("unit", sorted({goal.unit for goal in GOALS}))
def test_each_goal_s_unit_has_a_singular(unit: str) -> None:
    """So that no sentence says 1 wishes."""
    one = missed(1, unit).removeprefix("1 ")
    assert one != unit
    assert not one.endswith("s")


@pytest.mark.parametrize("seed", SEEDS)
def test_no_sentence_is_empty_and_no_id_stands_for_a_name(seed: int) -> None:
    """Of a random schedule with names for all resources, every text of every answer."""
    plain = random_problem(seed, most_visits=5)
    book = book_of(plain)
    placed = random_schedule(book, random.Random(seed))
    schedule = Schedule(
        assignments=tuple(book.prepared.assignment(v, p) for v, p in sorted(placed.items()))
    )
    names = {resource.id: f"Called {n}" for n, resource in enumerate(plain.resources)}
    people = tuple(replace(r, name=names[r.id]) for r in plain.resources)
    explainer = Explainer(replace(plain, resources=people), schedule)
    prepared = explainer.prepared
    texts = [explainer.why_not(request).text() for request in explainer.unserved]
    texts += [explainer.why_here(prepared.visits[v].id).text() for v in placed]
    texts += [
        explainer.slot(v.id, prepared.horizon.instant(0)).text()
        for v in prepared.visits
        if v.variants
    ]
    texts.append(explainer.difference(Schedule()).text())
    ids = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    for text in texts:
        assert text
        for line in text.splitlines():
            assert line.strip()
            assert not AMISS.search(line.strip().removesuffix("breaks rules:")), line
            # Where somebody else is named to take over, the id says which one exactly.
            assert not ids.search(re.sub(r"(Called \d+) \([^)]+\)", r"\1", line)), line
            assert line[-1] in ".:"
