"""Lanes that were added to a resource: suggested to staff who ask for them, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Asker, Clinic, need
from service.indexing import at, window
from service.suggesting import suggested, utc

#: Who trains.
CARL = {"coach": ["carl"]}


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """Carl trains at nine, at ten and at eleven, and would take one more from nine to eleven."""
    admin, asks = clinic.asker(), clinic.asker("scheduler")
    carl = {"id": "carl", "kind": "coach", "calendar": "office"}
    assert admin.post("/v1/resources", carl).status_code == 201
    train = {"id": "train", "minutes": 60, "needs": [need("coach")]}
    assert admin.post("/v1/services", train).status_code == 201
    for hour in (9, 10, 11):
        assert hold(asks, hour).status_code == 201
    lane = {"start": at(9), "end": at(11), "lanes": 1, "reason": "the flu"}
    assert admin.post("/v1/resources/carl/extra-lanes", lane).status_code == 201
    return asks


def hold(asks: Asker, hour: float) -> Any:
    return asks.post("/v1/holds", {"service": "train", "start": at(hour), "resources": CARL})


def train(first: float, last: float, limit: int = 3, **more: Any) -> dict[str, Any]:
    return {"service": "train", "windows": [window(first, last)], "limit": limit, **more}


def crowded(one: Any) -> bool:
    return "extra_lane" in {reason["tag"] for reason in one["reasons"]}


def test_staff_who_ask_for_them(clinic: Clinic, asks: Asker) -> None:
    """At nine and at ten, marked as such; each is held by its token, and then there is none."""
    assert suggested(asks, **train(9, 12))["suggestions"] == []
    for hour in (9, 10):
        body = train(hour, hour + 1, overbook=True)
        (one,) = suggested(asks, **body)["suggestions"]
        assert (one["start"], crowded(one)) == (utc(hour), True)
        made = asks.post("/v1/holds", {"token": one["token"]})
        assert made.status_code == 201, made.text
        assert suggested(asks, **body)["suggestions"] == []
    assert suggested(asks, **train(9, 12, overbook=True))["suggestions"] == []
    assert hold(asks, 9).status_code == 409
    assert clinic.overlaps() == 0


def test_they_lie_within_the_time_of_the_lane(asks: Asker) -> None:
    """Every quarter from nine to ten, and no start that would end after eleven."""
    found = suggested(asks, **train(8, 12, limit=50, overbook=True))["suggestions"]
    quarters = {utc(9 + n / 4) for n in range(5)}
    assert {one["start"] for one in found if crowded(one)} == quarters
    assert {one["start"] for one in found} == {utc(8), *quarters}


def test_what_is_free_goes_first(asks: Asker) -> None:
    """Noon is free: first of three, and alone where one is asked for."""
    found = suggested(asks, **train(9, 13, overbook=True))["suggestions"]
    assert [crowded(one) for one in found] == [False, True, True]
    (alone,) = suggested(asks, **train(9, 13, limit=1, overbook=True))["suggestions"]
    assert alone["start"] == utc(12)


def test_what_finds_no_lane_though_there_are_enough(clinic: Clinic, asks: Asker) -> None:
    """A lane more from 13 to 17. What reaches out of that is in Carl's own, and two overlap inside.

    S [12, 15) and T [16, 18) are in his own lane. W [14, 15:30) overlaps S, so it is in the added
    one. N [15, 16:30) would overlap W, and T as well: at no time more than two, and yet no lane.
    """
    admin = clinic.asker()
    for minutes in (90, 120, 180):
        body = {"id": f"train-{minutes}", "minutes": minutes, "needs": [need("coach")]}
        assert admin.post("/v1/services", body).status_code == 201
    lane = {"start": at(13), "end": at(17), "lanes": 1, "reason": "the flu"}
    assert admin.post("/v1/resources/carl/extra-lanes", lane).status_code == 201
    for minutes, hour in ((180, 12), (120, 16), (90, 14)):
        body = {"service": f"train-{minutes}", "start": at(hour), "resources": CARL}
        assert asks.post("/v1/holds", body).status_code == 201
    new = {"service": "train-90", "start": at(15), "resources": CARL}
    assert asks.post("/v1/holds", new).status_code == 409
    body = {"service": "train-90", "windows": [window(15, 16.5)], "overbook": True}
    assert suggested(asks, **body)["suggestions"] == []
    body = {"service": "train-90", "windows": [window(15.5, 17)], "overbook": True}
    (one,) = suggested(asks, **body)["suggestions"]
    assert asks.post("/v1/holds", {"token": one["token"]}).status_code == 201


def test_nobody_else(clinic: Clinic, asks: Asker) -> None:
    """Clients hear that it is the staff's; and no refusal tells of one."""
    client = clinic.asker("client")
    assert client.post("/v1/suggestions", train(9, 12, overbook=True)).status_code == 403
    assert suggested(client, **train(9, 12))["suggestions"] == []
    others = hold(asks, 11).json()["alternatives"]
    assert others and not any(crowded(one) for one in others)
