"""Suggestions over HTTP: what is free, for whom, why not, and that each can be held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from service.conftest import SEALING_KEY, Asker, Clinic, furnish, need, physio
from service.indexing import BERLIN, at, monday
from sqlalchemy import event

from api.app import application
from api.sealing import Seal, new_key
from api.settings import Settings
from api.suggesting import tickets


def suggested(asks: Asker, **body: Any) -> Any:
    answer = asks.post("/v1/suggestions", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def window(first: float, last: float, day: int = 0) -> dict[str, str]:
    return {"start": at(first, day), "end": at(last, day)}


def starts(found: Any) -> list[str]:
    """The local wall times of suggestions, in order; several may be of one, with other people."""
    times = {datetime.fromisoformat(one["start"]) for one in found["suggestions"]}
    return [time.astimezone(BERLIN).strftime("%H:%M") for time in sorted(times)]


def utc(hour: float, day: int = 0) -> str:
    return datetime.fromisoformat(at(hour, day)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def booked(asks: Asker, body: dict[str, Any]) -> str:
    held = asks.post("/v1/holds", body)
    assert held.status_code == 201, held.text
    name: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
    return name


def client(clinic: Clinic, person: str) -> Asker:
    (row,) = clinic.sql("SELECT id FROM person WHERE ref = :ref", ref=person)
    return clinic.asker("client", person_id=row[0])


def test_what_is_free_is_suggested(clinic: Clinic) -> None:
    """Anna and Ben are booked until half past nine: the quarters from then on are left."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8.75), None))
    booked(asks, physio(at(8.75), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    found = suggested(asks, service="physio", attendees=["P1"], windows=[window(8.5, 11)], limit=50)
    assert starts(found) == ["09:30", "09:45", "10:00", "10:15"]
    assert found["starts"] == 4
    first = found["suggestions"][0]
    assert first["zone"] == "Europe/Berlin"
    assert set(first["visits"][0]["resources"]) == {"practitioner", "room"}


def test_where_nothing_has_changed_no_transaction_is_opened(clinic: Clinic) -> None:
    """That nothing is new is asked in one trip; what is booked then is known all the same."""
    asks = clinic.asker("scheduler")
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(8.5, 11)], "limit": 50}
    found = [starts(suggested(asks, **body)) for _ in range(2)]  # the secret is made, P1 known
    application: Any = clinic.http.app
    engine = application.state.service.database.engine
    told: list[str] = []

    def tell(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", tell)
    try:
        found.append(starts(suggested(asks, **body)))
        scoped = [one for one in told if "set_config" in one]
    finally:
        event.remove(engine, "before_cursor_execute", tell)
    assert found == [["08:30", "08:45", "09:00", "09:15", "09:30", "09:45", "10:00", "10:15"]] * 3
    assert scoped == [], told
    assert sum("changes_since" in one for one in told) == 1
    booked(asks, physio(at(8.5), None))
    booked(asks, physio(at(8.5), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    assert starts(suggested(asks, **body)) == ["09:15", "09:30", "09:45", "10:00", "10:15"]


def test_each_suggestion_can_be_held_as_it_is(clinic: Clinic) -> None:
    """Of a busy day all that are suggested are held, one after the other, each asked anew."""
    asks = clinic.asker("scheduler")
    held = 0
    while True:
        found = suggested(asks, service="physio", windows=[window(8, 10)], limit=1)
        if not found["suggestions"]:
            break
        answer = asks.post("/v1/holds", {"token": found["suggestions"][0]["token"]})
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "held"
        held += 1
    assert held == 4  # two practitioners in two rooms, for two visits of 45 minutes each
    assert clinic.overlaps() == 0


def test_a_suggestion_is_booked_in_one_call(clinic: Clinic) -> None:
    """Held and confirmed; what a reviewer has to look at waits; a repeat changes nothing."""
    asks = clinic.asker("scheduler")
    found = suggested(asks, service="physio", attendees=["P1"], wanted=at(9), limit=1)
    token = {"token": found["suggestions"][0]["token"]}
    made = asks.post("/v1/bookings", token, Idempotency_Key="k")
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/bookings/{made.json()['id']}"
    assert (made.json()["state"], made.json()["person"]) == ("booked", "P1")
    assert made.json()["starts_at"] == found["suggestions"][0]["start"]
    again = asks.post("/v1/bookings", token, Idempotency_Key="k")
    assert again.json() == made.json()
    found = suggested(asks, service="surgery", limit=1)
    made = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]})
    assert made.json()["state"] == "pending_approval"


def series(asks: Asker, name: str = "R1", person: str = "P1", **more: Any) -> None:
    body = {
        "id": name,
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": person}],
        "series": {"type": "flexible", "count": 3, "least_days_between": 2},
        **more,
    }
    made = asks.post("/v1/requests", body)
    assert made.status_code == 201, made.text


def test_a_series_is_suggested_and_held_whole(clinic: Clinic) -> None:
    """Three visits, two days apart; a token holds all of them."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(
        asks, request="R1", windows=[window(8, 18), window(8, 18, 2), window(8, 18, 4)]
    )
    assert found["suggestions"]
    for one in found["suggestions"]:
        assert [visit["occurrence"] for visit in one["visits"]] == [1, 2, 3]
        days = [visit["start"][:10] for visit in one["visits"]]
        assert days == [at(0, day)[:10] for day in (0, 2, 4)]
    held = asks.post("/v1/holds", {"token": found["suggestions"][0]["token"]})
    assert held.status_code == 201, held.text
    assert (held.json()["request"], len(held.json()["visits"])) == ("R1", 3)
    refused = asks.post("/v1/suggestions", {"request": "R1"})
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:allocator:problem:wrong-state",
    )


def test_a_series_is_never_suggested_in_part(clinic: Clinic) -> None:
    """Two of three days are left: none is suggested."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(asks, request="R1", windows=[window(8, 18), window(8, 18, 2)])
    assert found["suggestions"] == []
    assert found["why_none"] == {
        "sentence": "Each visit has starts by itself, and all of them together have none.",
        "rules": [],
    }


def test_a_fixed_series_of_which_a_date_fails(clinic: Clinic) -> None:
    """Daily at one time, between nine and ten: the second day is full, and noon is free instead."""
    asks = clinic.asker("scheduler")
    pattern = {"type": "fixed", "count": 3, "every_days": 1}
    windows = [window(9, 9.75), window(9, 9.75, 1), window(12, 12.75, 1), window(9, 9.75, 2)]
    series(asks, series=pattern, windows=windows)
    booked(asks, physio(at(9, 1), None))
    booked(asks, physio(at(9, 1), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    found = suggested(asks, request="R1")
    assert found["suggestions"] == []
    near = found["nearly"][0]  # the time at which the fewest dates fail
    assert [visit["start"] for visit in near["visits"]] == [utc(9), utc(9, 2)]
    (failing,) = near["failing"]
    assert (failing["occurrence"], failing["start"]) == (2, utc(9, 1))
    assert {visit["start"] for visit in failing["instead"]} == {utc(12, 1)}
    assert suggested(asks, service="physio")["nearly"] == []


def test_who_may_stay_away_does_so_where_they_are_taken(clinic: Clinic) -> None:
    """P2 is at the gym from nine to ten: held and moved without them, and with them after ten."""
    asks = clinic.asker("scheduler")
    booked(asks, {"service": "training", "attendees": ["P2"], "start": at(9),
                  "resources": {"gym": ["gym"]}})  # fmt: skip
    coming = [{"resource": "P1"}, {"resource": "P2", "required": False}]
    body = {"id": "R1", "steps": [{"service": "physio"}], "attendees": coming}
    assert asks.post("/v1/requests", body).status_code == 201
    (early,) = suggested(asks, request="R1", windows=[window(9, 9.75)], limit=1)["suggestions"]
    held = asks.post("/v1/holds", {"token": early["token"]})
    assert held.status_code == 201, held.text
    name = held.json()["id"]

    def who_comes() -> set[str]:
        (visit,) = asks.get(f"/v1/bookings/{name}").json()["visits"]
        return {role for role in visit["resources"] if role.startswith("attendee:")}

    assert who_comes() == {"attendee:P1"}
    for hours, coming_then in (((9.25, 10), {"P1"}), ((10, 10.75), {"P1", "P2"})):
        (one,) = suggested(asks, booking=name, windows=[window(*hours)], limit=1)["suggestions"]
        path = f"/v1/bookings/{name}/reschedule"
        assert asks.post(path, {"token": one["token"]}).status_code == 200
        assert who_comes() == {f"attendee:{person}" for person in coming_then}


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


def test_a_chain_is_suggested_whole(clinic: Clinic) -> None:
    """Physio, then training within an hour."""
    asks = clinic.asker("scheduler")
    body = {
        "id": "R1",
        "steps": [{"service": "physio"}, {"service": "training", "most_lag_minutes": 60}],
        "attendees": [{"resource": "P1"}],
    }
    assert asks.post("/v1/requests", body).status_code == 201
    (one,) = suggested(asks, request="R1", limit=1)["suggestions"]
    first, second = one["visits"]
    assert (first["step"], second["step"]) == (1, 2)
    lag = datetime.fromisoformat(second["start"]) - datetime.fromisoformat(first["end"])
    assert 0 <= lag.total_seconds() <= 3600
    assert one["end"] == second["end"]
    made = asks.post("/v1/bookings", {"token": one["token"]})
    assert (made.status_code, len(made.json()["visits"])) == (201, 2)


def test_how_long_a_first_visit_lasts(clinic: Clinic) -> None:
    """A quarter longer, also with Anna, who takes an hour; the second step is no first visit."""
    asks = clinic.asker("scheduler")
    needs = [need("practitioner"), need("room")]
    of_anna = {"minutes_by_resource": [["anna", 60]], "minutes": 45, "first_minutes": 60}
    body = {"id": "talk", "needs": needs, **of_anna}
    assert clinic.asker().post("/v1/services", body).status_code == 201
    steps = [{"service": "talk"}, {"service": "talk", "least_lag_minutes": 15}]
    chain = {"id": "R1", "steps": steps, "first_visit": True, "attendees": [{"resource": "P1"}]}
    assert asks.post("/v1/requests", chain).status_code == 201
    for who, first in (("anna", 75), ("ben", 60)):
        preferred = {"practitioner": [who]}
        (one,) = suggested(asks, request="R1", preferred=preferred, limit=1)["suggestions"]
        assert minutes(one["visits"][0]) == first
        held = asks.post("/v1/holds", {"token": one["token"]})
        assert held.status_code == 201, held.text
        assert [minutes(visit) for visit in held.json()["visits"]] == [
            minutes(visit) for visit in one["visits"]
        ]
        assert asks("DELETE", f"/v1/holds/{held.json()['id']}").status_code == 200


def minutes(visit: dict[str, Any]) -> int:
    length = datetime.fromisoformat(visit["end"]) - datetime.fromisoformat(visit["start"])
    return length // timedelta(minutes=1)


def test_a_seat_is_suggested(clinic: Clinic) -> None:
    """Where the group session is held; none once all are taken, or as long as it has no place."""
    asks = clinic.asker()
    group = {"id": "S", "service": "training", "least": 1, "most": 1}
    assert asks.post("/v1/sessions", group).status_code == 201
    assert asks.post("/v1/sessions", {**group, "id": "T", "least": 2, "most": 2}).status_code == 201
    for who, session in ((client(clinic, "P1"), "S"), (asks, "T")):  # it is not held for them
        none = who.post("/v1/suggestions", {"session": session})
        assert (none.status_code, none.json()["detail"]) == (
            409,
            f"Group session {session} has no place yet; nobody can join it.",
        )
    assert asks.post("/v1/suggestions", {"session": "U"}).status_code == 404
    place = {"start": at(9), "resources": {"gym": ["gym"]}}
    assert asks.post("/v1/sessions/S/place", place).status_code == 201
    found = suggested(asks, session="S", attendees=["P1"])
    assert starts(found) == ["09:00"]
    made = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]})
    assert (made.status_code, made.json()["visits"][0]["session"]) == (201, "S")
    assert suggested(asks, session="S", attendees=["P2"])["suggestions"] == []


def test_a_session_is_held_for_the_first_who_joins(clinic: Clinic) -> None:
    """At nine or at ten: whoever is first says when, for all others; clients do not."""
    admin, asks = clinic.asker(), clinic.asker("scheduler")
    group = {"id": "S", "service": "training", "least": 1, "most": 3}
    assert admin.post("/v1/sessions", group).status_code == 201

    def token(person: str, hour: int) -> str:
        body = {"session": "S", "attendees": [person], "windows": [window(hour, hour + 1)]}
        (one,) = suggested(asks, **body)["suggestions"]
        (place,) = one["sessions"]
        assert (place["session"], place["start"]) == ("S", utc(hour))
        assert place["resources"] == {"gym": ["gym"]}
        assert one["visits"][0]["session"] == "S"
        assert "opens" in {reason["tag"] for reason in one["reasons"]}
        found: str = one["token"]
        return found

    page = f"/v1/suggestions/days?session=S&from={at(0)[:10]}&days=2"
    # From 8:00 to 17:00 there are 37 quarters.
    assert [one["starts"] for one in asks.get(page).json()["days"]] == [37, 37]
    assert client(clinic, "P1").get(page).status_code == 409
    first, same, other = token("P1", 9), token("P2", 9), token("P2", 10)
    assert client(clinic, "P1").post("/v1/holds", {"token": first}).status_code == 403
    assert asks.get("/v1/sessions/S/place").status_code == 404
    made = asks.post("/v1/bookings", {"token": first})
    assert made.status_code == 201, made.text
    place = asks.get("/v1/sessions/S/place").json()
    assert (place["start"], place["taken"]) == (utc(9), 1)
    lost = asks.post("/v1/holds", {"token": other})
    assert lost.status_code == 409
    assert lost.json()["detail"] == (
        f"Group session S has its place at {utc(9)} by now, not at {utc(10)}."
    )
    assert [one["start"] for one in lost.json()["alternatives"]] == [utc(9)]
    assert client(clinic, "P2").post("/v1/holds", {"token": same}).status_code == 201
    (seat,) = suggested(asks, session="S")["suggestions"]
    assert seat["sessions"] == []


def test_a_booking_moves_to_a_suggestion(clinic: Clinic) -> None:
    """Its own place is free to it, whatever else is taken; the token moves it, and no other."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    other = booked(
        asks, physio(at(10), "P2", resources={"practitioner": ["ben"], "room": ["room-2"]})
    )
    found = suggested(asks, booking=name, windows=[window(9, 10.25)], limit=50)
    assert starts(found) == ["09:00", "09:15", "09:30"]
    token = next(one["token"] for one in found["suggestions"] if one["start"] == utc(9.5))
    refused = asks.post(f"/v1/bookings/{other}/reschedule", {"token": token})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        f"The token is none for booking {other}.",
    )
    assert asks.post("/v1/holds", {"token": token}).status_code == 422
    moved = asks.post(f"/v1/bookings/{name}/reschedule", {"token": token})
    assert moved.status_code == 200, moved.text
    assert moved.json()["starts_at"] == utc(9.5)
    assert clinic.overlaps() == 0


def test_a_visit_of_a_series_moves_between_those_that_stay(clinic: Clinic) -> None:
    """Monday, Wednesday and Friday; the second finds place on Wednesday alone."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(
        asks, request="R1", windows=[window(8, 18), window(8, 18, 2), window(8, 18, 4)]
    )
    name = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]}).json()["id"]
    found = suggested(asks, booking=name, visits=[{"occurrence": 2}], limit=50)
    assert {one["start"][:10] for one in found["suggestions"]} == {at(0, 2)[:10]}
    assert {len(one["visits"]) for one in found["suggestions"]} == {1}
    last = max(found["suggestions"], key=lambda one: one["start"])
    assert last["visits"][0]["occurrence"] == 2
    moved = asks.post(f"/v1/bookings/{name}/reschedule", {"token": last["token"]})
    assert moved.status_code == 200, moved.text
    assert moved.json()["visits"][1]["start"] == last["start"]
    whole = suggested(asks, booking=name, limit=1)
    assert len(whole["suggestions"][0]["visits"]) == 3
    # Nothing of this is left behind: the same is free as before.
    again = suggested(asks, booking=name, visits=[{"occurrence": 2}], limit=50)
    assert again["starts"] == found["starts"]


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


def test_a_client_is_told_of_nobody_else(clinic: Clinic) -> None:
    """Neither whose gap is closed nor what it costs the clinic; and asks for nobody else."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8), "P1"))
    booked(asks, physio(at(9.5), "P1"))
    body = {
        "service": "physio",
        "windows": [window(8, 11)],
        "preferred": {"practitioner": ["anna"]},
    }
    staff = suggested(asks, **body)
    tags = {reason["tag"] for one in staff["suggestions"] for reason in one["reasons"]}
    assert {"closes_gap", "preferred_person"} <= tags
    assert {type(one["rank"]) for one in staff["suggestions"]} == {int}
    found = suggested(client(clinic, "P2"), **body, attendees=["P2"])
    tags = {reason["tag"] for one in found["suggestions"] for reason in one["reasons"]}
    assert tags == {"preferred_person"}
    assert {(one["rank"], one["goals"], one["displaces"]) for one in found["suggestions"]} == {
        (None, None, None)
    }
    for name in ("P1", "P9"):
        refused = client(clinic, "P2").post(
            "/v1/suggestions", {"service": "physio", "attendees": [name]}
        )
        assert refused.status_code == 404
        assert refused.json()["detail"] == (
            f"You can book for yourself; there is no resource {name!r} for you."
        )


def test_a_public_page_suggests_and_holds(clinic: Clinic) -> None:
    """For nobody in particular; its suggestions count as searches."""
    page = clinic.asker("client", publishable=True)
    answer = page.post("/v1/suggestions", {"service": "physio", "limit": 1})
    assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit-limit"] == "1200"  # a tenth of what is read
    token = answer.json()["suggestions"][0]["token"]
    assert page.post("/v1/holds", {"token": token}).status_code == 201


def test_staff_of_a_location_are_suggested_places_there(clinic: Clinic) -> None:
    """Of two rooms in two places, the one that is theirs; to all others both."""
    admin = clinic.asker()
    for place in ("north", "south"):
        assert admin.post("/v1/locations", {"id": place}).status_code == 201
        room = {"id": f"room-{place}", "kind": "studio", "location": place}
        assert admin.post("/v1/resources", room).status_code == 201
    needs = [{"role": "studio", "alternatives": [{"kind": "studio"}]}]
    body = {"id": "photo", "minutes": 60, "needs": needs}
    assert admin.post("/v1/services", body).status_code == 201
    north = clinic.asker("scheduler", locations=["north"])

    def rooms(asks: Asker) -> set[str]:
        found = suggested(asks, service="photo", limit=50)
        return {one["visits"][0]["resources"]["studio"][0] for one in found["suggestions"]}

    assert rooms(north) == {"room-north"}
    for start in range(8, 18):
        booked(
            admin, {"service": "photo", "start": at(start), "resources": {"studio": ["room-north"]}}
        )
    whole = [window(8, 18)]
    assert suggested(north, service="photo", windows=whole)["suggestions"] == []
    assert len(suggested(admin, service="photo", windows=whole)["suggestions"]) == 5


def test_tokens_that_are_not_ours(clinic: Clinic, new_clinic: Any) -> None:
    """Forged in any place, another tenant's, and no token at all: refused, and nothing is held."""
    asks = clinic.asker("scheduler")
    token = suggested(asks, service="physio", limit=1)["suggestions"][0]["token"]
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    forged = [
        token[:middle] + other + token[middle + 1 :],
        token[:-4],
        token + "AAAA",
        "st_",
        "x",
        "é",
    ]
    for wrong in forged:
        answer = asks.post("/v1/holds", {"token": wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["detail"] == "The token is none that was given out here."
    elsewhere = new_clinic()
    furnish(elsewhere.asker())
    for path in ("/v1/holds", "/v1/bookings"):
        answer = elsewhere.asker().post(path, {"token": token})
        assert answer.status_code == 422
    assert clinic.sql("SELECT count(*) FROM booking WHERE tenant_id = :t", t=clinic.tenant) == [
        (0,)
    ]


def test_a_token_that_is_too_old_brings_others(clinic: Clinic) -> None:
    """It holds nothing; the refusal has places near to it, and their tokens hold."""
    clinic.settle(suggestion_minutes=1)
    asks = clinic.asker("scheduler")
    found = suggested(asks, service="physio", attendees=["P1"], wanted=at(9), limit=1)
    secrets = tickets.secrets(Seal([SEALING_KEY]), clinic.tenant)
    ticket = tickets.opened(secrets, found["suggestions"][0]["token"])
    old = replace(ticket, until=ticket.until - timedelta(minutes=2)).token(secrets[0])
    answer = asks.post("/v1/holds", {"token": old})
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["type"], problem["state"]) == ("urn:allocator:problem:wrong-state", "expired")
    assert len(problem["alternatives"]) == 3
    for one in problem["alternatives"]:
        away = datetime.fromisoformat(one["start"]) - datetime.fromisoformat(at(9))
        assert abs(away) <= timedelta(days=1, hours=10)
    fresh = problem["alternatives"][0]["token"]
    assert asks.post("/v1/holds", {"token": fresh}).status_code == 201


def test_tokens_outlive_a_change_of_the_sealing_key(settings: Settings, clinic: Clinic) -> None:
    """With the old key behind the new one they hold; without it they are none of ours."""
    key = clinic.asker("scheduler").key
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(9, 9.75)], "limit": 1}
    (one,) = suggested(Asker(clinic.http, key), **body)["suggestions"]
    new = new_key()
    for keys, status in ((new, 422), ("", 503), (f"{new},{SEALING_KEY}", 201)):
        changed = settings.model_copy(update={"sealing_keys": keys})
        with TestClient(application(changed)) as http:
            assert Asker(http, key).post("/v1/holds", {"token": one["token"]}).status_code == status


def test_tokens_are_worth_what_their_bearer_may(clinic: Clinic) -> None:
    """An auditor, a key that is revoked, a client who is somebody else: each is refused."""
    admin = clinic.asker()
    made = admin.post("/v1/keys", {"name": "desk", "role": "scheduler"}).json()
    desk = Asker(clinic.http, made["key"])
    token = suggested(desk, service="physio", attendees=["P1"], limit=1)["suggestions"][0]["token"]
    assert clinic.asker("auditor").post("/v1/holds", {"token": token}).status_code == 403
    assert client(clinic, "P2").post("/v1/holds", {"token": token}).status_code == 404
    narrow = clinic.asker("scheduler", scopes=["suggestions.read", "catalogue.read"])
    assert narrow.post("/v1/bookings", {"token": token}).status_code == 403
    assert admin("DELETE", f"/v1/keys/{made['id']}").status_code == 200
    assert desk.post("/v1/holds", {"token": token}).status_code == 401
    assert desk.post("/v1/suggestions", {"service": "physio"}).status_code == 401
    assert client(clinic, "P1").post("/v1/holds", {"token": token}).status_code == 201


def test_a_link_to_move_suggests_for_its_booking_alone(clinic: Clinic) -> None:
    """And moves it; a link to look at it suggests nothing."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    until = at(9, 7)

    def link(purpose: str) -> Asker:
        made = asks.post(f"/v1/bookings/{name}/links", {"purpose": purpose, "expires_at": until})
        return Asker(clinic.http, made.json()["token"])

    assert link("view").post("/v1/suggestions", {"booking": name}).status_code == 403
    mover = link("reschedule")
    assert mover.post("/v1/suggestions", {"service": "physio"}).status_code == 403
    body = {"booking": name, "windows": [window(11, 11.75)], "limit": 1}
    (one,) = suggested(mover, **body)["suggestions"]
    moved = mover.post(f"/v1/bookings/{name}/reschedule", {"token": one["token"]})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, utc(11))


def test_clients_are_suggested_no_more_than_they_may_book(clinic: Clinic) -> None:
    """A week ahead by the tenant's terms; staff see all the days."""
    clinic.settle(most_days_ahead=7)
    found = suggested(client(clinic, "P1"), service="physio", attendees=["P1"], limit=50)
    last = datetime.now(datetime.fromisoformat(at(0)).tzinfo) + timedelta(days=8)
    assert all(datetime.fromisoformat(one["start"]) < last for one in found["suggestions"])
    far = {"service": "physio", "windows": [window(8, 18)]}
    assert suggested(client(clinic, "P1"), **far)["suggestions"] == []
    assert suggested(clinic.asker("scheduler"), **far)["suggestions"]


def test_a_week_counts_whole_where_the_days_that_are_looked_at_end(clinic: Clinic) -> None:
    """Anna has one visit a week, on Friday; places are suggested until Wednesday, not with her."""
    days = (monday() - datetime.now(BERLIN).date()).days
    clinic.settle(suggest_days=days + 3)
    admin = clinic.asker()
    limits = {"limits": {"visits_per_week": 1}}
    anna = {"id": "anna", "kind": "practitioner", "calendar": "office", "name": "Anna", **limits}
    assert admin("PUT", "/v1/resources/anna", anna, If_Match='"1"').status_code == 200
    booked(admin, physio(at(9, 4), None))
    found = suggested(admin, service="physio", windows=[window(8, 18, 0), window(8, 18, 4)])
    assert found["suggestions"]
    for one in found["suggestions"]:
        (visit,) = one["visits"]
        assert visit["resources"]["practitioner"] == ["ben"]
        assert visit["start"] < utc(0, 3)
    late = suggested(admin, service="physio", windows=[window(17.5, 18, 2)])
    assert (late["suggestions"], late["next_possible"]) == ([], None)


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


def test_who_waits_is_not_robbed_of_their_last_place_unawares(clinic: Clinic) -> None:
    """R1 can only lie from eight to nine: its place is suggested last, and the staff are told.

    Once it is booked, or withdrawn, nobody's place is taken.
    """
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    asking = {
        "id": "R1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P2"}],
        "windows": [window(8, 8.75)],
    }
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(8, 8.75)], "limit": 1}

    def displaced(asks: Asker) -> Any:
        (one,) = suggested(asks, **body)["suggestions"]
        return one["displaces"], "displaces" in {reason["tag"] for reason in one["reasons"]}

    assert displaced(asks) == ([], False)
    assert asks.post("/v1/requests", asking).status_code == 201
    assert displaced(asks) == (["R1"], True)
    assert displaced(client(clinic, "P1")) == (None, False)
    now = asks.get("/v1/requests/R1")
    longer = {**asking, "windows": [window(8, 18)]}
    changed = asks("PUT", "/v1/requests/R1", longer, If_Match=now.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert displaced(asks) == ([], False)
    changed = asks("PUT", "/v1/requests/R1", asking, If_Match=changed.headers["etag"])
    assert displaced(asks) == (["R1"], True)
    found = suggested(asks, request="R1", limit=1)["suggestions"][0]
    assert found["displaces"] == []  # it is its own
    held = asks.post("/v1/holds", {"token": found["token"]}).json()["id"]
    assert suggested(asks, **body)["suggestions"] == []
    assert asks("DELETE", f"/v1/holds/{held}").status_code == 200
    assert displaced(asks) == (["R1"], True)
    clinic.http.app.state.service.suggester.indexes._slots.clear()  # type: ignore[attr-defined]
    assert displaced(asks) == (["R1"], True)


def test_days_with_places(clinic: Clinic) -> None:
    """Four starts until eleven on Monday, none on Tuesday, more on Wednesday; and their month."""
    admin = clinic.asker()
    booked(admin, physio(at(8.75), None))
    booked(admin, physio(at(8.75), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    absent = {"start": at(0, 1), "end": at(24, 1)}
    for name in ("anna", "ben"):
        assert admin.post("/v1/absences", {"resource": name, **absent}).status_code == 202
    query = f"service=physio&attendee=P1&from={at(0)[:10]}&days=3"
    answer = client(clinic, "P1").get(f"/v1/suggestions/days?{query}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["first"], found["last"]) == (at(0)[:10], at(0, 2)[:10])
    # From 8:00 to 17:15 there are 38 quarters; 8:15 to 9:15 are five starts that are not possible.
    assert [(one["day"], one["starts"]) for one in found["days"]] == [
        (at(0)[:10], 33),
        (at(0, 2)[:10], 38),
    ]
    assert (found["days"][0]["first"], found["days"][0]["last"]) == (utc(8), utc(17.25))
    assert sum(month["starts"] for month in found["months"]) == 71
    assert sum(month["days"] for month in found["months"]) == 2
    past = admin.get("/v1/suggestions/days?service=physio&from=2020-01-01&days=31").json()
    assert past["days"] == []
    far = admin.get("/v1/suggestions/days?service=physio&from=2199-01-01").json()
    assert (far["days"], far["months"]) == ([], [])
    whole = admin.get("/v1/suggestions/days?service=physio&days=366").json()
    assert whole["last"] == (datetime.now(BERLIN) + timedelta(days=89)).date().isoformat()
    stranger = client(clinic, "P2").get(f"/v1/suggestions/days?{query}")
    assert stranger.status_code == 404


def test_days_are_those_of_the_place(clinic: Clinic) -> None:
    """The practice in New York is open from 18 to 22, midnight to 4 for the tenant: 14 starts."""
    admin = clinic.asker()
    evening = {"start_minute": 18 * 60, "end_minute": 22 * 60}
    week = {"id": "evening", "weekly": [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": evening}]}
    hall = {"id": "hall", "kind": "hall", "calendar": "evening", "location": "NY"}
    for path, body in (
        ("locations", {"id": "NY", "zone": "America/New_York"}),
        ("calendars", week),
        ("resources", hall),
        ("services", {"id": "choir", "minutes": 45, "needs": [need("hall")]}),
    ):
        made = admin.post(f"/v1/{path}", body)
        assert made.status_code == 201, made.text
    found = admin.get(f"/v1/suggestions/days?service=choir&from={at(0)[:10]}&days=2").json()
    assert [(one["day"], one["starts"]) for one in found["days"]] == [
        (at(0)[:10], 14),
        (at(0, 1)[:10], 14),
    ]
    today = datetime.now(ZoneInfo("America/New_York")).date()
    assert admin.get("/v1/suggestions/days?service=choir").json()["first"] == today.isoformat()


def test_later_visits_may_lie_behind_the_days_of_a_page(clinic: Clinic) -> None:
    """Three visits, two days apart at least, begin on any of two days."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = asks.get(f"/v1/suggestions/days?request=R1&from={at(0)[:10]}&days=2").json()
    assert [one["day"] for one in found["days"]] == [at(0)[:10], at(0, 1)[:10]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"service": "physio", "request": "R1"},
        {"service": "physio", "session": "S"},
        {"service": "nothing"},
        {"request": "R1", "attendees": ["P1"]},
        {"service": "physio", "visits": [{}]},
        {"booking": "00000000-0000-7000-8000-000000000000", "urgent": True},
        {"service": "physio", "windows": [{"start": at(9), "end": at(8)}]},
        {"service": "physio", "preferred": {"driver": ["anna"]}},
        {"service": "physio", "preferred": {"practitioner": ["nobody"]}},
        {"service": "physio", "attendees": ["nobody"]},
    ],
)
def test_what_cannot_be_meant_is_refused(clinic: Clinic, body: dict[str, Any]) -> None:
    """With a sentence that says what."""
    answer = clinic.asker("scheduler").post("/v1/suggestions", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
