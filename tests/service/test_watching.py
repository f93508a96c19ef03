"""What an index notes as come free: what leaves it and does not come back to where it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from service.booking import booked
from service.conftest import Clinic, physio
from service.indexing import BERLIN, Process, at
from service.waiting import late

from api.backfill.watching import News, Watching
from api.settings import Settings
from api.store.database import Database
from api.suggesting.indexes import Indexes
from api.sweeper import sweep


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    made = Process(settings.worker_database_url)
    made.indexes = Indexes(Watching)
    yield made
    made.database.close()


def watched(process: Process, clinic: Clinic) -> Watching:
    index = process.index(clinic)
    assert isinstance(index, Watching)
    return index


def news(process: Process, clinic: Clinic) -> News:
    """What came free since it was asked the last time."""
    index = watched(process, clinic)
    found = index.news()
    index.forget()
    return found


def told(found: News) -> dict[str, list[str]]:
    assert found.freed is not None
    return {
        name: [f"{s.start.astimezone(BERLIN):%H:%M}-{s.end.astimezone(BERLIN):%H:%M}" for s in some]
        for name, some in found.freed.items()
    }


def test_what_is_new_in_memory_is_everything(clinic: Clinic, process: Process) -> None:
    """The first time, and once the catalogue has changed."""
    assert news(process, clinic).freed is None
    assert news(process, clinic).none
    clinic.asker().post("/v1/locations", {"id": "here"})
    assert news(process, clinic).freed is None
    assert news(process, clinic).none


def test_what_is_held_and_booked_frees_nothing(clinic: Clinic, process: Process) -> None:
    """A hold, and its confirmation, which the index takes out and in again."""
    asks = clinic.asker("scheduler")
    news(process, clinic)
    held = asks.post("/v1/holds", physio(at(9))).json()["id"]
    assert news(process, clinic).none
    asks.post(f"/v1/holds/{held}/confirm")
    assert news(process, clinic).none


def test_what_is_cancelled_moved_and_expired_is_told(
    clinic: Clinic, process: Process, relay: Database
) -> None:
    """Of everybody who was there; what is asked for later is told once."""
    asks = clinic.asker("scheduler")
    mine = booked(asks, physio(at(9)))
    other = booked(asks, physio(at(11), None))
    asks.post("/v1/holds", physio(at(13), None))
    news(process, clinic)
    asks.post(f"/v1/bookings/{mine}/cancel")
    everybody = ("P1", "anna", "room-1")
    assert told(news(process, clinic)) == {name: ["09:00-09:45"] for name in everybody}
    place: dict[str, Any] = {"practitioner": ["anna"], "room": ["room-2"]}
    body = {"visits": [{"start": at(11), "resources": place}]}
    assert asks.post(f"/v1/bookings/{other}/reschedule", body).status_code == 200
    assert told(news(process, clinic)) == {"room-1": ["11:00-11:45"]}
    late(clinic)
    sweep(relay)
    assert told(news(process, clinic)) == {name: ["13:00-13:45"] for name in ("anna", "room-1")}
    assert news(process, clinic).none


def test_what_was_told_of_in_vain_is_kept(clinic: Clinic, process: Process) -> None:
    """Until whoever asks says that it is seen to."""
    asks = clinic.asker("scheduler")
    one, two = booked(asks, physio(at(9), None)), booked(asks, physio(at(11), None))
    news(process, clinic)
    for name in (one, two):
        asks.post(f"/v1/bookings/{name}/cancel")
        found = watched(process, clinic).news()
    assert told(found)["anna"] == ["09:00-09:45", "11:00-11:45"]
    last = found.last()
    assert last is not None and f"{last.astimezone(BERLIN):%H:%M}" == "11:45"


def test_a_seat_is_told_with_its_session(clinic: Clinic, process: Process) -> None:
    """Its time is the session's, which is not free."""
    admin = clinic.asker()
    session = {"id": "back", "service": "training", "least": 1, "most": 2}
    admin.post("/v1/sessions", session)
    place = {"start": at(9), "resources": {"gym": ["gym"]}}
    assert admin.post("/v1/sessions/back/place", place).status_code == 201
    mine = booked(admin, {"session": "back", "start": at(9), "attendees": ["P1"]})
    news(process, clinic)
    admin.post(f"/v1/bookings/{mine}/cancel")
    found = news(process, clinic)
    assert (set(told(found)), set(found.sessions)) == ({"P1"}, {"back"})
    assert found.last() is None and not found.none
