"""Check: a schedule from anywhere is judged by the plain checks alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tiny import at, goals, problem, request

from allocator.check.check import check
from allocator.domain.faults import FaultCode, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.schedule import Assignment, Schedule
from allocator.goals.soonest import Soonest
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours

TWO = problem(request("A"), request("B", weight=2), levels=goals(soonest=5))


def put(visit: str, hour: int, **more: object) -> Assignment:
    return Assignment(
        **{
            "visit": visit,
            "start": at(0, hour),
            "end": at(0, hour + 1),
            "resources": (("practitioner", ("ann",)),),
            **more,
        }
    )


def plan(*assignments: Assignment) -> Schedule:
    return Schedule(assignments=assignments)


def test_a_valid_schedule_is_scored_level_by_level() -> None:
    """B is left out: its weight of 2 · 2520 is missed; A at 10:00 on the first day costs none."""
    checked = check(TWO, plan(put("A", 10)))
    assert checked.valid and not checked.violations
    assert checked.objective == {"priority 3": 2 * 2520, "comfort": 0}
    assert [(g.goal, g.level, g.amount, g.weight, g.cost) for g in checked.goals] == [
        ("served:3", "priority 3", 5040, 1, 5040),
        ("soonest", "comfort", 0, 5, 0),
    ]


def test_leaving_everything_out_is_valid() -> None:
    """An empty schedule breaks nothing, and serves nothing: 3 · 2520."""
    checked = check(TWO, plan())
    assert checked.valid
    assert checked.objective["priority 3"] == 3 * 2520


def test_all_that_is_broken_is_told() -> None:
    """Both at 07:00, before Ann comes: two visits closed, and one tick with two of them."""
    checked = check(TWO, plan(put("A", 7), put("B", 7)))
    assert not checked.valid
    assert sorted((v.rule, v.visits) for v in checked.violations) == [
        ("capacity", ("A", "B")),
        ("opening_hours", ("A",)),
        ("opening_hours", ("B",)),
    ]


def test_what_pins_break_is_listed_and_valid() -> None:
    """A and B are both pinned at 09:00, by policy: inherited."""
    both = (put("A", 9), put("B", 9))
    some = replace(TWO, published=both, pins=(Pin(visit="A"), Pin(visit="B")))
    checked = check(some, plan(*both))
    assert checked.valid
    assert [(v.rule, v.inherited) for v in checked.violations] == [("capacity", True)]


def test_rules_and_goals_may_be_chosen() -> None:
    """With opening hours alone, two at 09:00 are fine; a rule switched off says nothing."""
    both = plan(put("A", 9), put("B", 9))
    assert check(TWO, both, rules=[OpeningHours()], goals=[Soonest()]).valid
    assert not check(TWO, both, rules=[OpeningHours(), Capacity()], goals=[Soonest()]).valid
    without: Problem = replace(TWO, without_rules=frozenset(["opening_hours"]))
    assert check(without, plan(put("A", 7))).valid


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (put("C", 9), FaultCode.UNKNOWN_NAME),
        (put("B", 9, resources=(("practitioner", ("bob",)),)), FaultCode.UNKNOWN_NAME),
        (put("B", 9, resources=(("room", ("ann",)),)), FaultCode.UNKNOWN_NAME),
        (put("B", 9, session="S"), FaultCode.UNKNOWN_NAME),
        (put("B", 9, start=at(0, 9).replace(tzinfo=None)), FaultCode.NAIVE_TIME),
        (put("B", 9, start=at(0, 9, 20)), FaultCode.OFF_GRID),
        (put("B", 30), FaultCode.OUTSIDE_HORIZON),
        (put("A", 11), FaultCode.DUPLICATE),
    ],
    ids=lambda value: value.name if isinstance(value, FaultCode) else "",
)
def test_a_schedule_of_something_else_is_refused(wrong: Assignment, code: FaultCode) -> None:
    """A schedule that names what the problem does not have is no schedule of it."""
    with pytest.raises(InvalidSchedule) as refused:
        check(TWO, plan(put("A", 9), wrong))
    assert [fault.code for fault in refused.value.faults] == [code]
    assert wrong.visit in refused.value.faults[0].message


def test_all_faults_come_at_once() -> None:
    """Two unknown visits are two faults."""
    with pytest.raises(InvalidSchedule) as refused:
        check(TWO, plan(put("C", 9), put("D", 10)))
    assert len(refused.value.faults) == 2


def test_a_visit_of_another_length_is_a_violation() -> None:
    """A ends at 11:00 instead of 10:00: two hours of a service of one."""
    long = put("A", 9, end=at(0, 9) + timedelta(hours=2))
    assert [v.rule for v in check(TWO, plan(long)).violations] == ["duration"]
