"""The service from Python, for notebooks and integrators: typed methods over its paths."""

from allocator.client.absences import Absence, Absences, HitBooking, HitSession, HitVisit
from allocator.client.access import Key, Keys, Link, Links, Membership, Memberships
from allocator.client.bookings import BookedVisit, Booking, Bookings, PartlyPossible, Place
from allocator.client.claims import Claim, Claims
from allocator.client.client import Client
from allocator.client.events import Event, Events
from allocator.client.explanations import (
    Broken,
    ExplainedVisit,
    Explanation,
    FunnelStep,
    InTheWay,
    TriedSlot,
)
from allocator.client.people import People, Person
from allocator.client.problems import (
    Conflict,
    NotAllowed,
    NotThere,
    ServiceProblem,
    Stale,
    TooMany,
    Unavailable,
)
from allocator.client.sessions import SessionPlace, Sessions
from allocator.client.solves import (
    Asked,
    Checked,
    GoalCost,
    LevelCost,
    Lies,
    Lost,
    Move,
    Publication,
    Solve,
    Solves,
    Stay,
    Violation,
)
from allocator.client.suggestions import Offers, Suggested, SuggestedDay, Suggestions
from allocator.client.tenant import Audit, AuditLine, ExtraLane, Lanes, Tenant, Tenants
from allocator.client.things import Kept, Things
from allocator.client.told_once import ToldOnce
from allocator.client.waitlist import Offered, OfferReason, Waitlist, WaitlistEntry
from allocator.client.webhooks import Delivery, Webhook, Webhooks, is_genuine

__all__ = [
    "Absence",
    "Absences",
    "Asked",
    "Audit",
    "AuditLine",
    "BookedVisit",
    "Booking",
    "Bookings",
    "Broken",
    "Checked",
    "Claim",
    "Claims",
    "Client",
    "Conflict",
    "Delivery",
    "Event",
    "Events",
    "ExplainedVisit",
    "Explanation",
    "ExtraLane",
    "FunnelStep",
    "GoalCost",
    "HitBooking",
    "HitSession",
    "HitVisit",
    "InTheWay",
    "Kept",
    "Key",
    "Keys",
    "Lanes",
    "LevelCost",
    "Lies",
    "Link",
    "Links",
    "Lost",
    "Membership",
    "Memberships",
    "Move",
    "NotAllowed",
    "NotThere",
    "OfferReason",
    "Offered",
    "Offers",
    "PartlyPossible",
    "People",
    "Person",
    "Place",
    "Publication",
    "ServiceProblem",
    "SessionPlace",
    "Sessions",
    "Solve",
    "Solves",
    "Stale",
    "Stay",
    "Suggested",
    "SuggestedDay",
    "Suggestions",
    "Tenant",
    "Tenants",
    "Things",
    "ToldOnce",
    "TooMany",
    "TriedSlot",
    "Unavailable",
    "Violation",
    "Waitlist",
    "WaitlistEntry",
    "Webhook",
    "Webhooks",
    "is_genuine",
]
