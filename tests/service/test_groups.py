"""A group session whose leader is away: it gets another place, or who takes part moves apart."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Asker, Clinic, need
from service.solving import solved
from service.test_absences import at, book, mark, only_on

from api.settings import Settings

DAY = "2030-01-07"


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """Anna leads the group G1 at nine; it is held for two to four."""
    asks = clinic.asker()
    asks.post("/v1/services", {"id": "group", "minutes": 60, "needs": [need("practitioner")]})
    hold_session(asks, "G1", "09:00", "anna")
    return asks


def hold_session(asks: Asker, name: str, clock: str, who: str, **more: Any) -> None:
    session = {"id": name, "service": "group", "least": 2, "most": 4, **more}
    assert asks.post("/v1/sessions", session).status_code == 201
    place = {"start": at(clock), "resources": {"practitioner": [who]}}
    answer = asks.post(f"/v1/sessions/{name}/place", place)
    assert answer.status_code in (200, 201), answer.text


def join(asks: Asker, person: str, *sessions: str, confirm: bool = True) -> str:
    """Have a seat in the first of some group sessions that would do; return the booking."""
    name = f"{person} in {' or '.join(sessions)}"
    request = {
        "id": name,
        "steps": [{"sessions": list(sessions)}],
        "attendees": [{"resource": person}],
    }
    assert asks.post("/v1/requests", request).status_code == 201
    start = asks.get(f"/v1/sessions/{sessions[0]}/place").json()["start"]
    visit = {"start": start, "session": sessions[0], "resources": {}}
    held = asks.post("/v1/holds", {"request": name, "visits": [visit]})
    assert held.status_code == 201, held.text
    booking: str = held.json()["id"]
    if confirm:
        assert asks.post(f"/v1/holds/{booking}/confirm").status_code == 200
    return booking


def propose(asks: Asker, settings: Settings, **more: Any) -> tuple[str, Any]:
    """Mark Anna as ill; return the solve, and what it proposes."""
    solve: str = mark(asks, **more)["solve"]
    return solve, solved(settings, asks, solve)["result"]


def publish(asks: Asker, solve: str, *only: str) -> Any:
    answer = asks.post(f"/v1/solves/{solve}/publish", {"only": list(only)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def held(asks: Asker, name: str = "G1") -> tuple[str, str, int]:
    """When a session is held, by whom, and how many have a seat in it."""
    found = asks.get(f"/v1/sessions/{name}/place").json()
    return found["start"], found["resources"]["practitioner"][0], found["taken"]


def seat(asks: Asker, booking: str) -> tuple[str, str]:
    """When a booking's visit is, and in which session."""
    (visit,) = asks.get(f"/v1/bookings/{booking}").json()["visits"]
    return visit["start"], visit["session"]


def test_another_leads_it(clinic: Clinic, asks: Asker, settings: Settings) -> None:
    """At the same time: the least change. All who take part are told, and nobody's visit moves."""
    first, second = join(asks, "P1", "G1"), join(asks, "P2", "G1")
    found = mark(asks)
    assert found["sessions"] == [{"id": "G1", "start": "2030-01-07T08:00:00Z"}]
    assert [(b["id"], b["person"], b["visits"][0]["session"]) for b in found["bookings"]] == [
        (first, "P1", "G1"),
        (second, "P2", "G1"),
    ]
    result = solved(settings, asks, found["solve"])["result"]
    told = [(m["booking"], m["person"], m["session"]) for m in result["moved"]]
    assert told == [(None, None, "G1"), (first, "P1", "G1"), (second, "P2", "G1")]
    for move in result["moved"]:
        assert move["from"]["start"] == move["to"]["start"] == "2030-01-07T08:00:00Z"
        assert move["from"]["resources"]["practitioner"] == ["anna"]
        assert move["to"]["resources"]["practitioner"] == ["ben"]
    assert held(asks) == ("2030-01-07T08:00:00Z", "anna", 2)  # till published
    assert publish(asks, found["solve"]) == {"booked": [], "moved": ["G1"], "lost": []}
    assert publish(asks, found["solve"])["lost"] == []  # sent again, it does no harm
    assert held(asks) == ("2030-01-07T08:00:00Z", "ben", 2)
    assert seat(asks, first) == ("2030-01-07T08:00:00Z", "G1")
    assert asks.get(f"/v1/absences/{found['id']}").json()["bookings"] == []
    log = asks.get("/v1/audit?action=session.moved").json()["items"]
    assert [line["after"]["resources"] for line in log] == [{"practitioner": ["ben"]}]
    assert clinic.overlaps() == 0


def test_it_is_held_at_another_time(clinic: Clinic, asks: Asker, settings: Settings) -> None:
    """From 9:45 on Ben has an hour: all move along, whole, whichever of them is named."""
    only_on(asks, DAY)
    book(asks, "09:00", "ben", attendees=[])
    book(asks, "11:00", "ben", attendees=[])
    first, second = join(asks, "P1", "G1"), join(asks, "P2", "G1")
    solve, result = propose(asks, settings)
    starts = {(m["person"], m["to"]["start"]) for m in result["moved"]}
    assert starts == {(who, "2030-01-07T08:45:00Z") for who in (None, "P1", "P2")}
    done = publish(asks, solve, second)
    assert (sorted(done["moved"]), done["lost"]) == (sorted(["G1", first, second]), [])
    assert held(asks) == ("2030-01-07T08:45:00Z", "ben", 2)
    assert {seat(asks, b) for b in (first, second)} == {("2030-01-07T08:45:00Z", "G1")}
    assert clinic.overlaps() == 0
    again = publish(asks, solve)
    assert again["lost"] == []


def test_who_takes_part_moves_apart(clinic: Clinic, asks: Asker, settings: Settings) -> None:
    """Nobody can lead it, and another group has seats: one goes there, and one has no choice."""
    only_on(asks, DAY)
    for clock in ("09:00", "11:00"):
        book(asks, clock, "ben", attendees=[])
    hold_session(asks, "G2", "10:00", "ben")
    free, bound = join(asks, "P1", "G1", "G2"), join(asks, "P2", "G1")
    solve, result = propose(asks, settings)
    assert [(m["booking"], m["to"]["resources"]["practitioner"]) for m in result["moved"]] == [
        (free, ["ben"])
    ]
    assert {(s["booking"], s["session"]) for s in result["stays"]} == {(bound, "G1"), (None, "G1")}
    assert publish(asks, solve) == {"booked": [], "moved": [free], "lost": []}
    assert seat(asks, free) == ("2030-01-07T09:00:00Z", "G2")
    assert held(asks) == ("2030-01-07T08:00:00Z", "anna", 1)
    assert held(asks, "G2")[2] == 1
    assert clinic.overlaps() == 0


def test_there_is_no_way(asks: Asker, settings: Settings) -> None:
    """Nobody else leads, and there is no other group: all stay where they are, and are told."""
    only_on(asks, DAY)
    mark(asks, "ben")
    first, second = join(asks, "P1", "G1"), join(asks, "P2", "G1")
    solve, result = propose(asks, settings)
    assert result["moved"] == []
    assert {(s["booking"], s["person"], s["session"]) for s in result["stays"]} == {
        (first, "P1", "G1"),
        (second, "P2", "G1"),
        (None, None, "G1"),
    }
    assert all(s["reason"] for s in result["stays"])
    assert publish(asks, solve) == {"booked": [], "moved": [], "lost": []}


def test_one_in_which_nobody_has_a_seat_yet(asks: Asker, settings: Settings) -> None:
    """Another leads it, and people can join."""
    solve, result = propose(asks, settings)
    assert [(m["session"], m["booking"]) for m in result["moved"]] == [("G1", None)]
    assert publish(asks, solve)["moved"] == ["G1"]
    assert held(asks) == ("2030-01-07T08:00:00Z", "ben", 0)
    join(asks, "P1", "G1")


def test_whoever_only_holds_a_seat_keeps_its_time(asks: Asker, settings: Settings) -> None:
    """Another may lead it, and whoever holds the seat is told, too; the time stays."""
    waiting = join(asks, "P1", "G1", confirm=False)
    join(asks, "P2", "G1")
    solve, result = propose(asks, settings)
    assert {m["person"] for m in result["moved"]} == {"P1", "P2", None}
    assert publish(asks, solve)["moved"] == ["G1"]
    assert seat(asks, waiting) == ("2030-01-07T08:00:00Z", "G1")


def test_whoever_joins_after_the_solve_is_not_left_behind(
    clinic: Clinic, asks: Asker, settings: Settings
) -> None:
    """The session would move without them, so it stays, and so does everybody."""
    only_on(asks, DAY)
    book(asks, "09:00", "ben", attendees=[])
    book(asks, "11:00", "ben", attendees=[])
    first = join(asks, "P1", "G1")
    found = mark(asks)
    solved(settings, asks, found["solve"])
    assert asks("DELETE", f"/v1/absences/{found['id']}").status_code == 204
    join(asks, "P2", "G1")
    done = publish(asks, found["solve"])
    assert (done["moved"], {one["request"] for one in done["lost"]}) == ([], {"G1", first})
    assert done["lost"][0]["problem"]["detail"] == (
        "Group session G1 was read without 1 of those who have a seat in it by now."
    )
    assert held(asks) == ("2030-01-07T08:00:00Z", "anna", 2)
    assert seat(asks, first) == ("2030-01-07T08:00:00Z", "G1")
    assert clinic.overlaps() == 0


def test_what_was_moved_by_hand_stays(asks: Asker, settings: Settings) -> None:
    """Its place was taken back, and given anew to Ben at ten: the solve leaves it alone."""
    solve, _ = propose(asks, settings)
    assert asks("DELETE", "/v1/sessions/G1/place").status_code == 204
    place = {"start": at("10:00"), "resources": {"practitioner": ["ben"]}}
    assert asks.post("/v1/sessions/G1/place", place).status_code in (200, 201)
    done = publish(asks, solve)
    assert [one["problem"]["detail"] for one in done["lost"]] == [
        "Group session G1 has moved since it was read."
    ]
    assert held(asks) == ("2030-01-07T09:00:00Z", "ben", 0)
