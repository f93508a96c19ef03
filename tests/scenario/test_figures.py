"""Figures of a schedule, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tiny import at, calendar, need, patient, practitioner, problem, request, room, service

from allocator import (
    Assignment,
    Contract,
    DailySpan,
    FlexibleSeries,
    Pin,
    Problem,
    Schedule,
    Skill,
    WeeklyRule,
    WorkLimits,
)
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
        days=2,
        **{
            "requests": (
                request("A", "P1", series=FlexibleSeries(count=3, at_least=1), requested=at(-1, 8)),
                request("B", "P2", priority=1, requested=at(0, 10)),
                request("C", "P3"),
            ),
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
        # Ann works three of eight hours and Ben none: both lie half of that from their mean.
        "uneven work": pytest.approx(100 * 3 / 8 / 2),
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


def test_what_is_pinned_counts_as_served() -> None:
    """B is served, be it held where it is or let go: a release makes nothing better or worse."""
    published = (placed("B", 0, 11, "ann", "P2"),)
    for pins in ((), (Pin(visit="B"),)):
        found = told(clinic(published=published, pins=pins), Schedule(assignments=published))
        assert (found["served whole, priority 1"], found["placed, priority 3"]) == (100.0, 0.0)


def test_a_series_that_is_numbered_anew_has_not_changed() -> None:
    """Its first visit is gone, and its second, now the first, lies where it was: one change."""
    published = (placed("A#1", 0, 8, "ann", "P1"), placed("A#2", 1, 8, "ann", "P1"))
    left = Schedule(assignments=(placed("A#1", 1, 8, "ann", "P1"),))
    assert told(clinic(published=published), left)["changes"] == 1


def test_lanes_count_in_how_uneven_work_is() -> None:
    """Ann has eight hours on two lanes, and a visit of an hour takes both: 2 of 16; Ben none."""
    found = clinic(
        resources=(
            practitioner("ann", lanes=2),
            practitioner("ben"),
            *(patient(id) for id in ("P1", "P2", "P3")),
        ),
        services=(service(needs=(need(uses=2),)), service("talk")),
        requests=(request("B", "P2"),),
    )
    some = Schedule(assignments=(placed("B", 0, 8, "ann", "P2"),))
    assert told(found, some)["uneven work"] == pytest.approx(100 * 2 / 16 / 2)
    assert told(found, some)["utilisation, practitioner"] == pytest.approx(100 * 2 / 24)


def half_a_ben(**more: Any) -> Problem:
    """Return the clinic in which Ben may work two of his eight hours, as his contract says."""
    half = {
        "limits": WorkLimits(minutes_per_week=120),
        "contracts": (Contract(minutes_per_week=420),),
    }
    people = (practitioner("ann"), practitioner("ben", **half), *map(patient, ("P1", "P2", "P3")))
    return clinic(**{"resources": people, **more})


def test_what_may_not_be_worked_is_not_unused() -> None:
    """Three of Ann's eight hours and Ben's two; without the limit of the week, of 16."""
    assert told(half_a_ben(), SOME)["utilisation, practitioner"] == pytest.approx(100 * 3 / 10)
    free = half_a_ben(without_rules=frozenset({"work_per_week"}))
    assert told(free, SOME)["utilisation, practitioner"] == pytest.approx(100 * 3 / 16)


def test_limits_of_a_day_count_as_well() -> None:
    """Ben may work an hour a day: two of his eight in two days."""
    people = (
        practitioner("ann"),
        practitioner("ben", limits=WorkLimits(minutes_per_day=60)),
        *map(patient, ("P1", "P2", "P3")),
    )
    found = told(clinic(resources=people), SOME)
    assert found["utilisation, practitioner"] == pytest.approx(100 * 3 / 10)


def test_closed_hours_between_visits_are_no_gap() -> None:
    """Ann is open from 8 to 9 and from 10 to 12: between her visits at 8 and 11 she has an hour."""
    hours = [(480, 540), (600, 720)]
    split = replace(
        calendar(),
        weekly=tuple(
            WeeklyRule(
                weekdays=frozenset(range(7)), hours=DailySpan(start_minute=first, end_minute=end)
            )
            for first, end in hours
        ),
    )
    # On Monday an hour, on Tuesday, with one visit, nothing.
    assert told(clinic(calendars=(split,)), SOME)["gaps"] == 60 / 2


def test_work_is_measured_by_contracts() -> None:
    """Ben's contract is 7 hours a week, which is 2 in two days; Ann has 8."""
    some = Schedule(
        assignments=(
            placed("A#1", 0, 8, "ann", "P1"),
            placed("A#2", 1, 8, "ann", "P1"),
            placed("B", 0, 11, "ben", "P2"),
        )
    )
    # Ann has 2 of 8 hours and Ben 1 of 2: 25 and 50 points, 12.5 from their mean.
    assert told(half_a_ben(), some)["uneven work"] == pytest.approx(12.5)


def test_only_equals_are_compared() -> None:
    """Ben does something else: that he has less to do is nobody's unfairness."""
    skilled = practitioner("ann", skills=(Skill(name="hands"),))
    people = (skilled, practitioner("ben"), *map(patient, ("P1", "P2", "P3")))
    assert "uneven work" not in told(clinic(resources=people), SOME)


def test_what_is_asked_does_not_change_how_much_time_there_is() -> None:
    """The gym serves in a service that nobody asks for: it is open, and not used."""
    found = clinic(
        resources=(practitioner("ann"), room("gym"), patient("P2")),
        services=(service(), service("gym", needs=(need("room"),))),
        requests=(request("B", "P2"),),
    )
    some = Schedule(assignments=(placed("B", 0, 8, "ann", "P2"),))
    assert told(found, some)["utilisation, room"] == 0.0
    assert {one.open for one in hour_loads(found, some) if one.kind == "room"} == {120}


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
