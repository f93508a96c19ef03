"""The summary in a terminal: it can be read at 80 columns and at 120, whatever is in it."""

import io

import pytest
from groups import group
from random_problems import random_problem
from rich.console import Console
from tiny import problem, request

from allocator.domain.calendar import Calendar
from allocator.domain.problem import Problem
from allocator.generate import handmade_clinic
from allocator.prepare.prepared import Prepared
from allocator.report.summary import summary
from allocator.solve.params import Params
from allocator.solve.solve import solve

HEADINGS = ("Served, by priority class", "Load by kind and", "Goals: what was missed")


def told(some: Problem, width: int) -> str:
    """Return the summary of a solve as text, as wide as this."""
    result = solve(some, Params(workers=1, deterministic_limit=2.0))
    page = io.StringIO()
    Console(file=page, width=width, color_system=None).print(summary(Prepared(some), result))
    return page.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_clinic_is_told_whole(width: int) -> None:
    """Every heading is there, no line is too long, and nothing is cut off."""
    text = told(handmade_clinic(), width)
    for heading in HEADINGS:
        assert heading in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("seed", range(800, 812))
def test_any_result_is_told(seed: int) -> None:
    """Whatever was asked and found fits 80 columns, the reasons of what was left out included."""
    text = told(random_problem(seed, most_visits=8), 80)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_summary_says_what_was_placed_and_why_not_more() -> None:
    """Four hours and five requests: four are served, and the fifth finds Ann busy."""
    text = told(problem(*map(request, "ABCDE")), 80)
    assert "4 of 5 requests served, 4 of 5 visits placed (80.0 %)" in text
    assert "Not placed whole: 1 request" in text
    # Of 24 starts Ann's hours leave 4, all of which are taken.
    assert "capacity took the last 4 of 24 starts." in " ".join(text.split())


def test_a_session_that_is_not_held_is_told_with_both_numbers() -> None:
    """Two would come to a session that needs three."""
    text = told(group("AB", least=3, most=4, sessions="S"), 80)
    why = "Session S is not held: 2 could come, and by session_least it needs 3."
    assert " ".join(text.split()).count("Session S is") == 2
    assert all(word in text for word in why.split())


def test_no_schedule_names_the_demands() -> None:
    """A must be served, and Ann is never there: the panel names A, and the rule."""
    some = problem(request("A", must=True), calendars=(Calendar(id="day"),))
    text = told(some, 80)
    assert "1 request must be served: A." in text
    assert (
        "Request A must be served; even alone, visit A has no start left after the rule"
        " opening_hours."
    ) in " ".join(text.split())
