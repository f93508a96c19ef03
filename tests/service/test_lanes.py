"""Lanes: deliberate overbooking is a lane more for a while, which everybody sees."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from service.conftest import Asker, Clinic

from api.store.lanes import _colours


def at(hour: int, minute: int = 0, day: int = 7) -> str:
    return f"2030-01-{day:02}T{hour:02}:{minute:02}:00+01:00"


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """A scheduler of a clinic that trains for 15, 30 and 60 minutes with a coach."""
    admin = clinic.asker()
    made = admin.post("/v1/resources", {"id": "carl", "kind": "coach", "calendar": "office"})
    assert made.status_code == 201
    for minutes in (15, 30, 60):
        needs = [{"role": "coach", "alternatives": [{"kind": "coach"}]}]
        body = {"id": f"train-{minutes}", "minutes": minutes, "needs": needs}
        assert admin.post("/v1/services", body).status_code == 201
    return clinic.asker("scheduler")


def train(asks: Asker, minutes: int, start: str) -> int:
    body = {"service": f"train-{minutes}", "start": start, "resources": {"coach": ["carl"]}}
    status: int = asks.post("/v1/holds", body).status_code
    return status


def add(clinic: Clinic, start: str, end: str, lanes: int = 1, role: str = "administrator") -> Any:
    return clinic.asker(role).post(
        "/v1/resources/carl/extra-lanes",
        {"start": start, "end": end, "lanes": lanes, "reason": "the flu"},
    )


def test_one_more_and_no_more(clinic: Clinic, asks: Asker) -> None:
    """Two at ten where one could; the third is refused, as is a second at any other time."""
    assert train(asks, 60, at(10)) == 201
    assert train(asks, 60, at(10)) == 409
    assert add(clinic, at(10), at(11)).status_code == 201
    assert [train(asks, 60, at(10)) for _ in range(2)] == [201, 409]
    assert [train(asks, 60, at(11)) for _ in range(2)] == [201, 409]
    assert train(asks, 30, at(9, 45)) == 409
    assert clinic.overlaps() == 0


def test_it_is_seen_and_written_down(clinic: Clinic, asks: Asker) -> None:
    """Everybody finds it in the list; the audit log says who, when, what and why."""
    made = add(clinic, at(10), at(11)).json()
    listed = clinic.asker("client").get("/v1/resources/carl/extra-lanes").json()["items"]
    assert listed == [made]
    assert (made["start"], made["end"], made["lanes"], made["reason"]) == (
        "2030-01-07T09:00:00Z",
        "2030-01-07T10:00:00Z",
        1,
        "the flu",
    )
    (line,) = clinic.asker("auditor").get("/v1/audit?action=lane.added").json()["items"]
    assert line["after"]["resource"] == "carl"
    assert (line["after"]["lanes"], line["after"]["reason"]) == (1, "the flu")


@pytest.mark.parametrize("role", ["client", "scheduler", "reviewer", "auditor"])
def test_it_is_the_administrators(clinic: Clinic, asks: Asker, role: str) -> None:
    """Nobody else overbooks."""
    assert add(clinic, at(10), at(11), role=role).status_code == 403
    assert train(asks, 60, at(10)) == 201
    assert train(asks, 60, at(10)) == 409


def take_back(clinic: Clinic, lane: Any) -> Any:
    return clinic.asker()("DELETE", f"/v1/resources/carl/extra-lanes/{lane.json()['id']}")


def test_it_can_be_taken_back(clinic: Clinic, asks: Asker) -> None:
    """Once, while nothing needs it; then there is one lane as before, and the log says so."""
    lane = add(clinic, at(10), at(11), lanes=2)
    assert train(asks, 60, at(10)) == 201
    assert take_back(clinic, lane).status_code == 204
    assert train(asks, 60, at(10)) == 409
    assert clinic.asker("client").get("/v1/resources/carl/extra-lanes").json()["items"] == []
    again = take_back(clinic, lane)
    assert again.status_code == 404
    assert again.json()["detail"].startswith("No lanes ")
    added, removed = (
        clinic.asker("auditor").get(f"/v1/audit?action=lane.{done}").json()["items"]
        for done in ("added", "removed")
    )
    assert [line["before"] for line in removed] == [line["after"] for line in added]
    assert removed[0]["after"] is None


def test_it_is_not_taken_back_while_it_is_needed(clinic: Clinic, asks: Asker) -> None:
    """Two at ten need it; once the one in the resource's own lane is released, the other moves."""
    lane = add(clinic, at(10), at(11))
    body = {"service": "train-60", "start": at(10), "resources": {"coach": ["carl"]}}
    first, second = (asks.post("/v1/holds", body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    refused = take_back(clinic, lane)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:allocator:problem:in-use"
    assert refused.json()["detail"] == (
        "What is taken of carl does not fit into its lanes (1) without those added (1) from"
        " 2030-01-07T09:00:00+00:00 to 2030-01-07T10:00:00+00:00; cancel or move some of it first."
    )
    assert len(clinic.asker().get("/v1/resources/carl/extra-lanes").json()["items"]) == 1
    assert asks("DELETE", f"/v1/holds/{first.json()['id']}").status_code == 200
    assert take_back(clinic, lane).status_code == 204
    (claim,) = clinic.sql("SELECT lane FROM claim WHERE tenant_id = :t", t=clinic.tenant)
    assert claim.lane == 0
    assert train(asks, 60, at(10)) == 409


def test_another_resource_has_other_lanes(clinic: Clinic, asks: Asker) -> None:
    """Those of Carl are not found at Anna's, and a name that is no UUID is nobody's."""
    lane = add(clinic, at(10), at(11)).json()["id"]
    for path in (f"anna/extra-lanes/{lane}", "carl/extra-lanes/x", f"none/extra-lanes/{lane}"):
        assert clinic.asker()("DELETE", f"/v1/resources/{path}").status_code == 404
    assert len(clinic.asker().get("/v1/resources/carl/extra-lanes").json()["items"]) == 1


def test_an_added_lane_ends_when_it_ends(clinic: Clinic, asks: Asker) -> None:
    """Dealing anew puts nothing that reaches out of the added lane's time into it.

    Added from 10 to 11. P [10, 10:15), E [10:30, 11:30) and Q [10:15, 10:45) are there, so Q lies
    in the added lane. G [10, 10:30) fits, if P and Q lie there together. Had E been put into the
    added lane instead, its hour from 11 on would have looked free.
    """
    assert add(clinic, at(10), at(11)).status_code == 201
    for minutes, start in ((15, at(10)), (60, at(10, 30)), (30, at(10, 15)), (30, at(10))):
        assert train(asks, minutes, start) == 201, (minutes, start)
    assert train(asks, 15, at(11)) == 409
    assert train(asks, 15, at(11, 30)) == 201
    lanes = clinic.sql(
        "SELECT DISTINCT lane FROM claim WHERE tenant_id = :t AND upper(span) > :end",
        t=clinic.tenant,
        end=at(11),
    )
    assert [row.lane for row in lanes] == [0]
    assert clinic.overlaps() == 0


def test_a_series_uses_a_lane_that_is_added_on_one_of_its_days(clinic: Clinic, asks: Asker) -> None:
    """The second of three Mondays is taken, and has a lane more: all three are had."""
    assert train(asks, 60, at(10, day=14)) == 201
    body = {
        "id": "R1",
        "steps": [{"service": "train-60"}],
        "series": {"type": "fixed", "count": 3},
    }
    assert asks.post("/v1/requests", body).status_code == 201
    visits = [
        {"occurrence": n, "start": at(10, day=7 * n), "resources": {"coach": ["carl"]}}
        for n in (1, 2, 3)
    ]
    hold = {"request": "R1", "visits": visits, "partial": "refuse"}
    assert asks.post("/v1/holds", hold).status_code == 409
    assert add(clinic, at(10, day=14), at(11, day=14)).status_code == 201
    assert asks.post("/v1/holds", hold).status_code == 201
    assert train(asks, 60, at(10, day=14)) == 409


def brute(spans: list[tuple[datetime, datetime]], limits: list[int]) -> bool:
    """Say whether some choice of lanes keeps all spans apart."""
    for lanes in itertools.product(*(range(limit) for limit in limits)):
        if all(
            lanes[a] != lanes[b] or spans[a][1] <= spans[b][0] or spans[b][1] <= spans[a][0]
            for a, b in itertools.combinations(range(len(spans)), 2)
        ):
            return True
    return False


def test_lanes_are_found_whenever_there_are_any() -> None:
    """On 400 small cases the dealing finds lanes exactly where trying everything does."""
    chance, day = random.Random(7), datetime(2030, 1, 7, tzinfo=UTC)
    added = day + timedelta(hours=4), day + timedelta(hours=9)
    agreed = {True: 0, False: 0}
    for _ in range(400):
        own, more = chance.choice(((1, 1), (1, 2), (2, 1), (2, 0)))
        spans = []
        for _ in range(chance.randint(3, 7)):
            start = day + timedelta(hours=chance.randint(0, 10))
            spans.append((start, start + timedelta(hours=chance.randint(1, 4))))

        def count(start: datetime, end: datetime, own: int = own, more: int = more) -> int:
            return own + (more if added[0] <= start and end <= added[1] else 0)

        found, limits = _colours(spans, count), [count(*span) for span in spans]
        assert (found is not None) == brute(spans, limits), (spans, limits)
        agreed[found is not None] += 1
        for one, other in itertools.combinations(range(len(spans)), 2):
            if found and found[one] == found[other]:
                first, then = sorted((spans[one], spans[other]))
                assert first[1] <= then[0]
        assert not found or all(n < limit for n, limit in zip(found, limits, strict=True))
    assert min(agreed.values()) > 50
