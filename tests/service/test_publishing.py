"""A solve that is published by several at once, or beside what has changed since it was read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from service.booking import expire_all
from service.conftest import Asker, Clinic, need, physio
from service.racing import race, statuses
from service.solving import work
from service.test_absences import at, only_on

from api.settings import Settings
from api.solving import at_once, publishing, reading
from api.solving.publishing import Publisher
from api.store import claims

NINE, DONE = "2028-01-10T09:00:00+01:00", "2028-01-10T09:45:00+01:00"


def test_what_two_publish_at_once_is_told_of_both(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One publishes all, and another a part in the middle of it: booked once, lost by nobody."""
    asks = clinic.asker()
    for name in ("R1", "R2"):
        assert asks.post("/v1/requests", {"id": name, "steps": [{"service": "physio"}]}).is_success
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    real, others = Publisher._sessions, list[Any]()

    def meanwhile(self: Any, *words: Any) -> None:
        if not others:
            others.append(None)
            others[0] = asks.post(f"/v1/solves/{solve}/publish", {"only": ["R1"]}).json()
        real(self, *words)

    monkeypatch.setattr(Publisher, "_sessions", meanwhile)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert others == [{"booked": ["R1"], "moved": [], "lost": []}]
    assert found == {"booked": ["R2"], "moved": [], "lost": []}
    told = asks.get(f"/v1/solves/{solve}").json()["published"]
    assert told == {"booked": ["R1", "R2"], "moved": [], "lost": []}
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 2


def test_a_name_that_a_solve_does_not_place_is_refused(clinic: Clinic, settings: Settings) -> None:
    """Nothing is published then, of the others named either."""
    asks = clinic.asker()
    assert asks.post("/v1/requests", {"id": "R1", "steps": [{"service": "physio"}]}).is_success
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    answer = asks.post(f"/v1/solves/{solve}/publish", {"only": ["R1", "R9"]})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        f"Solve {solve} places 1 name, and 'R9' is none of them: name what its result tells, or"
        " nothing for all.",
    )
    assert asks.get(f"/v1/solves/{solve}").json()["state"] == "solved"
    assert asks.post(f"/v1/solves/{solve}/publish", {"only": ["R1"]}).json()["booked"] == ["R1"]


def test_many_are_booked_in_shares(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five visits of four requests, two to a transaction: each is booked, a series whole."""
    asks = clinic.asker()
    for name, times in (("R1", 1), ("R2", 2), ("R3", 1), ("R4", 1)):
        body: dict[str, Any] = {"id": name, "steps": [{"service": "physio"}]}
        if times > 1:
            body["series"] = {"type": "flexible", "count": times}
        made = asks.post("/v1/requests", body)
        assert made.is_success, made.text
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    real, shares = at_once.book, list[int]()

    def counted(tx: Any, asked: Any, placed: Any, reading: Any) -> Any:
        shares.append(sum(len(one.visits) for one in placed))
        return real(tx, asked, placed, reading)

    monkeypatch.setattr(at_once, "book", counted)
    monkeypatch.setattr(publishing, "SHARE", 2)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert found == {"booked": ["R1", "R2", "R3", "R4"], "moved": [], "lost": []}
    assert sum(shares) == 5
    assert max(shares) == 2
    assert clinic.sql("SELECT count(*) FROM visit WHERE state = 'booked'")[0][0] == 5


TEACHER = {"kind": "teacher", "calendar": "office"}


def limited(asks: Asker, settings: Settings, most: int | None) -> str:
    """Have two visits of a teacher placed on one day, who may have so many by now."""
    for path, body in (
        ("resources", {"id": "eva", **TEACHER}),
        ("services", {"id": "yoga", "minutes": 45, "needs": [need("teacher")]}),
        ("requests", {"id": "R1", "steps": [{"service": "yoga"}]}),
        ("requests", {"id": "R2", "steps": [{"service": "yoga"}]}),
    ):
        assert asks.post(f"/v1/{path}", body).status_code == 201
    days = {"first": "2030-01-07", "days": 1, "time_limit_seconds": 5}
    solve: str = asks.post("/v1/solves", days).json()["id"]
    work(settings)
    if most is not None:
        limit(asks, most)
    return solve


def limit(asks: Asker, most: int) -> None:
    """Let the teacher have so many visits a day."""
    version = asks.get("/v1/resources/eva").headers["etag"]
    now = {**TEACHER, "limits": {"visits_per_day": most}}
    assert asks("PUT", "/v1/resources/eva", now, If_Match=version).status_code == 200


def between(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> list[Any]:
    """Publish a visit to a transaction, with something between two; return a list of all looks."""
    book, look, looks, shares = at_once.book, reading.look, list[Any](), list[Any]()

    def counted(tx: Any, asked: Any, placed: Any) -> Any:
        looks.append([one.name for one in placed])
        return look(tx, asked, placed)

    def shared(*words: Any) -> Any:
        if shares:
            meanwhile()
        shares.append(words)
        return book(*words)

    monkeypatch.setattr(publishing, "SHARE", 1)
    monkeypatch.setattr(publishing, "look", counted)
    monkeypatch.setattr(at_once, "look", counted)
    monkeypatch.setattr(at_once, "book", shared)
    return looks


@pytest.mark.parametrize(("most", "booked"), [(2, ["R1", "R2"]), (1, ["R1"])])
def test_what_one_share_has_booked_counts_for_the_next(
    clinic: Clinic,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    booked: list[str],
) -> None:
    """Everything is read once; a new request that comes meanwhile changes nothing of it."""
    asks = clinic.asker()
    solve = limited(asks, settings, most)
    other = {"id": "R3", "steps": [{"service": "physio"}]}
    looks = between(monkeypatch, lambda: asks.post("/v1/requests", other))
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert found["booked"] == booked
    told = {lost["request"]: lost["problem"]["violations"] for lost in found["lost"]}
    assert {name: one["rule"] for name, (one,) in told.items()} == (
        {} if most == 2 else {"R2": "person_limits"}
    )
    assert looks == [["R1", "R2"]]


@pytest.mark.parametrize("what", ["booked", "changed", "closed"])
def test_what_changes_between_two_shares_is_read_again(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Somebody books the teacher's last visit of the day, asks for something else, or closes."""
    asks = clinic.asker()
    solve = limited(asks, settings, 2)

    def meanwhile() -> None:
        if what == "booked":
            body: Any = {"service": "yoga", "start": at("17:00"), "resources": {"teacher": ["eva"]}}
            done = asks.post("/v1/holds", body)
        elif what == "changed":
            version = asks.get("/v1/requests/R2").headers["etag"]
            body = {"steps": [{"service": "training"}]}
            done = asks("PUT", "/v1/requests/R2", body, If_Match=version)
        else:
            version = asks.get("/v1/services/yoga").headers["etag"]
            body = {"minutes": 60, "needs": [need("teacher")]}
            done = asks("PUT", "/v1/services/yoga", body, If_Match=version)
        assert done.is_success, done.text

    looks = between(monkeypatch, meanwhile)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert found["booked"] == ["R1"]
    ((name, problem),) = ((one["request"], one["problem"]) for one in found["lost"])
    assert (name, problem["type"].rpartition(":")[2]) == ("R2", "rule-broken")
    assert looks == [["R1", "R2"], ["R2"]]


def test_limits_that_come_between_two_shares_are_kept(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was locked for the teacher's sake; by now somebody else who books her has to wait."""
    asks = clinic.asker()
    solve = limited(asks, settings, None)
    real, weeks = claims.lock, list[int]()

    def lock(connection: Any, keys: Any) -> None:
        weeks.append(len(keys))
        real(connection, keys)

    looks = between(monkeypatch, lambda: limit(asks, 1))
    monkeypatch.setattr(claims, "lock", lock)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert (found["booked"], [one["request"] for one in found["lost"]]) == (["R1"], ["R2"])
    # Of sessions, weeks and lanes, by each share: the week of the visit, and the day before it.
    assert weeks == [0, 0, 0, 0, 2, 0]
    assert looks == [["R1", "R2"], ["R2"]]


@pytest.mark.parametrize("late", [False, True])
def test_a_proposal_that_is_published_late_moves_nobody_without_notice(
    clinic: Clinic, settings: Settings, late: bool
) -> None:
    """What had notice enough when it was read, and has not by now, stays; nobody takes its place.

    No time goes by in the test: the solve is made to ask for a notice that is over.
    """
    asks = clinic.asker()
    other = physio(NINE, "P2", resources={"practitioner": ["ben"], "room": ["room-2"]})
    for body in (physio(NINE), other):
        held = asks.post("/v1/holds", body).json()["id"]
        assert asks.post(f"/v1/holds/{held}/confirm").status_code == 200
    urgent: dict[str, Any] = {"id": "U1", "steps": [{"service": "physio"}]}
    urgent["windows"] = [{"start": NINE, "end": DONE}]
    assert asks.post("/v1/requests", urgent).status_code == 201
    days = {"first": "2028-01-10", "days": 5, "time_limit_seconds": 5}
    solve = asks.post("/v1/solves", {**days, "may_move": True}).json()["id"]
    work(settings)
    result = asks.get(f"/v1/solves/{solve}").json()["result"]
    (moved,) = (one["booking"] for one in result["moved"])
    if late:
        clinic.sql("""UPDATE solve SET asked = asked || '{"notice_hours": 1000000}'""")
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    start = asks.get(f"/v1/bookings/{moved}").json()["starts_at"]
    if not late:
        assert found == {"booked": ["U1"], "moved": [moved], "lost": []}
        assert start != "2028-01-10T08:00:00Z"
        return
    assert (found["booked"], found["moved"]) == ([], [])
    assert {one["request"] for one in found["lost"]} == {"U1", moved}
    assert all("1000000 hours of notice" in one["problem"]["detail"] for one in found["lost"])
    assert start == "2028-01-10T08:00:00Z"


@pytest.mark.parametrize("gone", ["sessions/G1", "resources/", "services/yoga"])
def test_what_is_gone_by_now_keeps_nobody_else_from_being_booked(
    clinic: Clinic, settings: Settings, gone: str
) -> None:
    """Who would need it is told; everybody else is booked."""
    asks = clinic.asker()
    needs = [need("teacher")]
    for path, body in (
        ("resources", {"id": "eva", "kind": "teacher", "calendar": "office"}),
        ("resources", {"id": "tom", "kind": "teacher", "calendar": "office"}),
        ("services", {"id": "yoga", "minutes": 45, "needs": needs}),
        ("sessions", {"id": "G1", "service": "training", "least": 1, "most": 2}),
        ("requests", {"id": "R1", "steps": [{"service": "physio"}]}),
        (
            "requests",
            {"id": "R2", "steps": [{"sessions": ["G1"]} if "G1" in gone else {"service": "yoga"}]},
        ),
    ):
        made = asks.post(f"/v1/{path}", body)
        assert made.status_code == 201, made.text
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    result = asks.get(f"/v1/solves/{solve}").json()["result"]
    assert {visit["request"] for visit in result["visits"]} == {"R1", "R2"}
    if gone == "resources/":
        (with_whom,) = (v["resources"] for v in result["visits"] if v["request"] == "R2")
        gone += dict(with_whom)["teacher"][0]
    version = asks.get(f"/v1/{gone}").headers["etag"]
    deleted = asks("DELETE", f"/v1/{gone}", If_Match=version)
    assert deleted.status_code == 204, deleted.text
    found = asks.post(f"/v1/solves/{solve}/publish")
    assert found.status_code == 200, found.text
    assert found.json()["booked"] == ["R1"]
    assert [one["request"] for one in found.json()["lost"]] == ["R2"]


@pytest.mark.parametrize(
    "changed",
    [{"minutes": 60}, {"needs": [need("coach")]}, {"needs": [need("teacher"), need("room")]}],
)
def test_a_service_that_has_changed_keeps_nobody_else_from_being_booked(
    clinic: Clinic, settings: Settings, changed: Any
) -> None:
    """Who was placed as it was before is told; everybody else is booked."""
    asks = clinic.asker()
    for path, body in (
        ("resources", {"id": "eva", "kind": "teacher", "calendar": "office"}),
        ("resources", {"id": "tom", "kind": "coach", "calendar": "office"}),
        ("services", {"id": "yoga", "minutes": 45, "needs": [need("teacher")]}),
        ("requests", {"id": "R1", "steps": [{"service": "physio"}]}),
        ("requests", {"id": "R2", "steps": [{"service": "yoga"}]}),
    ):
        made = asks.post(f"/v1/{path}", body)
        assert made.status_code == 201, made.text
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    version = asks.get("/v1/services/yoga").headers["etag"]
    body = {"minutes": 45, "needs": [need("teacher")], **changed}
    assert asks("PUT", "/v1/services/yoga", body, If_Match=version).status_code == 200
    found = asks.post(f"/v1/solves/{solve}/publish")
    assert found.status_code == 200, found.text
    assert found.json()["booked"] == ["R1"]
    assert [one["request"] for one in found.json()["lost"]] == ["R2"]


@pytest.mark.parametrize("service", ["physio", "surgery"])
def test_a_request_that_has_changed_keeps_nobody_else_from_being_booked(
    clinic: Clinic, settings: Settings, service: str
) -> None:
    """It asks for two steps no more, whether somebody has to approve them or not."""
    asks = clinic.asker()
    two = {"id": "R2", "steps": [{"service": service}, {"service": "physio"}]}
    for body in ({"id": "R1", "steps": [{"service": "physio"}]}, two):
        made = asks.post("/v1/requests", body)
        assert made.status_code == 201, made.text
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    version = asks.get("/v1/requests/R2").headers["etag"]
    one = {"steps": [{"service": service}]}
    assert asks("PUT", "/v1/requests/R2", one, If_Match=version).status_code == 200
    found = asks.post(f"/v1/solves/{solve}/publish")
    assert found.status_code == 200, found.text
    assert found.json()["booked"] == ["R1"]
    assert [one["request"] for one in found.json()["lost"]] == ["R2"]


def test_all_that_moves_nothing_is_booked_together(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seats of a group, places of the gym, what a reviewer looks at: one transaction books all."""
    asks = clinic.asker()
    asks.post("/v1/locations", {"id": "here"})
    yoga = {"id": "yoga", "minutes": 45, "needs": [need("teacher")], "location": "here"}
    for path, body in (
        ("resources", {"id": "eva", "kind": "teacher", "calendar": "office"}),
        ("services", yoga),
        ("sessions", {"id": "G1", "service": "yoga", "least": 2, "most": 2}),
        ("requests", {"id": "G", "steps": [{"sessions": ["G1"]}], "attendees": people("P1")}),
        ("requests", {"id": "H", "steps": [{"sessions": ["G1"]}], "attendees": people("P2")}),
        ("requests", {"id": "S", "steps": [{"service": "surgery"}]}),
        *(("requests", {"id": f"T{n}", "steps": [{"service": "training"}]}) for n in range(4)),
    ):
        made = asks.post(f"/v1/{path}", body)
        assert made.status_code == 201, made.text
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    visits = asks.get(f"/v1/solves/{solve}").json()["result"]["visits"]
    assert {v["service"] for v in visits if v["request"] in "GH"} == {"yoga"}
    one_by_one: list[Any] = []
    monkeypatch.setattr(Publisher, "_unit", lambda self, *words, **more: one_by_one.append(more))
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert (sorted(found["booked"]), found["lost"]) == (["G", "H", "S", "T0", "T1", "T2", "T3"], [])
    assert one_by_one == []
    place = asks.get("/v1/sessions/G1/place").json()
    assert (place["taken"], place["enough"]) == (2, True)
    bookings = {b["request"]: b for b in asks.get("/v1/bookings").json()["items"]}
    for name, person in (("G", "P1"), ("H", "P2")):
        (visit,) = bookings[name]["visits"]
        assert (visit["session"], visit["service"], visit["start"]) == (
            "G1",
            "yoga",
            place["start"],
        )
        assert visit["resources"] == {f"attendee:{person}": [person]}
        assert (bookings[name]["person"], bookings[name]["location"]) == (person, "here")
    assert {name for name, b in bookings.items() if b["state"] == "pending_approval"} == {"S"}
    claims = clinic.sql(
        "SELECT state, expires_at IS NULL AS for_good, count(*) FROM claim GROUP BY 1, 2"
    )
    # The surgery's practitioner and room; the teacher, two attendees, and four places in the gym.
    assert sorted(claims) == [("booked", True, 7), ("pending_approval", False, 2)]
    log = asks.get("/v1/audit").json()["items"]
    (line,) = (line for line in log if line["action"] == "booking.pending_approval")
    assert line["object"] == bookings["S"]["id"]
    assert asks.post(f"/v1/bookings/{bookings['S']['id']}/approve").json()["state"] == "booked"
    assert clinic.overlaps() == 0


def people(*names: str) -> list[Any]:
    return [{"resource": name} for name in names]


def test_whoever_finds_no_seat_any_more_is_told(clinic: Clinic, settings: Settings) -> None:
    """Somebody has taken the last seat meanwhile: one of two is booked, and one waits."""
    asks = clinic.asker()
    asks.post("/v1/sessions", {"id": "G1", "service": "training", "least": 1, "most": 2})
    for name, person in (("G", "P1"), ("H", "P2")):
        body = {"id": name, "steps": [{"sessions": ["G1"]}], "attendees": people(person)}
        assert asks.post("/v1/requests", body).status_code == 201
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    result = asks.get(f"/v1/solves/{solve}").json()["result"]
    (at,) = result["sessions"]
    place = {"start": at["start"], "resources": dict(at["resources"])}
    assert asks.post("/v1/sessions/G1/place", place).is_success
    held = asks.post("/v1/holds", {"session": "G1", "start": at["start"], "resources": {}})
    assert held.status_code == 201, held.text
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert found["booked"] == ["G"]
    ((name, problem),) = ((one["request"], one["problem"]) for one in found["lost"])
    assert (name, problem["status"]) == ("H", 409)
    assert asks.get("/v1/sessions/G1/place").json()["taken"] == 2


def test_what_has_expired_keeps_nobody_from_being_booked(
    clinic: Clinic, settings: Settings
) -> None:
    """Held when the solve was asked for and not confirmed in time; nobody has swept since."""
    asks = clinic.asker()
    only_on(asks, "2030-01-07", until=10)
    for path, body in (
        ("resources", {"id": "eva", "kind": "teacher", "calendar": "office"}),
        ("services", {"id": "yoga", "minutes": 60, "needs": [need("teacher")]}),
        ("requests", {"id": "R1", "steps": [{"service": "yoga"}]}),
    ):
        assert asks.post(f"/v1/{path}", body).status_code == 201
    hold = {"service": "yoga", "start": at("09:00"), "resources": {"teacher": ["eva"]}}
    assert asks.post("/v1/holds", hold).status_code == 201
    expire_all(clinic)
    days = {"first": "2030-01-07", "days": 1, "time_limit_seconds": 5}
    solve = asks.post("/v1/solves", days).json()["id"]
    work(settings)
    assert asks.post(f"/v1/solves/{solve}/publish").json() == {
        "booked": ["R1"],
        "moved": [],
        "lost": [],
    }


def test_clients_book_the_same_places_while_a_solve_is_published(
    clinic: Clinic, settings: Settings
) -> None:
    """Each place is had once; who lost is told and in the next batch; nothing is lost or twice."""
    asks = clinic.asker()
    only_on(asks, "2030-01-07", until=18)
    names = [f"R{number:02}" for number in range(12)]
    made = asks.post("/v1/requests", [{"id": n, "steps": [{"service": "physio"}]} for n in names])
    assert made.status_code == 201, made.text

    def solved() -> tuple[str, Any]:
        body = {"first": "2030-01-07", "days": 1, "time_limit_seconds": 5}
        solve: str = asks.post("/v1/solves", body).json()["id"]
        work(settings)
        return solve, asks.get(f"/v1/solves/{solve}").json()["result"]["visits"]

    solve, visits = solved()
    holds = [
        {"service": "physio", "start": v["start"], "resources": dict(v["resources"])}
        for v in visits
    ]
    publish = partial(asks.post, f"/v1/solves/{solve}/publish")
    done, *answers = race([publish, *(partial(asks.post, "/v1/holds", body) for body in holds)])
    assert set(statuses(answers)) <= {201, 409}
    found = done.json()
    had = {v["request"]: answer.status_code for v, answer in zip(visits, answers, strict=True)}
    lost = {one["request"]: one["problem"] for one in found["lost"]}
    assert {name for name, status in had.items() if status == 409} == set(found["booked"])
    assert {name for name, status in had.items() if status == 201} == set(lost)
    assert {problem["status"] for problem in lost.values()} <= {409}
    rows = asks.get("/v1/requests").json()["items"]
    assert {r["id"]: r["state"] for r in rows} == {
        n: "requested" if n in lost else "scheduled" for n in names
    }
    assert clinic.overlaps() == 0
    again, visits = solved()
    assert {v["request"] for v in visits} == set(lost)
    assert set(asks.post(f"/v1/solves/{again}/publish").json()["booked"]) == set(lost)
    (count,) = clinic.sql("SELECT count(*), count(DISTINCT request_id) FROM booking")
    assert count == (12 + len(lost), 12)
    assert clinic.overlaps() == 0


def test_whoever_works_elsewhere_publishes_nothing_here(clinic: Clinic, settings: Settings) -> None:
    """What a solve places where they do not work is left out, a group session's place, too."""
    admin = clinic.asker()
    assert admin.post("/v1/locations", [{"id": "here"}, {"id": "there"}]).is_success
    for place in ("here", "there"):
        kind = f"room {place}"
        room = {"id": f"room-{place}", "kind": kind, "location": place, "calendar": "office"}
        assert admin.post("/v1/resources", room).is_success
        service = {"id": place, "minutes": 45, "needs": [need("room", kind=kind)]}
        assert admin.post("/v1/services", service).is_success
        assert admin.post("/v1/requests", {"id": place, "steps": [{"service": place}]}).is_success
    session = {"id": "S1", "service": "here", "least": 1, "most": 2}
    assert admin.post("/v1/sessions", session).is_success
    joins = {"id": "joins", "steps": [{"sessions": ["S1"]}], "attendees": [{"resource": "P1"}]}
    assert admin.post("/v1/requests", joins).is_success
    asks = clinic.asker("scheduler", locations=["there"])
    by_itself = asks.post("/v1/solves", {"publish": True})
    assert by_itself.status_code == 403
    assert by_itself.json()["detail"].startswith("A solve that publishes itself books at every")
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    told, whole = (who.get(f"/v1/solves/{solve}").json()["result"] for who in (asks, admin))
    assert {visit["request"] for visit in told["visits"]} == {"there", "joins"}
    assert {visit["request"] for visit in whole["visits"]} == {"there", "joins", "here"}
    assert ([s["visit"] for s in told["sessions"]], len(whole["sessions"])) == ([], 1)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert found["booked"] == ["there"]
    assert {(lost["request"], lost["problem"]["type"][22:]) for lost in found["lost"]} == {
        ("here", "forbidden"),
        ("joins", "rule-broken"),
    }
    bookings = admin.get("/v1/bookings").json()["items"]
    assert [booking["location"] for booking in bookings] == ["there"]
    again = admin.post(f"/v1/solves/{solve}/publish").json()
    assert (sorted(again["booked"]), again["lost"]) == (["here", "joins", "there"], [])
