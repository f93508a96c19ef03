"""What is said of many is said once, and people read what they call things."""

from __future__ import annotations

from dataclasses import replace

from explain.planted import ann, asked
from explain.planted_by_request import HELD, group, session_together
from tiny import patient, practitioner, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Session, Step
from allocator.domain.schedule import Schedule
from allocator.explain import Explainer, Fact, find_conflict
from allocator.explain.phrases import clauses
from allocator.prepare.prepared import Prepared

SEVEN = "ABCDEFG"


def of_seven(*rules: str, **more: object) -> list[str]:
    """Say the same rules of seven requests."""
    some = asked(*(request(id, **more) for id in SEVEN))
    facts = [Fact(rule, id) for rule in rules for id in SEVEN]
    return clauses(Prepared(some), facts, about=("X",))


def test_seven_requests_of_one_rule_are_one_clause() -> None:
    """In the plural, with four names and how many more."""
    assert of_seven("pins", "options", "series_gaps", "most_carers") == [
        "A, B, C, D and 3 others: they are pinned",
        "A, B, C, D and 3 others: only the options that they list will do",
        "A, B, C, D and 3 others: their visits keep their distance in days",
        "A, B, C, D and 3 others: they may have no more carers",
    ]


def test_seven_requests_with_one_window_are_one_clause() -> None:
    """The window is the same, and is told."""
    assert of_seven("windows", windows=(span(0, 8, 12),)) == [
        "A, B, C, D and 3 others: they have to lie in their window,"
        " Mon 2026-03-02 08:00 to Mon 2026-03-02 12:00"
    ]


def test_seven_requests_with_different_windows_are_one_clause() -> None:
    """Of so many no window is told; of two both are."""
    different = [request(id, windows=(span(0, n, n + 1),)) for n, id in enumerate(SEVEN)]
    prepared = Prepared(asked(*different))
    facts = [Fact("windows", id) for id in SEVEN]
    assert clauses(prepared, facts, about=("X",)) == [
        "A, B, C, D and 3 others: they have to lie in their windows"
    ]
    assert clauses(prepared, facts[:2]) == [
        "A: it has to lie in its window, Mon 2026-03-02 00:00 to Mon 2026-03-02 01:00",
        "B: it has to lie in its window, Mon 2026-03-02 01:00 to Mon 2026-03-02 02:00",
    ]


def test_seven_people_of_one_rule_are_one_clause() -> None:
    """Whatever their ids are, and whatever ids of requests lie between those."""
    people = tuple(practitioner(id, name=f"Dr {id.upper()}") for id in "abcdefg")
    some = asked(request("c1"), who=people, calendars=asked().calendars)
    facts = [Fact("opening_hours", id, True) for id in "abcdefg"]
    facts.insert(3, Fact("opening_hours", "c1"))
    (said,) = [clause for clause in clauses(Prepared(some), facts) if "Dr" in clause]
    assert said == "Dr A, Dr B, Dr C, Dr D and 3 others are not available at other times"


def seven_must() -> Problem:
    """Seven must have an hour each between eight and two, and one practitioner is there."""
    window = (span(0, 8, 14),)
    return asked(*(request(id, windows=window, must=True) for id in SEVEN))


def test_a_conflict_of_seven_names_their_window_once() -> None:
    """Six hours do not hold seven visits of an hour."""
    conflict = find_conflict(seven_must())
    assert conflict is not None
    assert conflict.demands == tuple(SEVEN)
    assert conflict.core.confirmed
    assert conflict.sentence.startswith(
        "A, B, C, D and 3 others cannot all be met: they have to lie in their window,"
        " Mon 2026-03-02 08:00 to Mon 2026-03-02 14:00; "
    )
    assert conflict.sentence.count("window") == 1


def test_what_holds_for_a_session_is_said_of_the_session() -> None:
    """Nobody should think that it was the request's own window."""
    step = Step(sessions=frozenset({"S"}))
    some = asked(
        request("A", "pia", "", steps=(step,)),
        who=(ann(calendar="day"), patient("pia")),
        sessions=(
            Session(id="S", service="visit", most=2, windows=(span(0, 13, 14),), label="Yoga"),
        ),
    )
    why = Explainer(some, Schedule()).why_not("A")
    assert why.core is not None
    assert Fact("windows", "S") in why.core.facts
    assert "S (Yoga): it has to lie in its window, Mon 2026-03-02 13:00" in why.sentence
    assert "A: " not in why.sentence


def test_a_request_is_told_with_its_label() -> None:
    """Behind its id, which many consultations need to be told apart."""
    some = session_together()
    requests = tuple(replace(r, label="Back school") for r in some.problem.requests)
    why = Explainer(replace(some.problem, requests=requests), some.schedule).why_not("A")
    assert why.sentence.startswith("A (Back school) cannot be placed while all else stays: its ")
    assert "Pia is not available at other times" in why.sentence


def test_a_demand_is_told_with_its_label() -> None:
    """In a conflict, at the start and wherever it is named again."""
    some = seven_must()
    requests = tuple(replace(r, label=f"Visit of {r.id}") for r in some.requests)
    conflict = find_conflict(replace(some, requests=requests))
    assert conflict is not None
    assert conflict.sentence.startswith("A (Visit of A), B (Visit of B), ")


def test_a_request_that_could_be_placed_is_told_with_its_label() -> None:
    """Also where the search ended before."""
    more, requests = group()
    labelled = tuple(replace(r, label="Yoga") for r in requests)
    why = Explainer(asked(*labelled, **more), Schedule(assignments=HELD)).why_not("A")
    assert why.core is None
    assert why.sentence.startswith("A (Yoga) could be placed beside all else, from Mon 2026-03-02")


def test_a_request_that_nobody_can_hold_is_told_with_its_label() -> None:
    """A visit of 25 hours in a day."""
    some = asked(request("A", label="Marathon"), services=(service(minutes=25 * 60),))
    why = Explainer(some, Schedule()).why_not("A")
    assert why.sentence.startswith("A (Marathon) cannot be placed at all: ")
