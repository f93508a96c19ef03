"""What clients get, where it is not one of the library's own types: as OpenAPI describes it."""

from __future__ import annotations

from typing import Any

from api.schemas.domain import REF

TEXT: dict[str, Any] = {"type": "string"}
UID: dict[str, Any] = {"type": "string", "format": "uuid"}
DAY: dict[str, Any] = {"type": "string", "format": "date"}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
NUMBER: dict[str, Any] = {"type": "integer"}
FLAG: dict[str, Any] = {"type": "boolean"}
SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
ANY: dict[str, Any] = {"type": "object"}


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of something that may be absent."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> dict[str, Any]:
    """Return a reference to a schema."""
    return {"$ref": REF + name}


def _object(title: str, meaning: str, /, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "description": meaning,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


KEPT = {"version": NUMBER, "created_at": INSTANT, "changed_at": INSTANT}
ROLES: dict[str, Any] = {"type": "object", "additionalProperties": many(TEXT)}
WANTED = {"occurrence": NUMBER, "step": NUMBER, "start": INSTANT, "resources": ROLES}
STATES: dict[str, Any] = {
    "type": "string",
    "enum": ["held", "pending_approval", "booked", "rejected", "cancelled", "expired"],
}
VISIT_STATES: dict[str, Any] = {
    "type": "string",
    "enum": ["booked", "checked_in", "fulfilled", "no_show", "cancelled"],
}
WAITLIST_STATES: dict[str, Any] = {
    "type": "string",
    "enum": ["waiting", "offered", "booked", "expired", "withdrawn"],
}
REASON = _object("Reason", "Why it ranks where it does.", tag=TEXT, text=TEXT, good=FLAG)
KEY = {
    "id": UID,
    "name": TEXT,
    "role": TEXT,
    "scopes": many(TEXT),
    "locations": many(TEXT),
    "publishable": FLAG,
    "expires_at": maybe(INSTANT),
    "revoked_at": maybe(INSTANT),
    "created_at": INSTANT,
}
LINK = {
    "id": UID,
    "purpose": TEXT,
    "expires_at": INSTANT,
    "revoked_at": maybe(INSTANT),
    "created_at": INSTANT,
}

SOLVE = {
    "id": UID,
    "state": {
        "type": "string",
        "enum": ["queued", "running", "solved", "publishing", "published", "cancelled", "failed"],
    },
    "asked": ANY,
    "publish": FLAG,
    "progress": maybe(ANY),
    "published": maybe(ANY),
    "attempt": NUMBER,
    "created_at": INSTANT,
    "started_at": maybe(INSTANT),
    "ended_at": maybe(INSTANT),
}
ABSENCE = {
    "id": UID,
    "resource": TEXT,
    "start": INSTANT,
    "end": INSTANT,
    "reason": TEXT,
    "solve": maybe(UID),
    "created_at": INSTANT,
}
BROKEN = _object(
    "Broken",
    "A rule, what is said of it, and to the staff whose bookings stand in the way.",
    rule=TEXT,
    message=TEXT,
    bookings=many(
        _object(
            "BookingInTheWay",
            "A booking, and when its visit starts that is in the way.",
            id=UID,
            person=maybe(TEXT),
            start=INSTANT,
        )
    ),
)

WEBHOOK = {
    "id": UID,
    "url": TEXT,
    "types": many(TEXT),
    "enabled": FLAG,
    "disabled_at": maybe(INSTANT),
    "old_secret_until": maybe(INSTANT),
    "version": NUMBER,
    "created_at": INSTANT,
}

SAVING = maybe(
    _object(
        "Saving",
        "What is saved: a share of the price, or an amount in hundredths of a currency.",
        percent=NUMBER,
        cents=NUMBER,
        currency=TEXT,
        text=TEXT,
    )
)
#: How busy an hour is expected to be.
BUSY = {
    "load": maybe(SHARE),
    "band": maybe({"type": "string", "enum": ["off_peak", "between", "peak"]}),
}
GOAL = {"goal": TEXT, "level": TEXT, "unit": TEXT, "amount": NUMBER, "cost": NUMBER}

ANSWERS: dict[str, dict[str, Any]] = {
    str(schema["title"]): schema
    for schema in (
        {
            "type": "object",
            "title": "Problem",
            "description": "What went wrong (RFC 9457); each type has members of its own.",
            "properties": {
                "type": TEXT,
                "title": TEXT,
                "status": NUMBER,
                "detail": TEXT,
                "faults": many(ANY),
                "violations": many(ANY),
                "alternatives": many(ref("Suggestion")),
            },
            "required": ["type", "title", "status", "detail"],
        },
        _object(
            "BookedVisit",
            "A visit of a booking; attendees have roles of their own.",
            id=UID,
            occurrence=NUMBER,
            step=NUMBER,
            service=TEXT,
            session=maybe(TEXT),
            start=INSTANT,
            end=INSTANT,
            resources=ROLES,
            state=VISIT_STATES,
        ),
        _object(
            "Booking",
            "One or more visits with their claims, and a state.",
            id=UID,
            state=STATES,
            request=maybe(TEXT),
            person=maybe(TEXT),
            service=TEXT,
            location=maybe(TEXT),
            starts_at=INSTANT,
            expires_at=maybe(INSTANT),
            zone=TEXT,
            urgent=FLAG,
            reason=maybe(TEXT),
            saving=SAVING,
            visits=many(ref("BookedVisit")),
            **KEPT,
        ),
        _object(
            "PartlyPossible",
            "Which visits of a series can be had together, and why the others cannot.",
            question=TEXT,
            possible=many(_object("Possible", "A visit.", **WANTED, session=maybe(TEXT))),
            refused=many(
                _object(
                    "Refused",
                    "A visit, and why it cannot be had.",
                    **WANTED,
                    session=maybe(TEXT),
                    problem=ref("Problem"),
                )
            ),
        ),
        _object(
            "SuggestedDays",
            "Days and months on which something could begin; the others have no place.",
            first=DAY,
            last=DAY,
            days=many(
                _object(
                    "SuggestedDay",
                    "A day with starts: how many, the first and the last, its quietest hour.",
                    day=DAY,
                    starts=NUMBER,
                    first=INSTANT,
                    last=INSTANT,
                    **BUSY,
                )
            ),
            months=many(
                _object(
                    "SuggestedMonth",
                    "What its days come to, as far as they were looked at.",
                    month=TEXT,
                    days=NUMBER,
                    starts=NUMBER,
                    **BUSY,
                )
            ),
        ),
        _object(
            "PopularHours",
            "How busy a usual week is; weekdays count from Monday, 0, in local time.",
            learnt_at=maybe(INSTANT),
            zone=TEXT,
            hours=many(
                _object(
                    "PopularHour",
                    "An hour of a kind of resource.",
                    kind=TEXT,
                    weekday=NUMBER,
                    hour=NUMBER,
                    **BUSY,
                )
            ),
        ),
        _object(
            "Claim",
            "What is taken of a resource, buffers included, and by what; gone once that moves.",
            id=TEXT,
            resource=TEXT,
            role=TEXT,
            lane=NUMBER,
            state={"type": "string", "enum": ["hold", "pending_approval", "booked"]},
            start=INSTANT,
            end=INSTANT,
            expires_at=maybe(INSTANT),
            visit=UID,
            booking=maybe(UID),
            session=maybe(TEXT),
        ),
        _object(
            "SuggestedVisit",
            "Where a visit would lie.",
            **WANTED,
            end=INSTANT,
            session=maybe(TEXT),
        ),
        _object(
            "Suggestion",
            "Places for all visits of what is asked for, taken together.",
            token=TEXT,
            start=INSTANT,
            end=INSTANT,
            zone=TEXT,
            visits=many(ref("SuggestedVisit")),
            sessions=many(ref("SuggestedVisit")),
            reasons=many(REASON),
            **BUSY,
            saving=SAVING,
            rank=maybe(NUMBER),
            goals=maybe(
                many(_object("AddedCost", "What a goal pays more; below 0 is less.", **GOAL))
            ),
            displaces=maybe(many(TEXT)),
        ),
        _object(
            "Suggestions",
            "Choices, the best first, or why there are none.",
            suggestions=many(ref("Suggestion")),
            starts=NUMBER,
            expires_at=INSTANT,
            why_none=maybe(
                _object("WhyNone", "Why there is no choice.", sentence=TEXT, rules=many(TEXT))
            ),
            next_possible=maybe(ref("Suggestion")),
            nearly=many(
                _object(
                    "NearlySuggested",
                    "A fixed series of which some dates fail; it cannot be held as it is.",
                    visits=many(ref("SuggestedVisit")),
                    failing=many(
                        _object(
                            "FailingDate",
                            "When a visit would be, and where it could lie instead.",
                            occurrence=NUMBER,
                            step=NUMBER,
                            start=INSTANT,
                            instead=many(ref("SuggestedVisit")),
                        )
                    ),
                )
            ),
        ),
        _object(
            "Person",
            "Somebody who comes to visits.",
            id=TEXT,
            uid=UID,
            name=TEXT,
            email=maybe(TEXT),
            phone=maybe(TEXT),
            erased_at=maybe(INSTANT),
            **KEPT,
        ),
        _object(
            "Imported", "How many rows of an import are written: all of them.", imported=NUMBER
        ),
        _object("Key", "A key, without its secret.", **KEY),
        _object("NewKey", "A key with its secret, told this once.", **KEY, key=TEXT),
        _object(
            "Membership",
            "What somebody who signs in elsewhere is to the tenant.",
            id=UID,
            issuer=TEXT,
            subject=TEXT,
            role=TEXT,
            locations=many(TEXT),
            created_at=INSTANT,
        ),
        _object("SignedIn", "A browser's session.", csrf_token=TEXT, expires_at=INSTANT),
        _object("Link", "A link, without its secret.", **LINK),
        _object("NewLink", "A link with its secret, told this once.", **LINK, token=TEXT),
        _object(
            "Tenant",
            "A clinic, or a chain of them.",
            id=UID,
            name=TEXT,
            zone=TEXT,
            grain_minutes=NUMBER,
            policy=ANY,
            version=NUMBER,
            created_at=INSTANT,
        ),
        _object(
            "ExtraLane",
            "A lane more for a resource, for a while.",
            id=UID,
            start=INSTANT,
            end=INSTANT,
            lanes=NUMBER,
            reason=TEXT,
            created_at=INSTANT,
        ),
        _object(
            "SessionPlace",
            "Where a group session is held; below `least` it does not run, and staff calls it off.",
            id=UID,
            session=TEXT,
            start=INSTANT,
            end=INSTANT,
            resources=ROLES,
            taken=NUMBER,
            least=NUMBER,
            most=NUMBER,
            enough=FLAG,
        ),
        _object("Solve", "A job that allocates a batch.", **SOLVE),
        _object(
            "SolveWithResult",
            "A job that allocates a batch, with what came of it.",
            **SOLVE,
            result=maybe(ANY),
        ),
        _object("Absence", "A resource that is absent for a while.", **ABSENCE),
        _object(
            "AbsenceWithHits",
            "A resource that is absent for a while, and whom that hits.",
            **ABSENCE,
            bookings=many(
                _object(
                    "HitBooking",
                    "A booking with visits that need the resource while it is absent.",
                    id=UID,
                    state=STATES,
                    person=maybe(TEXT),
                    visits=many(
                        _object(
                            "HitVisit",
                            "Such a visit; `session` is the group session in which it is a seat.",
                            id=UID,
                            start=INSTANT,
                            session=maybe(TEXT),
                        )
                    ),
                )
            ),
            sessions=many(
                _object(
                    "HitSession",
                    "A group session that claims it; whoever has a seat in it is in `bookings`.",
                    id=TEXT,
                    start=INSTANT,
                )
            ),
        ),
        _object(
            "WaitlistEntry",
            "Somebody who waits for time to come free. `booking` is what came of it, or what would"
            " come earlier.",
            id=UID,
            state=WAITLIST_STATES,
            request=maybe(TEXT),
            booking=maybe(UID),
            person=maybe(TEXT),
            service=TEXT,
            location=maybe(TEXT),
            ends_at=maybe(INSTANT),
            offers=NUMBER,
            offer=maybe(
                _object(
                    "Offered",
                    "A place that is held until it is accepted, or its time is over.",
                    hold=UID,
                    state=STATES,
                    starts_at=INSTANT,
                    expires_at=INSTANT,
                    reasons=many(REASON),
                )
            ),
            **KEPT,
        ),
        _object(
            "Explanation",
            "Why a request is not placed, and what stands against a slot.",
            request=TEXT,
            solve=maybe(UID),
            visits=many(
                _object(
                    "ExplainedVisit",
                    "How the starts of a visit run out, rule by rule.",
                    visit=TEXT,
                    reason=TEXT,
                    funnel=many(
                        _object("FunnelStep", "Starts left after a rule.", rule=TEXT, left=NUMBER)
                    ),
                )
            ),
            slot=maybe(
                _object(
                    "TriedSlot",
                    "A visit tried at a start.",
                    start=INSTANT,
                    end=INSTANT,
                    resources=ROLES,
                    free=FLAG,
                    violations=many(BROKEN),
                )
            ),
        ),
        _object(
            "CheckedSchedule",
            "What a schedule breaks, and what it costs.",
            valid=FLAG,
            violations=many(
                _object(
                    "Violation",
                    "A rule that is broken; inherited, where booked visits break it already.",
                    rule=TEXT,
                    message=TEXT,
                    visits=many(TEXT),
                    resources=many(TEXT),
                    inherited=FLAG,
                )
            ),
            levels=many(_object("LevelCost", "Smaller is better.", name=TEXT, cost=NUMBER)),
            goals=many(
                _object("GoalCost", "What a goal comes to.", **GOAL, weight=NUMBER),
            ),
        ),
        {
            **_object(
                "ProblemDocument",
                "A problem as files have it; the page on formats tells of all its keys.",
                format={"type": "string", "const": "allocator-problem"},
                version=NUMBER,
                horizon=ANY,
            ),
            "additionalProperties": True,
        },
        _object(
            "DryRun",
            "What a solve would look at.",
            requests=NUMBER,
            bookings_that_may_move=NUMBER,
            visits=NUMBER,
            resources=NUMBER,
            published=NUMBER,
            first=DAY,
            days=NUMBER,
        ),
        _object(
            "Publication",
            "What was published, and what was not: somebody was faster.",
            booked=many(TEXT),
            moved=many(TEXT),
            lost=many(
                _object(
                    "Lost", "What waits for the next batch.", request=TEXT, problem=ref("Problem")
                )
            ),
        ),
        _object(
            "Event",
            "That something changed, and what; who wants more asks for it.",
            type=TEXT,
            timestamp=INSTANT,
            data=_object("EventData", "What changed.", id=UID, kind=TEXT, object=UID),
        ),
        _object("Webhook", "Whom to tell of what.", **WEBHOOK),
        _object("NewWebhook", "A webhook with its secret, told this once.", **WEBHOOK, secret=TEXT),
        _object(
            "Delivery",
            "An event for a webhook, and what became of it.",
            event=UID,
            type=TEXT,
            object=UID,
            state={"type": "string", "enum": ["waiting", "delivered", "given_up"]},
            attempts=NUMBER,
            next_at=maybe(INSTANT),
            status=maybe(NUMBER),
            error=maybe(TEXT),
            ended_at=maybe(INSTANT),
        ),
        _object("Replay", "How many deliveries were made.", deliveries=NUMBER),
        _object(
            "Audit",
            "Who changed what, and when.",
            at=INSTANT,
            actor=TEXT,
            action=TEXT,
            kind=TEXT,
            object=UID,
            before=maybe(ANY),
            after=maybe(ANY),
        ),
    )
}
LISTS = (
    "Claim",
    "Booking",
    "WaitlistEntry",
    "Person",
    "Key",
    "Membership",
    "Link",
    "ExtraLane",
    "Audit",
    "Solve",
    "Absence",
    "Event",
    "Webhook",
    "Delivery",
)


def answers() -> dict[str, dict[str, Any]]:
    """Return all schemas, with the lists of them."""
    lists = {
        f"{name}List": _object(f"{name}List", "A page.", items=many(ref(name)), next=maybe(TEXT))
        for name in LISTS
    }
    return {**ANSWERS, **lists}
