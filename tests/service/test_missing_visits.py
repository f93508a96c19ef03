"""Visits that a series misses: suggested beside those that it has, and added by their tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import booked, client
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.racing import race, statuses
from service.suggesting import series, suggested, utc

THERE = {"practitioner": ["anna"], "room": ["room-1"]}
#: What a series of three misses once two are had, or two once one is: flexible ones are numbered
#: anew by start.
THIRD = [{"occurrence": 3}]


def visit(occurrence: int, hour: float, day: int) -> dict[str, Any]:
    return {"occurrence": occurrence, "start": at(hour, day), "resources": THERE}


def partly(asks: Asker, name: str = "R1", hour: float = 9, **more: Any) -> str:
    """Book a series of three on Monday and Friday; Wednesday is missing."""
    series(asks, name, **{"series": {"type": "flexible", "count": 3, "at_least": 1}, **more})
    visits = [visit(1, hour, 0), visit(2, hour, 4)]
    held = asks.post("/v1/holds", {"request": name, "visits": visits})
    assert held.status_code == 201, held.text
    booking: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{booking}/confirm").status_code == 200
    return booking


def days(booking: Any) -> list[tuple[int, str]]:
    return [(v["occurrence"], v["start"][:10]) for v in booking["visits"]]


def test_a_visit_that_is_missing_is_suggested_where_it_is_wanted(clinic: Clinic) -> None:
    """Between the two that are there; its token adds it, and all are numbered by start."""
    asks = clinic.asker("scheduler")
    name = partly(asks)
    found = suggested(asks, booking=name, visits=THIRD, wanted=at(9, 2), limit=3)
    first = found["suggestions"][0]
    assert (first["start"], [v["occurrence"] for v in first["visits"]]) == (utc(9, 2), [3])
    assert {one["saving"] for one in found["suggestions"]} == {None}
    added = asks.post(f"/v1/bookings/{name}/visits", {"token": first["token"]})
    assert added.status_code == 200, added.text
    assert days(added.json()) == [(n, at(0, day)[:10]) for n, day in ((1, 0), (2, 2), (3, 4))]
    again = asks.post(f"/v1/bookings/{name}/visits", {"token": first["token"]})
    assert (again.status_code, again.json()["type"]) == (409, "urn:allocator:problem:wrong-state")
    assert "alternatives" not in again.json()
    assert clinic.overlaps() == 0


def test_without_a_time_it_comes_after_all_others(clinic: Clinic) -> None:
    """The days between visits are kept: from Sunday on, two days after Friday."""
    asks = clinic.asker("scheduler")
    gaps = {"type": "flexible", "count": 3, "at_least": 1, "least_days_between": 2}
    name = partly(asks, series=gaps)
    found = suggested(asks, booking=name, visits=THIRD, limit=20)
    assert min(one["start"][:10] for one in found["suggestions"]) == at(0, 6)[:10]
    between = suggested(asks, booking=name, visits=THIRD, wanted=at(12, 2), limit=50)
    assert {one["start"][:10] for one in between["suggestions"]} == {at(0, 2)[:10]}


def test_a_visit_that_finds_its_place_taken_is_told_of_others(clinic: Clinic) -> None:
    """Near to it, with those who were wanted; each is added by its token."""
    asks = clinic.asker("scheduler")
    name = partly(asks)
    booked(asks, physio(at(9, 2), "P2"))
    path = f"/v1/bookings/{name}/visits"
    lost = asks.post(path, {"visits": [visit(3, 9, 2)]})
    assert (lost.status_code, lost.json()["type"]) == (409, "urn:allocator:problem:taken")
    others = lost.json()["alternatives"]
    assert len(others) == 3
    assert at(0, 2)[:10] in {one["start"][:10] for one in others}
    assert {one["start"][:10] for one in others} <= {at(0, day)[:10] for day in (1, 2, 3)}
    assert {one["visits"][0]["resources"]["practitioner"][0] for one in others} == {"anna"}
    assert asks.get(f"/v1/bookings/{name}").json()["version"] == 2  # nothing is changed
    added = asks.post(path, {"token": others[0]["token"]})
    assert added.status_code == 200, added.text
    assert others[0]["start"] in {one["start"] for one in added.json()["visits"]}


def test_of_four_who_add_a_visit_at_one_time_one_has_it(clinic: Clinic) -> None:
    """The others are told of places that they can add at once."""
    asks = clinic.asker("scheduler")
    names = []
    for n, hour in enumerate((8, 9, 10, 11)):
        assert asks.post("/v1/people", {"id": f"Q{n}", "name": "Q"}).status_code == 201
        names.append(partly(asks, f"R{n}", hour, attendees=[{"resource": f"Q{n}"}]))
    paths = [f"/v1/bookings/{name}/visits" for name in names]
    body = {"visits": [visit(3, 14, 2)]}
    answers = race([partial(asks.post, path, body) for path in paths])
    assert statuses(answers) == {200: 1, 409: 3}
    for path, answer in zip(paths, answers, strict=True):
        if answer.status_code == 409:
            tokens = [one["token"] for one in answer.json()["alternatives"]]
            assert len(tokens) == 3
            added = [asks.post(path, {"token": token}).status_code for token in tokens]
            assert added.count(200) == 1, added  # once; there is no fourth visit
    assert clinic.overlaps() == 0


def test_a_date_of_a_fixed_series_keeps_its_time(clinic: Clinic) -> None:
    """The second of three Mondays is missing: with Ben at the same time, as Anna is taken."""
    asks = clinic.asker("scheduler")
    weekly = {"type": "fixed", "count": 3, "may_miss": [1, 2, 3]}
    series(asks, series=weekly)
    visits = [visit(1, 9, 0), visit(3, 9, 14)]
    name = asks.post("/v1/holds", {"request": "R1", "visits": visits}).json()["id"]
    booked(asks, physio(at(9, 7), "P2"))
    path = f"/v1/bookings/{name}/visits"
    others = asks.post(path, {"visits": [visit(2, 9, 7)]}).json()["alternatives"]
    assert {one["start"] for one in others} == {utc(9, 7)}
    assert {one["visits"][0]["resources"]["practitioner"][0] for one in others} == {"ben"}
    added = asks.post(path, {"token": others[0]["token"]})
    assert added.status_code == 200, added.text
    assert days(added.json()) == [(n, at(0, 7 * (n - 1))[:10]) for n in (1, 2, 3)]


def test_a_client_adds_what_their_own_booking_misses(clinic: Clinic) -> None:
    """And is told of nobody."""
    name = partly(clinic.asker("scheduler"))
    mine, other = client(clinic, "P1"), client(clinic, "P2")
    body = {"booking": name, "visits": THIRD, "wanted": at(9, 2), "limit": 1}
    assert other.post("/v1/suggestions", body).status_code == 404
    (one,) = suggested(mine, **body)["suggestions"]
    assert (one["rank"], one["goals"]) == (None, None)
    path = f"/v1/bookings/{name}/visits"
    assert other.post(path, {"token": one["token"]}).status_code == 404
    assert mine.post(path, {"token": one["token"]}).status_code == 200


@pytest.mark.parametrize(
    ("visits", "status"),
    [
        ([{"occurrence": 4}], 404),  # the series has three
        ([{"occurrence": 2}, {"occurrence": 3}], 404),  # one is there, one is not
        ([{"occurrence": 3, "step": 2}], 404),
    ],
)
def test_what_is_neither_there_nor_missing(clinic: Clinic, visits: Any, status: int) -> None:
    """Is not suggested."""
    asks = clinic.asker("scheduler")
    answer = asks.post("/v1/suggestions", {"booking": partly(asks), "visits": visits})
    assert answer.status_code == status, answer.text


def test_a_token_or_visits(clinic: Clinic) -> None:
    """Not both and not neither; and no token of something else."""
    asks = clinic.asker("scheduler")
    name = partly(asks)
    other = suggested(asks, service="physio", windows=[window(14, 16)], limit=1)
    token = other["suggestions"][0]["token"]
    for body in ({}, {"token": token, "visits": [visit(3, 9, 2)]}, {"token": token}):
        answer = asks.post(f"/v1/bookings/{name}/visits", body)
        assert answer.status_code == 422, answer.text
