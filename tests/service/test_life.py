"""A booking's life: approval, urgency, attendance, notice, other resources, and the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from service.booking import IN_GROUP, either
from service.conftest import Asker, Clinic, physio

from api.store.database import Database
from api.sweeper import sweep

NINE, TEN, ELEVEN = (f"2030-01-07T{hour:02}:00:00+01:00" for hour in (9, 10, 11))
ANNA = {"practitioner": ["anna"], "room": ["room-1"]}


def surgery(start: str = NINE, **more: Any) -> dict[str, Any]:
    return {**physio(start), "service": "surgery", **more}


def held(asks: Asker, body: dict[str, Any]) -> str:
    answer = asks.post("/v1/holds", body)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["id"]
    return name


def confirmed(asks: Asker, body: dict[str, Any]) -> str:
    name = held(asks, body)
    answer = asks.post(f"/v1/holds/{name}/confirm")
    assert answer.status_code == 200, answer.text
    return name


def state(asks: Asker, name: str) -> str:
    found: str = asks.get(f"/v1/bookings/{name}").json()["state"]
    return found


def told(clinic: Clinic, name: str) -> list[tuple[str, Any, Any]]:
    """Return what the audit log has of an object: action, before, after."""
    lines = clinic.asker("auditor").get(f"/v1/audit?object={name}").json()["items"]
    return [(line["action"], line["before"], line["after"]) for line in lines]


def client(clinic: Clinic, person: str = "P1") -> Asker:
    body = {"name": "of a client", "role": "client", "person": person}
    made = clinic.asker().post("/v1/keys", body)
    assert made.status_code == 201
    return Asker(clinic.http, made.json()["key"])


def began(clinic: Clinic, name: str, minutes: int) -> None:
    """Let a booking's visits begin so many minutes from now: what a test cannot wait for."""
    shift = f"now() + interval '{minutes} minutes' - lower(v.span)"
    visit = f"FROM visit v JOIN booking b ON b.id = v.booking_id WHERE b.uid = '{name}'"
    for table, which in (("claim", "visit_id"), ("visit", "id")):
        clinic.sql(
            f"UPDATE {table} SET span = tstzrange(lower({table}.span) + w.shift,"
            f" upper({table}.span) + w.shift)"
            f" FROM (SELECT v.id, {shift} AS shift {visit}) w WHERE {table}.{which} = w.id"
        )
    clinic.sql(
        f"UPDATE booking SET starts_at = now() + interval '{minutes} minutes' WHERE uid = '{name}'"
    )


# Approval ------------------------------------------------------------------------------------


def test_a_service_that_asks_for_it_waits_for_a_reviewer(clinic: Clinic) -> None:
    """Confirmed, it waits; its time stays blocked; nobody but a reviewer can approve."""
    asks, reviewer = clinic.asker("scheduler"), clinic.asker("reviewer")
    name = confirmed(asks, surgery())
    waiting = asks.get(f"/v1/bookings/{name}").json()
    assert waiting["state"] == "pending_approval"
    until = datetime.fromisoformat(waiting["expires_at"])
    ahead = until - datetime.fromisoformat(waiting["changed_at"])
    assert ahead == timedelta(days=2)
    assert asks.post("/v1/holds", physio(NINE, "P2")).status_code == 409
    assert asks.post(f"/v1/bookings/{name}/approve").status_code == 403
    approved = reviewer.post(f"/v1/bookings/{name}/approve")
    assert (approved.status_code, approved.json()["state"]) == (200, "booked")
    assert approved.json()["expires_at"] is None
    assert clinic.sql("SELECT count(*), count(expires_at) FROM claim")[0] == (3, 0)
    assert reviewer.post(f"/v1/bookings/{name}/approve").status_code == 409
    assert [action for action, _, _ in told(clinic, name)] == [
        "booking.held",
        "booking.pending_approval",
        "booking.booked",
    ]


def test_what_is_declined_is_free(clinic: Clinic) -> None:
    """With its reason; the request waits again."""
    asks, reviewer = clinic.asker("scheduler"), clinic.asker("reviewer")
    request = {"id": "R1", "steps": [{"service": "surgery"}], "attendees": [{"resource": "P1"}]}
    assert asks.post("/v1/requests", request).status_code == 201
    name = confirmed(asks, {"request": "R1", "start": NINE, "resources": ANNA})
    assert asks.get("/v1/requests/R1").json()["state"] == "scheduled"
    declined = reviewer.post(f"/v1/bookings/{name}/decline", {"reason": "not needed"})
    assert (declined.json()["state"], declined.json()["reason"]) == ("rejected", "not needed")
    assert asks.get("/v1/requests/R1").json()["state"] == "requested"
    assert asks.post("/v1/holds", physio(NINE, "P2")).status_code == 201


def test_nobody_reviews_for_ever(clinic: Clinic, relay: Database) -> None:
    """After the deadline it counts as declined, and the sweeper declines it."""
    clinic.settle(approval_minutes=30)
    asks, reviewer = clinic.asker("scheduler"), clinic.asker("reviewer")
    name = confirmed(asks, surgery())
    clinic.sql(f"UPDATE booking SET expires_at = now() WHERE uid = '{name}'")
    clinic.sql("UPDATE claim SET expires_at = now()")
    late = reviewer.post(f"/v1/bookings/{name}/approve")
    assert late.status_code == 409
    assert late.json()["state"] == "rejected"
    sweep(relay)
    assert state(asks, name) == "rejected"
    assert clinic.sql("SELECT count(*) FROM claim")[0][0] == 0
    assert told(clinic, name)[-1] == (
        "booking.rejected",
        {"state": "pending_approval"},
        {"state": "rejected"},
    )


def test_a_reviewer_has_until_the_start_at_most(clinic: Clinic) -> None:
    """Held an hour before it begins, it waits an hour, not two days."""
    asks = clinic.asker("scheduler")
    name = held(asks, surgery())
    began(clinic, name, 60)
    assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
    (row,) = clinic.sql(f"SELECT expires_at = starts_at AS same FROM booking WHERE uid = '{name}'")
    assert row.same


def test_any_step_may_ask_for_a_reviewer(clinic: Clinic) -> None:
    """A chain of which only the second step needs approval waits for it as a whole."""
    asks = clinic.asker("scheduler")
    request = {
        "id": "R1",
        "steps": [{"service": "physio"}, {"service": "surgery"}],
        "attendees": [{"resource": "P1"}],
    }
    assert asks.post("/v1/requests", request).status_code == 201
    visits = [
        {"step": step, "start": start, "resources": ANNA} for step, start in ((1, NINE), (2, TEN))
    ]
    name = confirmed(asks, {"request": "R1", "visits": visits})
    assert state(asks, name) == "pending_approval"


def test_what_was_approved_is_moved_by_the_staff(clinic: Clinic) -> None:
    """A client who moved it would have a place that nobody has approved."""
    mine = client(clinic)
    name = confirmed(mine, surgery())
    assert clinic.asker("reviewer").post(f"/v1/bookings/{name}/approve").status_code == 200
    move = {"visits": [{"start": ELEVEN, "resources": ANNA}]}
    refused = mine.post(f"/v1/bookings/{name}/reschedule", move)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:allocator:problem:wrong-state"
    moved = clinic.asker("scheduler").post(f"/v1/bookings/{name}/reschedule", move)
    assert moved.status_code == 200


def test_what_a_reviewer_looks_at_first_is_no_clients_to_move_to(clinic: Clinic) -> None:
    """Booked where nobody has to look at it, it is not moved past the reviewer; staff may."""
    move = {"visits": [either(clinic)]}
    mine = client(clinic)
    name = confirmed(mine, IN_GROUP)
    assert state(mine, name) == "booked"
    refused = mine.post(f"/v1/bookings/{name}/reschedule", move)
    assert refused.status_code == 409, refused.text
    assert refused.json()["detail"] == (
        f"A reviewer looks at the service surgery first; the staff moves booking {name} there."
    )
    moved = clinic.asker("scheduler").post(f"/v1/bookings/{name}/reschedule", move).json()
    assert [moved["service"], moved["visits"][0]["service"]] == ["surgery"] * 2
    assert mine.post(f"/v1/bookings/{name}/reschedule", move).status_code == 409


# The urgent channel ---------------------------------------------------------------------------


def test_what_is_urgent_goes_to_a_reviewer(clinic: Clinic) -> None:
    """Whatever its service: never a silent overlap, never booked unseen."""
    mine = client(clinic)
    name = confirmed(mine, physio(NINE, urgent=True))
    assert state(mine, name) == "pending_approval"
    assert mine.get(f"/v1/bookings/{name}").json()["urgent"] is True
    assert (
        clinic.asker("scheduler").post("/v1/holds", physio(NINE, "P2", urgent=True)).status_code
        == 409
    )
    assert clinic.asker("reviewer").post(f"/v1/bookings/{name}/approve").status_code == 200
    assert clinic.overlaps() == 0


def test_a_reserve_opens_for_what_is_urgent(clinic: Clinic) -> None:
    """Anna keeps nine to ten for priority 1: a usual hold is refused, an urgent one is not."""
    admin = clinic.asker()
    anna = admin.get("/v1/resources/anna")
    kept = {"start": NINE, "end": TEN}
    body = {
        "kind": "practitioner",
        "calendar": "office",
        "name": "Anna",
        "reserves": [{"span": kept, "urgent_priority": 1}],
    }
    changed = admin("PUT", "/v1/resources/anna", body, If_Match=anna.headers["etag"])
    assert changed.status_code == 200, changed.text
    asks = clinic.asker("scheduler")
    usual = asks.post("/v1/holds", physio(NINE))
    assert usual.status_code == 409
    assert [v["rule"] for v in usual.json()["violations"]] == ["reserves"]
    name = confirmed(asks, physio(NINE, urgent=True))
    assert state(asks, name) == "pending_approval"
    for number, priority, code in ((1, 3, 409), (2, 1, 201)):
        request = {"id": f"R{number}", "steps": [{"service": "physio"}], "priority": priority}
        assert asks.post("/v1/requests", request).status_code == 201
        ben = {"practitioner": ["anna"], "room": ["room-2"]}
        if code == 201:
            assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
        answer = asks.post("/v1/holds", {"request": f"R{number}", "start": NINE, "resources": ben})
        assert answer.status_code == code


def test_clients_give_themselves_no_priority(clinic: Clinic) -> None:
    """Else a reserve for the urgent would be open to whoever says a number."""
    mine = client(clinic)
    body = {"steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]}
    refused = mine.post("/v1/requests", {**body, "priority": 1})
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("Priority 1 is the staff's to give")
    assert mine.post("/v1/requests", {**body, "priority": 3}).status_code == 201
    assert (
        clinic.asker("scheduler").post("/v1/requests", {**body, "priority": 1}).status_code == 201
    )


# Attendance -----------------------------------------------------------------------------------


def visit_state(asks: Asker, name: str) -> str:
    (visit,) = asks.get(f"/v1/bookings/{name}").json()["visits"]
    found: str = visit["state"]
    return found


def test_somebody_comes_and_is_treated(clinic: Clinic) -> None:
    """Checked in, then fulfilled once it has begun; then it is over, and cannot be cancelled."""
    asks = clinic.asker("scheduler")
    name = confirmed(asks, physio(NINE))
    path = f"/v1/bookings/{name}"
    assert asks.post(f"{path}/check-in").status_code == 200
    assert visit_state(asks, name) == "checked_in"
    early = asks.post(f"{path}/fulfil")
    assert early.status_code == 409
    assert "cannot be fulfilled yet" in early.json()["detail"]
    began(clinic, name, -10)
    assert asks.post(f"{path}/no-show").status_code == 409
    assert asks.post(f"{path}/fulfil").status_code == 200
    assert visit_state(asks, name) == "fulfilled"
    for again in ("check-in", "fulfil", "no-show", "cancel"):
        assert asks.post(f"{path}/{again}").status_code == 409, again
    (visit,) = asks.get(path).json()["visits"]
    assert told(clinic, visit["id"]) == [
        ("visit.checked_in", {"state": "booked"}, {"state": "checked_in"}),
        ("visit.fulfilled", {"state": "checked_in"}, {"state": "fulfilled"}),
    ]


def test_somebody_stays_away(clinic: Clinic) -> None:
    """Nobody has missed a visit before it begins."""
    asks = clinic.asker("scheduler")
    name = confirmed(asks, physio(NINE))
    assert asks.post(f"/v1/bookings/{name}/no-show").status_code == 409
    began(clinic, name, -1)
    assert asks.post(f"/v1/bookings/{name}/no-show").status_code == 200
    assert visit_state(asks, name) == "no_show"


def test_attendance_is_the_staffs(clinic: Clinic) -> None:
    """A client does not check in, and what is only held is not attended."""
    mine = client(clinic)
    name = held(mine, physio(NINE))
    for deed in ("check-in", "fulfil", "no-show"):
        assert mine.post(f"/v1/bookings/{name}/{deed}").status_code == 403
        assert clinic.asker("scheduler").post(f"/v1/bookings/{name}/{deed}").status_code == 409


# Notice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["cancel", "reschedule"])
def test_clients_keep_to_the_notice_and_staff_need_not(clinic: Clinic, deed: str) -> None:
    """A day's notice: 25 hours before a client may, 23 hours before only the staff."""
    clinic.settle(cancel_notice_minutes=24 * 60, reschedule_notice_minutes=24 * 60)
    mine, asks = client(clinic), clinic.asker("scheduler")
    move = {"visits": [{"start": ELEVEN, "resources": ANNA}]}
    body = move if deed == "reschedule" else None
    path = {}
    for hours in (25, 23):
        name = confirmed(mine, physio(NINE))
        began(clinic, name, 60 * hours)
        path[hours] = f"/v1/bookings/{name}"
    refused = mine.post(f"{path[23]}/{deed}", body)
    assert refused.status_code == 409
    assert refused.json()["violations"] == [
        {"rule": "notice", "message": "less than 1440 minutes are left"}
    ]
    assert "up to 1440 minutes before" in refused.json()["detail"]
    assert asks.post(f"{path[23]}/{deed}", body).status_code == 200
    if deed == "reschedule":
        assert asks.post(f"{path[23]}/cancel").status_code == 200
    assert mine.post(f"{path[25]}/{deed}", body).status_code == 200


def test_the_notice_is_that_of_the_visit_which_changes(clinic: Clinic) -> None:
    """The first of a series is tomorrow; a client may take back the second all the same."""
    clinic.settle(cancel_notice_minutes=48 * 60, reschedule_notice_minutes=48 * 60)
    mine = client(clinic)
    request = {
        "id": "R1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P1"}],
        "series": {"type": "flexible", "count": 2},
    }
    assert mine.post("/v1/requests", request).status_code == 201
    visits = [
        {"occurrence": 1, "start": NINE, "resources": ANNA},
        {"occurrence": 2, "start": NINE.replace("-07T", "-14T"), "resources": ANNA},
    ]
    name = confirmed(mine, {"request": "R1", "visits": visits})
    first, second = mine.get(f"/v1/bookings/{name}").json()["visits"]
    tomorrow = "date_trunc('hour', now() + interval '1 day')"
    for table, column in (("claim", "visit_id"), ("visit", "id")):
        clinic.sql(
            f"UPDATE {table} SET span = tstzrange({tomorrow},"
            f" {tomorrow} + (upper(span) - lower(span)))"
            f" WHERE {column} = (SELECT id FROM visit WHERE uid = '{first['id']}')"
        )
    path = f"/v1/bookings/{name}"
    assert mine.post(f"{path}/cancel", {"visit": first["id"]}).status_code == 409
    assert mine.post(f"{path}/cancel").status_code == 409
    both = {"visits": [{**visit, "start": ELEVEN} for visit in visits[:1]]}
    assert mine.post(f"{path}/reschedule", both).status_code == 409
    assert mine.post(f"{path}/cancel", {"visit": second["id"]}).status_code == 200


# Other resources ------------------------------------------------------------------------------


def test_another_takes_over(clinic: Clinic) -> None:
    """Ben treats in Anna's place, at the same time; she is free, and the log has both."""
    asks = clinic.asker("scheduler")
    name = confirmed(asks, physio(NINE))
    answer = asks.post(f"/v1/bookings/{name}/reassign", {"resources": {"practitioner": ["ben"]}})
    assert answer.status_code == 200, answer.text
    (visit,) = answer.json()["visits"]
    assert visit["resources"]["practitioner"] == ["ben"]
    assert visit["start"] == "2030-01-07T08:00:00Z"
    other = {"practitioner": ["anna"], "room": ["room-2"]}
    assert asks.post("/v1/holds", {**physio(NINE, "P2"), "resources": other}).status_code == 201
    action, before, after = told(clinic, name)[-1]
    assert action == "booking.reassigned"
    was, now = before["visits"][0], after["visits"][0]
    assert was["id"] == now["id"] == visit["id"]
    assert (was["resources"]["practitioner"], now["resources"]["practitioner"]) == (
        ["anna"],
        ["ben"],
    )


def test_somebody_falls_ill_at_the_last_minute(clinic: Clinic) -> None:
    """A visit that keeps its time had its notice; moved to another time, it needs it anew."""
    admin = clinic.asker()
    service = admin.get("/v1/services/physio")
    body = {
        k: v
        for k, v in service.json().items()
        if k not in ("uid", "version", "created_at", "changed_at")
    }
    name = confirmed(admin, physio(NINE))
    body["notice_minutes"] = 10_000_000
    changed = admin("PUT", "/v1/services/physio", body, If_Match=service.headers["etag"])
    assert changed.status_code == 200, changed.text
    path = f"/v1/bookings/{name}"
    move = {"visits": [{"start": ELEVEN, "resources": ANNA}]}
    refused = admin.post(f"{path}/reschedule", move)
    assert refused.status_code == 409
    assert [v["rule"] for v in refused.json()["violations"]] == ["notice"]
    assert (
        admin.post(f"{path}/reassign", {"resources": {"practitioner": ["ben"]}}).status_code == 200
    )


def test_clients_do_not_choose_others_for_it(clinic: Clinic) -> None:
    """Who treats is the staff's to change; a resource that does not fit is refused."""
    mine, asks = client(clinic), clinic.asker("scheduler")
    name = confirmed(mine, physio(NINE))
    body = {"resources": {"practitioner": ["ben"]}}
    assert mine.post(f"/v1/bookings/{name}/reassign", body).status_code == 403
    wrong = asks.post(f"/v1/bookings/{name}/reassign", {"resources": {"practitioner": ["gym"]}})
    assert wrong.status_code == 409
    assert [v["rule"] for v in wrong.json()["violations"]] == ["eligible_resources"]


def test_a_booking_is_where_it_was_moved_to(clinic: Clinic) -> None:
    """Whoever works where a booking was moved to sees it; whoever works where it was does not."""
    admin = clinic.asker()
    rooms = []
    for place, zone in (("berlin", "Europe/Berlin"), ("lisbon", "Europe/Lisbon")):
        assert admin.post("/v1/locations", {"id": place, "zone": zone}).status_code == 201
        room = {"id": f"{place}-1", "kind": "room", "calendar": "office", "location": place}
        rooms.append(admin.post("/v1/resources", room).status_code)
    assert rooms == [201, 201]
    there = {"practitioner": ["anna"], "room": ["berlin-1"]}
    name = confirmed(admin, physio(TEN, resources=there))
    path = f"/v1/bookings/{name}"
    moved = admin.post(f"{path}/reassign", {"resources": {"room": ["lisbon-1"]}})
    assert moved.status_code == 200
    assert (moved.json()["location"], moved.json()["zone"]) == ("lisbon", "Europe/Lisbon")
    seen = [
        clinic.asker("scheduler", locations=[place]).get(path).status_code
        for place in ("berlin", "lisbon")
    ]
    assert seen == [404, 200]


# The audit log ---------------------------------------------------------------------------------


def test_every_change_says_who_when_before_and_after(clinic: Clinic) -> None:
    """From hold to cancellation; who did it is the key, and when is the database's clock."""
    asks = clinic.asker("scheduler")
    (before,) = clinic.sql("SELECT now() AS now")
    name = confirmed(asks, physio(NINE))
    move = {"visits": [{"start": ELEVEN, "resources": ANNA}]}
    assert asks.post(f"/v1/bookings/{name}/reschedule", move).status_code == 200
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    (after,) = clinic.sql("SELECT now() AS now")
    (key,) = clinic.sql(
        "SELECT uid FROM api_key WHERE role = 'scheduler' AND tenant_id = :t", t=clinic.tenant
    )
    lines = clinic.asker("auditor").get(f"/v1/audit?object={name}").json()["items"]
    assert [line["actor"] for line in lines] == [f"key:{key.uid}"] * 4
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    assert before.now <= times[0] <= times[1] <= times[2] <= times[3] <= after.now
    hold, book, moved, gone = [(line["action"], line["before"], line["after"]) for line in lines]
    assert (hold[0], hold[1], hold[2]["state"]) == ("booking.held", None, "held")
    assert book == ("booking.booked", {"state": "held"}, {"state": "booked"})
    assert moved[0] == "booking.moved"
    assert moved[1]["visits"][0]["start"] == "2030-01-07T08:00:00+00:00"
    assert datetime.fromisoformat(moved[2]["visits"][0]["start"]) == datetime.fromisoformat(ELEVEN)
    assert gone == ("booking.cancelled", {"state": "booked"}, {"state": "cancelled"})


def test_the_audit_log_stays(clinic: Clinic) -> None:
    """Not even the owner of the tables changes or deletes a line."""
    held(clinic.asker("scheduler"), physio(NINE))
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(Exception, match="append-only"):
            clinic.sql(statement)


# Erasing ---------------------------------------------------------------------------------------

QUUX = {"name": "Quuxa Zanzibar", "email": "quuxa@zanzibar.example", "phone": "0123 987"}


def test_a_person_is_erased(clinic: Clinic) -> None:
    """Bookings and the audit log stay; the name is in no table, and nobody comes in as them."""
    admin = clinic.asker()
    made = admin.post("/v1/people", {"id": "PX", **QUUX}, Idempotency_Key="k1")
    assert made.status_code == 201
    version = admin.get("/v1/people/PX").headers["etag"]
    changed = admin(
        "PUT", "/v1/people/PX", {**QUUX, "phone": None}, If_Match=version, Idempotency_Key="k2"
    )
    assert changed.status_code == 200
    request = {
        "id": "R1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "PX"}],
        "label": "Quuxa's knee",
    }
    assert admin.post("/v1/requests", request, Idempotency_Key="k3").status_code == 201
    name = confirmed(admin, {"request": "R1", "start": NINE, "resources": ANNA})
    answer = admin.post(
        f"/v1/bookings/{name}/cancel", {"reason": "Quuxa called"}, Idempotency_Key="k4"
    )
    assert answer.status_code == 200
    kept = confirmed(admin, physio(TEN, "PX"))
    body = {"name": "Quuxa's phone", "role": "client", "person": "PX"}
    key = Asker(clinic.http, admin.post("/v1/keys", body).json()["key"])
    assert key.post("/v1/session").status_code == 200
    member = {"issuer": "i", "subject": QUUX["email"], "role": "client", "person": "PX"}
    assert admin.post("/v1/memberships", member, Idempotency_Key="k5").status_code == 201
    many = [{**request, "id": "R2"}]
    assert admin.post("/v1/requests", many, Idempotency_Key="k6").status_code == 201
    link = admin.post(
        f"/v1/bookings/{kept}/links", {"purpose": "view", "expires_at": "2029-01-01T00:00:00Z"}
    )
    before = clinic.sql("SELECT count(*) FROM audit")[0][0]
    assert clinic.everything_about("quuxa") != []
    assert admin.post("/v1/people/PX/erase").status_code == 204
    for word in ("quuxa", "zanzibar", "0123 987"):
        assert clinic.everything_about(word) == [], word
    assert clinic.sql("SELECT count(*) FROM audit")[0][0] == before + 3  # two requests withdrawn
    assert state(admin, kept) == "booked"
    assert state(admin, name) == "cancelled"
    assert told(clinic, made.json()["uid"])[-1] == (
        "person.erased",
        {"erased": False},
        {"erased": True},
    )
    erased = admin.get("/v1/people/PX").json()
    assert (erased["name"], erased["email"], erased["phone"]) == ("erased", None, None)
    assert key.get("/v1/bookings").status_code == 401
    assert Asker(clinic.http, link.json()["token"]).get(f"/v1/bookings/{kept}").status_code == 401
    again = admin("PUT", "/v1/people/PX", QUUX, If_Match='"3"')
    assert again.status_code == 409
    assert admin.post("/v1/people/PX/erase").status_code == 204
    assert admin.get("/v1/people/PX").json()["erased_at"] == erased["erased_at"]


def test_names_are_kept_with_people_alone(clinic: Clinic) -> None:
    """A person's resource takes no name, new or changed; the log has no names and labels at all."""
    admin = clinic.asker()
    body = {"id": "PX", "name": "Quuxa", "resource": {"name": "Quuxa"}}
    assert admin.post("/v1/people", body).status_code == 422
    patient = admin.get("/v1/resources/P1")
    named = {"kind": "patient", "name": "Quuxa"}
    refused = admin("PUT", "/v1/resources/P1", named, If_Match=patient.headers["etag"])
    assert refused.status_code == 422
    nurse = {"id": "nurse", "kind": "practitioner", "name": "Quuxa"}
    assert admin.post("/v1/resources", nurse).status_code == 201
    version = admin.get("/v1/resources/nurse").headers["etag"]
    assert (
        admin(
            "PUT", "/v1/resources/nurse", {**nurse, "name": "Quuxina"}, If_Match=version
        ).status_code
        == 200
    )
    assert clinic.everything_about("quux") == ["resource"]


def test_erasing_is_the_administrators(clinic: Clinic) -> None:
    """Nobody else may, and of nobody who is not there."""
    for role in ("client", "scheduler", "reviewer", "auditor"):
        assert clinic.asker(role).post("/v1/people/P1/erase").status_code == 403
    assert clinic.asker().post("/v1/people/nobody/erase").status_code == 404
