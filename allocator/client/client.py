"""The client: everything of the service in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx2

from allocator.client.absences import Absences
from allocator.client.access import Keys, Links, Memberships
from allocator.client.bookings import Bookings, Resources, plain
from allocator.client.claims import Claims
from allocator.client.events import Events
from allocator.client.explanations import Explanation
from allocator.client.people import People, Person
from allocator.client.reading import read
from allocator.client.sending import Sender
from allocator.client.sessions import Sessions
from allocator.client.solves import Solves
from allocator.client.suggestions import Suggestions
from allocator.client.tenant import Audit, Lanes, Tenants
from allocator.client.things import Things
from allocator.client.waitlist import Waitlist
from allocator.client.webhooks import Webhooks
from allocator.domain.calendar import Calendar
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Location, Resource
from allocator.domain.service import Service
from allocator.frames.nested import encode

#: Resources of this kind are people.
PATIENT = "patient"


class Client:
    """The service from Python.

    Every change has an idempotency key of its own. Where the connection breaks, or the answer is
    503, 429, or a proxy's 502 or 504, the same is sent again with the same key: whatever became of
    the first, nothing is done twice.

    Parameters
    ----------
    url
        Where the service is, such as ``"http://127.0.0.1:8000"``.
    key
        A key of the service.
    timeout_seconds
        How long an answer may take.
    patience_seconds
        How long one and the same request is tried again, before its last problem is raised.
    transport
        What carries requests, in place of the network.
    pause
        How the client waits.

    Attributes
    ----------
    locations, calendars, resources, services, sessions, requests
        What a clinic consists of, and what is asked of it: see ``Things``.
    people, suggestions, bookings, waitlist, claims
        Who comes, what they could have, have and wait for, and what that takes: see ``People``,
        ``Suggestions``, ``Bookings``, ``Waitlist`` and ``Claims``.
    solves, absences
        What is solved, and who is not there: see ``Solves`` and ``Absences``.
    events, webhooks, audit
        What has changed: see ``Events``, ``Webhooks`` and ``Audit``.
    tenant, lanes, keys, memberships, links
        Settings, overbooking, and who may come in: see ``Tenants``, ``Lanes``, ``Keys``,
        ``Memberships`` and ``Links``.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_seconds: float = 30.0,
        patience_seconds: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sender = Sender(
            url,
            key,
            timeout_seconds=timeout_seconds,
            patience_seconds=patience_seconds,
            transport=transport,
            pause=pause,
        )
        self.locations = Things(self._sender, "locations", Location)
        self.calendars = Things(self._sender, "calendars", Calendar)
        self.resources = Things(self._sender, "resources", Resource)
        self.services = Things(self._sender, "services", Service)
        self.sessions = Sessions(self._sender)
        self.requests = Things(self._sender, "requests", Request)
        self.people = People(self._sender)
        self.suggestions = Suggestions(self._sender)
        self.bookings = Bookings(self._sender)
        self.waitlist = Waitlist(self._sender)
        self.claims = Claims(self._sender)
        self.solves = Solves(self._sender)
        self.absences = Absences(self._sender)
        self.events = Events(self._sender)
        self.webhooks = Webhooks(self._sender)
        self.audit = Audit(self._sender)
        self.tenant = Tenants(self._sender)
        self.lanes = Lanes(self._sender)
        self.keys = Keys(self._sender)
        self.memberships = Memberships(self._sender)
        self.links = Links(self._sender)

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> Any:
        """Call a path that has no method here, with the same retries; return its JSON.

        Parameters
        ----------
        method, path, body, params
            Such as ``"GET"`` and ``"/health/ready"``.
        version
            Of what is changed, for ``If-Match``.
        """
        gone = method == "DELETE"
        return self._sender.answer(method, path, body, params=params, version=version, gone=gone)[1]

    def explain(
        self,
        request: str,
        start: datetime | None = None,
        resources: Resources | None = None,
    ) -> Explanation:
        """Return why a request is not placed; with a start, also why that slot cannot be had.

        Parameters
        ----------
        request
            Its id.
        start
            Where its first visit is tried.
        resources
            Names by role for that slot; others are chosen.
        """
        body = {
            "request": request,
            "start": None if start is None else encode(start),
            "resources": plain(resources or {}),
        }
        return read(Explanation, self._sender.send("POST", "/v1/explanations", body))

    def send(self, problem: Problem) -> dict[str, int]:
        """Send what a problem consists of: the clinic, its people and what is asked of it.

        Patients become people, whose names are their labels. What is published or pinned stays
        outside, and so do travel, turnarounds and rules among visits.

        Returns
        -------
        dict
            How many of each there were.
        """
        patients = [r for r in problem.resources if r.kind == PATIENT]
        others = [r for r in problem.resources if r.kind != PATIENT]
        counts = {
            "locations": len(self.locations.create_many(problem.locations)),
            "calendars": len(self.calendars.create_many(problem.calendars)),
            "resources": len(self.resources.create_many(others)),
            "people": self.people.create_many(
                (Person(id=one.id, name=one.name or one.id), one) for one in patients
            ),
            "services": len(self.services.create_many(problem.services)),
            "sessions": len(self.sessions.create_many(problem.sessions)),
            "requests": len(self.requests.create_many(problem.requests)),
        }
        return {plural: count for plural, count in counts.items() if count}
