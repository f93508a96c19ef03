"""Every operation of the service has a method of the client's, or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from service.conftest import Clinic
from service.indexing import at as on_monday
from service.solving import work
from service.test_events import fan_out
from service.test_life import began
from service.waiting import backfiller, look
from starlette.routing import compile_path

from allocator.client import Client, Person, Place
from allocator.domain.calendar import Calendar
from allocator.domain.request import Attendee, FlexibleSeries, Request, Session, Step
from allocator.domain.resource import Location, Resource
from allocator.domain.service import Service
from allocator.domain.steering import Saving, SteeringPolicy
from allocator.domain.time import Span
from api.routes.paging import cursor_of
from api.settings import Settings
from api.store.database import Database

#: What a notebook or an integrator does without.
LEFT = {
    "live": "for whoever watches the service, and asks for no key",
    "ready": "for whoever watches the service, and asks for no key",
    "sign_in": "gives a browser its cookie; the client sends its key",
    "sign_out": "gives a browser's cookie back",
    "read_hold": "`bookings.read` reads what is held as well",
}
LATER = datetime(2029, 12, 1, tzinfo=UTC)
ANNA = {"practitioner": ["anna"], "room": ["room-1"]}
BEN = {"practitioner": ["ben"], "room": ["room-2"]}


def at(day: int, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"2030-01-{day:02}T{hour:02}:00:00+01:00")


class Wire(httpx2.BaseTransport):
    """Carries requests to the service, and remembers what was answered to which."""

    def __init__(self, carrier: httpx2.BaseTransport) -> None:
        self.carrier = carrier
        self.answered: list[tuple[str, str, int]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.carrier.handle_request(request)
        self.answered.append((request.method, request.url.path, answer.status_code))
        return answer


@pytest.fixture
def wire(clinic: Clinic) -> Wire:
    return Wire(clinic.http._transport)


@pytest.fixture
def client(clinic: Clinic, wire: Wire) -> Iterator[Client]:
    key = clinic.asker().key
    with Client("http://testserver", key, transport=wire, pause=lambda seconds: None) as made:
        yield made


def the_catalogue(client: Client) -> None:
    """Each kind: created, read, listed, changed, exported, imported, deleted."""
    things: list[tuple[Any, Any]] = [
        (client.locations, Location(id="here")),
        (client.calendars, Calendar(id="nights")),
        (client.resources, Resource(id="hall", kind="gym")),
        (client.services, Service(id="talk", minutes=15)),
        (client.sessions, Session(id="S1", service="training", least=1, most=2)),
        (client.requests, Request(id="R0", steps=(Step(service="physio"),))),
    ]
    for kind, thing in things:
        kept = kind.create(thing)
        assert kind.read(thing.id).thing == thing
        assert thing in [one.thing for one in kind.list()]
        changed = kind.change(thing, kept.version)
        told = json.loads(kind.export("application/json"))
        new = [one | {"id": f"{one['id']}-2"} for one in told if one["id"] == thing.id]
        assert kind.bring_in(json.dumps(new).encode(), "application/json") == 1
        kind.delete(thing.id, changed.version)
    assert b"\nhall-2," in client.resources.export()


def the_people(client: Client) -> None:
    assert client.people.bring_in(b"id,name\nP8,Eva\n") == 1
    made = client.people.create(Person(id="P9", name="Eva"))
    client.people.change(made)
    assert client.people.read("P9").version == 2
    client.people.erase("P9")
    assert len(list(client.people.list())) == 4
    assert [one.id for one in client.people.list(name="ev")] == ["P8"]
    assert b"P8" in client.people.export()


def the_bookings(client: Client, clinic: Clinic) -> list[str]:
    """Each way that a booking can go; return what stays booked."""
    bookings = client.bookings

    def held(day: int, **more: Any) -> str:
        place = {"service": "physio", "start": at(day), "resources": ANNA, "attendees": ["P1"]}
        return bookings.hold(**{**place, **more}).id

    bookings.release(held(1))
    names = [held(day) for day in range(2, 5)]
    for name in names:
        bookings.confirm(name)
    bookings.reschedule(names[0], [Place(start=at(2, 11), resources=ANNA)])
    bookings.reassign(names[0], {"practitioner": ["ben"]})
    bookings.check_in(names[0])
    for name, minutes in zip(names, (-60, -120), strict=False):
        began(clinic, name, minutes)
    bookings.fulfil(names[0])
    bookings.no_show(names[1])
    bookings.cancel(names[2], reason="ill")
    assert bookings.read(names[2]).state == "cancelled"
    assert len(list(bookings.list(state="booked"))) == 2
    assert names[0] in bookings.export().decode()
    for day, decide in ((5, bookings.approve), (6, bookings.decline)):
        name = held(day, service="surgery")
        bookings.confirm(name)
        decide(name)
    first, second = client.suggestions.suggest(service="physio", attendees=["P2"], limit=2)
    booked = client.suggestions.book(first.token)
    assert booked.visits[0].start == first.start
    bookings.release(client.suggestions.hold(second.token, hold_minutes=5).id)
    (better,) = client.suggestions.suggest(booking=booked.id, limit=1)
    (moved,) = client.suggestions.move(booked.id, better.token).visits
    assert (moved.start, moved.end) == (better.start, better.end)
    days = client.suggestions.days(service="physio", attendees=["P2"], days=7)
    assert len(days) in (6, 7)  # today may be over
    assert client.suggestions.popular_hours("practitioner").empty
    (who,) = moved.resources["practitioner"]
    (claim,) = client.claims.list(resource=who, since=moved.start, until=moved.end)
    assert (claim.booking, claim.start, claim.state) == (booked.id, moved.start, "booked")
    assert client.claims.read(claim.id) == claim
    assert booked.id in client.claims.export().decode()
    visit = "practitioner=ben;room=room-2;attendee:P2=P2"
    brought = f"service,start,resources\nphysio,2030-01-30T15:00+01:00,{visit}\n"
    assert bookings.bring_in(brought.encode()) == 1
    series = FlexibleSeries(count=3, at_least=1, least_days_between=1)
    asked = Request(id="RS", steps=(Step(service="physio"),), series=series)
    client.requests.create(asked)
    first, second = (
        Place(start=better.start + timedelta(days=2 * n), resources=BEN, occurrence=n)
        for n in (1, 2)
    )
    name = bookings.confirm(bookings.hold(request="RS", visits=[first], partial="accept").id).id
    assert len(bookings.add_visits(name, [second]).visits) == 2
    (third,) = client.suggestions.suggest(booking=name, visits=[(3, 1)], limit=1)
    assert third.start in [
        visit.start for visit in client.suggestions.add(name, third.token).visits
    ]
    return names


def the_access(client: Client, booking: str) -> None:
    """Keys, memberships, links: made, listed, ended; a secret is not shown by accident."""
    key = client.keys.create("desk", "scheduler", scopes=["bookings.*"], expires_at=LATER)
    assert key.secret.startswith("ak_") and key.secret not in repr(key)
    assert key.thing in list(client.keys.list())
    assert client.keys.revoke(key.thing.id).revoked_at is not None
    member = client.memberships.create("https://id.example.org", "4711", "reviewer")
    assert list(client.memberships.list()) == [member]
    client.memberships.remove(member.id)
    link = client.links.create(booking, "view", LATER)
    assert list(client.links.list(booking)) == [link.thing]
    client.links.revoke(booking, link.thing.id)
    assert [one.revoked_at is None for one in client.links.list(booking)] == [False]


def the_rest(client: Client) -> None:
    """The tenant, lanes, sessions, the audit log."""
    tenant = client.tenant.read()
    changed = client.tenant.change(
        name="New", policy={"terms": {"most_open_holds": 9}}, version=tenant.version
    )
    assert (changed.name, changed.policy["terms"]["most_open_holds"]) == ("New", 9)
    assert client.tenant.read_steering() == SteeringPolicy()
    steered = client.tenant.steer(
        changed.version, off_peak=50, savings=[Saving(below=50, percent=10)]
    )
    assert steered == SteeringPolicy(off_peak=50, savings=(Saving(below=50, percent=10),))
    assert client.tenant.read_steering() == steered
    lane = client.lanes.add("gym", at(1), at(2), reason="Much to do", lanes=2)
    assert list(client.lanes.list("gym")) == [lane]
    client.lanes.remove("gym", lane.id)
    client.sessions.create(Session(id="G1", service="training", least=1, most=2))
    placed = client.sessions.place("G1", at(9), {"gym": ["gym"]})
    assert client.sessions.read_place("G1") == placed
    assert (placed.start, placed.taken, placed.enough) == (at(9), 0, False)
    client.sessions.unplace("G1")
    (there,) = client.suggestions.suggest(place="G1", limit=1)
    assert client.suggestions.place("G1", there.token).start == there.start
    client.sessions.unplace("G1")
    lines = list(client.audit.list(action="tenant.changed"))
    assert [(line.kind, line.object) for line in lines] == [("tenant", tenant.id)] * 2
    assert list(client.audit.list(object=tenant.id)) == lines


def the_waitlist(client: Client, settings: Settings) -> None:
    """Joined, offered, accepted, declined, left."""
    nine = datetime.fromisoformat(on_monday(9))
    window = Span(start=nine, end=nine + timedelta(hours=1))
    waitlist = client.waitlist
    names = [waitlist.join(service="physio", windows=[window]).id for _ in range(2)]
    leaving = waitlist.join(service="training", attendees=["P1"], priority=4)
    assert (leaving.person, leaving.offers, leaving.offer) == ("P1", 0, None)
    assert waitlist.withdraw(leaving.id).state == "withdrawn"
    with backfiller(settings) as filler:
        look(filler)
    assert {entry.id for entry in waitlist.list(state="offered")} == set(names)
    offer = waitlist.read(names[0]).offer
    assert offer is not None and offer.state == "held" and offer.starts_at >= nine
    assert offer.reasons[0].text == "of priority 3"
    accepted = waitlist.accept(names[0])
    assert (accepted.state, accepted.booking) == ("booked", offer.hold)
    assert waitlist.decline(names[1]).state == "waiting"
    waitlist.withdraw(names[1])


def the_solves(client: Client, settings: Settings) -> None:
    """Asked for, followed, checked, published; then somebody is ill."""
    for number in (1, 2):
        request = Request(
            id=f"R{number}", steps=(Step(service="physio"),), attendees=(Attendee(resource="P1"),)
        )
        client.requests.create(request)
    asked: Any = {"first": date(2030, 1, 14), "days": 5, "time_limit_seconds": 5}
    names: Any = {**asked, "requests": ["R1", "R2"]}
    assert client.solves.dry_run(**names)["requests"] == 2
    away = client.solves.problem(first=asked["first"], days=5)
    assert {"person-1"} <= {one.id for one in away.resources}
    cancelled = client.solves.cancel(client.solves.ask(**names).id)
    assert cancelled in list(client.solves.list(state="cancelled"))
    solve = client.solves.ask(**names)
    work(settings)
    solved = client.solves.wait(solve.id)
    assert solved.schedule is not None and solved.moved == () == solved.stays
    checked = client.solves.check(solved.schedule, first=asked["first"], days=5)
    assert checked.valid and checked.violations == ()
    (one, *_) = solved.schedule.assignments
    again = client.solves.check([one], first=asked["first"], days=5)
    assert {goal.goal for goal in again.goals} == {goal.goal for goal in checked.goals}
    slot = client.explain("R1", start=at(1, 22), resources=ANNA).slot
    assert slot is not None and not slot.free
    assert "opening_hours" in {broken.rule for broken in slot.violations}
    assert sorted(client.solves.publish(solve.id).booked) == ["R1", "R2"]
    booked = next(b for b in client.bookings.list(state="booked") if b.request == "R1")
    (who,) = booked.visits[0].resources["practitioner"]
    day = booked.visits[0].start.replace(hour=0)
    absence = client.absences.mark(who, day, day + timedelta(days=1), reason="ill")
    assert absence.bookings is not None and absence.solve is not None
    assert booked.id in {hit.id for hit in absence.bookings}
    assert client.absences.read(absence.id) == absence
    assert [one.id for one in client.absences.list()] == [absence.id]
    work(settings)
    proposed = client.solves.wait(absence.solve)
    (move,) = (one for one in proposed.moved if one.booking == booked.id)
    assert (move.person, move.before.start) == ("P1", booked.visits[0].start)
    assert who in move.before.resources["practitioner"] and move.before != move.after
    assert booked.id in client.solves.publish(absence.solve, only=[booked.id]).moved
    moved = client.bookings.read(booked.id).visits[0]
    assert moved.start == move.after.start
    client.absences.take_back(absence.id)


def the_events(client: Client, relay: Database) -> None:
    """Listed, followed from where one has been; webhooks from the first to the last."""
    fan_out(relay)
    listed = list(client.events.list(type="booking.held"))
    followed = list(
        islice(client.events.follow(type="booking.held", after=cursor_of(0)), len(listed))
    )
    assert [one.id for one in followed] == [one.id for one in listed]
    rest = client.events.follow(type="booking.held", after=followed[1].cursor)
    assert next(rest) == followed[2]
    made = client.webhooks.create("https://example.org/hook", ["booking.*"])
    assert made.secret.startswith("whsec_") and made.secret not in repr(made)
    name = made.thing.id
    rotated = client.webhooks.rotate(name, grace_hours=1)
    assert rotated.thing == client.webhooks.read(name)
    assert rotated.thing.old_secret_until is not None and rotated.secret != made.secret
    assert list(client.webhooks.list()) == [rotated.thing]
    changed = client.webhooks.change(
        name, url="https://example.org/other", types=["visit.*", "booking.held"], version=1
    )
    assert (changed.types, changed.version) == (("visit.*", "booking.held"), 2)
    assert client.webhooks.replay(name, event=listed[1].id) >= len(listed) - 1
    told = list(client.webhooks.deliveries(name, state="waiting"))
    assert told[0].event == listed[1].id and told[0].attempts == 0
    client.webhooks.delete(name)


def test_every_operation_is_reached(
    client: Client, wire: Wire, clinic: Clinic, app: FastAPI, settings: Settings, relay: Database
) -> None:
    """Each that is in the OpenAPI document, with an answer that it succeeded."""
    the_catalogue(client)
    the_people(client)
    booked = the_bookings(client, clinic)
    the_access(client, booked[0])
    the_rest(client)
    the_waitlist(client, settings)
    the_solves(client, settings)
    the_events(client, relay)
    operations = {
        (method.upper(), path): operation["operationId"]
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }
    plain = {path for _, path in operations if "{" not in path}
    reached = set()
    for method, path, status in wire.answered:
        assert status < 400, (method, path, status)
        templates = [path] if path in plain else [t for _, t in operations if matches(t, path)]
        reached |= {operations[method, t] for t in templates if (method, t) in operations}
    assert sorted(set(operations.values()) - set(LEFT) - reached) == []
    assert not reached & set(LEFT)
    assert set(LEFT) < set(operations.values())


def matches(template: str, path: str) -> bool:
    return compile_path(template)[0].match(path) is not None
