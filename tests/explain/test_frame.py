"""Answers as data frames: a row for each thing told, with columns that join back."""

from __future__ import annotations

import pandas as pd
import pytest
from tiny import at, goals, practitioner, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import PreferredWindow
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer, find_conflict
from allocator.frames import problem_to_frames, schedule_to_frame


def put(visit: str, first: int, last: int) -> Assignment:
    """Place a visit with Ann on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, first),
        end=at(0, last),
        resources=(("practitioner", ("ann",)),),
    )


def asked() -> Problem:
    """X, A and B take four, two and one of Ann's four hours."""
    return problem(
        request("X", services="long"),
        request("A", services="mid", preferred_windows=(PreferredWindow(span=span(0, 8, 10)),)),
        request("B"),
        services=(service("long", 240), service("mid", 120), service()),
        levels=goals(preferred_windows=10),
    )


PLACED = (put("A", 8, 10), put("B", 11, 12))


@pytest.fixture
def explainer() -> Explainer:
    """A lies from 8 to 10, B from 11 to 12, X is left out."""
    return Explainer(asked(), Schedule(assignments=PLACED))


def schedule_frame() -> pd.DataFrame:
    """Return the schedule as a frame."""
    return schedule_to_frame(Schedule(assignments=PLACED), asked())


def test_why_not_has_a_row_for_each_relaxation(explainer: Explainer) -> None:
    """It joins to the requests by their id."""
    why = explainer.why_not("X")
    frame = why.frame()
    assert [*frame] == [
        "request",
        "priority",
        "reason",
        "relaxation",
        "kind",
        "object",
        "amount",
        "price",
    ]
    assert [*frame["relaxation"]] == [r.sentence for r in why.relaxations]
    assert frame["price"].is_monotonic_increasing
    requests = problem_to_frames(asked())["requests"]
    joined = frame.merge(requests, left_on="request", right_on="id", how="left")
    assert len(joined) == len(frame) > 0
    assert set(joined["id"]) == {"X"}


def test_why_not_without_any_relaxation_has_the_reason_alone(explainer: Explainer) -> None:
    """A and B take Ann for 24 hours each, in a horizon of one day: nothing gives both a place."""
    asks = problem(
        request("A"),
        request("B"),
        resources=(practitioner("ann", calendar=None),),
        services=(service(minutes=1440),),
    )
    lies = Assignment(
        visit="B", start=at(0, 0), end=at(0, 24), resources=(("practitioner", ("ann",)),)
    )
    frame = Explainer(asks, Schedule(assignments=(lies,))).why_not("A").frame()
    assert [*frame] == [*explainer.why_not("X").frame()]
    assert len(frame) == 1
    assert frame["reason"].str.startswith("A cannot be placed").all()
    assert frame["relaxation"].isna().all()


def test_why_here_has_a_row_for_each_place(explainer: Explainer) -> None:
    """The first is where it lies, at no price, and joins to the schedule; levels are columns."""
    here = explainer.why_here("A")
    frame = here.frame()
    assert [*frame] == ["visit", "start", "resources", "priority 3", "comfort"]
    assert len(frame) == 1 + len(here.others) > 1
    assert [*frame["comfort"]] == [0, *(other.levels["comfort"] for other in here.others)]
    joined = frame.merge(schedule_frame(), on=["visit", "start"])
    assert [*joined["visit"]] == ["A"]


def test_a_place_without_others_has_the_same_columns(explainer: Explainer) -> None:
    """Levels are told even where no other place has a price."""
    asks = problem(request("B", windows=(span(0, 8, 9),)), levels=goals(preferred_windows=10))
    frame = Explainer(asks, Schedule(assignments=(put("B", 8, 9),))).why_here("B").frame()
    assert [*frame] == [*explainer.why_here("A").frame()]
    assert len(frame) == 1


def test_a_slot_has_a_row_for_each_objection(explainer: Explainer) -> None:
    """Visits and resources are ids, separated by spaces, that the problem knows."""
    slot = explainer.slot("X", at(0, 8))
    frame = slot.frame()
    assert [*frame] == ["rule", "message", "visits", "resources"]
    assert [*frame["rule"]] == [v.rule for v in slot.objections]
    told = frame.assign(visit=frame["visits"].str.split()).explode("visit")
    assert set(told["visit"]) == {"A", "B", "X"}
    joined = told.merge(schedule_frame(), on="visit")
    assert set(joined["visit"]) == {"A", "B"}


def test_a_free_slot_is_an_empty_frame_with_columns(explainer: Explainer) -> None:
    """So that frames of many slots can be put together."""
    frame = explainer.slot("B", at(0, 10)).frame()
    assert len(frame) == 0
    assert [*frame] == ["rule", "message", "visits", "resources"]


def test_a_difference_has_a_row_for_each_visit_that_differs(explainer: Explainer) -> None:
    """A moves, B goes: before joins to the first schedule, after to the second."""
    after = Schedule(assignments=(put("A", 10, 12),))
    frame = explainer.difference(after).frame()
    assert [*frame] == [
        "visit",
        "change",
        "before",
        "after",
        "resources_before",
        "resources_after",
    ]
    assert [*zip(frame["visit"], frame["change"], strict=True)] == [
        ("A", "moved"),
        ("B", "dropped"),
    ]
    old = frame.merge(schedule_frame(), left_on=["visit", "before"], right_on=["visit", "start"])
    assert [*old["visit"]] == ["A", "B"]
    new = schedule_to_frame(after, asked())
    come = frame.dropna(subset="after").merge(
        new, left_on=["visit", "after"], right_on=["visit", "start"]
    )
    assert [*come["visit"]] == ["A"]


def test_no_difference_is_an_empty_frame_with_columns(explainer: Explainer) -> None:
    """A schedule beside itself."""
    same = explainer.difference(explainer.schedule).frame()
    other = explainer.difference(Schedule()).frame()
    assert len(same) == 0
    assert [*same] == [*other]


def test_a_conflict_has_a_row_for_each_relaxation() -> None:
    """Demands are ids, separated by spaces."""
    asks = problem(
        request("A", services="long", must=True),
        request("B", must=True),
        services=(service("long", 240), service()),
    )
    conflict = find_conflict(asks)
    assert conflict is not None
    frame = conflict.frame()
    assert [*frame] == ["demands", "reason", "relaxation", "kind", "price"]
    assert set(frame["demands"]) == {"A B"}
    assert [*frame["relaxation"]] == [r.sentence for r in conflict.relaxations]
