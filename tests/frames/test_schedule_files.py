"""Schedules out, for people and for joins, and back in with all their faults."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from allocator.domain.faults import InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Request, Session, Step
from allocator.domain.resource import Location, Resource
from allocator.domain.schedule import Assignment, FunnelStep, Schedule, Unplaced
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon
from allocator.frames import (
    read_schedule,
    schedule_from_frame,
    schedule_to_frame,
    write_schedule,
)


def at(hour, minute=0):
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


PROBLEM = Problem(
    horizon=Horizon(first=datetime(2026, 3, 2).date(), days=5, zone="Europe/Berlin"),
    locations=(Location(id="London", zone="Europe/London"),),
    resources=(
        Resource(id="T1", kind="practitioner"),
        Resource(id="A", kind="room"),
        Resource(id="B", kind="room", location="London"),
        Resource(id="P", kind="patient"),
    ),
    services=(
        Service(
            id="S",
            minutes=30,
            needs=(
                Need(role="practitioner", alternatives=(Selector(kind="practitioner"),)),
                Need(role="room", alternatives=(Selector(kind="room"),), quantity=2),
            ),
        ),
    ),
    requests=(
        Request(
            id="R",
            steps=(Step(service="S"),),
            series=FlexibleSeries(count=2),
            attendees=(Attendee(resource="P"),),
            priority=2,
        ),
        Request(id="=Q", steps=(Step(sessions=frozenset({"G"})),)),
    ),
    sessions=(Session(id="G", service="S", most=5),),
)
SCHEDULE = Schedule(
    assignments=(
        Assignment(
            visit="R#1",
            start=at(8),
            end=at(8, 30),
            resources=(
                ("practitioner", ("T1",)),
                ("room", ("A", "B")),
                ("attendee:P", ("P",)),
            ),
        ),
        Assignment(visit="=Q", start=at(9), end=at(9, 30), session="G"),
    ),
    unplaced=(
        Unplaced(
            visit="R#2",
            request="R",
            funnel=(FunnelStep(rule="opening_hours", left=0),),
            reason="closed, always",
        ),
    ),
)
CSV = """\
request,occurrence,step,visit,service,start,end,minutes,practitioner,room,attendees,session,\
priority,reason,funnel
R,1,1,R#1,S,2026-03-02T08:00+00:00,2026-03-02T08:30+00:00,30,T1,A;B,P,,2,,
\"""=Q\""",1,1,\"""=Q\""",S,2026-03-02T10:00+01:00,2026-03-02T10:30+01:00,30,,,,G,3,,
R,2,1,R#2,S,,,,,,,,2,"closed, always",opening_hours=0
"""


def test_a_schedule_file_reads_like_a_list_of_appointments(tmp_path):
    """Local times with offset, a column for each role; nothing is taken for a formula."""
    write_schedule(SCHEDULE, PROBLEM, tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_text() == CSV
    assert read_schedule(tmp_path / "s.csv", PROBLEM) == SCHEDULE


def test_a_schedule_as_a_frame_has_useful_types():
    """Ids are the caller's own, times are aware, numbers are numbers."""
    schedule = replace(SCHEDULE, assignments=SCHEDULE.assignments[1:])
    frame = schedule_to_frame(schedule, PROBLEM)
    assert frame.to_dict("records") == [
        {
            "request": "=Q",
            "occurrence": 1,
            "step": 1,
            "visit": "=Q",
            "service": "S",
            "start": pd.Timestamp("2026-03-02 10:00", tz="Europe/Berlin"),
            "end": pd.Timestamp("2026-03-02 10:30", tz="Europe/Berlin"),
            "minutes": 30,
            "practitioner": pytest.approx(float("nan"), nan_ok=True),
            "room": pytest.approx(float("nan"), nan_ok=True),
            "attendees": pytest.approx(float("nan"), nan_ok=True),
            "session": "G",
            "priority": 3,
        }
    ]
    assert str(frame["start"].dtype) == "datetime64[us, Europe/Berlin]"


def test_each_row_has_the_clock_of_its_location():
    """A visit in London is told in London's time, one in Berlin in Berlin's."""
    frame = schedule_to_frame(SCHEDULE, PROBLEM)
    assert [start.isoformat() for start in frame["start"]] == [
        "2026-03-02T08:00:00+00:00",
        "2026-03-02T10:00:00+01:00",
    ]


def test_unplaced_visits_follow_with_their_reasons():
    """Asked for, the visits left unplaced have rows, with reason and funnel."""
    frame = schedule_to_frame(SCHEDULE, PROBLEM, unplaced=True)
    last = frame.iloc[-1]
    assert (last["visit"], last["reason"], last["funnel"]) == (
        "R#2",
        "closed, always",
        "opening_hours=0",
    )
    assert pd.isna(last["start"])


def test_an_empty_schedule_has_a_header_and_comes_back(tmp_path):
    """A schedule without rows is still one."""
    frame = schedule_to_frame(Schedule(), PROBLEM)
    assert len(frame) == 0
    assert schedule_from_frame(frame, PROBLEM) == Schedule()
    write_schedule(Schedule(), PROBLEM, tmp_path / "s.csv")
    assert read_schedule(tmp_path / "s.csv", PROBLEM) == Schedule()


def test_all_faults_of_a_schedule_come_at_once(tmp_path):
    """Unknown visits, roles, resources, sessions and wrong times are told together."""
    (tmp_path / "s.csv").write_text(
        "request,visit,start,end,minutes,nurse,practitioner,room,attendees,session\n"
        "R,R#9,2026-03-02T09:00+01:00,2026-03-02T09:30+01:00,30,,T1,A,,\n"
        "R,R#1,2026-03-02T09:00+01:00,2026-03-02T09:30+01:00,30,,T9,A,X,H\n"
        "Q,R#2,2026-03-02T09:00,2026-03-02T09:30+01:00,30,,T1,A,,\n"
        "=Q,R#2,2026-03-02T09:00+01:00,2026-03-02T09:30+01:00,45,,,,,\n"
        "R,R#2,2026-03-02T09:30+01:00,2026-03-02T09:00+01:00,,,T1,A,,\n"
        ",=Q,2026-03-02T09:30+01:00,2026-03-02T09:45+01:00,,,T1,,,\n"
        ",,2026-03-02T09:30+01:00,2026-03-02T09:45+01:00,,,,,,\n"
        ",G,2026-03-02T09:30+01:00,,,,,,,\n"
        "R,R#1,,,,,,,,\n"
        "R,G,,,,,,,,\n"
    )
    with pytest.raises(InvalidSchedule) as caught:
        read_schedule(tmp_path / "s.csv", PROBLEM)
    assert [str(fault) for fault in caught.value.faults] == [
        "s.csv: The column 'nurse' is unknown, and no role.",
        "s.csv row 4: Assignment R#2: start is 2026-03-02T09:00, which has no zone or offset.",
        "s.csv row 5: Assignment R#2: request is =Q; the visit is of R.",
        "s.csv row 5: Assignment R#2: minutes is 45; from start to end it is 30.",
        "s.csv row 8: An assignment: visit is empty; it is required.",
        "s.csv row 9: Assignment G: start is given and end is empty; a placed visit has both.",
        "s.csv row 2: Assignment R#9 names the visit 'R#9', which does not exist;"
        " did you mean R#2?",
        "s.csv row 3: Assignment R#1 names the session 'H', which does not exist.",
        "s.csv row 3: Assignment R#1 names the resource 'T9', which does not exist.",
        "s.csv row 3: Assignment R#1 names the resource 'X', which does not exist.",
        "s.csv row 6: Assignment R#2: its span starts at 2026-03-02T09:30+01:00 and ends at"
        " 2026-03-02T09:00+01:00 (Europe/Berlin), which leaves nothing.",
        "s.csv row 7: Assignment =Q names the role 'practitioner'; its service has: none.",
        "s.csv row 10: Assignment R#1: the visit stands at s.csv row 3 already.",
        "s.csv row 11: Assignment G: request is 'R'; the visit is of another.",
    ]


def test_a_schedule_without_its_columns_is_refused(tmp_path):
    """Visit, start and end have to be there."""
    (tmp_path / "s.csv").write_text("request,start\nR,\n")
    with pytest.raises(InvalidSchedule) as caught:
        read_schedule(tmp_path / "s.csv", PROBLEM)
    assert [str(fault) for fault in caught.value.faults] == [
        "s.csv: The column visit is missing.",
        "s.csv: The column end is missing.",
    ]


def test_an_edit_that_two_columns_disagree_about_is_refused(tmp_path):
    """Where `resources` says who came, a changed role column contradicts it."""
    (tmp_path / "s.csv").write_text(
        "visit,start,end,practitioner,resources\n"
        "R#1,2026-03-02T09:00+01:00,2026-03-02T09:30+01:00,P,room=A;practitioner=T1\n"
    )
    with pytest.raises(InvalidSchedule) as caught:
        read_schedule(tmp_path / "s.csv", PROBLEM)
    assert str(caught.value) == (
        "s.csv row 2: Assignment R#1: resources says otherwise than the columns of the roles and"
        " attendees."
    )


def test_faults_of_a_json_schedule_have_a_path(tmp_path):
    """A JSON schedule names unknown things by their path."""
    (tmp_path / "s.json").write_text(
        '{"format": "allocator-schedule", "version": 1, "assignments": [{"visit": "X",'
        ' "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T08:30:00Z",'
        ' "resources": [["cook", ["T9"]]]}]}'
    )
    with pytest.raises(InvalidSchedule) as caught:
        read_schedule(tmp_path / "s.json", PROBLEM)
    assert [str(fault) for fault in caught.value.faults] == [
        "s.json assignments[0]: Assignment X names the visit 'X', which does not exist.",
        "s.json assignments[0]: Assignment X names the role 'cook'; its service has:"
        " practitioner, room.",
        "s.json assignments[0]: Assignment X names the resource 'T9', which does not exist.",
    ]


def test_a_schedule_has_no_other_suffix(tmp_path):
    """Only .csv and .json hold schedules."""
    with pytest.raises(ValueError, match=r"s\.xlsx: a schedule is written to a \.csv or a \.json"):
        write_schedule(SCHEDULE, PROBLEM, tmp_path / "s.xlsx")
    with pytest.raises(InvalidSchedule, match=r"s\.xlsx: A schedule is read from a \.csv or"):
        read_schedule(tmp_path / "s.xlsx", PROBLEM)


def test_the_rows_join_to_my_own():
    """A merge on `request` finds what the caller knows about each."""
    mine = pd.DataFrame({"request": ["R", "=Q"], "phone": ["1", "2"]})
    joined = schedule_to_frame(SCHEDULE, PROBLEM).merge(mine, on="request")
    assert list(joined["phone"]) == ["1", "2"]
