"""Races for lanes: of a gym, of a pool whose lanes are dealt anew, added and taken away."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import booked, claims, expire_all, hold
from service.changing import OURS, change
from service.conftest import Asker, Clinic
from service.racing import at, race, statuses


def test_the_last_lane_of_a_gym(clinic: Clinic) -> None:
    """Eight want to train at once where three can: three do."""
    asks = clinic.asker("scheduler")
    body = {"service": "training", "start": at(9), "resources": {"gym": ["gym"]}}
    assert statuses(race([hold(asks, body) for _ in range(8)])) == {201: 3, 409: 5}
    lanes = clinic.sql("SELECT lane FROM claim WHERE tenant_id = :t ORDER BY 1", t=clinic.tenant)
    assert [row.lane for row in lanes] == [0, 1, 2]


def training(start: str, hours: int = 1) -> dict[str, Any]:
    return {"service": f"train-{hours}", "start": start, "resources": {"gym": ["pool"]}}


@pytest.fixture
def pool(clinic: Clinic) -> Clinic:
    """A clinic with a pool of two lanes, and training of 1 to 4 hours there."""
    admin = clinic.asker()
    made = admin.post(
        "/v1/resources", {"id": "pool", "kind": "pool", "calendar": "office", "lanes": 2}
    )
    assert made.status_code == 201, made.text
    for hours in (1, 2, 3, 4):
        needs = [{"role": "gym", "alternatives": [{"kind": "pool"}]}]
        made = admin.post(
            "/v1/services", {"id": f"train-{hours}", "minutes": 60 * hours, "needs": needs}
        )
        assert made.status_code == 201, made.text
    return clinic


def fragmented(asks: Asker) -> tuple[str, str]:
    """Bookings at [8, 10) in lane 0 and [11, 13) in lane 1."""
    first = booked(asks, training(at(8), 2))
    away = asks.post("/v1/holds", training(at(11), 2)).json()["id"]
    second = booked(asks, training(at(11), 2))
    assert asks("DELETE", f"/v1/holds/{away}").status_code == 200
    return first, second


def test_fragmented_lanes_are_dealt_anew(pool: Clinic) -> None:
    """[8, 10) in lane 0 and [11, 13) in lane 1: [9, 12) fits, since never more than two swim."""
    asks = pool.asker("scheduler")
    fragmented(asks)
    lanes = pool.sql("SELECT lane FROM claim WHERE tenant_id = :t ORDER BY span", t=pool.tenant)
    assert [row.lane for row in lanes] == [0, 1]
    assert asks.post("/v1/holds", training(at(9), 3)).status_code == 201
    assert asks.post("/v1/holds", training(at(9), 1)).status_code == 409
    assert asks.post("/v1/holds", training(at(11), 1)).status_code == 409
    assert asks.post("/v1/holds", training(at(10), 1)).status_code == 201
    assert pool.overlaps() == 0


def test_lanes_dealt_anew_while_one_of_them_is_freed_or_confirmed(pool: Clinic) -> None:
    """What is cancelled at that moment stays cancelled, and what is confirmed stays confirmed."""
    asks = pool.asker("scheduler")
    for day in range(6):
        first = booked(asks, training(at(8, day), 2))
        away = asks.post("/v1/holds", training(at(11, day), 2)).json()["id"]
        second = asks.post("/v1/holds", training(at(11, day), 2)).json()["id"]
        asks("DELETE", f"/v1/holds/{away}")
        cancelled, confirmed, third = race(
            [
                partial(asks.post, f"/v1/bookings/{first}/cancel"),
                partial(asks.post, f"/v1/holds/{second}/confirm"),
                hold(asks, training(at(9, day), 3)),
            ]
        )
        assert [cancelled.status_code, confirmed.status_code, third.status_code] == [200, 200, 201]
    there = pool.sql(
        "SELECT b.state, c.state AS claimed, c.expires_at = b.expires_at AS same, count(*)"
        " FROM claim c JOIN visit v ON v.tenant_id = c.tenant_id AND v.id = c.visit_id"
        " JOIN booking b ON b.tenant_id = v.tenant_id AND b.id = v.booking_id"
        " WHERE c.tenant_id = :t GROUP BY 1, 2, 3 ORDER BY 1",
        t=pool.tenant,
    )
    assert [tuple(row) for row in there] == [
        ("booked", "booked", None, 6),
        ("held", "hold", True, 6),
    ]


def test_lanes_are_not_taken_away_while_they_are_in_use(pool: Clinic) -> None:
    """While two swim at once the pool stays at two lanes; else all is put into the lane left."""
    admin = pool.asker()
    fragmented(admin)
    there = admin.get("/v1/resources/pool").json()
    body = {k: v for k, v in there.items() if k not in OURS} | {"lanes": 1}
    both = booked(admin, training(at(8), 1))
    refused = admin("PUT", "/v1/resources/pool", body, If_Match='"1"')
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:allocator:problem:in-use"
    assert admin.post(f"/v1/bookings/{both}/cancel").status_code == 200
    assert admin("PUT", "/v1/resources/pool", body, If_Match='"1"').status_code == 200
    assert admin.post("/v1/holds", training(at(12), 1)).status_code == 409
    assert admin.post("/v1/holds", training(at(10), 1)).status_code == 201


def test_what_has_expired_keeps_no_lane(pool: Clinic) -> None:
    """Of two who swim at once one has not confirmed in time: one lane is enough."""
    admin = pool.asker()
    for _ in range(2):
        assert admin.post("/v1/holds", training(at(8))).status_code == 201
    expire_all(pool)
    change(admin, "/v1/resources/pool", lanes=1)
    assert claims(pool) == []


def test_a_lane_is_taken_away_while_two_ask_for_them(pool: Clinic) -> None:
    """Never more swim at once than there are lanes in the end."""
    admin = pool.asker()
    for day in range(4):
        there = admin.get("/v1/resources/pool").json()
        body = {k: v for k, v in there.items() if k not in OURS}
        fewer = partial(
            admin,
            "PUT",
            "/v1/resources/pool",
            body | {"lanes": 1},
            If_Match=f'"{there["version"]}"',
        )
        narrowed, *answers = race([fewer, *[hold(admin, training(at(9, day))) for _ in range(3)]])
        lanes = 1 if narrowed.status_code == 200 else 2
        assert narrowed.status_code in (200, 409)
        assert statuses(answers) == {201: lanes, 409: 3 - lanes}
        change(admin, "/v1/resources/pool", lanes=2)
