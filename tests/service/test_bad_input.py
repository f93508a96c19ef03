"""Whatever is sent, the answer is a problem document that says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Clinic, physio
from starlette.testclient import TestClient

NINE = "2030-01-07T09:00:00+01:00"
LONG = "x" * 201


def problem(answer: Any, status: int, type: str) -> dict[str, Any]:
    """Return a problem document, with its status, type and media type looked at."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:allocator:problem:{type}"
    assert found["status"] == status
    return found


def send(clinic: Clinic, method: str, path: str, content: bytes, type: str | None) -> Any:
    headers = {"Authorization": f"Bearer {clinic.asker().key}"}
    if type is not None:
        headers["Content-Type"] = type
    return clinic.http.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/people", b'{"name": "a\\u0000b"}'),
        ("/v1/people", b'{"name": "a", "resource": {"name": "\\u0000"}}'),
        ("/v1/people", b'{"name": "a\\ud800"}'),
        ("/v1/locations", b'{"id": "a\\u0000b"}'),
        ("/v1/locations", b'{"\\u0000": 1}'),
        ("/v1/calendars", b'{"id": "a", "holidays": "\\udfff"}'),
        ("/v1/keys", b'{"name": "\\u0000", "role": "client"}'),
    ],
)
def test_text_that_cannot_be_kept_is_refused(clinic: Clinic, path: str, body: bytes) -> None:
    """PostgreSQL keeps no null character, and UTF-8 no half of a pair: wherever it stands."""
    found = problem(send(clinic, "POST", path, body, "application/json"), 422, "invalid")
    assert "which cannot be kept" in found["detail"]


def test_an_emoji_is_kept(clinic: Clinic) -> None:
    """Both halves of a pair, escaped, are one character; so is a written backslash."""
    body = b'{"id": "smile", "name": "\\ud83d\\ude00 \\\\u0000", "kind": "device"}'
    made = send(clinic, "POST", "/v1/resources", body, "application/json")
    assert made.status_code == 201
    assert made.json()["name"] == "\U0001f600 \\u0000"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/locations/a%00b",
        f"/v1/locations/{LONG}",
        "/v1/resources?kind=%00",
        "/v1/bookings?person=%00",
        f"/v1/bookings?resource={LONG}",
        "/v1/bookings?from=0001-01-01T00:00:00%2B14:00",
        "/v1/bookings?to=9999-12-31T23:59:59-14:00",
        "/v1/people?cursor=%00",
        "/v1/people?limit=99999999999999999999",
        f"/v1/audit?object={LONG}",
    ],
)
def test_paths_and_filters_are_looked_at(clinic: Clinic, path: str) -> None:
    """Null characters, names too long to be kept, and years beyond the calendar."""
    problem(clinic.asker().get(path), 422, "invalid")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/locations", {"id": LONG}),
        ("/v1/locations", {"id": ""}),
        ("/v1/resources", {"id": "r", "kind": LONG * 20}),
        ("/v1/resources", {"id": "r", "kind": "room", "lanes": 10**30}),
        ("/v1/services", {"id": "s", "minutes": 10**30}),
        ("/v1/people", {"id": LONG, "name": "a"}),
        ("/v1/keys", {"name": "k", "role": "client", "expires_at": "9999-12-31T23:59:59-14:00"}),
        ("/v1/holds", physio("0001-01-01T00:00:00+14:00")),
        ("/v1/holds", physio("2199-12-31T23:45:00+00:00", hold_minutes=10**30)),
        ("/v1/memberships", {"issuer": "i" * 251, "subject": "s", "role": "client"}),
    ],
)
def test_numbers_names_and_years_have_limits(clinic: Clinic, path: str, body: Any) -> None:
    """Beyond them it is refused, before the database would."""
    problem(clinic.asker().post(path, body), 422, "invalid")


@pytest.mark.parametrize("start", ["1971-01-01T00:00:00+00:00", "2199-12-31T23:45:00+00:00"])
def test_the_edges_of_the_calendar_are_no_fault_of_ours(clinic: Clinic, start: str) -> None:
    """A visit there breaks a rule, as any other might."""
    assert clinic.asker().post("/v1/holds", physio(start)).status_code == 409


def spellings(uid: str) -> list[str]:
    """A UUID as answers write it, in upper case, and without dashes."""
    return [uid, uid.upper(), uid.replace("-", "")]


@pytest.mark.parametrize("spelling", [0, 1, 2])
def test_a_uuid_is_known_however_it_is_written(clinic: Clinic, spelling: int) -> None:
    """In paths, in filters and in bodies."""
    asks = clinic.asker("scheduler")

    def as_written(uid: str) -> str:
        return spellings(uid)[spelling]

    body = {"id": "R1", "steps": [{"service": "physio"}], "series": SERIES}
    request = as_written(asks.post("/v1/requests", body).json()["uid"])
    place = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [
        {"occurrence": n, "start": f"2030-01-{6 + n:02}T09:00:00+01:00", "resources": place}
        for n in (1, 2, 3)
    ]
    held = asks.post("/v1/holds", {"request": request, "visits": visits})
    assert held.status_code == 201, held.text
    path = f"/v1/bookings/{as_written(held.json()['id'])}"
    assert asks.post(f"/v1/holds/{as_written(held.json()['id'])}/confirm").status_code == 200
    first, second, _ = (as_written(visit["id"]) for visit in held.json()["visits"])
    assert asks.post(f"{path}/check-in", {"visit": first}).status_code == 200
    left = asks.post(f"{path}/cancel", {"visit": second})
    assert [v["state"] for v in left.json()["visits"]] == ["checked_in", "cancelled", "booked"]
    audit = clinic.asker().get(f"/v1/audit?object={as_written(held.json()['id'])}")
    assert len(audit.json()["items"]) == 3
    anew = {"first": "2030-01-07", "days": 7, "pending": False, "dry_run": True}
    one = as_written(held.json()["visits"][2]["id"])
    counted = asks.post("/v1/solves", {**anew, "unpinned": [one]}).json()
    assert counted["bookings_that_may_move"] == 1


SERIES = {"type": "flexible", "count": 3, "at_least": 1}


@pytest.mark.parametrize(
    "name", ["not-a-uuid", "0192f3c4-0000-7000-8000-00000000000", "{0192f3c400007000800000000000}"]
)
def test_what_is_no_uuid_names_no_visit(clinic: Clinic, name: str) -> None:
    """It is told that there is none; nothing is cancelled."""
    asks = clinic.asker("scheduler")
    held = asks.post("/v1/holds", physio(NINE)).json()
    found = problem(
        asks.post(f"/v1/bookings/{held['id']}/cancel", {"visit": name}), 404, "not-found"
    )
    assert found["detail"] == f"Booking {held['id']} has no open visit {name!r}."
    assert asks.get(f"/v1/bookings/{held['id']}").json()["state"] == "held"


@pytest.mark.parametrize("path", ["/v1/holds", "/v1/locations", "/v1/people"])
@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": ' + b"9" * 5000 + b"}", b"null", b'"text"'],
    ids=["unfinished", "no UTF-8", "deep", "digits", "null", "text"],
)
def test_what_is_no_json_object_is_refused(clinic: Clinic, path: str, body: bytes) -> None:
    """Whichever way it is none."""
    problem(send(clinic, "POST", path, body, "application/json"), 422, "invalid")


@pytest.mark.parametrize("path", ["/v1/holds", "/v1/locations", "/v1/people"])
@pytest.mark.parametrize("type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_says_that_it_is_json(clinic: Clinic, path: str, type: str | None) -> None:
    """A form in somebody else's page can send plain text, but not JSON."""
    found = problem(send(clinic, "POST", path, b"{}", type), 415, "unsupported-media-type")
    assert "application/json is read here" in found["detail"]


@pytest.mark.parametrize("path", ["/v1/holds", "/v1/locations"])
def test_too_large_a_body_is_refused(clinic: Clinic, path: str) -> None:
    """It names the limit."""
    answer = send(clinic, "POST", path, b" " * 1_000_001, "application/json")
    assert "1000000 bytes" in problem(answer, 413, "too-large")["detail"]


def test_a_method_that_a_path_does_not_take(clinic: Clinic) -> None:
    """The answer lists those that it takes, in the header that is for this."""
    answer = clinic.asker()("PATCH", "/v1/locations/a")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, PUT"


def test_a_path_that_is_not_there(http: TestClient) -> None:
    """Nobody has to be known to be told."""
    assert "/v2/holds" in problem(http.get("/v2/holds"), 404, "not-found")["detail"]


@pytest.mark.parametrize("garbage", ["*", '"a"', "-1", "1.5", '"1", "2"', "1" * 10, "²"])
def test_if_match_names_a_version(clinic: Clinic, garbage: str) -> None:
    """Nothing else is understood, and nothing is changed."""
    headers = {"Authorization": f"Bearer {clinic.asker().key}", "If-Match": garbage.encode()}
    answer = clinic.http.put("/v1/calendars/office", json={"id": "office"}, headers=headers)
    problem(answer, 422, "invalid")


@pytest.mark.parametrize("version", ["1", '"1"', 'W/"1"'])
def test_if_match_may_be_written_three_ways(clinic: Clinic, version: str) -> None:
    """As the ETag, weak or strong, or as the bare number."""
    asks = clinic.asker()
    office = asks.get("/v1/calendars/office").json()
    body = {"weekly": office["weekly"], "holidays": "DE"}
    assert asks("PUT", "/v1/calendars/office", body, If_Match=version).status_code == 200
    found = problem(asks("PUT", "/v1/calendars/office", body, If_Match=version), 412, "stale")
    assert found["detail"] == "The calendar 'office' has version 2; you name 1."


def test_what_is_written_tells_its_version(clinic: Clinic) -> None:
    """Whoever has written may change it again at once, without reading it before."""
    asks = clinic.asker()
    made = asks.post("/v1/people", {"name": "Eva"})
    path = f"/v1/people/{made.json()['uid']}"
    assert (made.headers["location"], made.headers["etag"]) == (path, '"1"')
    changed = asks("PUT", path, {"name": "Eva Lang"}, If_Match=made.headers["etag"])
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    tenant = asks("PUT", "/v1/tenant", {"name": "New"}, If_Match='"1"')
    assert (tenant.status_code, tenant.headers["etag"]) == (200, '"2"')


def test_somebody_is_a_member_once(clinic: Clinic) -> None:
    """The second membership of the same person is a conflict, not a fault."""
    asks = clinic.asker()
    body = {"issuer": "https://id.example", "subject": "ada", "role": "scheduler"}
    assert asks.post("/v1/memberships", body).status_code == 201
    found = problem(asks.post("/v1/memberships", body), 409, "duplicate")
    assert found["detail"] == "'ada' of 'https://id.example' is a member already."
