"""One example of every body, by operation; the tests send each of them."""

from __future__ import annotations

import json
from typing import Any

OFFICE = {
    "id": "office",
    "weekly": [
        {"weekdays": [0, 1, 2, 3, 4], "hours": {"start_minute": 480, "end_minute": 1080}},
    ],
    "holidays": "DE",
}
LOCATION = {"id": "park", "zone": "Europe/Berlin"}
RESOURCE = {
    "id": "carla",
    "kind": "practitioner",
    "name": "Carla Ruiz",
    "calendar": "office",
    "skills": [{"name": "hand"}],
}
SERVICE = {
    "id": "hand",
    "name": "Hand therapy",
    "minutes": 30,
    "needs": [
        {"role": "practitioner", "alternatives": [{"kind": "practitioner", "skills": ["hand"]}]},
        {"role": "room", "alternatives": [{"kind": "room"}], "after_minutes": 15},
    ],
    "hold_minutes": 10,
}
SESSION = {"id": "back-mon", "service": "training", "least": 2, "most": 8}
REQUEST = {
    "id": "R17",
    "steps": [{"service": "physio"}],
    "attendees": [{"resource": "P1"}],
    "priority": 2,
    "series": {"type": "flexible", "count": 6, "at_least": 4, "least_days_between": 2},
}
PERSON = {"id": "P7", "name": "Eva Lang", "email": "eva@example.org", "phone": "+49 30 1234"}
START, LATER = "2030-01-07T09:00:00+01:00", "2030-01-07T11:00:00+01:00"
PLACE = {"practitioner": ["anna"], "room": ["room-1"]}
OTHER = {"practitioner": ["ben"], "room": ["room-2"]}
REASON = {"reason": "Asked for by telephone."}

_THINGS: dict[str, tuple[dict[str, Any], str]] = {
    "location": (LOCATION, "id,zone\npark,Europe/Berlin\n"),
    "calendar": (OFFICE, "id,holidays\noffice,DE\n"),
    "resource": (RESOURCE, "id,kind,name,calendar,skills\ncarla,practitioner,Carla Ruiz,,hand\n"),
    "service": (SERVICE, "id,name,minutes\ntalk,Advice,30\n"),
    "session": (SESSION, "id,service,least,most\nback-tue,training,2,8\n"),
    "request": (
        REQUEST,
        "id,service,attendees,priority,series,count,at_least\nR17,physio,P1,2,flexible,6,4\n",
    ),
}
#: Of JSON bodies; where an operation is missing, its body has no example, and a test fails.
EXAMPLES: dict[str, Any] = {
    **{f"create_{name}s": example for name, (example, _) in _THINGS.items()},
    **{
        f"change_{name}": {k: v for k, v in example.items() if k != "id"}
        for name, (example, _) in _THINGS.items()
    },
    **{f"import_{name}s": [example] for name, (example, _) in _THINGS.items()},
    "import_bookings": [
        {
            "service": "physio",
            "attendees": ["P1"],
            "visits": [{"start": "2030-01-07T14:00:00+01:00", "resources": OTHER}],
        }
    ],
    "import_people": [{**PERSON, "resource": {"calendar": "office"}}],
    "create_person": PERSON,
    "change_person": {"name": "Eva Lang-Otto", "phone": "+49 30 1234"},
    "place_session": {"start": LATER, "resources": {"gym": ["gym"]}},
    "create_hold": {
        "service": "physio",
        "start": START,
        "resources": PLACE,
        "attendees": ["P1"],
    },
    "create_booking": {"token": "st_7Vw2..."},
    "suggest": {
        "service": "physio",
        "attendees": ["P1"],
        "wanted": START,
        "preferred": {"practitioner": ["anna"]},
        "limit": 3,
    },
    "join_waitlist": {
        "service": "physio",
        "attendees": ["P1"],
        "windows": [{"start": START, "end": LATER}],
        "preferred": {"practitioner": ["anna"]},
    },
    "cancel_booking": REASON,
    "decline_booking": REASON,
    "reschedule_booking": {"visits": [{"start": LATER, "resources": PLACE}]},
    "reassign_booking": {"resources": {"practitioner": ["ben"]}},
    "add_visits": {"visits": [{"occurrence": 2, "start": LATER, "resources": PLACE}]},
    "check_in": {},
    "fulfil": {},
    "no_show": {},
    "create_key": {"name": "Reception", "role": "scheduler", "scopes": ["bookings.*"]},
    "create_membership": {
        "issuer": "https://id.example.org",
        "subject": "4711",
        "role": "scheduler",
    },
    "create_link": {"purpose": "reschedule", "expires_at": START},
    "create_webhook": {"url": "https://example.org/allocator", "types": ["booking.*"]},
    "change_webhook": {
        "url": "https://example.org/allocator",
        "types": ["booking.booked", "booking.cancelled"],
        "enabled": True,
    },
    "rotate_webhook": {"grace_hours": 24},
    "replay_webhook": {"since": "2030-01-07T00:00:00Z"},
    "change_tenant": {
        "name": "Practice by the park",
        "policy": {"terms": {"most_open_holds": 5, "cancel_notice_minutes": 1440}},
    },
    "change_steering": {
        "off_peak": 50,
        "detour_minutes": 90,
        "savings": [{"below": 50, "percent": 10}],
    },
    "create_solve": {"days": 28, "time_limit_seconds": 20, "publish": False},
    "publish_solve": {"only": ["R17"]},
    "explain": {"request": "R17", "start": START, "resources": PLACE},
    "check_schedule": {"first": "2030-01-07", "days": 7, "visits": []},
    "create_absence": {"resource": "anna", "start": START, "end": LATER, "reason": "Training."},
    "add_lane": {"start": START, "end": LATER, "lanes": 1, "reason": "An urgent visit."},
}
#: Of bodies in CSV.
TABLES: dict[str, str] = {
    **{f"import_{name}s": table for name, (_, table) in _THINGS.items()},
    "import_bookings": (
        "service,start,resources\n"
        "physio,2030-01-07T15:00+01:00,practitioner=ben;room=room-2;attendee:P2=P2\n"
    ),
    "import_people": "id,name,email,phone\nP7,Eva Lang,eva@example.org,+49 30 1234\n",
}


def example(operation: str, media: str) -> Any:
    """Return the example of a body, in one of its forms; None where there is none."""
    if media == "text/csv":
        return TABLES.get(operation)
    if media == "application/x-ndjson":
        return "".join(json.dumps(item) + "\n" for item in EXAMPLES.get(operation, ()))
    return EXAMPLES.get(operation)
