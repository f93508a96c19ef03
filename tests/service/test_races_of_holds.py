"""Holds that end, and how many there may be: whoever comes at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from service.booking import IN_GROUP, claims, either, expire_all, hold
from service.conftest import Asker, Clinic, physio, scope
from service.processes import until
from service.racing import at, race, statuses
from sqlalchemy import text

from api.store.database import Database
from api.sweeper import sweep


def test_a_confirmation_and_the_end_of_the_hold_at_the_same_moment(
    clinic: Clinic, relay: Database
) -> None:
    """Whoever is first decides: booked with all of its claims, or expired with none."""
    asks = clinic.asker("scheduler")
    for hour in range(9, 15):
        name = asks.post("/v1/holds", physio(at(hour), None)).json()["id"]
        for table in ("booking", "claim"):
            clinic.sql(
                f"UPDATE {table} SET expires_at = clock_timestamp() + interval '4 milliseconds'"
                " WHERE tenant_id = :tenant AND expires_at IS NOT NULL",
                tenant=clinic.tenant,
            )
        confirmed, *_ = race(
            [
                partial(asks.post, f"/v1/holds/{name}/confirm"),
                *([partial(sweep, relay)] * 2),
                hold(asks, physio(at(hour), None)),
            ]
        )
        sweep(relay)
        state = asks.get(f"/v1/bookings/{name}").json()["state"]
        assert (confirmed.status_code, state) in ((200, "booked"), (409, "expired"))
        mine = clinic.sql(
            "SELECT DISTINCT c.state FROM claim c JOIN visit v ON v.tenant_id = c.tenant_id"
            " AND v.id = c.visit_id JOIN booking b ON b.tenant_id = v.tenant_id"
            " AND b.id = v.booking_id WHERE b.tenant_id = :tenant AND b.ref = :ref",
            tenant=clinic.tenant,
            ref=name,
        )
        assert [tuple(row) for row in mine] == ([("booked",)] if state == "booked" else [])
    assert clinic.overlaps() == 0


def test_a_hold_is_confirmed_while_it_moves_to_where_a_reviewer_looks(clinic: Clinic) -> None:
    """Both wait for its row, the confirmation second: it is told of the move, and of its visits."""
    admin, move = clinic.asker(), {"visits": [either(clinic)]}
    held = admin.post("/v1/holds", IN_GROUP)
    assert held.status_code == 201, held.text
    name = held.json()["id"]

    def waiting() -> int:
        return int(clinic.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])

    with ThreadPoolExecutor(2) as beside:
        with clinic.owner.begin() as busy:
            scope(busy, clinic.tenant)
            busy.execute(text("SELECT 1 FROM booking FOR UPDATE"))
            moving = beside.submit(admin.post, f"/v1/bookings/{name}/reschedule", move)
            until(lambda: waiting() == 1)
            confirming = beside.submit(admin.post, f"/v1/holds/{name}/confirm")
            until(lambda: waiting() == 2)
        answers = [moving.result(), confirming.result()]
    assert statuses(answers) == {200: 2}
    assert [one.json()["state"] for one in answers] == ["held", "pending_approval"]
    assert [one.json()["visits"][0]["service"] for one in answers] == ["surgery"] * 2


def test_a_cancellation_and_a_confirmation_at_the_same_moment(clinic: Clinic) -> None:
    """In whatever order they come, in the end it is cancelled and its time is free."""
    asks = clinic.asker("scheduler")
    for hour in range(9, 13):
        name = asks.post("/v1/holds", physio(at(hour), None)).json()["id"]
        cancelled, confirmed = race(
            [
                partial(asks.post, f"/v1/bookings/{name}/cancel"),
                partial(asks.post, f"/v1/holds/{name}/confirm"),
            ]
        )
        assert cancelled.status_code == 200
        assert confirmed.status_code in (200, 409)
        assert asks.get(f"/v1/bookings/{name}").json()["state"] == "cancelled"
    assert claims(clinic) == []


def test_the_cap_on_open_holds_is_exact(clinic: Clinic) -> None:
    """Eight holds of one person at once, each at another time: three are given."""
    asks = clinic.asker("scheduler")
    answers = race([hold(asks, physio(at(9 + n), "P1")) for n in range(8)])
    assert statuses(answers) == {201: 3, 429: 5}


def waiting(asks: Asker, body: dict[str, Any]) -> str:
    """Book what a reviewer has to look at; return the booking, which waits."""
    held = asks.post("/v1/holds", {**body, "service": "surgery"})
    assert held.status_code == 201, held.text
    name: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{name}/confirm").json()["state"] == "pending_approval"
    return name


def test_the_cap_on_open_holds_counts_what_waits_for_a_reviewer(clinic: Clinic) -> None:
    """One waits and one is confirmed into waiting meanwhile: of six more, one is given."""
    asks = clinic.asker("scheduler")
    waiting(asks, physio(at(9), "P1"))
    second = asks.post("/v1/holds", {**physio(at(10), "P1"), "service": "surgery"}).json()["id"]
    confirmed, *answers = race(
        [
            partial(asks.post, f"/v1/holds/{second}/confirm"),
            *(hold(asks, physio(at(11 + n), "P1")) for n in range(6)),
        ]
    )
    assert confirmed.json()["state"] == "pending_approval"
    assert statuses(answers) == {201: 1, 429: 5}


@pytest.mark.parametrize("publishable", [False, True])
def test_the_cap_on_holds_of_nobody_in_particular_is_exact(
    clinic: Clinic, publishable: bool
) -> None:
    """A client's key without a person, and a page: of eight at once two are given, beside one."""
    clinic.settle(most_public_holds=3)
    client = clinic.asker("client", publishable=publishable)
    waiting(client, physio(at(8), None))
    answers = race([hold(client, physio(at(9 + n), None)) for n in range(8)])
    assert statuses(answers) == {201: 2, 429: 6}


def test_the_place_of_an_expired_hold_goes_to_one(clinic: Clinic, relay: Database) -> None:
    """Six want it while the sweeper frees it: one gets it, and it expired once."""
    asks = clinic.asker("scheduler")
    for hour in range(9, 13):
        assert asks.post("/v1/holds", physio(at(hour), None)).status_code == 201
        expire_all(clinic)
        wanted = [hold(asks, physio(at(hour), None)) for _ in range(6)]
        *answers, _ = race([*wanted, partial(sweep, relay)])
        assert statuses(answers) == {201: 1, 409: 5}
    expired = clinic.sql(
        "SELECT object, count(*) FROM audit WHERE tenant_id = :t AND action = 'booking.expired'"
        " GROUP BY 1",
        t=clinic.tenant,
    )
    assert [row.count for row in expired] == [1] * len(expired)
    assert clinic.overlaps() == 0


def test_an_approval_and_its_deadline_at_the_same_moment(clinic: Clinic, relay: Database) -> None:
    """Whoever is first decides: booked with its claims, or rejected without."""
    asks = clinic.asker()
    for hour in range(9, 13):
        body = {**physio(at(hour), None), "service": "surgery"}
        name = asks.post("/v1/holds", body).json()["id"]
        assert asks.post(f"/v1/holds/{name}/confirm").json()["state"] == "pending_approval"
        for table in ("booking", "claim"):
            clinic.sql(
                f"UPDATE {table} SET expires_at = clock_timestamp() + interval '4 milliseconds'"
                " WHERE tenant_id = :t AND expires_at IS NOT NULL",
                t=clinic.tenant,
            )
        approve = partial(asks.post, f"/v1/bookings/{name}/approve")
        decline = partial(asks.post, f"/v1/bookings/{name}/decline")
        approved, declined, _ = race([approve, decline, partial(sweep, relay)])
        sweep(relay)
        state = asks.get(f"/v1/bookings/{name}").json()["state"]
        assert (approved.status_code, state) in ((200, "booked"), (409, "rejected"))
        assert not approved.status_code == declined.status_code == 200
        assert (at(hour)[11:16] in {start for _, start, _ in claims(clinic)}) == (state == "booked")
