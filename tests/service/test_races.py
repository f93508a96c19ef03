"""Barrier races through the HTTP application: whoever is second is refused, and nobody breaks."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import booked, claims, hold, move
from service.conftest import Clinic, need, physio
from service.racing import at, race, statuses

from api.usecases import holding


def test_of_twelve_who_want_one_slot_exactly_one_gets_it(clinic: Clinic) -> None:
    """Twelve clients ask for the same slot at once: one 201, eleven times told that it is taken."""
    asks = clinic.asker("scheduler")
    answers = race([hold(asks, physio(at(9), None)) for _ in range(12)])
    assert statuses(answers) == {201: 1, 409: 11}
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {
        "urn:allocator:problem:taken"
    }
    assert claims(clinic) == [("anna", "09:00", "hold"), ("room-1", "09:00", "hold")]


def test_two_cancellations_free_once(clinic: Clinic) -> None:
    """Of two who cancel at once one does, and the audit log says so once."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9), None))
    answers = race([partial(asks.post, f"/v1/bookings/{name}/cancel") for _ in range(4)])
    assert statuses(answers) == {200: 1, 409: 3}
    there = clinic.sql(
        "SELECT count(*) FROM audit WHERE tenant_id = :tenant AND action = 'booking.cancelled'",
        tenant=clinic.tenant,
    )
    assert there[0][0] == 1


def test_two_bookings_cannot_swap_places_one_by_one(clinic: Clinic) -> None:
    """Each wants the other's place: both stay where they were, whatever the order, and no 5xx."""
    asks = clinic.asker("scheduler")
    one, two = booked(asks, physio(at(9), None)), booked(asks, physio(at(10), None))
    answers = race([move(asks, one, at(10)), move(asks, two, at(9))])
    assert statuses(answers) == {409: 2}
    starts = [asks.get(f"/v1/bookings/{name}").json()["starts_at"] for name in (one, two)]
    assert starts == ["2030-01-07T08:00:00Z", "2030-01-07T09:00:00Z"]
    assert clinic.overlaps() == 0


def test_two_moves_to_one_free_place(clinic: Clinic) -> None:
    """One gets it; the other stays where it was."""
    asks = clinic.asker("scheduler")
    one, two = booked(asks, physio(at(9), None)), booked(asks, physio(at(10), None))
    assert statuses(race([move(asks, one, at(14)), move(asks, two, at(14))])) == {200: 1, 409: 1}
    assert sorted({start for _, start, _ in claims(clinic)}) in (
        ["09:00", "14:00"],
        ["10:00", "14:00"],
    )


def test_one_idempotency_key_from_eight_threads_is_one_booking(clinic: Clinic) -> None:
    """All eight get the same answer; one booking is made."""
    asks = clinic.asker("scheduler")
    answers = race([hold(asks, physio(at(9), None), Idempotency_Key="once") for _ in range(8)])
    assert statuses(answers) == {201: 8}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    assert clinic.sql("SELECT count(*) FROM booking WHERE tenant_id = :t", t=clinic.tenant) == [
        (1,)
    ]


def test_a_request_is_booked_once(clinic: Clinic) -> None:
    """Four holds of one request at once, each at another time: one is given."""
    asks = clinic.asker("scheduler")
    made = asks.post("/v1/requests", {"id": "R", "steps": [{"service": "physio"}]})
    assert made.status_code == 201, made.text
    where = {"practitioner": ["anna"], "room": ["room-1"]}
    bodies = [{"request": "R", "start": at(9 + n), "resources": where} for n in range(4)]
    answers = race([hold(asks, body) for body in bodies])
    assert statuses(answers) == {201: 1, 409: 3}
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {
        "urn:allocator:problem:wrong-state"
    }


def test_opposite_orders_of_three_resources_never_deadlock_a_client(clinic: Clinic) -> None:
    """Thirty-two clients ask for three resources, half in the opposite order: no 5xx."""
    admin = clinic.asker()
    needs = [need(role, names=["anna", "room-1", "gym"]) for role in ("a", "b", "c")]
    for n in needs:
        n["alternatives"][0].pop("kind")
    made = admin.post("/v1/services", {"id": "three", "minutes": 45, "needs": needs})
    assert made.status_code == 201, made.text
    names = ["anna", "room-1", "gym"]
    bodies = [
        {
            "service": "three",
            "start": at(9 + 0.25 * (n % 3)),
            "resources": {
                role: [name]
                for role, name in zip("abc", names if n % 2 else reversed(names), strict=True)
            },
        }
        for n in range(32)
    ]
    answers = race([hold(admin, body) for body in bodies])
    assert statuses(answers) == {201: 1, 409: 31}
    assert clinic.overlaps() == 0


def test_of_two_who_change_one_version_one_does(clinic: Clinic) -> None:
    """Four moves of the same version at once: one is made, and the others are stale."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9), None))
    version = asks.get(f"/v1/bookings/{name}").headers["ETag"]
    where = {"practitioner": ["anna"], "room": ["room-1"]}
    calls = [
        partial(
            asks.post,
            f"/v1/bookings/{name}/reschedule",
            {"visits": [{"start": at(10 + n), "resources": where}]},
            If_Match=version,
        )
        for n in range(4)
    ]
    assert statuses(race(calls)) == {200: 1, 412: 3}
    assert len(claims(clinic)) == 2


def test_a_move_and_a_cancellation_at_the_same_moment(clinic: Clinic) -> None:
    """Cancelled in the end, wherever it was moved to before, and nothing stays claimed."""
    asks = clinic.asker("scheduler")
    for hour in range(9, 13):
        name = booked(asks, physio(at(hour), None))
        moved, cancelled = race(
            [move(asks, name, at(hour + 0.25)), partial(asks.post, f"/v1/bookings/{name}/cancel")]
        )
        assert cancelled.status_code == 200
        assert moved.status_code in (200, 409)
    assert claims(clinic) == []


def test_series_of_several_who_take_what_is_left(clinic: Clinic) -> None:
    """Four clients want the same four mornings, or what is left of them: each goes to one."""
    admin = clinic.asker()
    for n in range(4):
        made = admin.post(
            "/v1/requests",
            {
                "id": f"R{n}",
                "steps": [{"service": "physio"}],
                "series": {"type": "flexible", "count": 4, "at_least": 1},
            },
        )
        assert made.status_code == 201, made.text
    where = {"practitioner": ["anna"], "room": ["room-1"]}

    def series(n: int) -> dict[str, Any]:
        visits = [{"occurrence": o + 1, "start": at(9, o), "resources": where} for o in range(4)]
        visits = visits[n:] + visits[:n]
        return {"request": f"R{n}", "visits": visits, "partial": "accept"}

    answers = race([hold(admin, series(n)) for n in range(4)])
    assert set(statuses(answers)) <= {200, 201, 409}
    had = [v["start"] for a in answers if a.status_code == 201 for v in a.json()["visits"]]
    assert sorted(had) == [f"2030-01-{day:02}T08:00:00Z" for day in range(7, 11)]
    assert len(claims(clinic)) == 8
    assert clinic.overlaps() == 0


def test_what_was_possible_is_taken_before_it_is_held(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three mornings can be had, then one goes to somebody else: the third is held."""
    asks = clinic.asker("scheduler")
    series = {"type": "flexible", "count": 3, "at_least": 1}
    request = {"id": "R", "steps": [{"service": "physio"}], "series": series}
    assert asks.post("/v1/requests", request).status_code == 201
    booked(asks, physio(at(9), None))
    others, partly = [hold(asks, physio(at(9, 1), None))], holding.partly

    def overtaken(*given: Any) -> Any:
        found = partly(*given)
        if others:
            assert others.pop()().status_code == 201
        return found

    monkeypatch.setattr(holding, "partly", overtaken)
    where = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [{"occurrence": o + 1, "start": at(9, o), "resources": where} for o in range(3)]
    held = asks.post("/v1/holds", {"request": "R", "visits": visits, "partial": "accept"})
    assert held.status_code == 201, held.text
    assert [v["start"] for v in held.json()["visits"]] == ["2030-01-09T08:00:00Z"]
