"""The waitlist under pressure: workers beside each other, answers at the last moment, SIGKILL."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from service import crashing_backfill
from service.booking import booked
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.racing import race, statuses
from service.waiting import backfiller, entry, fill, join, look, states
from service.whole import whole

from api.backfill.backfiller import Backfiller
from api.settings import Settings
from api.store.database import Database
from api.sweeper import sweep

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fillers(settings: Settings) -> Iterator[list[Backfiller]]:
    """Two workers."""
    with ExitStack() as stack:
        yield [stack.enter_context(backfiller(settings)) for _ in range(2)]


def cancel(asks: Asker, name: str) -> Any:
    return asks.post(f"/v1/bookings/{name}/cancel")


def sound(clinic: Clinic) -> None:
    """Whoever is offered something has one hold, that nobody else has; all else is as ever."""
    rows = clinic.sql(
        "SELECT w.state, w.offer_id, b.state AS hold, b.request_id = w.request_id AS mine"
        " FROM waitlist w LEFT JOIN booking b ON b.tenant_id = w.tenant_id AND b.id = w.offer_id"
        " WHERE w.tenant_id = :t",
        t=clinic.tenant,
    )
    for row in rows:
        assert (row.offer_id is not None) == (row.state in ("offered", "booked")), row
        assert row.state != "booked" or row.hold == "booked", row
        assert row.offer_id is None or row.mine, row
    # A hold that was offered and is live is somebody's.
    orphans = clinic.sql(
        "SELECT count(*) FROM booking b WHERE b.tenant_id = :t AND b.created_by = 'waitlist'"
        " AND b.state = 'held' AND NOT EXISTS (SELECT FROM waitlist w"
        " WHERE w.tenant_id = b.tenant_id AND w.offer_id = b.id)",
        t=clinic.tenant,
    )
    assert orphans[0][0] == 0
    assert clinic.overlaps() == 0
    whole(clinic)


def test_two_workers_offer_one_place_once(clinic: Clinic, fillers: list[Backfiller]) -> None:
    """Of six who wait one is offered each place that comes free, whoever looks first."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = [join(asks) for _ in range(6)]
    race([partial(look, filler) for filler in fillers])
    for number, hour in enumerate((8.75, 11, 14), 1):
        cancel(asks, there[hour])
        assert sum(race([partial(look, filler) for filler in fillers])) == 1
        assert states(asks, *waits).count("offered") == number
    sound(clinic)


def test_a_worker_and_somebody_who_books_at_the_same_moment(
    clinic: Clinic, fillers: list[Backfiller]
) -> None:
    """One of them has the place; who waits is offered it, or waits on."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    for hour in (8, 9.5, 11, 12.5, 14):
        waits = join(asks)
        look(fillers[0])
        cancel(asks, there[hour])
        held, offered = race(
            [partial(asks.post, "/v1/holds", physio(at(hour), None)), fillers[0].look]
        )
        assert (held.status_code, offered) in ((201, 0), (409, 1))
        assert look(fillers[0]) == 0
        assert states(asks, waits) == ["offered" if offered else "waiting"]
        sound(clinic)
        asks("DELETE", f"/v1/waitlist/{waits}")
        if offered:
            booked(asks, physio(at(hour), None))


def soon(clinic: Clinic) -> None:
    """Let the time of every hold be over in a moment."""
    for table in ("booking", "claim"):
        clinic.sql(
            f"UPDATE {table} SET expires_at = clock_timestamp() + interval '4 milliseconds'"
            " WHERE tenant_id = :t AND expires_at IS NOT NULL",
            t=clinic.tenant,
        )


def test_an_answer_and_the_end_of_the_offer_at_the_same_moment(
    clinic: Clinic, fillers: list[Backfiller], relay: Database
) -> None:
    """Booked with its claims, or refused and theirs again; the next is offered it then."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    look(fillers[0])
    for hour in (8, 9.5, 11, 12.5):
        first = join(asks)
        look(fillers[0])
        cancel(asks, there[hour])
        assert look(fillers[0]) == 1
        next_ = join(asks)
        soon(clinic)
        accepted, *_ = race(
            [
                partial(asks.post, f"/v1/waitlist/{first}/accept"),
                partial(sweep, relay),
                partial(look, fillers[0]),
                partial(look, fillers[1]),
            ]
        )
        sweep(relay)
        look(fillers[0])
        found = tuple(states(asks, first, next_))
        assert (accepted.status_code, found) in (
            (200, ("booked", "waiting")),
            (409, ("waiting", "offered")),
        )
        sound(clinic)
        for name in (first, next_):
            asks("DELETE", f"/v1/waitlist/{name}")
        look(fillers[0])
        place = asks.post("/v1/holds", physio(at(hour), None))
        assert (place.status_code == 201) == (accepted.status_code == 409)
        if place.status_code == 201:
            asks.post(f"/v1/holds/{place.json()['id']}/confirm")


@pytest.mark.parametrize("deeds", [("accept", "accept"), ("accept", "decline"), ("decline",) * 2])
def test_two_answers_at_once(
    clinic: Clinic, fillers: list[Backfiller], deeds: tuple[str, str]
) -> None:
    """One is taken, the other refused."""
    asks = clinic.asker("scheduler")
    for hour in (8, 9, 10):
        waits = join(asks, windows=[window(hour, hour + 0.75)])
        look(fillers[0])
        answers = race([partial(asks.post, f"/v1/waitlist/{waits}/{deed}") for deed in deeds])
        assert statuses(answers) == {200: 1, 409: 1}
        won = next(deed for deed, a in zip(deeds, answers, strict=True) if a.status_code == 200)
        assert entry(asks, waits)["state"] == {"accept": "booked", "decline": "waiting"}[won]
        sound(clinic)


def test_who_moves_earlier_and_who_cancels_at_the_same_moment(
    clinic: Clinic, fillers: list[Backfiller]
) -> None:
    """The booking has moved and is cancelled there, or was cancelled before: one place at most."""
    asks = clinic.asker("scheduler")
    for hour in (9, 11, 13):
        mine = booked(asks, physio(at(hour, 2), "P1"))
        earlier = join(asks, booking=mine, windows=[window(hour, hour + 0.75)])
        look(fillers[0])
        hold = entry(asks, earlier)["offer"]["hold"]
        accepted, cancelled = race(
            [
                partial(asks.post, f"/v1/waitlist/{earlier}/accept"),
                partial(cancel, asks, mine),
            ]
        )
        assert cancelled.status_code == 200
        look(fillers[0])
        told = entry(asks, earlier)["state"]
        assert (accepted.status_code, told) in ((200, "booked"), (409, "expired"))
        assert asks.get(f"/v1/bookings/{mine}").json()["state"] == "cancelled"
        assert asks.get(f"/v1/bookings/{hold}").json()["state"] == "cancelled"
        whole(clinic)
    assert clinic.sql("SELECT 1 FROM claim WHERE tenant_id = :t", t=clinic.tenant) == []


def test_many_who_wait_and_answer_beside_two_workers(
    clinic: Clinic, fillers: list[Backfiller], relay: Database
) -> None:
    """Places come free, are offered, accepted, declined and left: nobody has what another has."""
    asks = clinic.asker("scheduler")
    there = list(fill(asks).values())
    waits = [join(asks) for _ in range(5)]
    rng = random.Random(7)

    def client(seed: int) -> None:
        own = random.Random(seed)
        for _ in range(12):
            deed = own.choice(("cancel", "accept", "accept", "decline", "leave", "hold"))
            name = own.choice(waits)
            if deed == "cancel":
                cancel(asks, own.choice(there))
            elif deed == "hold":
                asks.post("/v1/holds", physio(at(8 + 0.75 * own.randrange(13)), None))
            elif deed == "leave":
                asks("DELETE", f"/v1/waitlist/{name}")
                waits.append(join(asks))
            else:
                answer = asks.post(f"/v1/waitlist/{name}/{deed}")
                assert answer.status_code in (200, 409), answer.text

    work: list[Callable[[], Any]] = [partial(client, rng.randrange(1000)) for _ in range(3)]
    work += [partial(look, filler) for filler in fillers]
    race(work)
    sweep(relay)
    for filler in fillers:
        look(filler)
    sound(clinic)
    assert "offered" in states(asks, *waits) or "booked" in states(asks, *waits)


def test_a_worker_is_killed_at_every_point(
    clinic: Clinic, fillers: list[Backfiller], settings: Settings
) -> None:
    """A place is held, offered and told of, or nothing; the next worker goes on, and offers it."""
    asks = clinic.asker("scheduler")
    urls = [settings.relay_database_url, settings.worker_database_url]
    command = [sys.executable, crashing_backfill.__file__, *urls]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        points: list[str] = []
        waits = ""
        while not points or points[-1] != "none":
            waits = join(asks, windows=[window(9, 9.75)])
            process.stdin.write(f"{len(points) + 1}\n")
            points.append(process.stdout.readline().strip())
            told = entry(asks, waits)
            heard = clinic.sql(
                "SELECT type FROM event WHERE tenant_id = :t AND object = :o ORDER BY id",
                t=clinic.tenant,
                o=waits,
            )
            assert [row.type for row in heard] == ["waitlist.joined"] + ["waitlist.offered"] * (
                told["state"] == "offered"
            )
            sound(clinic)
            look(fillers[0])
            assert entry(asks, waits)["state"] == "offered"
            assert asks("DELETE", f"/v1/waitlist/{waits}").json()["state"] == "withdrawn"
        process.stdin.close()
    for words in ("WITH booking AS ( INSERT INTO booking", "UPDATE waitlist", "commit sent"):
        assert any(point.startswith(words) for point in points), words
