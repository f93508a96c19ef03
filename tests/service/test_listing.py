"""Lists of bookings: their order, and that pages leave out nothing and show nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio

#: Held in this order: the later, the earlier, and two at the same time with other people.
STARTS = (
    ("2030-01-08T09:00:00Z", "P1"),
    ("2030-01-07T09:00:00Z", "P1"),
    ("2030-01-09T09:00:00Z", "P1"),
    ("2030-01-07T10:00:00Z", "P2"),
    ("2030-01-08T10:00:00Z", "P2"),
)
PLACE = {"practitioner": ["anna"], "room": ["room-1"]}
DATES = "from=2030-01-07T00:00:00Z&to=2030-01-09T00:00:00Z"


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """A scheduler, whose clinic has five holds."""
    asks = clinic.asker("scheduler")
    clinic.settle(most_open_holds=10)
    for start, person in STARTS:
        assert asks.post("/v1/holds", physio(start, person)).status_code == 201
    return asks


def _pages(asks: Asker, query: str) -> list[list[Any]]:
    pages, cursor = [], ""
    while True:
        answer = asks.get(f"/v1/bookings?limit=2&{query}{cursor}")
        assert answer.status_code == 200
        pages.append([item["visits"][0]["start"] for item in answer.json()["items"]])
        if answer.json()["next"] is None:
            return pages
        cursor = f"&cursor={answer.json()['next']}"


def test_without_dates_they_come_in_the_order_in_which_they_were_made(asks: Asker) -> None:
    """Five bookings on three pages, by when they were made."""
    starts = [start for start, _ in STARTS]
    assert _pages(asks, "") == [starts[:2], starts[2:4], starts[4:]]


def test_with_dates_they_come_in_the_order_of_their_start(asks: Asker) -> None:
    """The days asked for, from the first visit to the last; the end is not in it."""
    assert _pages(asks, DATES) == [
        ["2030-01-07T09:00:00Z", "2030-01-07T10:00:00Z"],
        ["2030-01-08T09:00:00Z", "2030-01-08T10:00:00Z"],
    ]


@pytest.fixture
def series(clinic: Clinic) -> tuple[Asker, dict[str, Any]]:
    """A scheduler, and somebody's series of three: at nine and at two on Monday, at nine on
    Wednesday.
    """
    asks = clinic.asker("scheduler")
    wanted = {"type": "flexible", "count": 3, "least_days_between": 0}
    body = {"id": "R1", "steps": [{"service": "physio"}], "series": wanted}
    assert asks.post("/v1/requests", body).status_code == 201
    starts = ("2030-01-07T09:00:00Z", "2030-01-07T14:00:00Z", "2030-01-09T09:00:00Z")
    visits = [{"occurrence": n, "start": s, "resources": PLACE} for n, s in enumerate(starts, 1)]
    held = asks.post("/v1/holds", {"request": "R1", "visits": visits})
    assert held.status_code == 201, held.text
    return asks, held.json()


@pytest.mark.parametrize(
    ("dates", "there"),
    [
        ("from=2030-01-07T00:00:00Z&to=2030-01-08T00:00:00Z", True),
        ("from=2030-01-07T10:00:00Z&to=2030-01-08T00:00:00Z", True),
        ("from=2030-01-08T00:00:00Z&to=2030-01-09T00:00:00Z", False),
        ("from=2030-01-09T00:00:00Z", True),
        ("from=2030-01-09T09:15:00Z", False),
        ("to=2030-01-07T09:00:00Z", False),
        ("to=2030-01-07T09:15:00Z", True),
    ],
)
def test_a_series_is_there_on_each_of_its_days(series: Any, dates: str, there: bool) -> None:
    """Once, however many of its visits start then."""
    asks, booking = series
    found = [item["id"] for item in asks.get(f"/v1/bookings?{dates}").json()["items"]]
    assert found == [booking["id"]] * there


def test_a_series_stands_where_its_first_visit_of_these_dates_does(series: Any) -> None:
    """Between what is before it and after it on that day, on pages of one, too."""
    asks, booking = series
    for start in ("2030-01-07T11:00:00Z", "2030-01-07T15:00:00Z"):
        assert asks.post("/v1/holds", physio(start)).status_code == 201
    seen, cursor = [], ""
    while cursor is not None:
        query = "limit=1&from=2030-01-07T10:00:00Z&to=2030-01-08T00:00:00Z" + cursor
        page = asks.get(f"/v1/bookings?{query}").json()
        seen += [item["id"] == booking["id"] for item in page["items"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert seen == [False, True, False]


def test_a_cancelled_visit_is_none_unless_all_is_over(series: Any) -> None:
    """The rest of the series goes on without it; a booking that was cancelled is told of."""
    asks, booking = series
    path, day = f"/v1/bookings/{booking['id']}", "from=2030-01-09T00:00:00Z"
    last = {"visit": booking["visits"][2]["id"]}
    assert asks.post(f"{path}/cancel", last).status_code == 200
    assert asks.get(f"/v1/bookings?{day}").json()["items"] == []
    assert asks.post(f"{path}/cancel").status_code == 200
    (gone,) = asks.get(f"/v1/bookings?{day}&state=cancelled").json()["items"]
    assert gone["id"] == booking["id"]


def test_a_booking_moved_between_pages_hides_no_other(asks: Asker) -> None:
    """The last of the first page moves to the end of the range: the second page is as it was."""
    first = asks.get(f"/v1/bookings?limit=2&{DATES}").json()
    moved = asks.post(
        f"/v1/bookings/{first['items'][1]['id']}/reschedule",
        {"visits": [{"start": "2030-01-08T11:00:00Z", "resources": PLACE}]},
    )
    assert moved.status_code == 200
    second = asks.get(f"/v1/bookings?limit=2&{DATES}&cursor={first['next']}").json()
    assert [item["visits"][0]["start"] for item in second["items"]] == [
        "2030-01-08T09:00:00Z",
        "2030-01-08T10:00:00Z",
    ]


def test_a_cursor_is_of_one_order(asks: Asker) -> None:
    """A cursor of a list without dates is refused with dates, and the other way round."""
    plain = asks.get("/v1/bookings?limit=2").json()["next"]
    dated = asks.get(f"/v1/bookings?limit=2&{DATES}").json()["next"]
    for query in (f"limit=2&{DATES}&cursor={plain}", f"limit=2&cursor={dated}"):
        refused = asks.get(f"/v1/bookings?{query}")
        assert refused.status_code == 422
        assert "another order" in refused.json()["detail"]


PEOPLE = (
    {"id": "E1", "name": "Eva Lang", "email": "Eva@example.org", "phone": "+49 30 1"},
    {"id": "E2", "name": "Lange_r Eva", "email": "eva.2@example.org", "phone": "+49 30 12"},
    {"id": "E3", "name": "Ole 100%", "phone": "+49 30 1"},
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=LANG", ["E1", "E2"]),
        ("name=eva%20l", ["E1"]),
        ("name=e_r", ["E2"]),
        ("name=0%25", ["E3"]),
        ("name=%25", ["E3"]),
        ("email=eva@EXAMPLE.org", ["E1"]),
        ("email=eva", []),
        ("phone=%2B49%2030%201", ["E1", "E3"]),
        ("phone=%2B49%2030%201&name=ole", ["E3"]),
    ],
)
def test_people_are_found_by_what_they_say(clinic: Clinic, query: str, found: list[str]) -> None:
    """A part of the name, or a whole address or number; no character means any other."""
    asks = clinic.asker("scheduler")
    for body in PEOPLE:
        assert asks.post("/v1/people", body).status_code == 201
    items = asks.get(f"/v1/people?{query}").json()["items"]
    assert [item["id"] for item in items] == found
