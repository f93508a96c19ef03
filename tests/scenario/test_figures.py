"""Figures of a schedule, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tiny import at, calendar, patient, practitioner, problem, request

from allocator import Assignment, DailySpan, FlexibleSeries, Problem, Schedule, WeeklyRule
from allocator.scenario import HourLoad, figures, hour_loads


def placed(visit: str, day: int, hour: int, who: str, *people: str) -> Assignment:
    """Return a visit of an hour with a practitioner."""
    roles = [(f"attendee:{one}", (one,)) for one in people]
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour + 1),
        resources=tuple(sorted([*roles, ("practitioner", (who,))])),
    )


def clinic(**more: Any) -> Problem:
    """Return two days with Ann and Ben (8 to 12), a series of three and two single requests."""
    return problem(
        request("A", "P1", series=FlexibleSeries(count=3, at_least=1), requested=at(-1, 8)),
        request("B", "P2", priority=1, requested=at(0, 10)),
        request("C", "P3"),
        days=2,
        **{
            "resources": (
                practitioner("ann"),
                practitioner("ben"),
                *(patient(id) for id in ("P1", "P2", "P3")),
            ),
            **more,
        },
    )


def told(found: Problem, schedule: Schedule) -> dict[str, float]:
    """Return the figures by name."""
    return {one.name: one.value for one in figures(found, schedule)}


SOME = Schedule(
    assignments=(
        placed("A#1", 0, 8, "ann", "P1"),
        placed("A#2", 1, 8, "ann", "P1"),
        placed("B", 0, 11, "ann", "P2"),
    )
)


def test_figures_by_hand() -> None:
    """Two of three visits of A, and B; C is left out."""
    found = told(clinic(), SOME)
    assert found == {
        "served whole, priority 1": 100.0,
        "placed, priority 1": 100.0,
        # A in part and C not at all: none of two whole, two of four visits.
        "served whole, priority 3": 0.0,
        "placed, priority 3": 50.0,
        # A waits a day from Sunday at 8; B an hour.
        "waiting": pytest.approx((1 + 1 / 24) / 2),
        "waiting, 9 of 10 within": pytest.approx(1 / 24 + 0.9 * 23 / 24),
        "continuity": 100.0,
        # Three of sixteen hours of the two; Ann three of her eight, Ben none.
        "utilisation, practitioner": 100 * 3 / 16,
        "overtime": 0.0,
        # Ann is idle from 9 to 11 on Monday, and nobody else works on two days.
        "gaps": 120 / 2,
        "uneven work": 100 * 3 / 8 / 2,
    }


def test_continuity_counts_the_main_carer() -> None:
    """Two of three visits are with Ann, one with Ben."""
    mixed = Schedule(
        assignments=(
            *SOME.assignments[:2],
            placed("A#3", 1, 10, "ben", "P1"),
        )
    )
    assert told(clinic(), mixed)["continuity"] == pytest.approx(200 / 3)


def test_overtime_is_what_is_claimed_in_its_band() -> None:
    """The last hour of the day is overtime: B lies in it."""
    late = replace(
        calendar(),
        weekly=(
            WeeklyRule(
                weekdays=frozenset(range(7)), hours=DailySpan(start_minute=480, end_minute=660)
            ),
            WeeklyRule(
                weekdays=frozenset(range(7)),
                hours=DailySpan(start_minute=660, end_minute=720),
                overtime=True,
            ),
        ),
    )
    assert told(clinic(calendars=(late,)), SOME)["overtime"] == 1.0


def test_changes_are_told_where_something_is_published() -> None:
    """One visit lies as published, one elsewhere, and one is gone."""
    published = (
        placed("A#1", 0, 8, "ann", "P1"),
        placed("B", 0, 10, "ann", "P2"),
        placed("C", 0, 9, "ben", "P3"),
    )
    assert told(clinic(published=published), SOME)["changes"] == 2
    assert "changes" not in told(clinic(), SOME)


def test_what_nothing_is_known_of_is_left_out() -> None:
    """Nothing placed: no waiting, no continuity, no gaps."""
    assert set(told(clinic(), Schedule())) == {
        "served whole, priority 1",
        "placed, priority 1",
        "served whole, priority 3",
        "placed, priority 3",
        "utilisation, practitioner",
        "overtime",
        "uneven work",
    }


def test_loads_by_hour() -> None:
    """Ann and Ben are open for four hours on each of two days."""
    loads = [one for one in hour_loads(clinic(), SOME) if one.kind == "practitioner"]
    assert loads == [
        HourLoad(kind="practitioner", hour=8, claimed=120, open=240),
        HourLoad(kind="practitioner", hour=9, claimed=0, open=240),
        HourLoad(kind="practitioner", hour=10, claimed=0, open=240),
        HourLoad(kind="practitioner", hour=11, claimed=60, open=240),
    ]


def test_every_figure_says_what_is_better() -> None:
    """More is better of what is served and of continuity; of use neither is."""
    better = {one.name: one.better for one in figures(clinic(), SOME)}
    assert better["served whole, priority 1"] == better["continuity"] == "more"
    assert better["waiting"] == better["gaps"] == better["overtime"] == "less"
    assert better["utilisation, practitioner"] == ""
