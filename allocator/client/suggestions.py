"""Suggestions: when something could be placed; held, booked, moved to by their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from allocator.client.bookings import Booking, Place, Resources
from allocator.client.problems import ServiceProblem
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.sessions import SessionPlace
from allocator.domain.time import Span
from allocator.frames.nested import encode

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """Places for all visits of what is asked for, taken together.

    Attributes
    ----------
    token
        What holds it, books it, moves a booking there or adds to it, or places a group session.
    start, end
        Of the first visit and the last.
    visits
        Where each would lie.
    sessions
        Group sessions that have no place yet, and would be held for it.
    reasons
        Why it ranks where it does, in words.
    load, band
        How busy its hour is expected to be, 0 to 1: ``"off_peak"``, ``"between"`` or ``"peak"``;
        None where nothing was learnt.
    saving
        What is offered for it, in words, or None.
    goals
        What it costs by goal, as the service has it; None where that is not told.
    """

    token: str
    start: datetime
    end: datetime
    visits: tuple[Place, ...]
    sessions: tuple[Place, ...]
    reasons: tuple[str, ...]
    load: float | None
    band: str | None
    saving: str | None
    goals: tuple[Mapping[str, Any], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Choices, the best first, or why there are none.

    Attributes
    ----------
    choices
        What is suggested.
    starts
        How many starts the first visit has in all.
    expires_at
        Until when tokens can be used.
    why_none
        Why there is no choice, or None.
    next_possible
        A choice of the first day after the time asked for, where there is none within.
    """

    choices: tuple[Suggested, ...]
    starts: int
    expires_at: datetime
    why_none: str | None
    next_possible: Suggested | None

    def __iter__(self) -> Iterator[Suggested]:
        """Yield the choices."""
        return iter(self.choices)

    def __len__(self) -> int:
        """Count the choices."""
        return len(self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedDay:
    """A day on which something could begin: how many starts, and its quietest hour's load."""

    day: date
    starts: int
    first: datetime
    last: datetime
    load: float | None


class Suggestions:
    """When something could be placed: ``client.suggestions``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def suggest(
        self,
        *,
        service: str | None = None,
        request: str | None = None,
        session: str | None = None,
        place: str | None = None,
        booking: str | None = None,
        attendees: Sequence[str] = (),
        visits: Sequence[tuple[int, int]] = (),
        windows: Sequence[Span] = (),
        wanted: datetime | None = None,
        preferred: Resources | None = None,
        urgent: bool = False,
        overbook: bool = False,
        limit: int = 5,
    ) -> Offers:
        """Suggest places.

        Parameters
        ----------
        service, session, attendees
            For a single visit, or a seat in a group session: who comes.
        request
            Or a request that the service keeps: suggested with all of its visits.
        place
            Or a group session that is to get its place.
        booking, visits
            Or a booking that moves, or misses visits of its series, and pairs of occurrence and
            step: which; empty is all that are open.
        windows
            Where each visit lies, whole; empty is anywhere.
        wanted, preferred
            A time to be near to, and whom one would rather have: names by role.
        urgent
            Whether what is kept for the urgent is open to it.
        overbook
            Whether lanes that were added to a resource may be taken, after everything else.
        limit
            How many, at most.
        """
        body = {
            "service": service,
            "request": request,
            "session": session,
            "place": place,
            "booking": booking,
            "attendees": list(attendees),
            "visits": [{"occurrence": o, "step": s} for o, s in visits],
            "windows": [{"start": encode(w.start), "end": encode(w.end)} for w in windows],
            "wanted": None if wanted is None else encode(wanted),
            "preferred": {role: list(names) for role, names in (preferred or {}).items()},
            "urgent": urgent,
            "overbook": overbook,
            "limit": limit,
        }
        sent = {key: value for key, value in body.items() if value not in (None, [], {})}
        return _offers(self._sender.send("POST", "/v1/suggestions", sent))

    def days(
        self,
        *,
        service: str | None = None,
        request: str | None = None,
        session: str | None = None,
        place: str | None = None,
        booking: str | None = None,
        attendees: Sequence[str] = (),
        first: date | None = None,
        days: int = 31,
    ) -> tuple[SuggestedDay, ...]:
        """Return the days on which something could begin, for a page with a calendar.

        Parameters
        ----------
        service, request, session, place, booking, attendees
            As for ``suggest``.
        first, days
            Local dates that are looked at, from today on where none is named.
        """
        params = {
            "service": service,
            "request": request,
            "session": session,
            "place": place,
            "booking": booking,
            "attendee": list(attendees),
            "from": None if first is None else first.isoformat(),
            "days": days,
        }
        found = self._sender.send("GET", "/v1/suggestions/days", params=params)
        return tuple(read(SuggestedDay, one) for one in found["days"])

    def hold(self, token: str, *, hold_minutes: int | None = None) -> Booking:
        """Hold what was suggested.

        Parameters
        ----------
        token
            Of the suggestion.
        hold_minutes
            Shorter than the service's own, where given.

        Raises
        ------
        Conflict
            Somebody was faster, or it was suggested too long ago: see ``alternatives``.
        """
        body = {"token": token}
        more = {} if hold_minutes is None else {"hold_minutes": hold_minutes}
        return read(Booking, self._sender.send("POST", "/v1/holds", {**body, **more}))

    def book(self, token: str) -> Booking:
        """Hold what was suggested, and confirm it at once."""
        return read(Booking, self._sender.send("POST", "/v1/bookings", {"token": token}))

    def move(self, name: str, token: str, *, version: int | None = None) -> Booking:
        """Move a booking to where it was suggested."""
        path = named("bookings", name, "reschedule")
        return read(Booking, self._sender.send("POST", path, {"token": token}, version=version))

    def add(self, name: str, token: str, *, version: int | None = None) -> Booking:
        """Add visits that a booking misses where they were suggested."""
        path = named("bookings", name, "visits")
        return read(Booking, self._sender.send("POST", path, {"token": token}, version=version))

    def place(self, name: str, token: str) -> SessionPlace:
        """Give a group session the place that was suggested for it."""
        path = named("sessions", name, "place")
        return read(SessionPlace, self._sender.send("POST", path, {"token": token}))

    @staticmethod
    def alternatives(problem: ServiceProblem) -> tuple[Suggested, ...]:
        """Return the places that a refusal tells of in the stead of the one that is lost."""
        return tuple(_suggested(one) for one in problem.members.get("alternatives", ()))

    def popular_hours(self, kind: str | None = None) -> DataFrame:
        """Return how busy a usual week is: kind, weekday (0 is Monday), hour, load, band."""
        import pandas as pd

        found = self._sender.send("GET", "/v1/popular-hours", params={"kind": kind})
        return pd.DataFrame(found["hours"], columns=["kind", "weekday", "hour", "load", "band"])


def _offers(document: Mapping[str, Any]) -> Offers:
    why, following = document["why_none"], document["next_possible"]
    return Offers(
        choices=tuple(_suggested(one) for one in document["suggestions"]),
        starts=document["starts"],
        expires_at=datetime.fromisoformat(document["expires_at"]),
        why_none=None if why is None else why["sentence"],
        next_possible=None if following is None else _suggested(following),
    )


def _suggested(document: Mapping[str, Any]) -> Suggested:
    saving, goals = document["saving"], document["goals"]
    return Suggested(
        token=document["token"],
        start=datetime.fromisoformat(document["start"]),
        end=datetime.fromisoformat(document["end"]),
        visits=tuple(_place(visit) for visit in document["visits"]),
        sessions=tuple(_place(place) for place in document["sessions"]),
        reasons=tuple(reason["text"] for reason in document["reasons"]),
        load=document["load"],
        band=document["band"],
        saving=None if saving is None else saving["text"],
        goals=None if goals is None else tuple(goals),
    )


def _place(visit: Mapping[str, Any]) -> Place:
    return Place(
        start=datetime.fromisoformat(visit["start"]),
        resources=visit["resources"],
        occurrence=visit["occurrence"],
        step=visit["step"],
        session=visit["session"],
    )
