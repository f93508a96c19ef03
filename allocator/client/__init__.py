"""The service from Python, for notebooks and integrators: typed methods over its paths."""

from allocator.client.absences import Absence, Absences, HitVisit
from allocator.client.bookings import BookedVisit, Booking, Bookings, PartlyPossible, Place
from allocator.client.client import Client
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
from allocator.client.solves import Asked, Lost, Publication, Solve, Solves
from allocator.client.suggestions import (
    Offers,
    Suggested,
    SuggestedDay,
    Suggestions,
)
from allocator.client.things import Kept, Things

__all__ = [
    "Absence",
    "Absences",
    "Asked",
    "BookedVisit",
    "Booking",
    "Bookings",
    "Client",
    "Conflict",
    "HitVisit",
    "Kept",
    "Lost",
    "NotAllowed",
    "NotThere",
    "Offers",
    "PartlyPossible",
    "People",
    "Person",
    "Place",
    "Publication",
    "ServiceProblem",
    "Solve",
    "Solves",
    "Stale",
    "Suggested",
    "SuggestedDay",
    "Suggestions",
    "Things",
    "TooMany",
    "Unavailable",
]
