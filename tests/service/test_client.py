"""The client against the live service: what it sends, reads, and sends again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import httpx2
import pandas as pd
import pytest
from fastapi import FastAPI
from service.conftest import Clinic
from service.living import living, working

from allocator.client import (
    Client,
    Conflict,
    NotAllowed,
    NotThere,
    PartlyPossible,
    Person,
    Place,
    ServiceProblem,
    Solve,
    Stale,
    TooMany,
    Unavailable,
    is_genuine,
)
from allocator.domain.calendar import Calendar
from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.service import Service
from allocator.domain.time import Horizon, Span
from api.settings import Settings
from api.signing import new_secret, signed
from api.store.database import Database

NINE = datetime.fromisoformat("2030-01-07T09:00:00+01:00")
TEN = datetime.fromisoformat("2030-01-07T10:00:00+01:00")
THERE = {"practitioner": ["anna"], "room": ["room-1"]}


class Wire(httpx2.BaseTransport):
    """Carries requests to the service, and spoils answers one after the other as it is told."""

    def __init__(self, carrier: httpx2.BaseTransport) -> None:
        self.carrier = carrier
        self.spoil: list[Callable[[httpx2.Response], httpx2.Response]] = []
        self.keys: list[str | None] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        answer = self.carrier.handle_request(request)
        return self.spoil.pop(0)(answer) if self.spoil else answer


def lose(answer: httpx2.Response) -> httpx2.Response:
    """The service has answered, and nobody hears it."""
    answer.read()
    raise httpx2.ReadError("the connection broke")


def instead(status: int, **headers: str) -> Callable[[httpx2.Response], httpx2.Response]:
    """A proxy answers in the service's place."""

    def answer(given: httpx2.Response) -> httpx2.Response:
        given.read()
        return httpx2.Response(status, headers=headers)

    return answer


@pytest.fixture
def wire(clinic: Clinic) -> Wire:
    return Wire(clinic.http._transport)


@pytest.fixture
def pauses() -> list[float]:
    """How long the client has waited before each further try."""
    return []


@pytest.fixture
def client(clinic: Clinic, wire: Wire, pauses: list[float]) -> Iterator[Client]:
    """An administrator's client, which waits for nothing."""
    key = clinic.asker().key
    with Client("http://testserver", key, transport=wire, pause=pauses.append) as made:
        yield made


def request(id: str, **more: Any) -> Request:
    return Request(
        id=id, steps=(Step(service="physio"),), attendees=(Attendee(resource="P1"),), **more
    )


def test_things_come_back_as_they_were_sent(client: Client) -> None:
    """Each kind, in the library's own types; a list goes over its pages."""
    gym = Resource(id="hall", kind="gym", calendar="office", lanes=2)
    kept = client.resources.create(gym)
    assert (kept.thing, kept.version, kept.state) == (gym, 1, None)
    assert client.resources.read("hall") == client.resources.read(kept.uid) == kept
    more = [request(f"R{number}") for number in range(450)]
    assert [one.thing for one in client.requests.create_many(more)] == more
    assert [one.thing for one in client.requests.list(state="requested")] == more
    assert [one.thing.id for one in client.resources.list(kind="gym")] == ["gym", "hall"]


def test_a_change_names_its_version(client: Client) -> None:
    """Whoever was slower is told so; a deleted thing is not there."""
    kept = client.services.create(Service(id="talk", minutes=15))
    longer = replace(kept.thing, minutes=30)
    assert client.services.change(longer, kept.version).thing.minutes == 30
    with pytest.raises(Stale):
        client.services.change(longer, kept.version)
    client.services.delete("talk", 2)
    with pytest.raises(NotThere) as caught:
        client.services.read("talk")
    assert (caught.value.type, caught.value.status) == ("not-found", 404)
    assert len(caught.value.request_id) == 36


def test_people_are_added_changed_and_erased(client: Client) -> None:
    """One by one with how they take part, or many at once."""
    eva = client.people.create(
        Person(id="P9", name="Eva Lang", email="eva@example.org"),
        Resource(id="P9", kind="patient", calendar="office"),
    )
    assert client.resources.read("P9").thing.calendar == "office"
    assert client.people.change(replace(eva, name="Eva Berg")).name == "Eva Berg"
    client.people.erase("P9")
    assert client.people.read("P9").name != "Eva Berg"
    many = [(Person(id=f"Q{number}", name="Q"), None) for number in range(3)]
    assert client.people.create_many(many) == 3
    assert [person.id for person in client.people.list()] == ["P1", "P2", "P9", "Q0", "Q1", "Q2"]


def test_frames_go_in_and_come_out(client: Client) -> None:
    """With the columns of their CSV file; what is wrong is told by row, and nothing is sent."""
    frame = pd.DataFrame(
        {"id": ["R1", "R2"], "service": ["physio", "physio"], "attendees": ["P1", "P2"]}
    )
    sent = client.requests.create_frame(frame)
    assert [kept.thing for kept in sent] == [
        request("R1"),
        replace(request("R2"), attendees=(Attendee(resource="P2"),)),
    ]
    back = client.requests.frame()
    assert back[["id", "service", "attendees"]].values.tolist() == frame.values.tolist()
    with pytest.raises(InvalidProblem) as caught:
        client.requests.create_frame(pd.DataFrame({"id": ["R3"], "priority": ["high"]}))
    assert "requests.csv row 2" in str(caught.value)


def test_a_booking_from_hold_to_cancellation(client: Client) -> None:
    """Held, confirmed, moved, given to another, attended; another is released or cancelled."""
    held = client.bookings.hold(
        service="physio", start=NINE, resources=THERE, attendees=["P1"], hold_minutes=5
    )
    assert (held.state, held.person, held.zone) == ("held", "P1", "Europe/Berlin")
    assert held.expires_at is not None
    booked = client.bookings.confirm(held.id, held.version)
    assert (booked.state, booked.expires_at) == ("booked", None)
    moved = client.bookings.reschedule(held.id, [Place(start=TEN, resources=THERE)])
    assert [visit.start for visit in moved.visits] == [TEN]
    given = client.bookings.reassign(held.id, {"practitioner": ["ben"]})
    assert given.visits[0].resources["practitioner"] == ["ben"]
    with pytest.raises(Stale):
        client.bookings.cancel(held.id, version=1)
    assert client.bookings.cancel(held.id, reason="Ill").state == "cancelled"
    other = client.bookings.hold(service="physio", start=NINE, resources=THERE)
    assert client.bookings.release(other.id).state == "cancelled"
    assert [one.id for one in client.bookings.list(state="cancelled", person="P1")] == [held.id]
    assert list(client.bookings.list(since=TEN, until=TEN.replace(hour=11))) == [
        client.bookings.read(held.id)
    ]


def test_bookings_come_as_a_frame(client: Client) -> None:
    """A row for each visit, with a column for each role; of none, no row and all columns."""
    assert list(client.bookings.frame().columns)[-1] == "visit_state"
    held = client.bookings.hold(service="physio", start=NINE, resources=THERE, attendees=["P1"])
    (row,) = client.bookings.frame(state="held").to_dict("records")
    assert (row["booking"], row["person"], row["start"]) == (held.id, "P1", pd.Timestamp(NINE))
    assert (row["practitioner"], row["room"]) == ("anna", "room-1")


def test_a_problem_carries_what_the_service_says(client: Client) -> None:
    """Type, sentence and further members; whoever may not is told by an exception of its own."""
    client.bookings.hold(service="physio", start=NINE, resources=THERE)
    with pytest.raises(Conflict) as caught:
        client.bookings.hold(service="physio", start=NINE, resources=THERE)
    assert (caught.value.type, caught.value.status) == ("taken", 409)
    assert str(caught.value) == caught.value.detail != ""
    with pytest.raises(Conflict) as caught:
        client.bookings.hold(service="physio", start=NINE.replace(hour=23), resources=THERE)
    assert caught.value.type == "rule-broken"
    assert {one["rule"] for one in caught.value.members["violations"]} == {"opening_hours"}
    with pytest.raises(ServiceProblem) as unread:
        client.call("POST", "/v1/holds", {"start": "never"})
    assert unread.value.type == "invalid" and unread.value.members["faults"]


def test_whoever_is_unknown_is_told_so(clinic: Clinic) -> None:
    """A wrong key is no reason to try again."""
    with (
        Client("http://testserver", "ak_no", transport=clinic.http._transport) as stranger,
        pytest.raises(NotAllowed) as caught,
    ):
        stranger.bookings.read("x")
    assert caught.value.type == "unauthenticated"


def test_a_series_that_is_partly_possible_asks(client: Client) -> None:
    """What can be had and what cannot is in the exception; accepting holds the first."""
    client.requests.create(
        request("R1", series=FlexibleSeries(count=2, at_least=1, least_days_between=1))
    )
    places = [
        Place(start=NINE, resources=THERE),
        Place(start=NINE.replace(day=8, hour=23), resources=THERE, occurrence=2),
    ]
    with pytest.raises(PartlyPossible) as caught:
        client.bookings.hold(request="R1", visits=places)
    assert [one["occurrence"] for one in caught.value.possible] == [1]
    assert [one["occurrence"] for one in caught.value.refused] == [2]
    held = client.bookings.hold(request="R1", visits=places, partial="accept")
    assert len(held.visits) == 1


@pytest.mark.parametrize(
    ("spoil", "least"),
    [
        (lose, 0.05),
        (instead(502), 0.05),
        (instead(503), 0.05),
        (instead(504), 0.05),
        (instead(429, **{"Retry-After": "7"}), 7),
    ],
    ids=["lost", "502", "503", "504", "429"],
)
def test_a_lost_reply_books_once(
    client: Client, wire: Wire, clinic: Clinic, pauses: list[float], spoil: Any, least: float
) -> None:
    """The same goes again with the same key, and gets the answer that was lost."""
    wire.spoil = [spoil]
    held = client.bookings.hold(service="physio", start=NINE, resources=THERE)
    wire.spoil = [spoil]
    assert client.bookings.confirm(held.id).state == "booked"
    (first, again), (confirmed, twice) = wire.keys[:2], wire.keys[2:]
    assert first == again != confirmed == twice
    assert clinic.sql("SELECT count(*) FROM booking") == [(1,)]
    assert clinic.sql("SELECT count(*) FROM claim") == [(2,)]
    assert len(pauses) == 2 and min(pauses) >= least


@pytest.mark.parametrize("spoil", [lose, instead(502), instead(504)], ids=["lost", "502", "504"])
def test_a_lost_reply_deletes_once(client: Client, wire: Wire, spoil: Any) -> None:
    """That it is gone already is what the lost answer said; of a stranger it is a problem."""
    kept = client.services.create(Service(id="talk", minutes=15))
    wire.spoil = [spoil]
    client.services.delete("talk", kept.version)
    with pytest.raises(NotThere):
        client.services.delete("talk", kept.version)


def test_what_was_never_there_is_not_deleted_by_a_service_that_was_away(
    client: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It heard nothing the first time, so nothing is gone because of that."""
    there, away = wire.handle_request, [httpx2.ConnectError("refused")]

    def handle(request: httpx2.Request) -> httpx2.Response:
        if away:
            raise away.pop()
        return there(request)

    monkeypatch.setattr(wire, "handle_request", handle)
    with pytest.raises(NotThere):
        client.services.delete("tolk", 1)
    assert away == []


def test_a_hold_that_is_not_there_is_not_released_by_a_lost_answer(
    client: Client, wire: Wire
) -> None:
    """That it is not there is what the lost answer said; no booking comes back, so it is told.

    It was a TypeError. Where it was released, and the answer was lost, the same answer comes.
    """
    wire.spoil = [lose]
    with pytest.raises(NotThere):
        client.bookings.release("01900000-0000-7000-8000-000000000000")
    held = client.bookings.hold(service="physio", start=NINE, resources=THERE)
    wire.spoil = [lose]
    assert client.bookings.release(held.id).state == "cancelled"


def test_a_lost_reply_tells_its_secret_again(client: Client, wire: Wire, clinic: Clinic) -> None:
    """Whatever has a secret is made once, and the client has it in the end."""
    wire.spoil = [lose]
    made = client.webhooks.create("https://example.org/hook")
    wire.spoil = [lose]
    rotated = client.webhooks.rotate(made.thing.id)
    wire.spoil = [lose]
    key = client.keys.create("desk", "scheduler")
    assert clinic.sql("SELECT count(*) FROM webhook_secret") == [(2,)]
    assert [one.id for one in client.keys.list()].count(key.thing.id) == 1
    assert len({made.secret, rotated.secret, key.secret}) == 3
    with Client("http://testserver", key.secret, transport=clinic.http._transport) as desk:
        assert desk.tenant.read().name == client.tenant.read().name


def test_patience_ends(clinic: Clinic, wire: Wire) -> None:
    """With the last problem, which says that nobody answered, or how long to wait."""
    wire.spoil = [lose, instead(429, **{"Retry-After": "9"}), instead(503)]
    key = clinic.asker().key
    with Client("http://testserver", key, transport=wire, patience_seconds=0) as hasty:
        with pytest.raises(Unavailable) as caught:
            hasty.people.read("P1")
        assert (caught.value.type, caught.value.status) == ("unreachable", 0)
        with pytest.raises(TooMany) as limited:
            hasty.people.read("P1")
        assert limited.value.retry_after_seconds == 9
        with pytest.raises(Unavailable):
            hasty.people.read("P1")
    assert wire.keys == [None] * 3


def test_pauses_grow(clinic: Clinic, wire: Wire, client: Client, pauses: list[float]) -> None:
    """Each at most twice the one before it, and none above five seconds."""
    wire.spoil = [lose] * 9
    client.people.read("P1")
    bounds = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert len(pauses) == 9
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, bounds, strict=True))


def test_a_whole_problem_is_sent(new_clinic: Callable[[], Clinic]) -> None:
    """Patients become people; everything else comes as it is."""
    horizon = Horizon(first=date(2030, 1, 7), days=7, zone="Europe/Berlin", now=NINE)
    problem = Problem(
        name="tiny",
        horizon=horizon,
        calendars=(Calendar(id="office"),),
        resources=(
            Resource(id="anna", kind="practitioner"),
            Resource(id="P1", kind="patient", name="Eva"),
        ),
        services=(Service(id="physio", minutes=45),),
        requests=(request("R1"),),
    )
    empty = new_clinic()
    with Client("http://testserver", empty.asker().key, transport=empty.http._transport) as client:
        assert client.send(problem) == {
            "calendars": 1,
            "resources": 1,
            "people": 1,
            "services": 1,
            "requests": 1,
        }
        assert client.people.read("P1").name == "Eva"
        assert [kept.thing for kept in client.requests.list()] == list(problem.requests)


@pytest.fixture(scope="module")
def live(app: FastAPI) -> Iterator[str]:
    """The service behind a socket, where answers come piece by piece."""
    with living(app) as url:
        yield url


def test_a_solve_is_asked_for_followed_and_published(
    clinic: Clinic, http: Any, live: str, settings: Settings, relay: Database
) -> None:
    """Two requests of one patient are placed and booked; publishing again books nothing more."""
    with Client(live, clinic.asker().key) as client:
        client.requests.create_many([request("R1"), request("R2")])
        asked: Any = {"first": date(2030, 1, 7), "days": 5, "time_limit_seconds": 5}
        assert client.solves.dry_run(**asked)["requests"] == 2
        solve = client.solves.ask(**asked)
        assert (solve.state, solve.ended, solve.schedule) == ("queued", False, None)
        assert [one.id for one in client.solves.list(state="queued")] == [solve.id]
        told: list[str] = []
        with working(settings, relay):
            found = client.solves.wait(solve.id, lambda news: told.append(news.state))
        assert (told[-1], found.state) == ("solved", "solved")
        assert set(told[:-1]) <= {"queued", "running"}
        assert found.schedule is not None
        assert all(isinstance(one, Assignment) for one in found.schedule.assignments)
        done = client.solves.publish(solve.id)
        assert (sorted(done.booked), done.moved, done.lost) == (["R1", "R2"], (), ())
        assert client.solves.publish(solve.id).lost == ()
        assert {one.request for one in client.bookings.list(state="booked")} == {"R1", "R2"}
        with pytest.raises(Conflict):
            client.solves.cancel(solve.id)
    assert clinic.overlaps() == 0
    assert clinic.sql("SELECT count(*) FROM booking") == [(2,)]


def test_suggestions_are_held_booked_and_moved_to(clinic: Clinic, http: Any, live: str) -> None:
    """For a service, a request and a booking; refusals tell of others, and days are listed."""
    with Client(live, clinic.asker().key) as client:
        suggest = client.suggestions.suggest
        first = suggest(service="physio", attendees=["P1"], limit=2)
        assert (len(first), first.why_none, first.next_possible) == (2, None, None)
        best = next(iter(first))
        held = client.suggestions.hold(best.token, hold_minutes=3)
        assert (held.state, held.person, held.visits[0].start) == ("held", "P1", best.start)
        assert (best.load, best.band, best.saving) == (None, None, None)
        assert best.goals is not None
        with pytest.raises(Conflict) as refused:
            client.suggestions.book(best.token)
        others = client.suggestions.alternatives(refused.value)
        assert others and best.visits not in [one.visits for one in others]
        window = Span(start=others[0].start, end=others[0].end)
        (there, *_) = suggest(
            booking=held.id, windows=[window], preferred=others[0].visits[0].resources
        )
        moved = client.suggestions.move(held.id, there.token, version=held.version)
        assert moved.visits[0].start == others[0].start
        days = client.suggestions.days(service="physio", days=7)
        assert days and all(day.first <= day.last for day in days)
        never = Span(start=window.start.replace(year=2199), end=window.end.replace(year=2199))
        nothing = suggest(service="physio", windows=[never])
        assert (len(nothing), nothing.next_possible) == (0, None)
        assert nothing.why_none == "No start is left after the rule windows."
        assert list(client.suggestions.popular_hours("practitioner")["load"]) == []
    assert clinic.overlaps() == 0


def test_a_cancelled_solve_that_waits_has_ended(clinic: Clinic, http: Any, live: str) -> None:
    """Whoever follows it hears that, and no more."""
    with Client(live, clinic.asker().key) as client:
        solve = client.solves.ask()
        assert client.solves.cancel(solve.id).state == "cancelled"
        assert [news.state for news in client.solves.follow(solve.id)] == ["cancelled"]
        assert client.solves.wait(solve.id).result is None
        with pytest.raises(NotThere):
            client.solves.wait("nothing")


class Cut(httpx2.BaseTransport):
    """Breaks off the first stream after its first event."""

    def __init__(self) -> None:
        self.streams = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.streams += 1
        state = "running" if self.streams == 1 else "solved"
        return httpx2.Response(200, stream=Stream(state, cut=self.streams == 1))


class Stream(httpx2.SyncByteStream):
    def __init__(self, state: str, *, cut: bool) -> None:
        self.state, self.cut = state, cut

    def __iter__(self) -> Iterator[bytes]:
        yield f'event: {self.state}\ndata: {{"state": "{self.state}"}}\n\n'.encode()
        if self.cut:
            raise httpx2.RemoteProtocolError("cut")


def test_following_goes_on_where_the_connection_broke(pauses: list[float]) -> None:
    """It connects again, and hears the rest."""
    carrier = Cut()
    with Client("http://x", "k", transport=carrier, pause=pauses.append) as client:
        heard = [news.data["state"] for news in client._sender.events("/v1/solves/x/events")]
    assert (heard, carrier.streams, len(pauses)) == (["running", "solved"], 2, 1)


class Feed(httpx2.BaseTransport):
    """Streams of events: the first begins after 5 and says nothing, the second breaks off."""

    STREAMS = (
        "id: five\n\n: still here\n\n",
        "id: five\n\n" + "id: six\nevent: a.b\ndata: %s\n\n" + "id: seven\ndata: ",
        "id: six\n\n" + "id: seven\nevent: a.b\ndata: %s\n\n",
    )
    EVENT = (
        '{"type": "a.b", "timestamp": "2030-01-07T08:00:00Z",'
        ' "data": {"id": "1", "kind": "a", "object": "2"}}'
    )

    def __init__(self) -> None:
        self.after: list[str | None] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.after.append(request.headers.get("Last-Event-ID"))
        text = self.STREAMS[len(self.after) - 1].replace("%s", self.EVENT)
        return httpx2.Response(200, stream=Cutting(text, cut=len(self.after) == 2))


class Cutting(httpx2.SyncByteStream):
    def __init__(self, text: str, *, cut: bool) -> None:
        self.text, self.cut = text, cut

    def __iter__(self) -> Iterator[bytes]:
        yield self.text.encode()
        if self.cut:
            raise httpx2.RemoteProtocolError("cut")


def test_whoever_follows_events_misses_none(pauses: list[float]) -> None:
    """Not between two streams of which the first had none, nor where one breaks off."""
    feed = Feed()
    with Client("http://x", "k", transport=feed, pause=pauses.append) as client:
        heard = client.events.follow(type="a.*")
        assert [next(heard).cursor, next(heard).cursor] == ["six", "seven"]
    assert feed.after == [None, "five", "six"]


def test_a_message_is_checked_as_it_came() -> None:
    """By its secret, whatever the case of the headers; not altered, old, or without headers."""
    body, now = b'{"a": 1}', 1_900_000_000
    secret = new_secret()
    headers = signed([new_secret(), secret], "one", now, body)
    upper = {name.upper(): value for name, value in headers.items()}
    assert is_genuine(secret, headers, body, now=now) and is_genuine(secret, upper, body, now=now)
    assert is_genuine(secret, headers, body, now=now + 299)
    assert not is_genuine(secret, headers, body, now=now + 300)
    assert not is_genuine(secret, headers, body, now=now - 300)
    assert not is_genuine(secret, headers, body)
    assert not is_genuine(secret, headers, body + b" ", now=now)
    assert not is_genuine(new_secret(), headers, body, now=now)
    assert not is_genuine(secret, {}, body, now=now)
    for name in headers:
        spoilt = {**headers, name: "\u00e4"}
        assert not is_genuine(secret, spoilt, body, now=now), name


def test_an_absence_is_marked_read_and_taken_back(client: Client) -> None:
    """It tells whom it hits, and the solve that proposes what to do; a request is explained."""
    held = client.bookings.hold(
        service="physio",
        start=NINE,
        resources={"practitioner": ["anna"], "room": ["room-1"]},
        attendees=["P1"],
    )
    client.bookings.confirm(held.id)
    absence = client.absences.mark("anna", NINE, NINE.replace(hour=12), reason="ill")
    assert absence.bookings is not None and absence.sessions == ()
    (hit,) = absence.bookings
    assert (hit.id, hit.state, hit.person) == (held.id, "booked", "P1")
    assert [(visit.start, visit.session) for visit in hit.visits] == [(NINE, None)]
    assert client.solves.read(str(absence.solve)).state == "queued"
    assert client.absences.read(absence.id) == absence
    (listed,) = client.absences.list()
    assert (listed.id, listed.reason, listed.bookings) == (absence.id, "ill", None)
    client.requests.create(request("R1"))
    slot = client.explain("R1", NINE, {"practitioner": ["anna"], "room": ["room-1"]}).slot
    assert slot is not None and "blocks" in {broken.rule for broken in slot.violations}
    client.absences.take_back(absence.id)
    assert list(client.absences.list()) == []


def test_the_place_of_a_group_session_is_nobodys_booking() -> None:
    """It moves, or stays, by the name of the session; who has a seat in it is told of that, too."""
    there = {"start": "2030-01-07T08:00:00Z", "end": "2030-01-07T09:00:00Z", "resources": {}}
    mine = {"booking": None, "person": None, "session": "yoga", "id": "v"}
    seat = {"booking": "b", "person": "P1", "session": "yoga", "id": "w"}
    solve = Solve(
        id="s",
        state="solved",
        asked={},
        progress=None,
        published=None,
        attempt=1,
        created_at=NINE,
        started_at=NINE,
        ended_at=NINE,
        result={
            "moved": [{**one, "from": there, "to": there} for one in (mine, seat)],
            "stays": [{**mine, "start": there["start"], "reason": "It has begun."}],
        },
    )
    told = [(move.booking, move.session, move.person) for move in solve.moved]
    assert told == [(None, "yoga", None), ("b", "yoga", "P1")]
    assert [(stay.booking, stay.session) for stay in solve.stays] == [(None, "yoga")]
