"""Barrier races through the HTTP application: whoever comes second is refused, and nobody breaks.

The rules that no constraint can see are raced by two bookings that are each fine alone and break
the rule together: exactly one gets in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from service.conftest import Asker, Clinic, furnish, need, physio, scope
from service.racing import race, statuses

from api.store.database import Database
from api.store.world import read_world
from api.sweeper import sweep
from api.usecases import holding, rules

MONDAY = datetime.fromisoformat("2030-01-07T00:00:00+01:00")


def at(hour: float, day: int = 0) -> str:
    return (MONDAY + timedelta(days=day, hours=hour)).isoformat()


def hold(asks: Asker, body: dict[str, Any], **headers: str) -> Callable[[], Any]:
    return partial(asks.post, "/v1/holds", body, **headers)


def booked(asks: Asker, body: dict[str, Any]) -> str:
    held = asks.post("/v1/holds", body)
    assert held.status_code == 201, held.text
    name: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
    return name


def move(asks: Asker, name: str, start: str, **resources: list[str]) -> Callable[[], Any]:
    filled = resources or {"practitioner": ["anna"], "room": ["room-1"]}
    body = {"visits": [{"start": start, "resources": filled}]}
    return partial(asks.post, f"/v1/bookings/{name}/reschedule", body)


def change(asks: Asker, path: str, **more: Any) -> Any:
    """Change some fields of a thing, whatever its version is."""
    there = asks.get(path)
    body = {k: v for k, v in there.json().items() if k not in OURS} | more
    answer = asks("PUT", path, body, If_Match=f'"{there.json()["version"]}"')
    assert answer.status_code == 200, answer.text
    return answer


OURS = ("uid", "version", "created_at", "changed_at")


def claims(clinic: Clinic) -> list[tuple[str, str, str]]:
    """Everything that is claimed: resource, local start, state."""
    return [
        tuple(row)
        for row in clinic.sql(
            "SELECT r.ref, to_char(lower(c.span) AT TIME ZONE 'Europe/Berlin', 'HH24:MI'), c.state"
            " FROM claim c JOIN resource r ON r.tenant_id = c.tenant_id AND r.id = c.resource_id"
            " WHERE c.tenant_id = :tenant ORDER BY 1, 2",
            tenant=clinic.tenant,
        )
    ]


def test_of_twelve_who_want_one_slot_exactly_one_gets_it(clinic: Clinic) -> None:
    """Twelve clients ask for the same slot at once: one 201, eleven times told that it is taken."""
    asks = clinic.asker("scheduler")
    answers = race([hold(asks, physio(at(9), None)) for _ in range(12)])
    assert statuses(answers) == {201: 1, 409: 11}
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {
        "urn:allocator:problem:taken"
    }
    assert claims(clinic) == [("anna", "09:00", "hold"), ("room-1", "09:00", "hold")]


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


def expire_all(clinic: Clinic) -> None:
    """Let the time of everything that waits be over, behind the service's back."""
    for table in ("booking", "claim"):
        clinic.sql(
            f"UPDATE {table} SET expires_at = '2020-01-01 00:00+00'"
            " WHERE tenant_id = :t AND expires_at IS NOT NULL",
            t=clinic.tenant,
        )


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


# Rules that no constraint can see -----------------------------------------------------------


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


def tenant_policy(clinic: Clinic, **policy: Any) -> None:
    admin = clinic.asker()
    there = admin.get("/v1/tenant").json()
    body = {"name": there["name"], "policy": policy}
    answer = admin("PUT", "/v1/tenant", body, If_Match=f'"{there["version"]}"')
    assert answer.status_code == 200, answer.text


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


# Group sessions -----------------------------------------------------------------------------


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    """A clinic with a course of two seats that Anna gives in room 1 at 9:00, and five people."""
    admin = clinic.asker()
    made = admin.post("/v1/sessions", {"id": "course", "service": "physio", "least": 2, "most": 2})
    assert made.status_code == 201, made.text
    for n in range(3, 6):
        assert admin.post("/v1/people", {"id": f"P{n}", "name": "P"}).status_code == 201
    return clinic


PLACE = {"start": at(9), "resources": {"practitioner": ["anna"], "room": ["room-1"]}}


def seat(person: str, start: str = at(9)) -> dict[str, Any]:
    return {"session": "course", "start": start, "attendees": [person]}


def test_a_group_session_claims_staff_and_room_once(course: Clinic) -> None:
    """Placed, it takes Anna and the room; those who join take a seat and their own time."""
    asks = course.asker("scheduler")
    early = asks.post("/v1/holds", seat("P1"))
    assert (early.status_code, early.json()["type"]) == (409, "urn:allocator:problem:rule-broken")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 409
    assert asks.post("/v1/holds", physio(at(9), None)).status_code == 409
    elsewhen = asks.post("/v1/holds", seat("P1", at(10)))
    assert [v["rule"] for v in elsewhen.json()["violations"]] == ["session_together"]
    assert asks.post("/v1/holds", seat("P1")).status_code == 201
    place = asks.get("/v1/sessions/course/place").json()
    assert (place["taken"], place["least"], place["enough"]) == (1, 2, False)
    assert asks.post("/v1/holds", seat("P2")).status_code == 201
    assert asks.get("/v1/sessions/course/place").json()["enough"] is True
    assert [resource for resource, _, _ in claims(course)] == ["P1", "P2", "anna", "room-1"]
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 409


def test_a_group_session_is_taken_back(course: Clinic) -> None:
    """Once nobody has a seat, its place is given back, and it can be placed again."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    held = asks.post("/v1/holds", seat("P1")).json()
    assert asks("DELETE", f"/v1/holds/{held['id']}").status_code == 200
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert claims(course) == []
    assert asks.get("/v1/sessions/course/place").status_code == 404
    assert asks.post("/v1/sessions/course/place", {**PLACE, "start": at(11)}).status_code == 201


def test_race_for_the_last_seat(course: Clinic) -> None:
    """Five want one of two seats at once: two have one, and the others are told."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    answers = race([hold(asks, seat(f"P{n}")) for n in range(1, 6)])
    assert statuses(answers) == {201: 2, 409: 3}
    numbers = course.sql("SELECT number FROM seat WHERE tenant_id = :t", t=course.tenant)
    assert sorted(row.number for row in numbers) == [1, 2]


def test_race_for_the_place_of_a_session(course: Clinic) -> None:
    """Four place it at once, each at another time: it is held once."""
    asks = course.asker("scheduler")
    path = "/v1/sessions/course/place"
    places = [partial(asks.post, path, {**PLACE, "start": at(9 + n)}) for n in range(4)]
    assert statuses(race(places)) == {201: 1, 409: 3}
    assert len(claims(course)) == 2


def test_joining_and_taking_back_at_the_same_moment(course: Clinic) -> None:
    """Either somebody has a seat and it stays, or it is gone and nobody joins."""
    asks = course.asker("scheduler")
    for day in range(4):
        place = {**PLACE, "start": at(9, day)}
        assert asks.post("/v1/sessions/course/place", place).status_code == 201
        joined, gone = race(
            [
                hold(asks, seat("P1", at(9, day))),
                partial(asks, "DELETE", "/v1/sessions/course/place"),
            ]
        )
        assert (joined.status_code, gone.status_code) in ((201, 409), (409, 204))
        if joined.status_code == 201:
            asks("DELETE", f"/v1/holds/{joined.json()['id']}")
            assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert claims(course) == []


def test_an_expired_seat_is_taken_by_the_next(course: Clinic) -> None:
    """The seat of a hold whose time is over goes to the next who asks, before anybody sweeps."""
    change(course.asker(), "/v1/sessions/course", least=1, most=1)
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/holds", seat("P1")).status_code == 201
    assert asks.post("/v1/holds", seat("P2")).status_code == 409
    expire_all(course)
    assert asks.post("/v1/holds", seat("P2")).status_code == 201


def test_the_seat_of_an_expired_hold_keeps_no_session_in_its_place(course: Clinic) -> None:
    """Before anybody sweeps, it is counted no more, and the place is taken back."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    held = asks.post("/v1/holds", seat("P1")).json()
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 409
    expire_all(course)
    assert asks.get("/v1/sessions/course/place").json()["taken"] == 0
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert asks.get(f"/v1/bookings/{held['id']}").json()["state"] == "expired"
    assert claims(course) == []


def test_a_seat_is_left_for_another_session(course: Clinic) -> None:
    """Whoever moves to another session has a seat there, and none in the old one."""
    asks, admin = course.asker("scheduler"), course.asker()
    made = admin.post("/v1/sessions", {"id": "later", "service": "physio", "most": 1})
    assert made.status_code == 201
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/sessions/later/place", {**PLACE, "start": at(11)}).status_code == 201
    request = {"id": "R", "steps": [{"sessions": ["course", "later"]}]}
    request["attendees"] = [{"resource": "P1"}]
    assert admin.post("/v1/requests", request).status_code == 201
    held = asks.post(
        "/v1/holds", {"request": "R", "visits": [{"start": at(9), "session": "course"}]}
    )
    assert held.status_code == 201, held.text
    path = f"/v1/bookings/{held.json()['id']}/reschedule"
    moved = asks.post(path, {"visits": [{"start": at(11), "session": "later"}]})
    assert moved.status_code == 200, moved.text
    assert asks.get("/v1/sessions/course/place").json()["taken"] == 0
    assert asks.get("/v1/sessions/later/place").json()["taken"] == 1


def test_a_participant_with_limits_books_something_else(course: Clinic) -> None:
    """A seat counts among the visits of a person's day."""
    admin = course.asker()
    body = {"id": "P9", "name": "P", "resource": {"limits": {"visits_per_day": 2}}}
    assert admin.post("/v1/people", body).status_code == 201
    assert admin.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert admin.post("/v1/holds", seat("P9")).status_code == 201
    assert admin.post("/v1/holds", physio(at(11), "P9")).status_code == 201
    third = admin.post("/v1/holds", physio(at(13), "P9"))
    assert [v["rule"] for v in third.json()["violations"]] == ["person_limits"]


# What lies beside ---------------------------------------------------------------------------


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
