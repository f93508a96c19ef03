"""Problems survive the way to a folder, to JSON and to frames, and back."""

from datetime import UTC, date, datetime

from allocator.domain.calendar import Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Request, Step
from allocator.domain.resource import Break, Resource, Skill
from allocator.domain.service import Need, Part, Selector, Service
from allocator.domain.time import Horizon, Span
from allocator.frames import problem_from_frames, problem_to_frames, read_problem, write_problem


def clinic() -> Problem:
    hours = DailySpan(start_minute=480, end_minute=1020)
    return Problem(
        name="=1+1",
        horizon=Horizon(first=date(2026, 3, 2), days=5, zone="Europe/Berlin"),
        calendars=(
            Calendar(
                id="week",
                weekly=(WeeklyRule(weekdays=frozenset(range(5)), hours=hours),),
                exceptions=(DatedException(day=date(2026, 3, 3)),),
            ),
            Calendar(id="never"),
        ),
        resources=(
            Resource(
                id="T1",
                kind="practitioner",
                calendar="week",
                skills=(Skill(name="hand"), Skill(name="a;b")),
                breaks=(Break(minutes=30, window=hours, weekdays=frozenset()),),
            ),
            Resource(id="R", kind="room"),
            Resource(id="P", kind="patient"),
        ),
        services=(
            Service(
                id="S",
                minutes=30,
                needs=(
                    Need(
                        role="practitioner",
                        alternatives=(
                            Selector(skills=frozenset({"hand"})),
                            Selector(names=frozenset({"T1"})),
                        ),
                    ),
                    Need(
                        role="room",
                        alternatives=(Selector(kind="room"),),
                        part=Part(minutes=15, from_end=True),
                    ),
                ),
            ),
        ),
        requests=(
            Request(
                id="Q",
                steps=(Step(service="S"),),
                series=FlexibleSeries(count=3, carer_role=""),
                attendees=(Attendee(resource="P"),),
                windows=(
                    Span(
                        start=datetime(2026, 3, 2, 8, tzinfo=UTC),
                        end=datetime(2026, 3, 4, 8, tzinfo=UTC),
                    ),
                ),
            ),
            Request(id="Q2", steps=(Step(service="S"), Step(service="S", least_lag_minutes=5))),
        ),
        levels=(
            Level(name="a", goals=()),
            Level(name="b", goals=(("soonest", 1), ("served:3", 2))),
        ),
    )


def test_a_folder_returns_the_problem_written(tmp_path):
    """A problem written to a folder of CSV files is read back equal."""
    write_problem(clinic(), tmp_path / "clinic")
    assert read_problem(tmp_path / "clinic") == clinic()


def test_a_document_returns_the_problem_written(tmp_path):
    """A problem written to a JSON file is read back equal."""
    write_problem(clinic(), tmp_path / "clinic.json")
    assert read_problem(tmp_path / "clinic.json") == clinic()


def test_frames_return_the_problem_given():
    """A problem turned into DataFrames is built from them equal."""
    assert problem_from_frames(problem_to_frames(clinic())) == clinic()
