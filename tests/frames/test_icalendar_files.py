"""iCalendar: what a calendar program sees."""

from dataclasses import replace
from datetime import UTC, date, datetime

import icalendar
import pytest

from allocator.domain.faults import InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Session, Step
from allocator.domain.resource import Location, Resource
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon
from allocator.frames import schedule_to_icalendar, write_icalendars


def at(hour, minute=0):
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


PROBLEM = Problem(
    name="Clinic",
    horizon=Horizon(first=date(2026, 3, 2), days=5, zone="Europe/Berlin"),
    locations=(Location(id="Main site"),),
    resources=(
        Resource(id="T1", kind="practitioner", name="Ada, therapist"),
        Resource(id="../A", kind="room", location="Main site"),
        Resource(id="P1", kind="patient"),
        Resource(id="P2", kind="patient"),
    ),
    services=(
        Service(
            id="S",
            name="Hand therapy; first",
            minutes=30,
            needs=(
                Need(role="practitioner", alternatives=(Selector(kind="practitioner"),)),
                Need(role="room", alternatives=(Selector(kind="room"),)),
            ),
        ),
    ),
    requests=(
        Request(id="R1", steps=(Step(service="S"),), attendees=(Attendee(resource="P1"),)),
        Request(id="R2", steps=(Step(sessions=frozenset({"G"})),)),
        Request(id="R3", steps=(Step(sessions=frozenset({"G"})),)),
    ),
    sessions=(Session(id="G", service="S", most=5),),
)
STAFF = (("practitioner", ("T1",)), ("room", ("../A",)))
SCHEDULE = Schedule(
    assignments=(
        Assignment(
            visit="R1", start=at(10), end=at(10, 30), resources=(*STAFF, ("attendee:P1", ("P1",)))
        ),
        Assignment(visit="G", start=at(8), end=at(8, 30), resources=STAFF),
        *(
            Assignment(
                visit=visit,
                start=at(8),
                end=at(8, 30),
                session="G",
                resources=((f"attendee:{who}", (who,)),),
            )
            for visit, who in (("R2", "P1"), ("R3", "P2"))
        ),
    )
)


def events(data):
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


def test_a_resource_sees_its_visits_in_order():
    """Service, place, times and people of each visit stand in its event."""
    first, second = events(schedule_to_icalendar(SCHEDULE, PROBLEM, "T1"))
    assert (first["summary"], first["location"]) == ("Hand therapy; first", "Main site")
    assert (first.decoded("dtstart"), first.decoded("dtend")) == (at(8), at(8, 30))
    assert first["description"].splitlines() == [
        "visit: G",
        "practitioner: T1 (Ada, therapist)",
        "room: ../A",
        "attendee: P1",
        "attendee: P2",
    ]
    assert second["description"].splitlines() == [
        "visit: R1",
        "practitioner: T1 (Ada, therapist)",
        "room: ../A",
        "attendee: P1",
    ]


def test_participants_of_a_session_do_not_see_each_other():
    """Who joins a session sees its staff and its room, and nobody else's name."""
    first, _ = events(schedule_to_icalendar(SCHEDULE, PROBLEM, "P1"))
    assert first["location"] == "Main site"
    assert first["description"].splitlines() == [
        "visit: R2",
        "session: G",
        "attendee: P1",
        "practitioner: T1 (Ada, therapist)",
        "room: ../A",
    ]


def test_the_same_schedule_gives_the_same_bytes():
    """Nothing depends on the clock: DTSTAMP is when the problem is asked."""
    data = schedule_to_icalendar(SCHEDULE, PROBLEM, "T1")
    assert data == schedule_to_icalendar(SCHEDULE, PROBLEM, "T1")
    assert b"DTSTAMP:20260301T230000Z" in data


def test_a_visit_that_moves_keeps_its_uid():
    """A calendar program moves the event, rather than adding one."""
    moved = Schedule(assignments=(replace(SCHEDULE["R1"], start=at(11), end=at(11, 30)),))
    (after,) = events(schedule_to_icalendar(moved, PROBLEM, "P1"))
    before = events(schedule_to_icalendar(SCHEDULE, PROBLEM, "P1"))[-1]
    assert after["uid"] == before["uid"]
    assert after.decoded("dtstart") != before.decoded("dtstart")


def test_an_unknown_resource_is_refused():
    """A slip in the id is no empty calendar."""
    with pytest.raises(InvalidSchedule, match=r"The resource 'T9' does not exist\."):
        schedule_to_icalendar(SCHEDULE, PROBLEM, "T9")


def test_each_resource_with_visits_has_a_file(tmp_path):
    """Files are named after ids, and no id leads out of the folder."""
    made = write_icalendars(SCHEDULE, PROBLEM, tmp_path / "out")
    assert [path.name for path in made] == ["T1.ics", "..%2FA.ics", "P1.ics", "P2.ics"]
    assert sorted(path.parent for path in made) == [tmp_path / "out"] * 4
    assert made[0].read_bytes() == schedule_to_icalendar(SCHEDULE, PROBLEM, "T1")


def test_kinds_choose_whose_files_are_written(tmp_path):
    """Asked for rooms alone, no patient's calendar is written."""
    made = write_icalendars(SCHEDULE, PROBLEM, tmp_path, kinds=["room"])
    assert [path.name for path in made] == ["..%2FA.ics"]


def test_a_very_long_id_has_a_short_file_name(tmp_path):
    """File systems have limits; two long ids that begin alike have files of their own."""
    ids = ("x" * 300 + "1", "x" * 300 + "2")
    problem = replace(PROBLEM, resources=(*PROBLEM.resources, *(
        Resource(id=id, kind="device") for id in ids)))  # fmt: skip
    schedule = Schedule(
        assignments=(Assignment(visit="R1", start=at(9), end=at(10), resources=(("room", ids),)),)
    )
    made = write_icalendars(schedule, problem, tmp_path)
    assert len({path.name for path in made}) == 2
    assert all(len(path.name) < 150 for path in made)
