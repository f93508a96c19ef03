"""Holds and their confirmation, over HTTP, on a real database."""

from __future__ import annotations

from service.conftest import Clinic, physio

NINE, TEN = "2030-01-07T09:00:00+01:00", "2030-01-07T10:00:00+01:00"


def test_a_hold_is_confirmed_and_booked(clinic: Clinic) -> None:
    """What is held becomes booked, with a visit that ends 45 minutes after its start."""
    asks = clinic.asker("scheduler")
    held = asks.post("/v1/holds", physio(NINE))
    assert held.status_code == 201
    booked = asks.post(f"/v1/holds/{held.json()['id']}/confirm")
    assert booked.status_code == 200
    assert booked.json()["state"] == "booked"
    assert booked.json()["visits"][0]["end"] == "2030-01-07T08:45:00Z"


def test_a_place_is_held_once(clinic: Clinic) -> None:
    """Whoever comes second, with another patient, is told what is taken."""
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(NINE)).status_code == 201
    second = asks.post("/v1/holds", physio(NINE, "P2"))
    assert second.status_code == 409
    assert second.json()["type"] == "urn:allocator:problem:taken"
    assert clinic.overlaps() == 0


def test_the_end_of_one_visit_is_the_start_of_the_next(clinic: Clinic) -> None:
    """Spans are half-open: 9:45 is free when a visit ends then."""
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(NINE)).status_code == 201
    assert asks.post("/v1/holds", physio("2030-01-07T09:45:00+01:00", "P2")).status_code == 201


def test_an_idempotency_key_books_once(clinic: Clinic) -> None:
    """The same key twice is one hold, and the same answer; with another body it is refused."""
    asks = clinic.asker("scheduler")
    first = asks.post("/v1/holds", physio(NINE), Idempotency_Key="k1")
    again = asks.post("/v1/holds", physio(NINE), Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = asks.post("/v1/holds", physio(TEN), Idempotency_Key="k1")
    assert other.status_code == 422
    assert other.json()["type"] == "urn:allocator:problem:idempotency-key-reused"
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 1


def test_a_request_with_weights_of_its_own_is_held(clinic: Clinic) -> None:
    """What a request weighs is the solver's business: no rule looks at it."""
    asks = clinic.asker("scheduler")
    made = asks.post(
        "/v1/requests",
        {
            "id": "R1",
            "steps": [{"service": "physio"}],
            "attendees": [{"resource": "P1"}],
            "weights": [["soonest", 5]],
        },
    )
    assert made.status_code == 201, made.text
    visit = {"start": NINE, "resources": physio(NINE)["resources"]}
    held = asks.post("/v1/holds", {"request": "R1", "visits": [visit]})
    assert held.status_code == 201, held.text


def test_a_question_is_not_the_answer_that_is_kept(clinic: Clinic) -> None:
    """Whoever accepts what was asked may send the same idempotency key again."""
    asks = clinic.asker("scheduler")
    series = {"type": "flexible", "count": 2, "at_least": 1}
    made = asks.post(
        "/v1/requests",
        {
            "id": "R1",
            "steps": [{"service": "physio"}],
            "attendees": [{"resource": "P1"}],
            "series": series,
        },
    )
    assert made.status_code == 201, made.text
    assert asks.post("/v1/holds", physio(NINE, "P2")).status_code == 201
    resources = physio(NINE)["resources"]
    starts = (NINE, "2030-01-09T09:00:00+01:00")
    visits = [
        {"occurrence": n, "start": start, "resources": resources}
        for n, start in enumerate(starts, 1)
    ]
    body = {"request": "R1", "visits": visits}
    asked = asks.post("/v1/holds", body, Idempotency_Key="k")
    assert (asked.status_code, len(asked.json()["possible"])) == (200, 1)
    accepted = asks.post("/v1/holds", {**body, "partial": "accept"}, Idempotency_Key="k")
    assert accepted.status_code == 201, accepted.text


def test_a_booking_is_the_first_attendees(clinic: Clinic) -> None:
    """Whoever is named first is whose booking it is, whoever came to the clinic first."""
    asks = clinic.asker("scheduler")
    held = asks.post("/v1/holds", physio(NINE, None, attendees=["P2", "P1"]))
    assert (held.status_code, held.json()["person"]) == (201, "P2")


def test_an_old_hold_leaves_the_request_to_the_new_booking(clinic: Clinic) -> None:
    """A hold that expired unseen does not reopen the request that is booked elsewhere by now."""
    asks = clinic.asker("scheduler")
    request = {"id": "R1", "steps": [{"service": "physio"}]}
    assert asks.post("/v1/requests", request).status_code == 201

    def hold(start: str, who: str, room: str) -> str:
        visit = {"start": start, "resources": {"practitioner": [who], "room": [room]}}
        held = asks.post("/v1/holds", {"request": "R1", "visits": [visit]})
        assert held.status_code == 201
        name: str = held.json()["id"]
        return name

    old = hold(NINE, "anna", "room-1")
    for table in ("booking", "claim"):
        clinic.sql(f"UPDATE {table} SET expires_at = now() WHERE tenant_id = :t", t=clinic.tenant)
    new = hold(TEN, "ben", "room-2")
    assert asks.post(f"/v1/holds/{new}/confirm").status_code == 200
    assert asks.post("/v1/holds", physio(NINE)).status_code == 201  # frees the old one's place
    assert asks.get(f"/v1/bookings/{old}").json()["state"] == "expired"
    assert asks.get("/v1/requests/R1").json()["state"] == "scheduled"


def test_a_step_that_the_request_does_not_have(clinic: Clinic) -> None:
    """A visit outside of what is asked for is refused, with what there is."""
    asks = clinic.asker("scheduler")
    body = {"service": "physio", "visits": [{"start": NINE, "occurrence": 1, "step": 2}]}
    refused = asks.post("/v1/holds", body)
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "There is no visit 1, step 2: the request has 1 occurrences of 1 steps."
    )
