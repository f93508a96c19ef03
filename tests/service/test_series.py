"""Series and chains: held from stored requests, in part where not all can be had, and edited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from service.conftest import Asker, Clinic

BERLIN = ZoneInfo("Europe/Berlin")
ANNA = {"practitioner": ["anna"], "room": ["room-1"]}
#: A Monday; the clocks go forward on Sunday, 31 March 2030.
FIRST = datetime(2030, 3, 11, 9, tzinfo=BERLIN)


def at(days: int = 0, hour: int = 9, minute: int = 0) -> datetime:
    """So many local days after the first Monday, at a wall time."""
    return (FIRST + timedelta(days=days)).replace(hour=hour, minute=minute)


def visit(occurrence: int, start: datetime, step: int = 1, **resources: Any) -> dict[str, Any]:
    return {
        "occurrence": occurrence,
        "step": step,
        "start": start.isoformat(),
        "resources": resources or ANNA,
    }


def ask_for(asks: Asker, name: str = "R1", **more: Any) -> str:
    """Store the request of somebody for a series."""
    body = {"id": name, "steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]}
    made = asks.post("/v1/requests", {**body, **more})
    assert made.status_code == 201, made.text
    return name


def weekly(count: int, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "count": count, **more}


def flexible(count: int, **more: Any) -> dict[str, Any]:
    return {"type": "flexible", "count": count, **more}


def hold(asks: Asker, request: str, visits: list[Any], **more: Any) -> Any:
    return asks.post("/v1/holds", {"request": request, "visits": visits, **more})


def booked(asks: Asker, request: str, visits: list[Any], **more: Any) -> Any:
    held = hold(asks, request, visits, **more)
    assert held.status_code == 201, held.text
    done = asks.post(f"/v1/holds/{held.json()['id']}/confirm")
    assert done.status_code == 200, done.text
    return done.json()


def take(asks: Asker, start: datetime) -> None:
    """Let somebody else have Anna and room 1 then."""
    body = {"service": "physio", "start": start.isoformat(), "resources": ANNA}
    assert asks.post("/v1/holds", body).status_code == 201


def wall(booking: Any) -> list[tuple[int, str]]:
    """Return the open visits of a booking: number, and local start."""
    return [
        (v["occurrence"], f"{datetime.fromisoformat(v['start']).astimezone(BERLIN):%m-%d %H:%M}")
        for v in booking["visits"]
        if v["state"] != "cancelled"
    ]


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    return clinic.asker("scheduler")


def test_a_weekly_series_is_held_and_booked_whole(clinic: Clinic, asks: Asker) -> None:
    """Four Mondays at nine, over the night of the change of clocks, with one expiry."""
    ask_for(asks, series=weekly(4))
    made = booked(asks, "R1", [visit(n, at(7 * (n - 1))) for n in range(1, 5)])
    assert wall(made) == [
        (n, f"{day} 09:00") for n, day in enumerate(("03-11", "03-18", "03-25", "04-01"), 1)
    ]
    assert [v["start"][11:16] for v in made["visits"]] == ["08:00", "08:00", "08:00", "07:00"]
    assert asks.get("/v1/requests/R1").json()["state"] == "scheduled"
    assert clinic.sql("SELECT count(*), count(expires_at) FROM claim")[0] == (12, 0)


def test_a_weekly_series_keeps_its_pattern(asks: Asker) -> None:
    """Another weekday, or another time, is told by the rule's name."""
    ask_for(asks, series=weekly(2))
    for second in (at(8), at(7, hour=10)):
        refused = hold(asks, "R1", [visit(1, at()), visit(2, second)], partial="refuse")
        assert refused.status_code == 409
        assert {v["rule"] for v in refused.json()["violations"]} == {"series_pattern"}


def test_a_flexible_series_keeps_its_gaps(asks: Asker) -> None:
    """Two to four days between visits: one is too close, five too far."""
    ask_for(asks, series=flexible(2, least_days_between=2, most_days_between=4))
    for days, code in ((1, 409), (2, 201), (5, 409)):
        answer = hold(asks, "R1", [visit(1, at()), visit(2, at(days))], partial="refuse")
        assert answer.status_code == code, days
        if code == 409:
            assert [v["rule"] for v in answer.json()["violations"]] == ["series_gaps"]
        else:
            assert asks("DELETE", f"/v1/holds/{answer.json()['id']}").status_code == 200


def test_a_chain_keeps_its_lags_and_is_whole(asks: Asker) -> None:
    """Training begins 30 to 60 minutes after physio ends, and neither is had alone."""
    steps = [
        {"service": "physio"},
        {"service": "training", "least_lag_minutes": 30, "most_lag_minutes": 60},
    ]
    ask_for(asks, steps=steps)
    physio = visit(1, at())
    for minute, code in ((0, 409), (15, 201)):
        training = visit(1, at(hour=10, minute=minute), step=2, gym=["gym"])
        answer = hold(asks, "R1", [physio, training])
        assert answer.status_code == (200 if code == 409 else 201), answer.text
    assert asks("DELETE", f"/v1/holds/{answer.json()['id']}").status_code == 200
    alone = hold(asks, "R1", [physio])
    assert alone.status_code == 409
    assert alone.json()["violations"][0]["rule"] == "series_completeness"
    assert alone.json()["detail"] == "1 of the 2 steps of occurrence 1 are named."


def test_twenty_of_twenty_four(clinic: Clinic, asks: Asker) -> None:
    """Where four dates are taken: asked, it says which; accepted, it holds the others; or none."""
    ask_for(asks, series=weekly(24, may_miss=list(range(1, 25))))
    for week in (2, 5, 11, 23):
        take(asks, at(7 * week))
    wanted = [visit(n, at(7 * (n - 1))) for n in range(1, 25)]
    question = hold(asks, "R1", wanted)
    assert question.status_code == 200
    assert question.json()["question"].startswith("20 of 24 visits can be had.")
    assert len(question.json()["possible"]) == 20
    refused = question.json()["refused"]
    assert [r["occurrence"] for r in refused] == [3, 6, 12, 24]
    assert {r["problem"]["type"] for r in refused} == {"urn:allocator:problem:taken"}
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 4
    assert clinic.sql("SELECT count(*) FROM audit WHERE action = 'booking.held'")[0][0] == 4
    assert hold(asks, "R1", wanted, partial="refuse").status_code == 409
    held = hold(asks, "R1", wanted, partial="accept")
    assert held.status_code == 201
    numbers = [v["occurrence"] for v in held.json()["visits"]]
    assert numbers == [n for n in range(1, 25) if n not in (3, 6, 12, 24)]
    assert clinic.overlaps() == 0


def test_steps_of_a_chain_are_refused_together(asks: Asker) -> None:
    """In a series of chains, a day on which one step is taken is refused as a whole."""
    steps = [{"service": "physio"}, {"service": "training", "most_lag_minutes": 15}]
    ask_for(asks, steps=steps, series=weekly(2))
    wanted = []
    for n in (1, 2):
        wanted.append(visit(n, at(7 * (n - 1))))
        wanted.append(visit(n, at(7 * (n - 1), 9, 45), step=2, gym=["gym"]))
    take(asks, at(7))
    answer = hold(asks, "R1", wanted).json()
    assert [(v["occurrence"], v["step"]) for v in answer["possible"]] == [(1, 1), (1, 2)]
    assert [(v["occurrence"], v["step"]) for v in answer["refused"]] == [(2, 1), (2, 2)]


def test_what_is_left_of_a_flexible_series_is_its_beginning(asks: Asker) -> None:
    """Visits are numbered by start; a date added later takes its place among them."""
    ask_for(asks, series=flexible(4, at_least=1, least_days_between=2))
    take(asks, at(2))
    wanted = [visit(n, at(2 * (n - 1))) for n in range(1, 5)]
    made = booked(asks, "R1", wanted, partial="accept")
    assert wall(made) == [(1, "03-11 09:00"), (2, "03-15 09:00"), (3, "03-17 09:00")]
    path = f"/v1/bookings/{made['id']}/visits"
    close = asks.post(path, {"visits": [visit(4, at(3, 11))]})
    assert close.status_code == 409
    assert [v["rule"] for v in close.json()["violations"]] == ["series_gaps"]
    added = asks.post(path, {"visits": [visit(4, at(2, 11))]})
    assert added.status_code == 200, added.text
    assert wall(added.json()) == [
        (1, "03-11 09:00"),
        (2, "03-13 11:00"),
        (3, "03-15 09:00"),
        (4, "03-17 09:00"),
    ]
    assert asks.post(path, {"visits": [visit(4, at(9))]}).status_code == 409
    assert asks.post(path, {"visits": [visit(5, at(9))]}).status_code == 422


@pytest.fixture
def eight(asks: Asker) -> Any:
    """Eight Mondays at nine, booked; the clocks change between the third and the fourth."""
    ask_for(asks, series=weekly(8, may_miss=list(range(1, 9))))
    return booked(asks, "R1", [visit(n, at(7 * (n - 1))) for n in range(1, 9)])


def move(asks: Asker, booking: Any, one: Any, scope: str) -> Any:
    return asks.post(f"/v1/bookings/{booking['id']}/reschedule", {"visits": [one], "scope": scope})


def test_one_visit_of_a_fixed_series_alone_would_break_it(asks: Asker, eight: Any) -> None:
    """The rules of the series hold for edits: one at ten among nines is refused."""
    refused = move(asks, eight, visit(3, at(14, 10)), "this")
    assert refused.status_code == 409
    assert {v["rule"] for v in refused.json()["violations"]} == {"series_pattern"}
    assert wall(asks.get(f"/v1/bookings/{eight['id']}").json()) == wall(eight)


def test_the_following_ones_of_a_flexible_series(asks: Asker) -> None:
    """From the second on, two hours later and a day on: one wall time on both sides."""
    ask_for(asks, series=flexible(4, least_days_between=2))
    made = booked(asks, "R1", [visit(n, at(7 * n)) for n in range(1, 5)])
    moved = move(asks, made, visit(2, at(15, 11)), "following")
    assert moved.status_code == 200, moved.text
    assert wall(moved.json()) == [
        (1, "03-18 09:00"),
        (2, "03-26 11:00"),
        (3, "04-02 11:00"),
        (4, "04-09 11:00"),
    ]


def test_all_of_a_series(clinic: Clinic, asks: Asker, eight: Any) -> None:
    """All to Tuesday at half past ten, with Ben: one wall time before and after the night."""
    ben = {"practitioner": ["ben"], "room": ["room-2"]}
    moved = move(asks, eight, visit(5, at(29, 10, 30), **ben), "all")
    assert moved.status_code == 200, moved.text
    starts = [day for _, day in wall(moved.json())]
    assert starts == [f"{at(1 + 7 * n):%m-%d} 10:30" for n in range(8)]
    utc = [v["start"][11:16] for v in moved.json()["visits"]]
    assert utc == ["09:30"] * 3 + ["08:30"] * 5
    assert {v["resources"]["practitioner"][0] for v in moved.json()["visits"]} == {"ben"}
    assert clinic.sql("SELECT count(*) FROM claim")[0][0] == 24
    take(asks, at())


def test_a_series_moves_onto_itself(asks: Asker, eight: Any) -> None:
    """All a week later: seven places are its own, and count as free."""
    moved = move(asks, eight, visit(1, at(7)), "all")
    assert moved.status_code == 200, moved.text
    assert [day for _, day in wall(moved.json())] == [
        f"{at(7 * n):%m-%d} 09:00" for n in range(1, 9)
    ]


def test_an_edit_is_whole_or_not_at_all(clinic: Clinic, asks: Asker, eight: Any) -> None:
    """Where one of the new places is taken, nothing moves."""
    take(asks, at(36, 9))
    refused = move(asks, eight, visit(1, at(1)), "all")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:allocator:problem:taken"
    assert wall(asks.get(f"/v1/bookings/{eight['id']}").json()) == wall(eight)
    assert clinic.overlaps() == 0


def test_wall_time_is_that_of_the_place(clinic: Clinic) -> None:
    """In New York the clocks change three weeks before Berlin: nine o'clock there stays nine."""
    admin = clinic.asker()
    york = ZoneInfo("America/New_York")
    place = {"id": "york", "zone": "America/New_York"}
    assert admin.post("/v1/locations", place).status_code == 201
    hours = {"start_minute": 0, "end_minute": 1440}
    days = {"weekdays": list(range(7)), "hours": hours}
    assert admin.post("/v1/calendars", {"id": "always", "weekly": [days]}).status_code == 201
    made = admin.post(
        "/v1/resources",
        [
            {"id": "carl", "kind": "practitioner", "calendar": "always", "location": "york"},
            {"id": "room-y", "kind": "room", "calendar": "always", "location": "york"},
        ],
    )
    assert made.status_code == 201, made.text
    first = datetime(2030, 3, 4, 9, tzinfo=york)
    carl = {"practitioner": ["carl"], "room": ["room-y"]}
    ask_for(admin, series=flexible(2))
    made = booked(
        admin, "R1", [visit(n, first + timedelta(days=7 * (n - 1)), **carl) for n in (1, 2)]
    )
    moved = move(admin, made, visit(1, first + timedelta(days=7), **carl), "all")
    assert moved.status_code == 200, moved.text
    local = [datetime.fromisoformat(v["start"]).astimezone(york) for v in moved.json()["visits"]]
    assert [f"{start:%m-%d %H:%M}" for start in local] == ["03-11 09:00", "03-18 09:00"]


def test_a_time_that_the_clocks_skip(clinic: Clinic) -> None:
    """Moving all to half past two names the visit that would start at no time at all."""
    admin = clinic.asker()
    days = {"weekdays": list(range(7)), "hours": {"start_minute": 0, "end_minute": 1440}}
    assert admin.post("/v1/calendars", {"id": "always", "weekly": [days]}).status_code == 201
    made = admin.post(
        "/v1/resources",
        [
            {"id": "night", "kind": "practitioner", "calendar": "always"},
            {"id": "ward", "kind": "room", "calendar": "always"},
        ],
    )
    assert made.status_code == 201
    night = {"practitioner": ["night"], "room": ["ward"]}
    ask_for(admin, series=flexible(2))
    made = booked(admin, "R1", [visit(1, at(13, 4), **night), visit(2, at(20, 4), **night)])
    refused = move(admin, made, visit(1, at(13, 2, 30), **night), "all")
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        "Visit 2 would start at 2030-03-31 02:30, which the clocks of Europe/Berlin skip."
    )


def test_a_wall_time_that_comes_twice(clinic: Clinic) -> None:
    """Where all of a series moves, the visit that is named starts at the very instant named."""
    admin = clinic.asker()
    days = {"weekdays": list(range(7)), "hours": {"start_minute": 0, "end_minute": 1440}}
    assert admin.post("/v1/calendars", {"id": "always", "weekly": [days]}).status_code == 201
    made = admin.post(
        "/v1/resources",
        [
            {"id": "night", "kind": "practitioner", "calendar": "always"},
            {"id": "ward", "kind": "room", "calendar": "always"},
        ],
    )
    assert made.status_code == 201
    night = {"practitioner": ["night"], "room": ["ward"]}
    held = admin.post(
        "/v1/holds",
        {"service": "physio", "start": "2030-10-26T02:30:00+02:00", "resources": night},
    ).json()
    second = {"start": "2030-10-27T02:30:00+01:00", "resources": night}
    moved = admin.post(
        f"/v1/bookings/{held['id']}/reschedule", {"visits": [second], "scope": "all"}
    )
    assert moved.status_code == 200
    assert moved.json()["visits"][0]["start"] == "2030-10-27T01:30:00Z"


def cancel(asks: Asker, booking: Any, number: int, scope: str) -> Any:
    one = next(v for v in booking["visits"] if v["occurrence"] == number)
    return asks.post(f"/v1/bookings/{booking['id']}/cancel", {"visit": one["id"], "scope": scope})


@pytest.mark.parametrize(
    ("scope", "left", "state"),
    [
        ("this", [1, 2, 4, 5, 6, 7, 8], "booked"),
        ("following", [1, 2], "booked"),
        ("all", [], "cancelled"),
    ],
)
def test_visits_of_a_series_are_cancelled(
    clinic: Clinic, asks: Asker, eight: Any, scope: str, left: list[int], state: str
) -> None:
    """The third alone, with the later ones, or all: their time is free, the others stay."""
    answer = cancel(asks, eight, 3, scope)
    assert answer.status_code == 200, answer.text
    assert [number for number, _ in wall(answer.json())] == left
    assert answer.json()["state"] == state
    assert clinic.sql("SELECT count(*) FROM claim")[0][0] == 3 * len(left)
    take(asks, at(14))


def attended(clinic: Clinic, asks: Asker, booking: Any, number: int, what: str) -> None:
    """Let a visit of a series have begun some hours ago, and write down what came of it."""
    one = next(v for v in booking["visits"] if v["occurrence"] == number)
    began = f"now() - interval '{number} hours'"
    past = f"tstzrange({began}, {began} + interval '45 minutes')"
    which = f"(SELECT id FROM visit WHERE uid = '{one['id']}')"
    clinic.sql(f"UPDATE claim SET span = {past} WHERE visit_id = {which}")
    clinic.sql(f"UPDATE visit SET span = {past} WHERE id = {which}")
    done = asks.post(f"/v1/bookings/{booking['id']}/{what}", {"visit": one["id"]})
    assert done.status_code == 200, done.text


def states(booking: Any) -> list[str]:
    return [v["state"] for v in booking["visits"]]


@pytest.mark.parametrize("scope", [None, "following", "all"])
def test_what_was_attended_stays_when_the_rest_is_cancelled(
    clinic: Clinic, asks: Asker, scope: str | None
) -> None:
    """Two of four took place: the others go, and the request is served by what was."""
    ask_for(asks, series=weekly(4, may_miss=[1, 2, 3, 4]))
    made = booked(asks, "R1", [visit(n, at(7 * (n - 1))) for n in range(1, 5)])
    attended(clinic, asks, made, 1, "fulfil")
    attended(clinic, asks, made, 2, "no-show")
    path = f"/v1/bookings/{made['id']}"
    answer = (
        asks.post(f"{path}/cancel", {"reason": "moves away"})
        if scope is None
        else cancel(asks, made, 3, scope)
    )
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert (after["state"], states(after)) == (
        "booked",
        ["fulfilled", "no_show", "cancelled", "cancelled"],
    )
    assert after["reason"] == (None if scope else "moves away")
    assert clinic.sql("SELECT count(*) FROM claim")[0][0] == 6
    assert asks.get("/v1/requests/R1").json()["state"] == "scheduled"
    again = asks.post(f"{path}/cancel")
    assert again.json()["type"] == "urn:allocator:problem:wrong-state"
    take(asks, at(14))
    lines = clinic.asker("auditor").get(f"/v1/audit?object={made['id']}").json()["items"]
    assert lines[-1]["action"] == "booking.reduced"
    assert len(lines[-1]["before"]["visits"]) == 2


def test_who_has_checked_in_stays_unless_named(clinic: Clinic, asks: Asker) -> None:
    """The rest of the series goes without the visit that somebody is here for; then that, too."""
    ask_for(asks, series=flexible(3, at_least=1))
    made = booked(asks, "R1", [visit(n, at(7 * (n - 1))) for n in range(1, 4)])
    path = f"/v1/bookings/{made['id']}"
    first, second, _ = made["visits"]
    for one in (first, second):
        assert asks.post(f"{path}/check-in", {"visit": one["id"]}).status_code == 200
    left = asks.post(f"{path}/cancel").json()
    assert (left["state"], states(left)) == ("booked", ["checked_in", "checked_in", "cancelled"])
    named = asks.post(f"{path}/cancel", {"visit": second["id"]}).json()
    assert (named["state"], states(named)) == ("booked", ["checked_in", "cancelled", "cancelled"])
    last = asks.post(f"{path}/cancel").json()
    assert (last["state"], states(last)) == ("cancelled", ["cancelled"] * 3)
    assert asks.get("/v1/requests/R1").json()["state"] == "requested"


def test_a_series_that_is_too_long_to_be_looked_at_is_refused(asks: Asker) -> None:
    """Both days are named, and how far they may be apart."""
    ask_for(asks, series=flexible(2))
    refused = hold(asks, "R1", [visit(1, at()), visit(2, at(4 * 366))])
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "The visits lie between 2030-03-11 and 2034-03-14, 1472 days with the weeks round them;"
        " at most 1098 can be looked at together."
    )


def test_a_cancelled_date_is_added_again(clinic: Clinic, asks: Asker, eight: Any) -> None:
    """At its own time; at another, the pattern refuses it; twice, it is there already."""
    assert cancel(asks, eight, 3, "this").status_code == 200
    path = f"/v1/bookings/{eight['id']}/visits"
    assert asks.post(path, {"visits": [visit(3, at(15))]}).status_code == 409
    added = asks.post(path, {"visits": [visit(3, at(14))]})
    assert added.status_code == 200
    assert wall(added.json()) == wall(eight)
    (line,) = clinic.asker().get("/v1/audit?action=booking.extended").json()["items"]
    there = [v for v in added.json()["visits"] if v["state"] == "booked"]
    (third,) = [v["id"] for v in there if datetime.fromisoformat(v["start"]) == at(14)]
    assert [v["id"] for v in line["after"]["visits"]] == [third]
    again = asks.post(path, {"visits": [visit(3, at(14))]})
    assert again.json()["type"] == "urn:allocator:problem:wrong-state"


def test_a_step_is_cancelled_with_its_chain(clinic: Clinic, asks: Asker) -> None:
    """Taking back the training of the first day takes its physio with it."""
    steps = [{"service": "physio"}, {"service": "training", "most_lag_minutes": 15}]
    ask_for(asks, steps=steps, series=weekly(2, may_miss=[1, 2]))
    wanted = []
    for n in (1, 2):
        wanted.append(visit(n, at(7 * (n - 1))))
        wanted.append(visit(n, at(7 * (n - 1), 9, 45), step=2, gym=["gym"]))
    made = booked(asks, "R1", wanted)
    one = next(v for v in made["visits"] if (v["occurrence"], v["step"]) == (1, 2))
    answer = asks.post(f"/v1/bookings/{made['id']}/cancel", {"visit": one["id"]})
    assert [v["state"] for v in answer.json()["visits"]] == ["cancelled"] * 2 + ["booked"] * 2


def test_what_lies_behind_does_not_hinder_what_comes(clinic: Clinic, asks: Asker) -> None:
    """A visit in the past, and one on a day that is closed by now, stay; a later one moves."""
    today = datetime.now(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0)
    weeks = [today + timedelta(days=7 * n) for n in range(1, 5)]
    ask_for(asks, series=flexible(4, least_days_between=1))
    made = booked(asks, "R1", [visit(n, start) for n, start in enumerate(weeks, 1)])
    past = "tstzrange(lower(span) - interval '14 days', upper(span) - interval '14 days')"
    first = f"(SELECT id FROM visit WHERE uid = '{made['visits'][0]['id']}')"
    clinic.sql(f"UPDATE claim SET span = {past} WHERE visit_id = {first}")
    clinic.sql(f"UPDATE visit SET span = {past} WHERE id = {first}")
    admin = clinic.asker()
    office = admin.get("/v1/calendars/office")
    shut = {"weekly": office.json()["weekly"], "exceptions": [{"day": f"{weeks[1]:%Y-%m-%d}"}]}
    changed = admin("PUT", "/v1/calendars/office", shut, If_Match=office.headers["etag"])
    assert changed.status_code == 200, changed.text
    moved = move(asks, made, visit(4, weeks[3].replace(hour=11)), "this")
    assert moved.status_code == 200, moved.text
    assert wall(moved.json())[-1] == (4, f"{weeks[3]:%m-%d} 11:00")
    assert moved.json()["starts_at"] == made["visits"][1]["start"]
    into = move(asks, made, visit(3, weeks[1].replace(hour=11)), "this")
    assert into.status_code == 409
    assert into.json()["violations"][0]["rule"] == "opening_hours"
