"""Group sessions that are not held: their participants are told why, with both numbers."""

from dataclasses import replace

import pytest
from groups import group
from tiny import calendar, patient, practitioner, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Step
from allocator.solve.params import Params
from allocator.solve.solve import solve


def told(some: Problem) -> dict[str, str]:
    """Return the reason of each visit that is left out, and check that no other is placed."""
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    assert not result.schedule.assignments
    return {u.visit: u.reason for u in result.schedule.unplaced}


def test_too_few_are_told_with_both_numbers() -> None:
    """Two would come, and it needs three: each of the two is told so."""
    reason = "Session S is not held: 2 could come, and by session_least it needs 3."
    assert told(group("AB", least=3, most=4, sessions="S")) == {"A": reason, "B": reason}


def test_those_count_who_could_come_at_once() -> None:
    """A can come from 8 to 10 only, B from 10 to 12 only: never both at once."""
    some = group("AB", least=2, sessions="S")
    a, b = some.requests
    some = replace(
        some,
        requests=(replace(a, windows=(span(0, 8, 10),)), replace(b, windows=(span(0, 10, 12),))),
    )
    reason = "Session S is not held: 1 could come, and by session_least it needs 2."
    assert told(some) == {"A": reason, "B": reason}


def test_of_several_sessions_the_nearest_is_told() -> None:
    """S needs three, T five."""
    some = group("AB", least=3, most=9)
    s, t = some.sessions
    reason = (
        "None of 2 sessions is held; T comes nearest: 2 could come, and by session_least it"
        " needs 3."
    )
    assert told(replace(some, sessions=(replace(s, least=5), t))) == {"A": reason, "B": reason}


def test_a_session_without_a_start_is_no_matter_of_numbers() -> None:
    """Ann, who would hold it, is there from 8 to 9; it lasts two hours."""
    some = group("A", least=2, sessions="S", calendars=(calendar(last_hour=9),))
    assert told(some) == {
        "A": "Session S is not held: no start is left for it after the rule opening_hours."
    }


def test_a_series_is_told_of_the_sessions_it_has_not_joined() -> None:
    """A and B join S at 8, and A would join T at 10 as well: T needs two."""
    step = (Step(sessions=frozenset("ST")),)
    twice = FlexibleSeries(count=2, at_least=1, least_days_between=0)
    some = group(
        "AB",
        resources=(practitioner("ann"), patient("a"), patient("b")),
        requests=(
            request("A", "a", services="", steps=step, series=twice),
            request("B", "b", services="", steps=(Step(sessions=frozenset("S")),)),
        ),
        least=2,
    )
    s, t = some.sessions
    sessions = (replace(s, windows=(span(0, 8, 10),)), replace(t, windows=(span(0, 10, 12),)))
    result = solve(replace(some, sessions=sessions), Params(workers=1))
    assert result.schedule is not None
    assert {u.visit: u.reason for u in result.schedule.unplaced} == {
        "A#2": "Session T is not held: 1 could come, and by session_least it needs 2."
    }


@pytest.mark.parametrize("most", [1, 2])
def test_a_session_that_could_be_held_is_no_matter_of_its_least(most: int) -> None:
    """Where enough could come, as to a session for one that is full, the rule itself is told."""
    some = group("AB", least=1, most=most, sessions="S")
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    reasons = [u.reason for u in result.schedule.unplaced]
    assert reasons == ["No start is left after the rule session_most."] * (2 - most)
