"""Races for what rules allow that no constraint can see.

Two bookings are each fine alone and break the rule together: exactly one gets in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from service.booking import booked, claims, expire_all, hold, move
from service.changing import OURS, change, tenant_policy
from service.conftest import Clinic, furnish, need, physio, scope
from service.racing import at, race, statuses

from api.store.world import read_world
from api.usecases import rules


def together(clinic: Clinic, *bodies: dict[str, Any], rule: str) -> None:
    """Race two bookings of which each is fine alone: one gets in, the other hears the rule."""
    asks = clinic.asker("scheduler")
    for body in bodies:
        alone = asks.post("/v1/holds", body)
        assert alone.status_code == 201, alone.text
        assert asks("DELETE", f"/v1/holds/{alone.json()['id']}").status_code == 200
    answers = race([hold(asks, body) for body in bodies * 2])
    assert statuses(answers)[201] == 1, [a.text for a in answers]
    assert set(statuses(answers)) == {201, 409}
    told = {v["rule"] for a in answers if a.status_code == 409 for v in a.json()["violations"]}
    assert rule in told


def limited(clinic: Clinic, **limits: int) -> None:
    change(clinic.asker(), "/v1/resources/anna", limits=limits)


def visit(start: str, who: str = "anna", room: str = "room-1", **more: Any) -> dict[str, Any]:
    return {
        "service": "physio",
        "start": start,
        "resources": {"practitioner": [who], "room": [room]},
        **more,
    }


def test_race_for_the_minutes_of_a_day(clinic: Clinic) -> None:
    """Anna works 60 minutes a day: of two visits of 45 in different rooms, one."""
    limited(clinic, minutes_per_day=60)
    together(clinic, visit(at(9)), visit(at(15), room="room-2"), rule="work_per_day")


def test_race_of_a_move_into_a_full_day(clinic: Clinic) -> None:
    """Anna works 60 minutes a day: of a move to Monday and a hold on Monday, one."""
    limited(clinic, minutes_per_day=60)
    asks = clinic.asker("scheduler")
    for week in range(3):
        name = booked(asks, visit(at(9, 7 * week + 1)))
        moved, held = race(
            [move(asks, name, at(9, 7 * week)), hold(asks, visit(at(15, 7 * week), room="room-2"))]
        )
        assert (moved.status_code, held.status_code) in ((200, 409), (409, 201))


def test_race_of_reassignments_to_one_who_is_nearly_full(clinic: Clinic) -> None:
    """Ben's visits go to Anna, who works 60 minutes a day: one of two does."""
    limited(clinic, minutes_per_day=60)
    asks = clinic.asker("scheduler")
    names = [booked(asks, visit(at(hour), "ben", "room-2")) for hour in (9, 12)]
    body = {"resources": {"practitioner": ["anna"]}}
    answers = race([partial(asks.post, f"/v1/bookings/{n}/reassign", body) for n in names])
    assert statuses(answers) == {200: 1, 409: 1}


def test_race_for_the_minutes_of_a_week(clinic: Clinic) -> None:
    """Anna works 60 minutes a week: of a visit on Monday and one on Sunday, one."""
    limited(clinic, minutes_per_week=60)
    together(clinic, visit(at(9)), visit(at(9, 6), room="room-2"), rule="work_per_week")


def test_race_for_the_visits_of_a_persons_day(clinic: Clinic) -> None:
    """P9 comes once a day: of two visits with different staff, one."""
    admin = clinic.asker()
    body = {"id": "P9", "name": "P", "resource": {"limits": {"visits_per_day": 1}}}
    assert admin.post("/v1/people", body).status_code == 201
    together(
        clinic,
        visit(at(9), attendees=["P9"]),
        visit(at(15), "ben", "room-2", attendees=["P9"]),
        rule="person_limits",
    )


def test_race_for_work_in_a_row(clinic: Clinic) -> None:
    """After 60 minutes Anna rests for 30: of two visits of 45 in a row, one."""
    limited(clinic, minutes_in_a_row=60, rest_minutes=30)
    together(clinic, visit(at(9)), visit(at(9.75), room="room-2"), rule="work_in_a_row")


def test_race_for_a_break(clinic: Clinic) -> None:
    """Anna's lunch of 30 minutes lies between 12:00 and 13:15: of two visits round it, one."""
    lunch = {"minutes": 30, "window": {"start_minute": 720, "end_minute": 795}}
    change(clinic.asker(), "/v1/resources/anna", breaks=[lunch])
    together(clinic, visit(at(11.75)), visit(at(12.5), room="room-2"), rule="breaks")


def test_race_for_one_room_in_half_a_day(clinic: Clinic) -> None:
    """Anna stays in one room until noon: of a visit in each room, one."""
    change(clinic.asker(), "/v1/resources/anna", one_room_per_half_day=True)
    together(clinic, visit(at(9)), visit(at(10), room="room-2"), rule="one_room_per_half_day")


def test_race_for_travel(clinic: Clinic) -> None:
    """It takes 30 minutes from room 1 to room 2: of a visit at 9:00 and one at 9:45, one."""
    admin = clinic.asker()
    assert admin.post("/v1/locations", [{"id": "L"}, {"id": "M"}]).status_code == 201
    change(admin, "/v1/resources/room-1", location="L")
    change(admin, "/v1/resources/room-2", location="M")
    change(admin, "/v1/resources/anna", location="L", mobile=True)
    tenant_policy(clinic, travel=[{"origin": "L", "destination": "M", "minutes": 30}])
    together(clinic, visit(at(9)), visit(at(9.75), room="room-2"), rule="travel")


def test_a_turnaround_is_looked_at_in_its_own_kind_alone(clinic: Clinic) -> None:
    """Whoever books a room waits for others who do; who comes with whom is nobody's business."""
    tenant_policy(clinic, turnarounds=[{"kind": "room", "minutes": 15}])
    with clinic.owner.begin() as connection:
        scope(connection, clinic.tenant)
        world = read_world(connection, clinic.tenant)
    aside = {name for name, one in world.resources.items() if rules.looks_aside(world, one)}
    assert aside == {"room-1", "room-2"}


def test_race_for_a_turnaround(clinic: Clinic) -> None:
    """A room is made ready for 15 minutes between visits: of 9:00 and 9:45, one."""
    tenant_policy(clinic, turnarounds=[{"kind": "room", "minutes": 15}])
    together(clinic, visit(at(9)), visit(at(9.75), "ben"), rule="turnaround")


def test_a_calendar_is_changed_while_somebody_books(clinic: Clinic) -> None:
    """Every booking was made before the change, or is refused for it: the log has them in order."""
    admin = clinic.asker()
    there = admin.get("/v1/calendars/office").json()
    body = {k: v for k, v in there.items() if k not in OURS} | {"weekly": []}
    closes = partial(admin, "PUT", "/v1/calendars/office", body, If_Match='"1"')
    closed, *answers = race([closes, *(hold(admin, physio(at(9 + n), None)) for n in range(6))])
    assert closed.status_code == 200, closed.text
    assert set(statuses(answers)) <= {201, 409}
    log = [
        row.action
        for row in clinic.sql(
            "SELECT action FROM audit WHERE tenant_id = :t AND action IN ('booking.held',"
            " 'calendar.changed') ORDER BY id",
            t=clinic.tenant,
        )
    ]
    assert log == ["booking.held"] * (len(log) - 1) + ["calendar.changed"]
    assert statuses(answers).get(201, 0) == len(log) - 1
    late = admin.post("/v1/holds", physio(at(16), None))
    assert [v["rule"] for v in late.json()["violations"]] == ["opening_hours"] * 2


def test_an_expired_hold_counts_no_more_for_any_rule(clinic: Clinic) -> None:
    """Anna's day is full with a hold whose time is over: the next who asks gets it."""
    limited(clinic, minutes_per_day=45)
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", visit(at(9))).status_code == 201
    assert asks.post("/v1/holds", visit(at(11))).status_code == 409
    expire_all(clinic)
    assert asks.post("/v1/holds", visit(at(11))).status_code == 201
    assert len(claims(clinic)) == 2


def test_a_visit_across_the_start_of_the_week_hinders_nobody(
    new_clinic: Callable[[], Clinic],
) -> None:
    """A visit from Saturday 23:45 to Sunday 0:30 lies at the edge of what the rules look at."""
    clinic = new_clinic()
    admin = clinic.asker()
    furnish(admin)
    change(admin, "/v1/resources/anna", calendar=None, limits={"minutes_per_day": 60})
    change(admin, "/v1/resources/room-1", calendar=None)
    assert admin.post("/v1/holds", visit(at(23.75, -2))).status_code == 201
    assert admin.post("/v1/holds", visit(at(9))).status_code == 201


def test_a_service_that_needs_less_than_it_did_hinders_nobody(clinic: Clinic) -> None:
    """Bookings made when a service needed a room still count, and still let others be made."""
    limited(clinic, minutes_per_day=120)
    admin = clinic.asker()
    assert admin.post("/v1/holds", visit(at(9))).status_code == 201
    change(admin, "/v1/services/physio", needs=[need("practitioner")], minutes=60)
    body = {"service": "physio", "resources": {"practitioner": ["anna"]}}
    assert admin.post("/v1/holds", {**body, "start": at(11)}).status_code == 201
    third = admin.post("/v1/holds", {**body, "start": at(13)})
    assert [v["rule"] for v in third.json()["violations"]] == ["work_per_day"]
