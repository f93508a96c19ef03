"""Open hours: what loads are shares of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tiny import MONDAY, calendar, need, patient, practitioner, problem, room, service, span

from allocator.domain.calendar import Block
from allocator.domain.resource import Contract
from allocator.forecast import open_hours


def minutes(frame, kind: str) -> dict[tuple[date, int], float]:
    """Return the open minutes of a kind, by day and hour."""
    some = frame[frame["kind"] == kind]
    return dict(zip(zip(some["day"], some["hour"], strict=True), some["minutes"], strict=True))


def test_minutes_add_up_over_the_resources_of_a_kind():
    """Lanes count each; patients and whoever no service draws on are left out."""
    world = problem(
        resources=(
            practitioner("ann"),
            practitioner("bob", lanes=2),
            patient("pat"),
            room("r", calendar="short"),
            practitioner("free", calendar=None),
        ),
        calendars=(calendar(), calendar("short", 9, 10)),
        services=(service(needs=(need(), need("room"))),),
        grain=15,
    )
    found = open_hours(world)
    assert sorted(set(found["kind"])) == ["practitioner", "room"]
    assert minutes(found, "practitioner") == {(MONDAY, h): 180.0 for h in range(8, 12)}
    assert minutes(found, "room") == {(MONDAY, 9): 60.0}


def test_blocks_and_contracts_close_and_days_may_lie_outside_the_horizon():
    """A morning of leave, and a contract that ends on Tuesday; three days from Monday."""
    leave = replace(calendar(), blocks=(Block(span=span(0, 8, 10)),))
    world = problem(
        resources=(practitioner("ann", contracts=(Contract(last=date(2026, 3, 3)),)),),
        calendars=(leave,),
        grain=30,
    )
    found = minutes(open_hours(world, days=3), "practitioner")
    assert found == {
        **{(MONDAY, h): 60.0 for h in (10, 11)},
        **{(date(2026, 3, 3), h): 60.0 for h in range(8, 12)},
    }
    before = minutes(open_hours(world, first=date(2026, 2, 27), days=1), "practitioner")
    assert before == {(date(2026, 2, 27), h): 60.0 for h in range(8, 12)}


def test_nothing_open_is_an_empty_frame():
    """With its columns."""
    found = open_hours(problem(resources=(practitioner("ann", calendar=None),)))
    assert found.empty
    assert list(found.columns) == ["kind", "day", "hour", "minutes"]
