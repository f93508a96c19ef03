"""Start grid: a visit starts at a time of day that its service offers."""

from dataclasses import replace
from datetime import date

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import calendar, practitioner, problem, request, service

from allocator.domain.calendar import DailySpan
from allocator.domain.problem import Problem
from allocator.domain.request import Session, Step
from allocator.domain.resource import Location
from allocator.domain.time import Horizon
from allocator.rules import RULES
from allocator.rules.start_grid import StartGrid

RULE = [StartGrid()]


def gridded(every: int, offset: int = 0, **more: object) -> Problem:
    some = service(minutes=30, start_every_minutes=every, start_offset_minutes=offset)
    return problem(request("A"), **{"grain": 30, "services": (some,), **more})


def allowed(some: Problem) -> list[str]:
    """Return the local times of a day at which A may start."""
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 0, {})
    where = universe(book, book.prepared.visits[0])
    return [book.prepared.local(p.start)[-5:] for p in where if not broken(book, {0: p})]


def test_starts_are_the_offset_plus_a_multiple() -> None:
    """Every 90 minutes from 00:30: 00:30, 02:00, …, 23:00, which makes 16 in a day."""
    starts = allowed(gridded(90, 30))
    assert starts[:3] == ["00:30", "02:00", "03:30"] and starts[-1] == "23:00"
    assert len(starts) == 16


def test_the_message_names_the_grid() -> None:
    """A starts at 08:30; the service starts on the hour."""
    book = book_of(gridded(60), RULE, [])
    late = universe(book, book.prepared.visits[0], [17])[0]
    assert broken(book, {0: late}) == {
        (
            "start_grid",
            "Visit A starts at Mon 2026-03-02 08:30; visit starts every 60 minutes, from minute 0"
            " of the day.",
        )
    }


def test_the_grid_begins_anew_at_midnight() -> None:
    """Every 7 hours: 00:00, 07:00, 14:00, 21:00, and then 00:00 again, not 04:00."""
    starts = allowed(gridded(420, days=2))
    assert starts == ["00:00", "07:00", "14:00", "21:00"] * 2


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        # 02:00 does not exist, and 04:00 is 3 hours after midnight.
        (date(2026, 3, 29), ["00:00", "04:00", "06:00"]),
        # 02:00 exists twice, and is on the grid both times.
        (date(2026, 10, 25), ["00:00", "02:00", "02:00", "04:00"]),
    ],
)
def test_the_grid_is_of_wall_times(day: date, starts: list[str]) -> None:
    """On the nights of the changes, every two hours is by the clock on the wall."""
    some = Horizon(first=day, days=1, zone="Europe/Berlin", grain_minutes=30)
    assert allowed(gridded(120, horizon=some))[: len(starts)] == starts


def test_the_grid_is_local_to_the_place() -> None:
    """In Kolkata (5.5 hours on, 4.5 from Berlin in winter) full hours are Berlin's half hours."""
    some = service(minutes=30, start_every_minutes=60, location="far")
    starts = allowed(
        gridded(
            60,
            services=(some,),
            locations=(Location(id="far", zone="Asia/Kolkata"),),
            resources=(practitioner("ann", calendar=None),),
        )
    )
    assert starts[:2] == ["00:30", "01:30"]


def test_with_a_grain_of_a_day_every_date_is_on_the_grid() -> None:
    """Dates have no time of day, so a grid of starts leaves all of them."""
    some = service(minutes=1440, start_every_minutes=1440)
    days = problem(request("A"), days=3, grain=1440, services=(some,))
    book = book_of(days, RULE, [])
    assert one_visit_agrees(book, 0, {}) == (3, 0)


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[StartGrid]) -> None:
    """A session is on the grid of its service; a visit of another service is on its own."""
    some = problem(
        request("A"),
        request("P", steps=(Step(sessions=frozenset({"S"})),)),
        grain=30,
        services=(
            service(minutes=30, start_every_minutes=60, start_offset_minutes=30),
            service("class", minutes=60, start_every_minutes=120),
        ),
        sessions=(Session(id="S", service="class", most=2),),
    )
    book = book_of(some, rules, [])
    session, a, p = (book.prepared.visit_index[id] for id in "SAP")
    for visit in (session, a):
        allowed, forbidden = one_visit_agrees(book, visit, {})
        assert allowed and forbidden
    at_eight = universe(book, book.prepared.visits[session], [16])[0]
    with_it = universe(book, book.prepared.visits[p], [16])[0]
    half_past = universe(book, book.prepared.visits[a], [19])[0]
    near = [{session: at_eight, p: with_it, a: half_past}]
    accepted, refused = model_agrees(book, [session, a, p], near=near)
    assert accepted and refused


def test_dropping_the_rule_lets_a_visit_start_off_the_grid() -> None:
    """Ann is open from 08:30 to 09:00: on full hours nothing fits, and else 08:30 does."""
    hours = DailySpan(start_minute=510, end_minute=540)
    half = replace(calendar(), weekly=(replace(calendar().weekly[0], hours=hours),))
    some = gridded(60, calendars=(half,))
    assert best(book_of(some, RULES), [0]) == {0: None}
    without = best(book_of(some, [r for r in RULES if r.name != "start_grid"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"start_grid"}
