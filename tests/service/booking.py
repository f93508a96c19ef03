"""Bookings as tests make and move them, and what is claimed by them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from service.conftest import Asker, Clinic
from service.racing import at


def hold(asks: Asker, body: dict[str, Any], **headers: str) -> Callable[[], Any]:
    return partial(asks.post, "/v1/holds", body, **headers)


def booked(asks: Asker, body: dict[str, Any]) -> str:
    held = asks.post("/v1/holds", body)
    assert held.status_code == 201, held.text
    name: str = held.json()["id"]
    assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
    return name


def move(asks: Asker, name: str, start: str, **resources: list[str]) -> Callable[[], Any]:
    filled = resources or {"practitioner": ["anna"], "room": ["room-1"]}
    body = {"visits": [{"start": start, "resources": filled}]}
    return partial(asks.post, f"/v1/bookings/{name}/reschedule", body)


def client(clinic: Clinic, person: str) -> Asker:
    (row,) = clinic.sql(
        "SELECT id FROM person WHERE tenant_id = :t AND ref = :ref", t=clinic.tenant, ref=person
    )
    return clinic.asker("client", person_id=row[0])


def claims(clinic: Clinic) -> list[tuple[str, str, str]]:
    """Everything that is claimed: resource, local start, state."""
    return [
        tuple(row)
        for row in clinic.sql(
            "SELECT r.ref, to_char(lower(c.span) AT TIME ZONE 'Europe/Berlin', 'HH24:MI'), c.state"
            " FROM claim c JOIN resource r ON r.tenant_id = c.tenant_id AND r.id = c.resource_id"
            " WHERE c.tenant_id = :tenant ORDER BY 1, 2",
            tenant=clinic.tenant,
        )
    ]


def expire_all(clinic: Clinic) -> None:
    """Let the time of everything that waits be over, behind the service's back."""
    for table in ("booking", "claim"):
        clinic.sql(
            f"UPDATE {table} SET expires_at = '2020-01-01 00:00+00'"
            " WHERE tenant_id = :t AND expires_at IS NOT NULL",
            t=clinic.tenant,
        )


#: A hold of R1 in the group, see ``either``.
IN_GROUP = {
    "request": "R1",
    "visits": [{"start": at(9), "session": "group", "resources": {}}],
}


def either(clinic: Clinic) -> dict[str, Any]:
    """Have P1 ask as R1 for a seat in a group, or in another session, which a reviewer looks at.

    Both have their place; return a visit in the other.
    """
    admin = clinic.asker()
    for name, service, hour, resources in (
        ("group", "training", 9, {"gym": ["gym"]}),
        ("theatre", "surgery", 11, {"practitioner": ["anna"], "room": ["room-1"]}),
    ):
        session = {"id": name, "service": service, "least": 1, "most": 2}
        assert admin.post("/v1/sessions", session).status_code == 201
        place = {"start": at(hour), "resources": resources}
        assert admin.post(f"/v1/sessions/{name}/place", place).status_code == 201
    steps, attendees = [{"sessions": ["group", "theatre"]}], [{"resource": "P1"}]
    made = admin.post("/v1/requests", {"id": "R1", "steps": steps, "attendees": attendees})
    assert made.status_code == 201, made.text
    return {"start": at(11), "session": "theatre", "resources": {}}
