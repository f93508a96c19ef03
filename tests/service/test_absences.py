"""Planning anew: somebody is ill, a room closes; what is hit moves, and nothing else."""

from __future__ import annotations

from typing import Any

from service.conftest import Asker, Clinic, physio
from service.solving import solved

from api.settings import Settings

DAY = "2030-01-07"
ALL_DAY = {"start": "2030-01-07T00:00:00Z", "end": "2030-01-08T00:00:00Z"}


def at(clock: str, day: str = DAY) -> str:
    """An instant of a day, in the wall time of the practice."""
    return f"{day}T{clock}:00+01:00"


def book(asks: Asker, clock: str, who: str = "anna", room: str = "room-1", **more: Any) -> str:
    """Book a visit; return the booking."""
    resources = {"practitioner": [who], "room": [room]}
    held = asks.post("/v1/holds", physio(at(clock), **{"resources": resources, **more}))
    assert held.status_code == 201, held.text
    booking: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{booking}/confirm").status_code == 200
    return booking


def mark(asks: Asker, resource: str = "anna", **more: Any) -> Any:
    answer = asks.post("/v1/absences", {"resource": resource, **ALL_DAY, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def lies(asks: Asker, booking: str) -> list[tuple[str, str, str]]:
    """Where the visits of a booking lie: start, practitioner and room."""
    found = asks.get(f"/v1/bookings/{booking}").json()
    return [
        (v["start"], v["resources"]["practitioner"][0], v["resources"]["room"][0])
        for v in found["visits"]
        if v["state"] != "cancelled"
    ]


def test_a_sick_practitioners_visits_go_to_the_other(clinic: Clinic, settings: Settings) -> None:
    """At the same time where he is free, else nearest to it; nothing else moves."""
    asks = clinic.asker()
    nine = book(asks, "09:00")
    ten = book(asks, "10:00", attendees=["P2"])
    his = book(asks, "10:00", "ben", "room-2", attendees=[])
    found = mark(asks)
    hit = [(b["id"], b["person"], [v["start"] for v in b["visits"]]) for b in found["bookings"]]
    assert hit == [
        (nine, "P1", ["2030-01-07T08:00:00Z"]),
        (ten, "P2", ["2030-01-07T09:00:00Z"]),
    ]
    assert found["sessions"] == []
    result = solved(settings, asks, found["solve"])["result"]
    moved = {m["booking"]: m for m in result["moved"]}
    assert (set(moved), result["stays"]) == ({nine, ten}, [])
    assert moved[nine]["person"] == "P1"
    assert moved[nine]["from"]["start"] == moved[nine]["to"]["start"] == "2030-01-07T08:00:00Z"
    assert moved[nine]["from"]["resources"]["practitioner"] == ["anna"]
    assert moved[nine]["to"]["resources"]["practitioner"] == ["ben"]
    assert lies(asks, nine) == [("2030-01-07T08:00:00Z", "anna", "room-1")]  # till published
    published = asks.post(f"/v1/solves/{found['solve']}/publish").json()
    assert (published["booked"], sorted(published["moved"]), published["lost"]) == (
        [],
        sorted([nine, ten]),
        [],
    )
    assert lies(asks, nine) == [("2030-01-07T08:00:00Z", "ben", "room-1")]
    # Another time (3) with Anna costs less than another time (3) with Ben (2); Sunday 17:15 is the
    # last with her before, and nearer than Tuesday at 8.
    assert lies(asks, ten)[0][:2] == ("2030-01-06T16:15:00Z", "anna")
    assert lies(asks, his) == [("2030-01-07T09:00:00Z", "ben", "room-2")]
    assert clinic.overlaps() == 0


def only_on(asks: Asker, day: str, until: int = 12) -> None:
    """Open the practice on one day alone, from 9 on."""
    hours = {"start_minute": 9 * 60, "end_minute": until * 60}
    week = [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": hours, "first": day, "last": day}]
    version = asks.get("/v1/calendars/office").headers["etag"]
    answer = asks("PUT", "/v1/calendars/office", {"weekly": week}, If_Match=version)
    assert answer.status_code == 200, answer.text


def test_a_room_that_closes(clinic: Clinic, settings: Settings) -> None:
    """Its visits go to the other room, at the same time with the same practitioner."""
    asks = clinic.asker()
    mine = book(asks, "09:00")
    other = book(asks, "11:00", "ben", "room-2", attendees=["P2"])
    found = mark(asks, "room-1", reason="A leak.")
    result = solved(settings, asks, found["solve"])["result"]
    assert [m["booking"] for m in result["moved"]] == [mine]
    asks.post(f"/v1/solves/{found['solve']}/publish")
    assert lies(asks, mine) == [("2030-01-07T08:00:00Z", "anna", "room-2")]
    assert lies(asks, other) == [("2030-01-07T10:00:00Z", "ben", "room-2")]
    refused = asks.post("/v1/holds", physio(at("14:00")))
    assert (refused.status_code, refused.json()["violations"][0]["rule"]) == (409, "blocks")


def test_what_has_no_other_place_stays_and_is_told(clinic: Clinic, settings: Settings) -> None:
    """Its patient and room are nobody else's meanwhile: the other is placed beside it."""
    asks = clinic.asker()
    nine = book(asks, "09:00")
    again = book(asks, "10:00", room="room-2", attendees=["P2"])
    book(asks, "09:00", "ben", "room-2", attendees=[])
    only_on(asks, DAY)
    book(asks, "11:00", "ben", "room-2", attendees=[])
    found = mark(asks)
    # From 9 to 12 Ben has only 9:45 to 11 left: one visit of 45 minutes, not two.
    result = solved(settings, asks, found["solve"])["result"]
    moved, stays = [m["booking"] for m in result["moved"]], [s["booking"] for s in result["stays"]]
    assert sorted([*moved, *stays]) == sorted([nine, again])
    assert len(moved) == len(stays) == 1
    assert result["stays"][0]["person"] in ("P1", "P2")
    before = lies(asks, stays[0])
    published = asks.post(f"/v1/solves/{found['solve']}/publish").json()
    assert (published["moved"], published["lost"]) == (moved, [])
    assert lies(asks, stays[0]) == before
    assert asks.get(f"/v1/bookings/{stays[0]}").json()["state"] == "booked"
    told = asks.get(f"/v1/absences/{found['id']}").json()
    assert [b["id"] for b in told["bookings"]] == stays  # still to be dealt with
    assert clinic.overlaps() == 0


def test_whoever_loses_to_a_client_is_told_and_stays(clinic: Clinic, settings: Settings) -> None:
    """A client books Ben at nine after the solve: the visit that was to go there stays."""
    asks = clinic.asker()
    mine = book(asks, "09:00")
    found = mark(asks)
    solved(settings, asks, found["solve"])
    book(asks, "09:00", "ben", "room-2", attendees=["P2"])
    published = asks.post(f"/v1/solves/{found['solve']}/publish").json()
    assert (published["booked"], published["moved"]) == ([], [])
    (lost,) = published["lost"]
    assert lost["request"] == mine
    assert lost["problem"]["status"] == 409
    assert lies(asks, mine) == [("2030-01-07T08:00:00Z", "anna", "room-1")]
    assert clinic.overlaps() == 0


def test_what_was_moved_by_hand_meanwhile_stays_there(clinic: Clinic, settings: Settings) -> None:
    """Another time, or another practitioner at the same time: the solve leaves both alone."""
    asks = clinic.asker()
    moved, given = book(asks, "09:00"), book(asks, "11:00", attendees=["P2"])
    found = mark(asks)
    solved(settings, asks, found["solve"])
    ben = {"practitioner": ["ben"], "room": ["room-2"]}
    visits = [{"start": at("15:00"), "resources": ben}]
    asks.post(f"/v1/bookings/{moved}/reschedule", {"visits": visits})
    asks.post(f"/v1/bookings/{given}/reassign", {"resources": ben})
    published = asks.post(f"/v1/solves/{found['solve']}/publish").json()
    assert published["moved"] == []
    assert {lost["request"]: lost["problem"]["detail"] for lost in published["lost"]} == {
        moved: f"Booking {moved} has moved since it was read.",
        given: f"Booking {given} has moved since it was read.",
    }
    assert lies(asks, moved) == [("2030-01-07T14:00:00Z", "ben", "room-2")]
    assert lies(asks, given) == [("2030-01-07T10:00:00Z", "ben", "room-2")]


def test_published_in_part_and_again(clinic: Clinic, settings: Settings) -> None:
    """What is named goes first; all of it the second time, and what has gone stays as it is."""
    asks = clinic.asker()
    one, two = book(asks, "09:00"), book(asks, "11:00", attendees=["P2"])
    found = mark(asks)
    solved(settings, asks, found["solve"])
    path = f"/v1/solves/{found['solve']}/publish"
    assert asks.post(path, {"only": [two]}).json()["moved"] == [two]
    assert lies(asks, one)[0][1] == "anna"
    clinic.sql("UPDATE booking SET state = 'held', expires_at = 'infinity' WHERE uid = :u", u=one)
    assert [x["request"] for x in asks.post(path, {"only": [one]}).json()["lost"]] == [one]
    clinic.sql("UPDATE booking SET state = 'booked', expires_at = NULL WHERE uid = :u", u=one)
    asks.post(path, {"only": [two]})
    kept = asks.get(f"/v1/solves/{found['solve']}").json()["published"]
    assert (kept["moved"], [x["request"] for x in kept["lost"]]) == ([two], [one])
    again = asks.post(path).json()
    assert (sorted(again["moved"]), again["lost"]) == (sorted([one, two]), [])
    assert lies(asks, one) == [("2030-01-07T08:00:00Z", "ben", "room-1")]
    versions = [asks.get(f"/v1/bookings/{b}").json()["version"] for b in (one, two)]
    asks.post(path)
    assert [asks.get(f"/v1/bookings/{b}").json()["version"] for b in (one, two)] == versions


def series(asks: Asker, *days: str) -> str:
    """Book a series at nine on some days with Anna; return the booking."""
    made = asks.post(
        "/v1/requests",
        {
            "id": "S1",
            "steps": [{"service": "physio"}],
            "attendees": [{"resource": "P1"}],
            "series": {"type": "flexible", "count": len(days), "least_days_between": 1},
        },
    )
    assert made.status_code == 201, made.text
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [
        {"occurrence": number, "start": at("09:00", day), "resources": place}
        for number, day in enumerate(days, 1)
    ]
    held = asks.post("/v1/holds", {"request": "S1", "visits": visits})
    assert held.status_code == 201, held.text
    booking: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{booking}/confirm").status_code == 200
    return booking


def test_of_a_series_only_what_is_hit_moves(clinic: Clinic, settings: Settings) -> None:
    """Between its neighbours, with the days in between; one lies months beyond the horizon."""
    asks = clinic.asker()
    booking = series(asks, "2030-01-05", DAY, "2030-01-09", "2030-06-03")
    found = mark(asks)
    result = solved(settings, asks, found["solve"])["result"]
    (move,) = result["moved"]
    assert (move["from"]["start"], move["to"]["start"]) == ("2030-01-07T08:00:00Z",) * 2
    assert asks.post(f"/v1/solves/{found['solve']}/publish").json()["lost"] == []
    assert lies(asks, booking) == [
        ("2030-01-05T08:00:00Z", "anna", "room-1"),
        ("2030-01-07T08:00:00Z", "ben", "room-1"),
        ("2030-01-09T08:00:00Z", "anna", "room-1"),
        ("2030-06-03T08:00:00Z", "anna", "room-1"),
    ]


def test_a_visit_of_a_series_stays_between_its_neighbours(
    clinic: Clinic, settings: Settings
) -> None:
    """Both practitioners are away: the day between its neighbours is all there is, so it stays."""
    asks = clinic.asker()
    booking = series(asks, "2030-01-06", DAY, "2030-01-08")
    mark(asks, "ben")
    found = mark(asks)
    result = solved(settings, asks, found["solve"])["result"]
    assert result["moved"] == []
    assert [(s["booking"], s["start"]) for s in result["stays"]] == [
        (booking, "2030-01-07T08:00:00Z")
    ]


def test_an_absence_is_listed_and_taken_back(clinic: Clinic) -> None:
    """Its solve is cancelled while it waits; the time can be booked again; the log has both."""
    asks = clinic.asker()
    book(asks, "09:00")
    found = mark(asks, reason="Training.")
    path = f"/v1/absences/{found['id']}"
    assert [a["id"] for a in asks.get("/v1/absences").json()["items"]] == [found["id"]]
    assert asks.get(path).json() == found
    assert asks.post("/v1/holds", physio(at("14:00"))).status_code == 409
    assert asks("DELETE", path).status_code == 204
    assert asks.get(path).status_code == 404
    assert asks.get(f"/v1/solves/{found['solve']}").json()["state"] == "cancelled"
    assert asks.post("/v1/holds", physio(at("14:00"))).status_code == 201
    log = asks.get(f"/v1/audit?object={found['id']}").json()["items"]
    assert [line["action"] for line in log] == ["absence.marked", "absence.taken_back"]


def test_whoever_works_elsewhere_sees_nothing_of_it(clinic: Clinic, settings: Settings) -> None:
    """Neither the absence nor the bookings that it hits; the solve looks after all of them, and
    tells of what is there.
    """
    asks = clinic.asker()
    for name in ("here", "there"):
        asks.post("/v1/locations", {"id": name})
        asks.post("/v1/resources", {"id": f"room-{name}", "kind": "room", "location": name})
    book(asks, "09:00", room="room-here")
    theirs = book(asks, "11:00", room="room-there", attendees=["P2"])
    elsewhere = clinic.asker("scheduler", locations=["there"])
    answer = elsewhere.post("/v1/absences", {"resource": "room-here", **ALL_DAY})
    assert answer.status_code == 403
    room = mark(asks, "room-here")
    assert elsewhere.get(f"/v1/absences/{room['id']}").status_code == 404
    assert elsewhere("DELETE", f"/v1/absences/{room['id']}").status_code == 404
    assert elsewhere.get("/v1/absences").json()["items"] == []
    anna = mark(elsewhere)  # she works at both
    assert [b["id"] for b in anna["bookings"]] == [theirs]
    assert len(asks.get(f"/v1/absences/{anna['id']}").json()["bookings"]) == 2
    assert len(asks.get(f"/v1/solves/{anna['solve']}").json()["asked"]["unpinned"]) == 2
    whole = solved(settings, asks, anna["solve"])["result"]
    told = elsewhere.get(f"/v1/solves/{anna['solve']}").json()["result"]
    assert (len(whole["moved"]), len(whole["visits"]), len(whole["before"])) == (2, 2, 2)
    assert [move["booking"] for move in told["moved"]] == [theirs]
    assert [visit["request"] for visit in told["visits"]] == [theirs]
    assert [visit["request"] for visit in told["before"]] == [theirs]
    assert told["levels"] == whole["levels"]


def test_nobody_hit_is_no_solve(clinic: Clinic) -> None:
    """Held visits are told, and moved by whoever holds them."""
    asks = clinic.asker()
    assert mark(asks, "ben")["solve"] is None
    held = asks.post("/v1/holds", physio(at("09:00"))).json()["id"]
    found = mark(asks)
    assert found["solve"] is None
    assert [(b["id"], b["state"]) for b in found["bookings"]] == [(held, "held")]


def test_what_makes_no_sense_is_refused(clinic: Clinic) -> None:
    """Each with its reason."""
    asks = clinic.asker()
    for more, status, said in (
        ({"resource": "nobody"}, 404, "There is no resource 'nobody'."),
        ({"resource": "P1"}, 422, "'P1' is a person's resource; move or cancel their bookings."),
        ({"end": "2032-01-07T00:00:00Z"}, 422, "It lasts 730 days; at most 300 are possible."),
    ):
        answer = asks.post("/v1/absences", {"resource": "anna", **ALL_DAY, **more})
        assert (answer.status_code, answer.json()["detail"]) == (status, said)
    past = {"start": "2020-01-07T00:00:00Z", "end": "2020-01-08T00:00:00Z"}
    gone = asks.post("/v1/absences", {"resource": "anna", **past})
    assert gone.json()["detail"].startswith("It ends at 2020-01-08T00:00:00+00:00; it is ")


def test_others_move_only_where_that_is_said(clinic: Clinic, settings: Settings) -> None:
    """Ben has no 45 minutes in one piece left; with a move of his there are, as two changes."""
    asks = clinic.asker()
    only_on(asks, DAY)
    mine = book(asks, "09:00")
    his = [
        book(asks, clock, "ben", "room-2", attendees=[]) for clock in ("09:30", "10:45")
    ]  # from 9 to 12 this leaves him half an hour, and again, and again
    for more, moves in (
        ({}, 0),
        ({"may_move": True, "most_changes": 1}, 0),
        ({"may_move": True, "most_changes": 2}, 2),
    ):
        found = mark(asks, **more)
        result = solved(settings, asks, found["solve"])["result"]
        moved = {m["booking"] for m in result["moved"]}
        assert len(moved) == moves, more
        assert [s["booking"] for s in result["stays"]] == ([] if moves else [mine])
        assert asks("DELETE", f"/v1/absences/{found['id']}").status_code == 204
    assert mine in moved and len(moved & set(his)) == 1
    published = asks.post(f"/v1/solves/{found['solve']}/publish").json()
    assert (set(published["moved"]), published["lost"]) == (moved, [])
    assert clinic.overlaps() == 0


def test_a_move_that_others_depend_on_comes_along(clinic: Clinic, settings: Settings) -> None:
    """The visit goes where his was: named alone, it brings his move along, or neither goes."""
    asks = clinic.asker()
    only_on(asks, DAY)
    mine = book(asks, "09:00")
    for clock in ("09:30", "10:45"):
        book(asks, clock, "ben", "room-2", attendees=[])
    found = mark(asks, may_move=True)
    result = solved(settings, asks, found["solve"])["result"]
    both = {m["booking"] for m in result["moved"]}
    assert len(both) == 2
    (other,) = both - {mine}
    places = {m["booking"]: (m["to"]["start"], m["to"]["end"]) for m in result["moved"]}
    was = next(m["from"] for m in result["moved"] if m["booking"] == other)
    assert places[mine][0] < was["end"] and places[mine][1] > was["start"]
    published = asks.post(f"/v1/solves/{found['solve']}/publish", {"only": [mine]}).json()
    assert set(published["moved"]) == both
    assert clinic.overlaps() == 0


def test_an_absence_that_is_refused_leaves_nothing(clinic: Clinic) -> None:
    """Neither in the database nor in memory: the next change of the world is seen as it is."""
    admin = clinic.asker()
    book(admin, "09:00")
    narrow = clinic.asker("scheduler", scopes=["absences.*"])  # a solve is outside of that
    body = {"resource": "anna", "start": at("00:00"), "end": at("23:00")}
    assert narrow.post("/v1/absences", body).status_code == 403
    carl = {"id": "carl", "kind": "practitioner", "calendar": "office"}
    assert admin.post("/v1/resources", carl).status_code == 201
    book(admin, "11:00", "carl")
    book(admin, "13:00", "anna")
