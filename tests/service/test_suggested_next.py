"""Why nothing is suggested, and what the next possible place is."""

from __future__ import annotations

from datetime import datetime

from service.booking import booked, client
from service.conftest import Clinic, physio
from service.indexing import BERLIN, at, monday, window
from service.suggesting import suggested, utc


def test_the_next_possible_place_is_in_the_windows_of_a_request(clinic: Clinic) -> None:
    """Asked for eight o'clock: at nine, where its windows begin; nothing once that is taken."""
    asks = clinic.asker("scheduler")
    body = {"id": "R1", "steps": [{"service": "surgery"}], "windows": [window(9, 10)]}
    assert asks.post("/v1/requests", body).status_code == 201
    early = {"request": "R1", "windows": [window(8, 9)]}
    following = suggested(asks, **early)["next_possible"]
    assert following["start"] == utc(9)
    booked(asks, physio(at(9), None))
    booked(asks, physio(at(9), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    assert suggested(asks, **early)["next_possible"] is None
    assert asks.post("/v1/holds", {"token": following["token"]}).status_code == 409


def test_why_there_is_nothing_and_what_is_next(clinic: Clinic) -> None:
    """Both are booked from eight to nine: staff hear of capacity, a client of nobody."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8), "P1"))
    booked(asks, physio(at(8), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    body = {"service": "physio", "windows": [window(8, 9.25)]}
    found = suggested(asks, **body)
    assert (found["suggestions"], found["starts"]) == ([], 0)
    assert found["why_none"] == {
        "sentence": "No start is left after the rule capacity.",
        "rules": ["capacity"],
    }
    following = found["next_possible"]
    assert utc(8.75) <= following["start"] < utc(18)
    theirs = suggested(client(clinic, "P2"), **body)
    assert theirs["why_none"] == {
        "sentence": "Nothing is left of what you ask for, in that time.",
        "rules": [],
    }
    assert theirs["next_possible"]["start"] == following["start"]
    assert asks.post("/v1/holds", {"token": following["token"]}).status_code == 201
    closed = suggested(client(clinic, "P2"), service="physio", windows=[window(5, 6)])
    assert closed["why_none"]["rules"] == ["opening_hours"]
    never = suggested(asks, service="physio", windows=[{"start": at(8, 3000), "end": at(9, 3000)}])
    assert never["why_none"]["rules"] == ["windows"]
    assert never["next_possible"] is None


def test_the_next_possible_place_is_one_that_may_be_booked(clinic: Clinic) -> None:
    """After half an hour of Monday comes Tuesday: for clients too far ahead, for the staff not."""
    clinic.settle(most_days_ahead=(monday() - datetime.now(BERLIN).date()).days)
    late = {"service": "physio", "windows": [window(17.5, 18)], "attendees": ["P1"]}
    following = suggested(clinic.asker("scheduler"), **late)["next_possible"]
    assert following["start"] == utc(8, 1)
    asks = client(clinic, "P1")
    assert suggested(asks, **late)["next_possible"] is None
    earlier = suggested(asks, **late | {"windows": [window(17, 17.5)]})["next_possible"]
    assert earlier["start"] == utc(17)
    assert asks.post("/v1/holds", {"token": earlier["token"]}).status_code == 201
    assert asks.post("/v1/holds", {"token": following["token"]}).status_code == 409
