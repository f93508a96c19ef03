"""Why a request is not placed, and why a slot cannot be had: staff see reasons, clients no one."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Asker, Clinic
from service.solving import solved
from service.test_absences import at, book, only_on

from api.settings import Settings


def ask(asks: Asker, name: str = "R1", person: str = "P2", **more: Any) -> None:
    body = {
        "id": name,
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": person}],
        **more,
    }
    made = asks.post("/v1/requests", body)
    assert made.status_code == 201, made.text


def why(asks: Asker, **body: Any) -> Any:
    answer = asks.post("/v1/explanations", {"request": "R1", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def full(clinic: Clinic) -> Clinic:
    """Both practitioners are booked at nine, Anna by P1."""
    asks = clinic.asker()
    book(asks, "09:00")
    book(asks, "09:00", "ben", "room-2", attendees=[])
    return clinic


def client(clinic: Clinic, person: str) -> Asker:
    (row,) = clinic.sql("SELECT id FROM person WHERE ref = :ref", ref=person)
    return clinic.asker("client", person_id=row[0])


def test_staff_see_how_the_starts_run_out(full: Clinic) -> None:
    """Of the hour's two starts none is left once who is booked counts; nothing is solved."""
    asks = full.asker()
    only_on(asks, "2030-01-07", until=10)
    ask(asks)
    found = why(asks, start=at("09:15"))
    assert (found["request"], found["solve"]) == ("R1", None)
    assert found["slot"]["free"] is False
    # Both practitioners and rooms are taken at nine: those against whom least is to be said.
    (broken, *more) = found["slot"]["violations"]
    assert {v["rule"] for v in (broken, *more)} == {"capacity"}
    ((booking, person, when),) = ((b["id"], b["person"], b["start"]) for b in broken["bookings"])
    assert asks.get(f"/v1/bookings/{booking}").json()["person"] == person
    assert when == "2030-01-07T08:00:00Z"
    assert f"{person or f'booking {booking}'} (Mon 2030-01-07 09:00)" in broken["message"]
    (visit,) = found["visits"]
    # An hour has two starts for 45 minutes: 9:00 and 9:15.
    steps = {step["rule"]: step["left"] for step in visit["funnel"]}
    assert (steps["opening_hours"], steps["capacity"]) == (2, 0)
    assert visit["reason"] == "No start is left after the rule capacity."
    assert asks.get("/v1/solves").json()["items"] == []


def test_a_client_hears_of_nobody_else(full: Clinic) -> None:
    """What and when; not that P1 is there, nor which visit is in the way."""
    asks = full.asker()
    ask(asks)
    theirs = client(full, "P2")
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    staff = why(asks, start=at("09:15"), resources=place)
    found = why(theirs, start=at("09:15"), resources=place)
    said = " ".join(v["message"] for v in found["slot"]["violations"])
    assert found["slot"]["free"] is False
    assert said.startswith("Anna is not to be had between 2030-01-07T08:15:00Z and")
    others = [
        str(row[0]) for row in full.sql("SELECT uid FROM visit UNION SELECT uid FROM booking")
    ]
    seen = str(staff)
    assert any(uid in seen for uid in others)  # the staff are told which booking it is
    assert all(v["bookings"] == [] for v in found["slot"]["violations"])
    told = str(found)
    assert not [word for word in ("P1", *others) if word in told]


def test_staff_hear_nothing_of_whose_bookings_are_elsewhere(full: Clinic) -> None:
    """They cannot read these bookings; that the place is taken they are told."""
    ask(full.asker())
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    there = full.asker("scheduler", locations=["there"])
    before = why(there, start=at("09:15"), resources=place)["slot"]["violations"]
    assert {booking["person"] for broken in before for booking in broken["bookings"]} == {"P1"}
    full.sql("UPDATE booking SET location = 'here'")
    found = why(there, start=at("09:15"), resources=place)
    assert [broken["rule"] for broken in found["slot"]["violations"]] == ["capacity"] * len(before)
    for broken in found["slot"]["violations"]:
        assert broken["bookings"] == []
        assert "a visit elsewhere (Mon 2030-01-07 09:00)" in broken["message"]
    others = full.sql("SELECT uid FROM visit UNION SELECT uid FROM booking")
    told = str(found)
    assert not [word for word in ("P1", *(str(row[0]) for row in others)) if word in told]


def test_others_requests_do_not_exist_for_a_client(full: Clinic) -> None:
    """Neither do people that they name."""
    ask(full.asker())
    stranger = client(full, "P1")
    assert stranger.post("/v1/explanations", {"request": "R1"}).status_code == 404
    body = {"request": "R1", "start": at("09:15"), "resources": {"practitioner": ["P1"]}}
    refused = client(full, "P2").post("/v1/explanations", body)
    assert refused.status_code == 404
    body["resources"] = {"practitioner": ["P9"]}
    again = client(full, "P2").post("/v1/explanations", body)
    assert again.json()["detail"].replace("P9", "P1") == refused.json()["detail"]


def test_a_slot_that_is_free(full: Clinic) -> None:
    """With whom and until when it would be."""
    asks = full.asker()
    ask(asks)
    slot = why(asks, start=at("11:00"))["slot"]
    assert (slot["free"], slot["violations"]) == (True, [])
    assert (slot["start"], slot["end"]) == ("2030-01-07T10:00:00Z", "2030-01-07T10:45:00Z")
    assert set(slot["resources"]) == {"practitioner", "room", "attendee:P2"}


def test_what_the_last_solve_said_is_told(full: Clinic, settings: Settings) -> None:
    """With its funnel to the staff alone; no longer once the request has changed."""
    asks = full.asker()
    only_on(asks, "2030-01-07", until=10)
    ask(asks)
    body = {"first": "2030-01-07", "days": 7, "time_limit_seconds": 5}
    solve = asks.post("/v1/solves", body).json()["id"]
    (left,) = solved(settings, asks, solve)["result"]["unplaced"]
    found = why(asks)
    assert found["solve"] == solve
    assert found["visits"] == [{key: left[key] for key in ("visit", "reason", "funnel")}]
    assert left["person"] == "P2"
    assert left["funnel"][-1]["left"] == 0
    told = why(client(full, "P2"))
    assert told["visits"] == [
        {
            "visit": "R1",
            "reason": "Nothing is left of what you ask for, in the time for which you ask.",
            "funnel": [],
        }
    ]
    now = asks.get("/v1/requests/R1")
    spec = {"steps": [{"service": "physio"}], "attendees": [{"resource": "P2"}]}
    assert asks("PUT", "/v1/requests/R1", spec, If_Match=now.headers["etag"]).status_code == 200
    assert why(asks)["solve"] is None


def test_what_is_counted_anew_beside_what_is_booked(clinic: Clinic) -> None:
    """Nobody works in the next weeks: the hours leave no start, which a client may hear, too."""
    asks = clinic.asker()
    only_on(asks, "2030-01-07")
    ask(asks)
    (visit,) = why(asks)["visits"]
    assert visit["reason"] == "No start is left after the rule opening_hours."
    assert visit["funnel"][-1] == {"rule": "opening_hours", "left": 0}
    (theirs,) = why(client(clinic, "P2"))["visits"]
    assert theirs["reason"] == visit["reason"]
    assert theirs["funnel"] == []


def test_who_was_faster_is_told(clinic: Clinic, settings: Settings) -> None:
    """To the staff in the words of the refusal; to the client that it was so."""
    asks = clinic.asker()
    only_on(asks, "2028-01-10", until=10)
    ask(asks, windows=[{"start": "2028-01-10T08:00:00Z", "end": "2028-01-10T08:45:00Z"}])
    body = {"first": "2028-01-10", "days": 1, "time_limit_seconds": 5}
    solve = asks.post("/v1/solves", body).json()["id"]
    ((visit,),) = (solved(settings, asks, solve)["result"]["visits"],)
    hold = {"service": "physio", "start": visit["start"], "resources": dict(visit["resources"])}
    hold["resources"] = {r: n for r, n in hold["resources"].items() if r != "attendee:P2"}
    assert asks.post("/v1/holds", hold).status_code == 201
    ((lost,),) = (asks.post(f"/v1/solves/{solve}/publish").json()["lost"],)
    found = why(asks)
    assert found["solve"] == solve
    said = "It had a place, which was gone when it was to be booked: " + lost["problem"]["detail"]
    assert found["visits"] == [{"visit": "R1", "reason": said, "funnel": []}]
    (told,) = why(client(clinic, "P2"))["visits"]
    assert told["reason"] == "Somebody was faster; the next solve will try again."


def test_windows_that_are_far_away_are_told(clinic: Clinic) -> None:
    """No solve of today looks that far."""
    asks = clinic.asker()
    ask(asks, windows=[{"start": "2028-01-10T08:00:00Z", "end": "2028-01-10T08:45:00Z"}])
    (visit,) = why(asks)["visits"]
    assert visit["reason"].startswith("None of its windows is within the days looked at, 20")


def test_what_is_booked_needs_no_explanation(clinic: Clinic) -> None:
    """It says as which booking."""
    asks = clinic.asker()
    ask(asks)
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [{"start": at("09:00"), "resources": place}]
    held = asks.post("/v1/holds", {"request": "R1", "visits": visits}).json()["id"]
    answer = asks.post("/v1/explanations", {"request": "R1"})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"The request 'R1' is held as booking {held}.",
    )


def test_a_schedule_of_ones_own_is_checked(full: Clinic) -> None:
    """Beside what is booked: a free place costs what it costs, a taken one breaks a rule."""
    asks = full.asker()
    ask(asks)
    place = [["practitioner", ["anna"]], ["room", ["room-1"]], ["attendee:P2", ["P2"]]]

    def check(start: str, end: str) -> Any:
        visits = [{"visit": "R1", "start": at(start), "end": at(end), "resources": place}]
        answer = asks.post("/v1/solves/check", {"first": "2030-01-07", "days": 7, "visits": visits})
        assert answer.status_code == 200, answer.text
        return answer.json()

    good = check("11:00", "11:45")
    assert (good["valid"], good["violations"]) == (True, [])
    assert [level["name"] for level in good["levels"]] == ["priority 3", "comfort"]
    assert good["levels"][0]["cost"] == 0
    bad = check("09:15", "10:00")
    assert bad["valid"] is False
    assert {v["rule"] for v in bad["violations"]} == {"capacity"}
    assert any("R1" in v["visits"] for v in bad["violations"])
    short = check("11:00", "11:30")
    assert [v["rule"] for v in short["violations"]] == ["duration"]


def test_what_a_schedule_names_has_to_be_there(clinic: Clinic) -> None:
    """Unknown visits, and what is no schedule at all."""
    asks = clinic.asker()
    visit = {"visit": "R9", "start": at("09:00"), "end": at("09:45")}
    days = {"first": "2030-01-07", "days": 7}
    answer = asks.post("/v1/solves/check", {**days, "visits": [visit]})
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, "unknown_name")
    for visits in (5, [7], [{"visit": "R9"}]):
        assert asks.post("/v1/solves/check", {**days, "visits": visits}).status_code == 422
