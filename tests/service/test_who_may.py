"""Every path, tried by everybody: roles, public pages, strangers, other tenants, narrow keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from service.conftest import Asker, Clinic, furnish, physio

from api.auth.principal import Role

NINE, TEN = "2030-01-07T09:00:00+01:00", "2030-01-07T10:00:00+01:00"
FROM, TO = "2030-01-07T00:00:00Z", "2030-01-08T00:00:00Z"
LATER = "2029-12-01T00:00:00Z"
#: Who may: c client, s scheduler, r reviewer, a administrator, u auditor, p a key in a public page.
#: Every path of the OpenAPI document stands here once; a new one is missed by the test.
WHO = {
    "csraup": (
        "list_locations read_location list_calendars read_calendar list_resources read_resource"
        " list_services read_service list_sessions read_session list_lanes read_tenant"
        " export_locations export_calendars export_resources export_services export_sessions"
        " read_session_place sign_in sign_out suggest suggest_days read_steering popular_hours"
    ),
    "csrau": (
        "list_requests read_request export_requests explain"
        " list_bookings read_booking read_hold export_bookings"
        " list_waitlist read_waitlist_entry"
    ),
    "csrap": "create_hold create_booking release_hold confirm_hold",
    "csra": (
        "create_requests change_request delete_request import_requests"
        " cancel_booking reschedule_booking add_visits"
        " join_waitlist leave_waitlist accept_offer decline_offer"
    ),
    "srau": (
        "list_solves read_solve follow_solve export_problem check_schedule"
        " list_absences read_absence"
        " list_people read_person export_people list_events follow_events"
        " list_claims read_claim export_claims"
    ),
    "sra": (
        "create_solve publish_solve cancel_solve create_absence delete_absence"
        " create_person change_person import_people reassign_booking check_in fulfil no_show"
        " create_link list_links revoke_link place_session unplace_session"
    ),
    "ra": "approve_booking decline_booking",
    "au": "list_keys list_memberships list_audit list_webhooks read_webhook list_deliveries",
    "a": (
        "create_locations change_location delete_location import_locations"
        " create_calendars change_calendar delete_calendar import_calendars"
        " create_resources change_resource delete_resource import_resources"
        " create_services change_service delete_service import_services"
        " create_sessions change_session delete_session import_sessions"
        " import_bookings erase_person create_key revoke_key create_membership remove_membership"
        " change_tenant change_steering add_lane remove_lane"
        " create_webhook change_webhook rotate_webhook delete_webhook replay_webhook"
    ),
}
ALLOWED = {operation: who for who, names in WHO.items() for operation in names.split()}
#: Paths that ask for nobody.
OPEN = {"live", "ready"}
#: Paths of one booking: whoever works elsewhere is told that there is none.
OF_A_BOOKING = {
    name
    for name in ALLOWED
    if name.endswith(("_booking", "_hold", "_link", "_links"))
    and name not in ("create_hold", "create_booking")
} | {"add_visits", "check_in", "fulfil", "no_show"}
#: What neither a scope nor a role decides.
OWN = {"sign_in", "sign_out"}
#: What changes nothing though it is no GET; nobody has signed in with a browser who could sign out.
READING = ("list_", "read_", "export_", "follow_")
LOOKS = {"suggest", "explain", "check_schedule", "sign_out"}

BODIES: dict[str, Any] = {
    "create_locations": {"id": "new"},
    "change_location": {},
    "create_calendars": {"id": "new"},
    "change_calendar": {},
    "create_resources": {"id": "new", "kind": "room"},
    "change_resource": {"kind": "room"},
    "create_services": {"id": "new", "minutes": 15},
    "change_service": {"minutes": 15},
    "create_sessions": {"id": "new", "service": "training", "least": 1, "most": 2},
    "change_session": {"service": "training", "least": 1, "most": 2},
    "create_requests": {
        "id": "new",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P1"}],
    },
    "change_request": {"steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]},
    "create_person": {"name": "Eva"},
    "change_person": {"name": "Eva"},
    "place_session": {"start": TEN, "resources": {"gym": ["gym"]}},
    "create_hold": physio(TEN, None),
    "suggest": {"service": "physio"},
    "join_waitlist": {"request": "R1"},
    "create_booking": {"token": "st_unknown"},
    "reschedule_booking": {"visits": [{"start": TEN}]},
    "reassign_booking": {"resources": {"practitioner": ["ben"]}},
    "add_visits": {"visits": [{"start": TEN}]},
    "create_key": {"name": "k", "role": "client"},
    "create_membership": {"issuer": "i", "subject": "s", "role": "client"},
    "create_link": {"purpose": "view", "expires_at": LATER},
    "change_tenant": {"name": "New"},
    "change_steering": {"detour_minutes": 60},
    "create_solve": {"days": 7, "time_limit_seconds": 1},
    "explain": {"request": "R1"},
    "check_schedule": {},
    "create_absence": {"resource": "gym", "start": FROM, "end": TO},
    "create_webhook": {"url": "https://example.org/hook"},
    "change_webhook": {"url": "https://example.org/hook"},
    "replay_webhook": {"since": FROM},
    "import_bookings": [{"service": "physio", "visits": [{"start": TEN}]}],
    "add_lane": {"start": FROM, "end": TO, "reason": "Much to do"},
    **{
        f"import_{plural}": [{"id": "new", **more}]
        for plural, more in {
            "locations": {},
            "calendars": {},
            "resources": {"kind": "room"},
            "services": {"minutes": 15},
            "sessions": {"service": "training", "most": 2},
            "requests": {"steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]},
            "people": {"name": "Eva"},
        }.items()
    },
}


@dataclass
class Place:
    """A clinic with one of everything."""

    clinic: Clinic
    names: dict[str, str]
    person: int

    def ask(self, asker: Asker, operation: tuple[str, str, str], **headers: str) -> Any:
        """Try a path."""
        method, path, name = operation
        collection = path.split("/")[2]
        path = path.replace("{name}", self.names.get(collection, ""))
        path = path.replace("{link}", self.names["link"]).replace("{lane}", self.names["lane"])
        return asker(method, path, BODIES.get(name), **headers)

    def client(self, **more: Any) -> Asker:
        """P1, by a key of their own."""
        return self.clinic.asker("client", person_id=self.person, **more)


@pytest.fixture
def place(clinic: Clinic) -> Place:
    return settled(clinic)


@pytest.fixture(scope="module")
def still(new_clinic: Callable[[], Clinic]) -> Place:
    """A clinic that nobody changes, since all who try are refused."""
    clinic = new_clinic()
    furnish(clinic.asker())
    return settled(clinic)


def settled(clinic: Clinic) -> Place:
    admin = clinic.asker()
    session = {"id": "S1", "service": "training", "least": 1, "most": 2}
    made = [
        admin.post("/v1/locations", {"id": "here"}),
        admin.post("/v1/resources", {"id": "room-h", "kind": "room", "location": "here"}),
        admin.post("/v1/sessions", session),
        admin.post("/v1/requests", {**BODIES["create_requests"], "id": "R1"}),
        admin.post("/v1/keys", {"name": "k", "role": "client"}),
        admin.post("/v1/memberships", {"issuer": "i", "subject": "x", "role": "client"}),
        admin.post("/v1/webhooks", {"url": "https://example.org/hook"}),
        admin.post(
            "/v1/holds",
            physio(NINE, resources={"practitioner": ["anna"], "room": ["room-h"]}),
        ),
    ]
    assert [answer.status_code for answer in made] == [201] * len(made), [a.text for a in made]
    booking = made[-1].json()["id"]
    link = admin.post(f"/v1/bookings/{booking}/links", BODIES["create_link"])
    absence = admin.post("/v1/absences", BODIES["create_absence"])
    solve = admin.post("/v1/solves", BODIES["create_solve"]).json()["id"]
    assert admin.post(f"/v1/solves/{solve}/cancel").status_code == 200  # it has ended
    lane = admin.post("/v1/resources/room-h/extra-lanes", BODIES["add_lane"])
    entry = admin.post("/v1/waitlist", BODIES["join_waitlist"])
    names = {
        "solves": solve,
        "absences": absence.json()["id"],
        "locations": "here",
        "calendars": "office",
        "resources": "room-h",
        "services": "physio",
        "sessions": "S1",
        "requests": "R1",
        "people": "P1",
        "holds": booking,
        "bookings": booking,
        "claims": admin.get("/v1/claims").json()["items"][0]["id"],
        "waitlist": entry.json()["id"],
        "keys": made[4].json()["id"],
        "memberships": made[5].json()["id"],
        "webhooks": made[6].json()["id"],
        "link": link.json()["id"],
        "lane": lane.json()["id"],
    }
    (row,) = clinic.sql("SELECT id FROM person WHERE ref = 'P1'")
    return Place(clinic=clinic, names=names, person=row[0])


@pytest.fixture(scope="session")
def operations(app: FastAPI) -> dict[str, tuple[str, str, str]]:
    """Every path of the OpenAPI document: method, path and name."""
    return {
        operation["operationId"]: (method.upper(), path, operation["operationId"])
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }


def test_every_path_stands_in_the_table(operations: dict[str, Any]) -> None:
    """A new path says here who may, or this fails."""
    assert set(operations) == set(ALLOWED) | OPEN
    assert set(BODIES) <= set(operations)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_each_role_may_what_the_table_says(
    place: Place, operations: dict[str, tuple[str, str, str]], name: str
) -> None:
    """Whoever may not is told 403; whoever may is told something else, whatever it is.

    What strangers to a thing are told is 404, and tried below. The refused come first, since
    the allowed change things.
    """
    askers = {"c": place.client(), "p": place.clinic.asker("client", publishable=True)}
    for role in Role:
        if role is not Role.CLIENT:
            askers["u" if role is Role.AUDITOR else role.value[0]] = place.clinic.asker(role.value)
    refused = {
        letter: place.ask(asker, operations[name]).status_code
        for letter, asker in askers.items()
        if letter not in ALLOWED[name]
    }
    if name == "read_person":
        assert refused.pop("c") == 200  # everybody may read themselves
    assert refused == dict.fromkeys(refused, 403)
    for letter in ALLOWED[name]:
        status = place.ask(askers[letter], operations[name]).status_code
        assert status not in (401, 403) and status < 500, letter


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_strangers_get_in_nowhere(
    still: Place,
    new_clinic: Callable[[], Clinic],
    operations: dict[str, tuple[str, str, str]],
    name: str,
) -> None:
    """No key is 401; another tenant's administrator finds nothing of ours, whatever its name."""
    path = operations[name][1]
    nobody = still.ask(Asker(still.clinic.http, ""), operations[name])
    unknown = still.ask(Asker(still.clinic.http, "ak_unknown"), operations[name])
    assert (nobody.status_code, unknown.status_code) == (401, 401)
    answer = still.ask(new_clinic().asker(), operations[name])
    if "{" in path:
        assert answer.status_code == 404
    else:
        uids = [name for name in still.names.values() if len(name) == 36]
        assert not [uid for uid in uids if uid in answer.text]


@pytest.mark.parametrize("name", sorted(n for n in ALLOWED if not n.startswith(READING)))
def test_every_change_is_written_down(
    place: Place, operations: dict[str, tuple[str, str, str]], name: str
) -> None:
    """What an administrator does is in the audit log afterwards; what is looked at or refused is
    not.
    """
    count = "SELECT count(*) FROM audit"
    (before,), admin = place.clinic.sql(count)[0], place.clinic.asker()
    answer = place.ask(admin, operations[name], If_Match="1")
    changed = operations[name][0] != "GET" and name not in LOOKS and answer.is_success
    assert (place.clinic.sql(count)[0][0] > before) == changed


@pytest.mark.parametrize("name", sorted(set(ALLOWED) - OWN))
def test_a_scope_confines_a_key(
    still: Place, operations: dict[str, tuple[str, str, str]], name: str
) -> None:
    """An administrator's key for something else opens nothing."""
    other = "audit.read" if name != "list_audit" else "tenant.read"
    narrow = still.clinic.asker("administrator", scopes=[other])
    assert still.ask(narrow, operations[name]).status_code == 403


@pytest.mark.parametrize("name", sorted(OF_A_BOOKING))
def test_whoever_works_elsewhere_finds_no_booking(
    still: Place, operations: dict[str, tuple[str, str, str]], name: str
) -> None:
    """As if there were none; it is as it was, and in no list."""
    elsewhere = still.clinic.asker("administrator", locations=["elsewhere"])
    assert still.ask(elsewhere, operations[name]).status_code == 404
    assert elsewhere.get("/v1/bookings").json()["items"] == []
    assert elsewhere.get("/v1/bookings/export").json() == []
    before = still.clinic.asker().get(f"/v1/bookings/{still.names['bookings']}").json()
    assert (before["state"], before["version"]) == ("held", 1)


@pytest.mark.parametrize(
    "name",
    [
        *sorted(name for name in OF_A_BOOKING if "c" in ALLOWED[name]),
        *("read_request", "read_waitlist_entry", "leave_waitlist", "accept_offer", "decline_offer"),
    ],
)
def test_a_client_finds_nothing_of_somebody_else(
    still: Place, operations: dict[str, tuple[str, str, str]], name: str
) -> None:
    """P2 is told that there is no such booking, request or entry, as is a public page."""
    (row,) = still.clinic.sql("SELECT id FROM person WHERE ref = 'P2'")
    other = still.clinic.asker("client", person_id=row[0])
    assert still.ask(other, operations[name]).status_code == 404
    page = still.clinic.asker("client", publishable=True)
    assert still.ask(page, operations[name]).status_code in (403, 404)


def test_a_place_elsewhere_cannot_be_held(still: Place) -> None:
    """Neither held nor moved to."""
    elsewhere = still.clinic.asker("scheduler", locations=["elsewhere"])
    there = {"practitioner": ["anna"], "room": ["room-h"]}
    refused = elsewhere.post("/v1/holds", physio(TEN, resources=there))
    assert refused.status_code == 403
    assert refused.json()["detail"] == "The location here is not among yours: elsewhere."


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "locations", {"id": "new"}),
        ("POST", "resources", {"id": "new", "kind": "room", "location": "here"}),
        ("POST", "services", {"id": "new", "minutes": 15, "location": "here"}),
        ("POST", "resources/import", [{"id": "new", "kind": "room", "location": "here"}]),
        ("PUT", "locations/here", {"zone": "Europe/Lisbon"}),
        ("PUT", "resources/room-h", {"kind": "room", "location": "elsewhere"}),
        ("PUT", "resources/room-h", {"kind": "room"}),
        ("PUT", "resources/room-1", {"kind": "room", "location": "here"}),
        ("DELETE", "locations/here", None),
        ("DELETE", "resources/room-h", None),
        ("POST", "resources/room-h/extra-lanes", BODIES["add_lane"]),
        ("DELETE", "resources/room-h/extra-lanes/{lane}", None),
    ],
)
def test_whoever_works_elsewhere_changes_nothing_here(
    still: Place, method: str, path: str, body: Any
) -> None:
    """Neither what stands here, nor what would; however much of an administrator they are."""
    assert still.clinic.asker().post("/v1/locations", {"id": "elsewhere"}).status_code in (201, 409)
    elsewhere = still.clinic.asker("administrator", locations=["elsewhere"])
    path = path.replace("{lane}", still.names["lane"])
    refused = elsewhere(method, f"/v1/{path}", body, If_Match="1")
    assert refused.status_code == 403, refused.text
    place = "new" if path == "locations" else "here"
    assert refused.json()["detail"] == f"The location {place} is not among yours: elsewhere."


def test_whoever_works_elsewhere_changes_what_is_there(clinic: Clinic) -> None:
    """And what stands nowhere, which is everybody's."""
    assert clinic.asker().post("/v1/locations", {"id": "there"}).status_code == 201
    asks = clinic.asker("administrator", locations=["there"])
    made = asks.post("/v1/resources", {"id": "new", "kind": "room", "location": "there"})
    assert made.status_code == 201
    assert asks.post("/v1/resources/new/extra-lanes", BODIES["add_lane"]).status_code == 201
    gone = asks("DELETE", "/v1/resources/new", If_Match=made.headers["etag"])
    assert gone.status_code == 204
    assert asks.post("/v1/resources/room-1/extra-lanes", BODIES["add_lane"]).status_code == 201


@pytest.mark.parametrize("others", [["P1", "P2"], ["P2"], ["P1", "nobody"], ["nobody"]])
def test_a_client_asks_for_nobody_else(clinic: Clinic, others: list[str]) -> None:
    """Another person is refused beside oneself, too, and whether there is such a person or not."""
    (number,) = clinic.sql(
        "SELECT id FROM person WHERE tenant_id = :t AND ref = 'P1'", t=clinic.tenant
    )[0]
    client = clinic.asker("client", person_id=number)
    attendees = [{"resource": name} for name in others]
    body = {"steps": [{"service": "physio"}], "attendees": attendees}
    refused = client.post("/v1/requests", body)
    assert refused.status_code == 404
    assert refused.json()["detail"] == "You can ask for yourself; somebody else is named."


def test_lanes_do_not_tell_who_is_a_patient(clinic: Clinic) -> None:
    """A client who asks for the lanes of somebody else learns no more than of nobody."""
    client = clinic.asker("client")
    asked = [client.get(f"/v1/resources/{name}/extra-lanes") for name in ("P2", "nobody", "gym")]
    assert [answer.status_code for answer in asked] == [404, 404, 200]


def test_nobody_takes_the_uuid_of_anothers_request_as_a_name(clinic: Clinic) -> None:
    """Whoever asks for a request by its UUID would be given somebody else's."""
    asks = clinic.asker("scheduler")
    body = {"steps": [{"service": "physio"}]}
    first = asks.post("/v1/requests", {**body, "id": "R1"}).json()["uid"]
    for name in (first, first.upper()):
        refused = asks.post("/v1/requests", {**body, "id": name})
        assert refused.status_code == 409
        assert refused.json()["detail"] == f"There is a request {name!r} already."
    assert asks.get(f"/v1/requests/{first}").json()["id"] == "R1"
