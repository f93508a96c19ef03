"""What clients send, where it is not one of the library's own types."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from allocator.domain.time import Span
from api.auth.principal import Role
from api.problems import Invalid
from api.schemas.texts import AnyInstant, Instant, Name, Text, demand_kept
from api.suggesting.asking import Asked
from api.usecases.joining import Asked as Waits
from api.usecases.placing import WantedVisit

#: Longest token of a suggestion: of two hundred visits, each with some resources.
LONGEST_TOKEN = 100_000
Token = Annotated[Text, Field(min_length=1, max_length=LONGEST_TOKEN)]


class Body(BaseModel):
    """What is sent; fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    @model_validator(mode="before")
    @classmethod
    def _kept(cls, given: Any) -> Any:
        return demand_kept(given)


class VisitIn(Body):
    """A visit with its place."""

    occurrence: int = Field(1, ge=1, le=200, description="Which visit of a series; from 1.")
    step: int = Field(1, ge=1, le=50, description="Which step of a chain; from 1.")
    start: Instant = Field(description="When it starts, with an offset.")
    resources: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Names by role; attendees come by themselves."
    )
    session: Name | None = Field(None, description="The group session that it joins.")

    def wanted(self) -> WantedVisit:
        """Return it as a use case has it."""
        return WantedVisit(
            occurrence=self.occurrence,
            step=self.step,
            start=self.start,
            resources={role: tuple(names) for role, names in self.resources.items()},
            session=self.session,
        )


class Partial(Enum):
    """What to do where only some visits of a series can be had."""

    ASK = "ask"
    ACCEPT = "accept"
    REFUSE = "refuse"


class HoldIn(Body):
    """What to hold: a suggestion, a service with a start and resources, or a request's visits."""

    token: Token | None = Field(None, description="Of a suggestion; it says all but how long.")
    service: Name | None = Field(None, description="For a single visit: its service.")
    session: Name | None = Field(None, description="For a seat: the group session.")
    attendees: list[Name] = Field(default_factory=list, max_length=100)
    start: Instant | None = None
    resources: dict[Name, list[Name]] = Field(default_factory=dict)
    request: Name | None = Field(None, description="A request that is kept.")
    visits: list[VisitIn] = Field(default_factory=list, max_length=200)
    hold_minutes: int | None = Field(
        None, ge=1, le=24 * 60, description="Shorter than the service's own, where given."
    )
    urgent: bool = Field(False, description="A reviewer looks at it before it is booked.")
    partial: Partial = Field(
        Partial.ASK,
        description="Where only some visits can be had: ask, hold those, or refuse all.",
    )


class BroughtVisit(VisitIn):
    """A visit of a booking that is brought in, as an export has it."""

    resources: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Names by role; who attends as attendee:NAME."
    )
    service: Name | None = Field(None, description="Where no request says so.")
    state: Literal["booked"] = "booked"
    id: Any = Field(None, description="Not read.")
    end: Any = Field(None, description="Not read: the service says how long it lasts.")


class BookingIn(Body):
    """A booking that is brought in, as an export has it: booked at once."""

    request: Name | None = Field(None, description="A request that is kept.")
    service: Name | None = Field(None, description="Of a single visit, where it does not say so.")
    attendees: list[Name] = Field(default_factory=list, max_length=100)
    visits: list[BroughtVisit] = Field(min_length=1, max_length=200)
    state: Literal["booked"] = "booked"
    id: Any = Field(None, description="Not read: a new one is given.")
    person: Any = Field(None, description="Not read: it is the first who attends.")
    location: Any = Field(None, description="Not read: it is that of the resources.")
    starts_at: Any = Field(None, description="Not read.")
    expires_at: Any = Field(None, description="Not read.")
    zone: Any = Field(None, description="Not read.")
    urgent: Any = Field(None, description="Not read.")
    reason: Any = Field(None, description="Not read.")
    saving: Any = Field(None, description="Not read.")
    version: Any = Field(None, description="Not read.")
    created_at: Any = Field(None, description="Not read.")
    changed_at: Any = Field(None, description="Not read.")


class BookIn(Body):
    """What to book at once."""

    token: Token = Field(description="Of a suggestion.")


class MoveIn(Body):
    """Where visits are to lie instead: a suggestion, or visits."""

    token: Token | None = Field(None, description="Of a suggestion for this booking.")
    visits: list[VisitIn] = Field(default_factory=list, max_length=200)
    scope: str = Field(
        "this",
        pattern="^(this|following|all)$",
        description="Move these alone; or, named by one of them, the later ones or all.",
    )


class AddIn(Body):
    """Visits of a series that could not be placed before: a suggestion, or visits."""

    token: Token | None = Field(None, description="Of a suggestion for what this booking misses.")
    visits: list[VisitIn] = Field(default_factory=list, max_length=200)


class At(Body):
    """A visit of a booking."""

    occurrence: int = Field(1, ge=1, le=200)
    step: int = Field(1, ge=1, le=50)


class ReassignIn(Body):
    """Other resources for visits of a booking."""

    resources: dict[Name, list[Name]] = Field(min_length=1)
    visits: list[At] = Field(default_factory=list, max_length=200, description="Empty is all.")


class ReasonIn(Body):
    """Why."""

    reason: str = Field("", max_length=500, description="No personal data, please.")


class CancelIn(ReasonIn):
    """What to cancel, and why."""

    visit: Name | None = Field(None, description="Id of a visit of a series; all, where left out.")
    scope: str = Field(
        "this",
        pattern="^(this|following|all)$",
        description="That visit alone, with the later ones, or all.",
    )


class VisitOf(Body):
    """Which visit of a booking."""

    visit: Name | None = Field(None, description="Its id; the next one where left out.")


class SpanIn(Body):
    """A stretch of time: from its start to before its end."""

    start: AnyInstant
    end: AnyInstant


class SuggestionsIn(Body):
    """What places are suggested for: a service or group session, a request, or a booking."""

    service: Name | None = Field(None, description="For a single visit: its service.")
    session: Name | None = Field(None, description="For a seat: the group session.")
    attendees: list[Name] = Field(
        default_factory=list, max_length=100, description="Who comes, to a service or session."
    )
    place: Name | None = Field(None, description="A group session that is to get its place.")
    request: Name | None = Field(None, description="A request that is kept.")
    booking: Name | None = Field(None, description="A booking that moves: its place is free.")
    visits: list[At] = Field(
        default_factory=list,
        max_length=200,
        description="Which visits of the booking move, or are missing; empty is all that are open.",
    )
    windows: list[SpanIn] = Field(
        default_factory=list,
        max_length=100,
        description="Where each visit lies, whole; empty is anywhere.",
    )
    wanted: AnyInstant | None = Field(None, description="A time to be near to.")
    preferred: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Whom you would rather have: names by role."
    )
    urgent: bool = Field(
        False, description="What is kept for the urgent is open; a reviewer looks at it."
    )
    overbook: bool = Field(
        False, description="For staff: where there are fewer places, in lanes that were added."
    )
    limit: int = Field(5, ge=1, le=50, description="How many, at most.")

    def asked(self) -> Asked:
        """Return it as a use case has it."""
        return Asked(
            **{name: getattr(self, name) for name in self.model_fields_set & SAME},
            attendees=tuple(self.attendees),
            visits=tuple((at.occurrence, at.step) for at in self.visits),
            windows=tuple(Span(start=one.start, end=one.end) for one in self.windows),
            preferred={role: tuple(names) for role, names in self.preferred.items()},
        )


#: Fields of what is asked for that are as they are sent.
SAME = frozenset(
    {"service", "session", "place", "request", "booking", "wanted", "urgent", "overbook", "limit"}
)


class WaitlistIn(Body):
    """What somebody waits for: a service or group session, a request, or an earlier time."""

    service: Name | None = Field(None, description="For a single visit: its service.")
    session: Name | None = Field(None, description="For a seat: the group session.")
    attendees: list[Name] = Field(
        default_factory=list, max_length=100, description="Who comes, to a service or session."
    )
    windows: list[SpanIn] = Field(
        default_factory=list,
        max_length=100,
        description="Where the visit, or an earlier time, lies whole; empty is anywhere.",
    )
    preferred: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Whom you would rather have: names by role."
    )
    priority: int | None = Field(None, ge=1, le=9, description="The usual one where left out.")
    request: Name | None = Field(None, description="A request that is kept.")
    booking: Name | None = Field(None, description="A booking that would rather come earlier.")

    def asked(self) -> Waits:
        """Return it as a use case has it."""
        return Waits(
            service=self.service,
            session=self.session,
            attendees=tuple(self.attendees),
            windows=tuple(Span(start=one.start, end=one.end) for one in self.windows),
            preferred={role: tuple(names) for role, names in self.preferred.items()},
            priority=self.priority,
            request=self.request,
            booking=self.booking,
        )


class PersonIn(Body):
    """Somebody who comes to visits."""

    id: Name | None = Field(None, description="Your own name for them; a UUID where left out.")
    name: str = Field(min_length=1, max_length=200)
    email: str | None = Field(None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = Field(None, max_length=50, pattern=r"^[0-9+() /.-]+$")
    resource: dict[str, Any] = Field(
        default_factory=dict,
        description="How they take part: the fields of a resource, such as its calendar and"
        " limits. The kind is patient where left out.",
    )


class PersonChange(Body):
    """What is known of somebody."""

    name: str = Field(min_length=1, max_length=200)
    email: str | None = Field(None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = Field(None, max_length=50, pattern=r"^[0-9+() /.-]+$")


class KeyIn(Body):
    """A key that is to be made."""

    name: str = Field(min_length=1, max_length=200)
    role: Role
    scopes: list[Name] = Field(default_factory=lambda: ["*"], min_length=1, max_length=50)
    locations: list[Name] = Field(default_factory=list, max_length=200)
    person: Name | None = None
    publishable: bool = False
    expires_at: AnyInstant | None = None


class MembershipIn(Body):
    """What somebody who signs in elsewhere is to the tenant."""

    issuer: str = Field(min_length=1, max_length=250)
    subject: str = Field(min_length=1, max_length=250)
    role: Role
    locations: list[Name] = Field(default_factory=list, max_length=200)
    person: Name | None = None


class LinkIn(Body):
    """A link for an e-mail."""

    purpose: str = Field(pattern="^(view|confirm|cancel|reschedule)$")
    expires_at: AnyInstant


class ExtraLaneIn(Body):
    """A lane more for a resource, for a while: overbooking, on purpose."""

    start: Instant
    end: Instant
    lanes: int = Field(1, ge=1, le=100)
    reason: str = Field(min_length=1, max_length=500)


class PlaceIn(Body):
    """Where a group session is to be held: a suggestion, or a start with staff and room."""

    token: Token | None = Field(None, description="Of a suggestion for its place.")
    start: Instant | None = None
    resources: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Names by role, for staff and room."
    )

    def where(self) -> str | tuple[datetime, dict[str, tuple[str, ...]]]:
        """Return the token, or the start with the resources.

        Raises
        ------
        Invalid
            Where both are sent, or neither.
        """
        resources = {role: tuple(names) for role, names in self.resources.items()}
        if self.token is None and self.start is not None:
            return self.start, resources
        if self.token is None or self.start is not None or resources:
            raise Invalid("Send either the token of a suggestion, or a start with resources.")
        return self.token


class AbsenceIn(Body):
    """Somebody is ill, a room closes: a resource is absent for a while."""

    resource: Name
    start: Instant
    end: Instant
    reason: str = Field("", max_length=500, description="No personal data, please.")
    may_move: bool = Field(False, description="Whether other bookings may move to make room.")
    most_changes: int | None = Field(
        None, ge=0, le=100_000, description="So many visits may change, at most."
    )


class ExplanationIn(Body):
    """What is to be explained: a request that waits, and a slot for its first visit."""

    request: Name
    start: Instant | None = Field(None, description="A slot that you would like to have.")
    resources: dict[Name, list[Name]] = Field(
        default_factory=dict, description="Names by role, for the slot; others are chosen."
    )


class TenantChange(Body):
    """The settings of a tenant."""

    name: str = Field(min_length=1, max_length=200)
    policy: dict[str, Any] = Field(
        default_factory=dict,
        description="terms (limits of bookings), travel and turnarounds, as in a problem,"
        " steering, waitlist, and weights (pairs of a goal of comfort and its weight).",
    )


class WebhookIn(Body):
    """Whom to tell of what."""

    url: Text = Field(min_length=1, max_length=2000, description="Where to send it; https or http.")
    types: list[Name] = Field(
        default_factory=lambda: ["*"],
        min_length=1,
        max_length=100,
        description="Types of events, families such as `booking.*`, or `*`.",
    )


class WebhookChange(WebhookIn):
    """A webhook as it is to be."""

    enabled: bool = Field(True, description="Whether it hears anything.")


class RotateIn(Body):
    """How long the old secret signs beside the new one."""

    grace_hours: int = Field(24, ge=0, le=7 * 24, description="0 ends it at once.")


class ReplayIn(Body):
    """From where on to send again: one of the two."""

    event: Name | None = Field(None, description="Id of the first event.")
    since: AnyInstant | None = Field(None, description="Instant, with an offset.")
