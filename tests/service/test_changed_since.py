"""The clinic has changed since something was booked or asked for: solves go on beside it."""

from __future__ import annotations

from typing import Any

from service.conftest import Asker, Clinic, need
from service.solving import solved
from service.test_absences import at, book, lies, mark, only_on

from api.settings import Settings

DAYS = {"first": "2030-01-07", "days": 7, "time_limit_seconds": 5}


def ask(asks: Asker, name: str, **more: Any) -> None:
    body = {"id": name, "steps": [{"service": "physio"}], "attendees": [{"resource": "P2"}]}
    made = asks.post("/v1/requests", {**body, **more})
    assert made.status_code == 201, made.text


def solve(asks: Asker, settings: Settings, **more: Any) -> Any:
    queued = asks.post("/v1/solves", {**DAYS, **more})
    assert queued.status_code == 202, queued.text
    return solved(settings, asks, queued.json()["id"])["result"]


def change(asks: Asker, path: str, body: dict[str, Any]) -> None:
    version = asks.get(path).headers["etag"]
    assert asks("PUT", path, body, If_Match=version).status_code == 200


def starts(result: Any) -> list[str]:
    return [visit["start"] for visit in result["visits"]]


def test_a_service_that_needs_something_else_now(clinic: Clinic, settings: Settings) -> None:
    """The room of what was booked before is not to be had meanwhile, though no need has it."""
    asks = clinic.asker()
    only_on(asks, "2030-01-07", until=10)
    mine = book(asks, "09:00", attendees=[])
    book(asks, "09:00", "ben", "room-2", attendees=[])
    change(asks, "/v1/services/physio", {"minutes": 45, "needs": [need("practitioner")]})
    asks.post("/v1/services", {"id": "room", "minutes": 45, "needs": [need("room")]})
    ask(asks, "R1", steps=[{"service": "room"}])
    result = solve(asks, settings)
    assert (result["visits"], [u["request"] for u in result["unplaced"]]) == ([], ["R1"])
    found = mark(asks)
    result = solved(settings, asks, found["solve"])["result"]
    assert [(s["booking"], s["reason"]) for s in result["stays"]] == [
        (mine, "The service physio has changed since it was booked.")
    ]


def test_a_service_that_is_gone(clinic: Clinic, settings: Settings) -> None:
    """Once nobody is booked for it, it goes; who waits for it is told; the others are placed."""
    asks = clinic.asker()
    asks.post("/v1/services", {"id": "old", "minutes": 45, "needs": [need("practitioner")]})
    only_on(asks, "2030-01-07", until=11)
    old = {"service": "old", "resources": {"practitioner": ["anna"]}, "attendees": []}
    booking = book(asks, "09:00", **old)
    ask(asks, "R1", steps=[{"service": "old"}])
    ask(asks, "R2")
    ask(asks, "R3", steps=[{"service": "training"}])
    version = asks.get("/v1/services/old").headers["etag"]
    assert asks("DELETE", "/v1/services/old", If_Match=version).status_code == 409
    assert asks.post(f"/v1/bookings/{booking}/cancel").status_code == 200
    assert asks("DELETE", "/v1/services/old", If_Match=version).status_code == 204
    result = solve(asks, settings)
    assert {visit["request"] for visit in result["visits"]} == {"R2", "R3"}
    left = {u["request"]: u["reason"] for u in result["unplaced"]}
    assert left == {"R1": "It asks for old, which is not there any more."}


def test_a_visit_that_reaches_out_of_the_days_looked_at(clinic: Clinic, settings: Settings) -> None:
    """One night between two days: its practitioner is not to be had until it ends."""
    asks = clinic.asker()
    hours = {"start_minute": 0, "end_minute": 24 * 60}
    week = [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": hours}]
    change(asks, "/v1/calendars/office", {"weekly": week})
    night = {"id": "night", "minutes": 120, "needs": [need("practitioner")]}
    asks.post("/v1/services", night)
    for who in ("anna", "ben"):
        body = {
            "service": "night",
            "start": "2030-01-06T23:00:00+01:00",
            "resources": {"practitioner": [who]},
        }
        held = asks.post("/v1/holds", body)
        assert held.status_code == 201, held.text
    ask(asks, "R1")
    assert starts(solve(asks, settings)) == ["2030-01-07T00:00:00Z"]  # 1 o'clock


def test_a_group_session_without_windows_is_placed_for_whoever_joins(
    clinic: Clinic, settings: Settings
) -> None:
    """One whose windows lie elsewhere keeps nobody else from being placed."""
    asks = clinic.asker()
    later = {"start": "2028-03-06T09:00:00Z", "end": "2028-03-06T12:00:00Z"}
    asks.post("/v1/sessions", {"id": "G1", "service": "training", "least": 1, "most": 2})
    made = asks.post(
        "/v1/sessions",
        {"id": "G2", "service": "training", "least": 1, "most": 2, "windows": [later]},
    )
    assert made.status_code == 201, made.text
    ask(asks, "R1", steps=[{"sessions": ["G1", "G2"]}])
    ask(asks, "R2", steps=[{"sessions": ["G2"]}])
    result = solve(asks, settings)
    assert [(v["request"], v["session"]) for v in result["visits"]] == [("R1", "G1")]
    assert [(u["request"], u["reason"]) for u in result["unplaced"]] == [
        ("R2", "None of its group sessions is within the days looked at.")
    ]


def test_of_a_series_with_an_attended_visit_nothing_moves_for_others(
    clinic: Clinic, settings: Settings
) -> None:
    """Nor is the attended visit placed a second time; a booking that is whole may move."""
    asks = clinic.asker()
    ask(asks, "S1", series={"type": "flexible", "count": 2, "least_days_between": 1})
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [
        {"occurrence": n, "start": at("11:00", f"2030-01-0{6 + n}"), "resources": place}
        for n in (1, 2)
    ]
    held = asks.post("/v1/holds", {"request": "S1", "visits": visits})
    assert held.status_code == 201, held.text
    booking = held.json()["id"]
    asks.post(f"/v1/holds/{booking}/confirm")
    dry = {**DAYS, "may_move": True, "dry_run": True}
    counted = asks.post("/v1/solves", dry).json()
    assert (counted["bookings_that_may_move"], counted["published"]) == (1, 2)
    first = held.json()["visits"][0]["id"]
    clinic.sql("UPDATE visit SET state = 'fulfilled' WHERE uid = :uid", uid=first)
    clinic.sql("DELETE FROM claim WHERE visit_id = (SELECT id FROM visit WHERE uid = :u)", u=first)
    counted = asks.post("/v1/solves", dry).json()
    assert (counted["bookings_that_may_move"], counted["published"]) == (0, 1)
    assert solve(asks, settings, may_move=True)["visits"] == []
    assert len(lies(asks, booking)) == 2


def renamed(asks: Asker) -> None:
    """Call the practitioner of physio by another name of a role."""
    needs = [{"role": "therapist", "alternatives": [{"kind": "practitioner"}]}]
    change(asks, "/v1/services/physio", {"minutes": 45, "needs": needs})


def test_a_role_of_another_name(clinic: Clinic) -> None:
    """What it was called before does not hinder who takes over, nor that a series moves."""
    asks = clinic.asker()
    name = book(asks, "09:00")
    renamed(asks)
    path = f"/v1/bookings/{name}"
    taken = asks.post(f"{path}/reassign", {"resources": {"therapist": ["ben"]}})
    assert taken.status_code == 200, taken.text
    assert taken.json()["visits"][0]["resources"] == {
        "attendee:P1": ["P1"],
        "therapist": ["ben"],
    }
    place = {"start": at("10:00"), "resources": {"therapist": ["ben"]}}
    moved = asks.post(f"{path}/reschedule", {"visits": [place], "scope": "all"})
    assert moved.status_code == 200, moved.text
    claims = asks.get("/v1/claims").json()["items"]
    assert {(c["resource"], c["start"]) for c in claims} == {
        (who, "2030-01-07T09:00:00Z") for who in ("ben", "P1")
    }


def test_a_group_session_whose_roles_have_other_names(clinic: Clinic) -> None:
    """Whoever comes finds a seat."""
    asks = clinic.asker()
    asks.post("/v1/sessions", {"id": "S1", "service": "physio", "most": 2})
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    placed = asks.post("/v1/sessions/S1/place", {"start": at("09:00"), "resources": place})
    assert placed.status_code == 201
    renamed(asks)
    joined = asks.post("/v1/holds", {"session": "S1", "start": at("09:00"), "attendees": ["P1"]})
    assert joined.status_code == 201, joined.text
