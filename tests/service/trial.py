"""Random clinics in the service, of every rule and shape, and whoever asks there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from random_problems import CHANGE, random_problem
from service.indexing import Process
from sqlalchemy import Connection, Engine

from allocator.domain.problem import Problem
from allocator.domain.shift import shifted
from allocator.domain.time import Span
from allocator.frames.nested import encode
from api.auth.principal import Principal, Role
from api.embedded import EmbeddedServer
from api.problems import Problem as Refusal
from api.sealing import Seal, new_key
from api.store.ids import new_uid
from api.suggesting import holding
from api.suggesting.asking import Asked
from api.suggesting.suggester import Suggester
from api.usecases import (
    bookings,
    cancelling,
    confirming,
    extra_lanes,
    sessions,
    tenants,
    things,
)
from api.usecases import people as persons
from api.usecases.joining import Asked as Waits
from api.usecases.tx import Tx

#: Suggestions of each question that are held on trial.
MOST = 25


class Trial:
    """A random clinic in the service; whatever it suggests is held on trial."""

    def __init__(self, process: Process, found: Callable[[str, int], int], seed: int) -> None:
        self.process = process
        self.rng = random.Random(seed)
        self.problem = ahead(drawn(seed))
        horizon = self.problem.horizon
        self.tenant = found(horizon.zone, horizon.grain_minutes)
        self.seal = Seal([new_key()])
        self.suggester = Suggester(self.seal)
        self.requests: list[str] = []
        self.bookings: list[str] = []
        self.people: dict[int, str] = {}
        self.held = 0
        self.transaction(self._furnish)
        for session in self.problem.sessions[:: self.rng.choice([1, 2])]:
            self.transaction(lambda tx, one=session: self._open(tx, one.id, one.service))

    def transaction(self, work: Callable[[Tx], Any], who: Principal | None = None) -> Any:
        who = who or Principal(tenant=self.tenant, actor="test", role=Role.ADMINISTRATOR)

        def run(connection: Connection, now: datetime) -> Any:
            worlds = self.process.worlds
            return work(Tx(connection=connection, now=now, principal=who, worlds=worlds))

        return self.process.database.run(self.tenant, run)

    def _furnish(self, tx: Tx) -> None:
        problem = self.problem
        last = problem.horizon.first + timedelta(days=problem.horizon.days)
        days = (last - date.today()).days + self.rng.randint(-1, 9)
        policy = {
            "terms": {
                "most_open_holds": 1000,
                "suggest_days": days,
                "most_days_ahead": days - self.rng.randint(0, 3),
            },
            "travel": [],
            "turnarounds": [encode(t) for t in problem.turnarounds],
        }
        staff = [r for r in problem.resources if r.kind != "patient"]
        for plural, some in (
            ("locations", problem.locations),
            ("calendars", problem.calendars),
            ("resources", [replace(r, reserves=()) for r in staff]),
            ("services", problem.services),
            ("sessions", [replace(s, windows=()) for s in problem.sessions]),
        ):
            if some:
                things.create(tx, things.KINDS[plural], [encode(one) for one in some])
        for one in staff:
            if one.reserves:  # they name services
                things.change(tx, things.KINDS["resources"], one.id, encode(one), 1)
        policy["travel"] = [encode(t) for t in problem.travel]
        tenants.change(tx, 1, name="Trial", policy=policy)
        for one in problem.resources:
            if one.kind == "patient":
                body = {**encode(one), "name": ""}
                body.pop("id")
                row = persons.create(
                    tx, name=one.id, email=None, phone=None, ref=one.id, resource=body
                )
                self.people[row.id] = one.id
        for request in problem.requests:
            try:
                with tx.connection.begin_nested():
                    things.create(tx, things.KINDS["requests"], [encode(request)])
            except Refusal:
                continue  # it asks for what a service does not take
            self.requests.append(request.id)

    def _open(self, tx: Tx, name: str, service: str) -> None:
        found = self.suggester.suggest(tx, Asked(service=service, windows=self.windows()))
        if found.offers:
            (wanted, _), *_ = self.rng.choice(found.offers).visits
            sessions.place(tx, name, wanted.start, wanted.resources)

    def windows(self) -> tuple[Span, ...]:
        horizon = self.problem.horizon
        return (Span(start=horizon.start, end=horizon.end),)

    def anybody(self) -> Principal:
        """Return a patient, somebody who works at one place, or an administrator."""
        role = self.rng.choice([Role.ADMINISTRATOR, Role.SCHEDULER, Role.CLIENT])
        who = Principal(tenant=self.tenant, actor=f"{role.value} of the test", role=role)
        if role is Role.CLIENT:
            return replace(who, person=self.rng.choice(sorted(self.people)))
        if role is Role.SCHEDULER and self.problem.locations:
            return replace(who, locations=frozenset([self.rng.choice(self.problem.locations).id]))
        return who

    def asked(self, tx: Tx) -> Asked:
        """Return any question."""
        patients = sorted(self.people.values())
        if tx.principal.person is not None:
            patients = [self.people[tx.principal.person]]
        some = tuple(self.rng.sample(patients, self.rng.randint(0, len(patients))))
        asked = Asked(windows=self.windows(), limit=MOST, urgent=self.rng.random() < 0.2)
        subject = self.rng.choice(["service", "request", "request", "session", "booking"])
        if subject == "request" and self.requests:
            return replace(asked, request=self.rng.choice(self.requests))
        if subject == "session" and self.problem.sessions:
            session = self.rng.choice(self.problem.sessions).id
            return replace(asked, session=session, attendees=some)
        if subject == "booking" and self.bookings:
            return replace(asked, booking=self.rng.choice(self.bookings), urgent=False)
        service = self.rng.choice(self.problem.services).id
        return replace(asked, service=service, attendees=some)

    def ask(self, tx: Tx) -> None:
        """Ask, hold each suggestion on trial, and keep one of them."""
        asked = self.asked(tx)
        try:
            found = self.suggester.suggest(tx, asked)
        except Refusal:
            return
        every = [*found.offers, *filter(None, [found.next_possible])]
        row = self.hold(tx, [offer.token for offer in every])
        if row is not None:
            if row.state == "held":
                row = confirming.confirm(tx, row.ref)
            if asked.booking is None:
                self.bookings.append(row.ref)
            if asked.request is not None:
                self.requests.remove(asked.request)

    def hold(self, tx: Tx, tokens: Sequence[str]) -> Any:
        """Hold each of some suggestions on trial, and then one of them."""
        for token in tokens:
            trial = tx.connection.begin_nested()
            self.take(tx, token)
            trial.rollback()
        return self.take(tx, self.rng.choice(tokens)) if tokens else None

    def place(self, tx: Tx) -> int:
        """Ask where each group session could be held that has no place; count the answers."""
        offers = 0
        for session in self.problem.sessions:
            try:
                found = self.suggester.suggest(tx, Asked(place=session.id, limit=MOST))
            except Refusal:
                continue  # it has its place
            self.hold(tx, [offer.token for offer in found.offers])
            offers += len(found.offers)
        return offers

    def complete(self, tx: Tx, name: str) -> int:
        """Cancel a visit of a series, and ask where it could lie instead; count the answers."""
        row = bookings.found(tx, name)
        request, visit = bookings.request_of(row), self.rng.choice(row.visits)
        wanted = self.rng.choice([None, datetime.fromisoformat(visit["start"])])
        try:
            cancelling.cancel(tx, name, None, "", visit=visit["id"])
            left = {
                (occurrence, step)
                for occurrence in range(1, request.occurrences + 1)
                for step in range(1, len(request.steps) + 1)
            } - live(tx, name)
            asked = Asked(booking=name, visits=tuple(sorted(left)), wanted=wanted, limit=MOST)
            found = self.suggester.suggest(tx, asked)
        except Refusal:
            return 0  # it was the last one, or has begun
        self.hold(tx, [offer.token for offer in found.offers])
        return len(found.offers)

    def overbook(self, tx: Tx) -> int:
        """Add lanes to whoever serves, and ask for a visit that may take one; count those."""
        (days,) = self.windows()
        hours = (days.end - days.start) // timedelta(hours=1)
        for resource in sorted(tx.world_now.resources):
            first = self.rng.randint(0, hours - 1)
            start = days.start + timedelta(hours=first)
            end = start + timedelta(hours=self.rng.randint(1, hours - first))
            extra_lanes.add(tx, resource, start=start, end=end, lanes=1, reason="A trial.")
        service = self.rng.choice(self.problem.services).id
        some = (self.rng.choice(sorted(self.people.values())),)
        asked = Asked(service=service, attendees=some, windows=self.windows(), overbook=True)
        found = self.suggester.suggest(tx, replace(asked, limit=4 * MOST))
        self.hold(tx, [offer.token for offer in found.offers])
        return sum(bool(offer.suggestion.crowded) for offer in found.offers)

    def waits(self, number: int) -> Iterator[Waits]:
        """Yield what some wait for: a visit or a seat, a request, or an earlier time."""
        for _ in range(number):
            what = self.rng.choice(["service", "session", "request", "booking"])
            some = (self.rng.choice(sorted(self.people.values())),)
            if what == "request" and self.requests:
                yield Waits(request=self.rng.choice(self.requests))
            elif what == "booking" and self.bookings:
                yield Waits(booking=self.rng.choice(self.bookings))
            elif what == "session" and self.problem.sessions:
                session = self.rng.choice(self.problem.sessions).id
                yield Waits(session=session, attendees=some, windows=self.windows())
            else:
                service = self.rng.choice(self.problem.services).id
                yield Waits(service=service, attendees=some, windows=self.windows())

    def willing(self, work: Callable[[Tx], Any]) -> None:
        """Do what may be refused."""
        with suppress(Refusal):
            self.transaction(work)

    def take(self, tx: Tx, token: str) -> Any:
        self.held += 1
        ticket = self.suggester.ticket(tx, token, "bookings.hold")
        if ticket.place is not None:
            return holding.place(tx, ticket.place, ticket)
        if ticket.booking is not None:
            there = live(tx, ticket.booking)
            adds = any((v.occurrence, v.step) not in there for v in ticket.visits)
            return (holding.add if adds else holding.move)(tx, ticket.booking, ticket, None)
        return holding.hold(tx, ticket)


def live(tx: Tx, name: str) -> set[tuple[int, int]]:
    """Return the visits of a booking that are not cancelled, by occurrence and step."""
    visits = bookings.found(tx, name).visits
    return {(v["occurrence"], v["step"]) for v in visits if v["state"] != "cancelled"}


def drawn(seed: int) -> Problem:
    """Return a problem of hours: longer grains end where clocks change."""
    some = (random_problem(100 * seed + n, most_visits=9, published=0) for n in count())
    return next(problem for problem in some if problem.horizon.grain_minutes == 60)


def ahead(problem: Problem) -> Problem:
    """Return a problem some whole weeks later: its clock change is one that is still to come."""
    zone = ZoneInfo("Europe/Berlin")
    day = date.today() + timedelta(days=40)
    while _offset(day, zone) == _offset(day + timedelta(days=1), zone):
        day += timedelta(days=1)
    return shifted(problem, (day - CHANGE).days // 7)


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    found = datetime.combine(day, datetime.min.time(), zone).utcoffset()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def process(server: EmbeddedServer) -> Iterator[Process]:
    made = Process(server.url("allocator_api"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def found(owner: Engine) -> Callable[[str, int], int]:
    """Founds tenants of a zone and a grain."""

    def tenant(zone: str, grain_minutes: int) -> int:
        name = str(new_uid())
        with owner.begin() as connection:
            return tenants.found(
                connection, ref=name, name=name, zone=zone, grain_minutes=grain_minutes
            )

    return tenant
