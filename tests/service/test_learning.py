"""How busy hours will be: learnt from what was booked and refused, told, and what it saves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from service.booking import client
from service.conftest import Asker, Clinic, furnish
from service.indexing import BERLIN, at, window
from service.suggesting import suggested

from api.settings import Settings
from api.store import forecasts
from api.store.database import Database
from api.suggesting.learning import learn_all, learnt

#: The day it is where the clinic is; where the database is, it may be another.
TODAY = "CAST(now() AT TIME ZONE 'Europe/Berlin' AS date)"
#: Visits of the past: both practitioners at nine and at ten, each weekday of ten weeks.
PAST = (
    f"""
    INSERT INTO booking (tenant_id, uid, ref, spec, state, service, starts_at, created_by,
                         created_at)
    SELECT :t, gen_random_uuid(), 'past-' || d || '-' || h || '-' || who,
           '{{"steps": [{{"service": "surgery"}}]}}', 'booked', 'surgery', s.at, 'past',
           s.at - interval '5 days'
    FROM generate_series(1, 70) AS d, generate_series(9, 10) AS h,
         unnest(ARRAY['anna', 'ben']) AS who,
         LATERAL (SELECT (({TODAY} - d) + make_interval(hours => h))
                         AT TIME ZONE 'Europe/Berlin' AS at) AS s
    """,
    """
    INSERT INTO visit (tenant_id, uid, booking_id, occurrence, step, service, span, resources,
                       state)
    SELECT :t, gen_random_uuid(), id, 1, 1, 'surgery',
           tstzrange(starts_at, starts_at + interval '60 minutes'),
           jsonb_build_object('practitioner', jsonb_build_array(split_part(ref, '-', 4)),
                              'room', jsonb_build_array('room-1')), 'booked'
    FROM booking WHERE tenant_id = :t AND created_by = 'past'
    """,
)


@pytest.fixture
def worker(settings: Settings) -> Any:
    database = Database(settings.worker_database_url, size=1)
    yield database
    database.close()


@pytest.fixture
def busy(clinic: Clinic, worker: Database) -> Clinic:
    """Nine and ten have been full for weeks, all else empty; and it was learnt."""
    for statement in PAST:
        clinic.sql(statement, t=clinic.tenant)
    assert learnt(worker, clinic.tenant) == 3  # practitioners, rooms, the gym
    return clinic


def hours(asks: Asker, kind: str = "practitioner") -> dict[tuple[int, int], tuple[float, str]]:
    answer = asks.get(f"/v1/popular-hours?kind={kind}")
    assert answer.status_code == 200, answer.text
    return {
        (one["weekday"], one["hour"]): (one["load"], one["band"]) for one in answer.json()["hours"]
    }


def steer(admin: Asker, **policy: Any) -> Any:
    now = admin.get("/v1/tenant/off-peak")
    changed = admin("PATCH", "/v1/tenant/off-peak", policy, If_Match=now.headers["etag"])
    assert changed.status_code == 200, changed.text
    return changed.json()


def test_popular_hours_are_those_in_which_all_came(busy: Clinic) -> None:
    """Ten hours on seven days; nine and ten are full, all others empty. Everybody may know."""
    found = hours(client(busy, "P1"))
    assert len(found) == 70
    for (_, hour), told in found.items():
        assert told == ((1.0, "peak") if hour in (9, 10) else (0.0, "off_peak"))
    assert hours(busy.asker("client", publishable=True)) == found
    assert {load for load, _ in hours(busy.asker(), "room").values()} == {0.0, 1.0}
    answer = busy.asker().get("/v1/popular-hours").json()
    assert answer["zone"] == "Europe/Berlin"
    assert answer["learnt_at"] is not None


def test_nothing_learnt_is_said(clinic: Clinic) -> None:
    """No hours, and no load beside suggestions."""
    asks = clinic.asker()
    answer = asks.get("/v1/popular-hours").json()
    assert answer == {"learnt_at": None, "zone": "Europe/Berlin", "hours": []}
    (one,) = suggested(asks, service="physio", limit=1)["suggestions"]
    assert (one["load"], one["band"], one["saving"]) == (None, None, None)


def test_suggestions_tell_how_busy_an_hour_is(busy: Clinic) -> None:
    """Nine is busy and eleven is quiet, and said so in words."""
    asks = busy.asker("scheduler")
    found = {}
    for hour in (9, 11):
        body = {"service": "physio", "windows": [window(hour, hour + 0.75)], "limit": 1}
        (one,) = suggested(asks, **body)["suggestions"]
        tags = {reason["tag"] for reason in one["reasons"]}
        found[hour] = one["load"], one["band"], tags & {"quiet_hour", "busy_hour"}
    assert found == {9: (1.0, "peak", {"busy_hour"}), 11: (0.0, "off_peak", {"quiet_hour"})}
    days = asks.get(f"/v1/suggestions/days?service=physio&from={at(0)[:10]}&days=1").json()
    assert (days["days"][0]["load"], days["months"][0]["load"]) == (0.0, 0.0)


def test_what_is_learnt_later_is_known_at_once(clinic: Clinic, worker: Database) -> None:
    """By an index that was there before, without being read anew."""
    asks = clinic.asker()
    body = {"service": "physio", "windows": [window(9, 9.75)], "limit": 1}
    assert suggested(asks, **body)["suggestions"][0]["load"] is None
    for statement in PAST:
        clinic.sql(statement, t=clinic.tenant)
    learnt(worker, clinic.tenant)
    assert suggested(asks, **body)["suggestions"][0]["load"] == 1.0


def test_a_quiet_hour_saves_what_the_tenant_offers(busy: Clinic) -> None:
    """Told with the suggestion, kept with the booking; whoever moves elsewhere has it no more."""
    admin = busy.asker()
    steer(admin, off_peak=50, savings=[{"below": 30, "percent": 10}])
    theirs = client(busy, "P1")
    body = {"service": "physio", "attendees": ["P1"], "limit": 1}
    (quiet,) = suggested(theirs, **body, windows=[window(11, 11.75)])["suggestions"]
    (full,) = suggested(theirs, **body, windows=[window(9, 9.75)])["suggestions"]
    ten = {"percent": 10, "cents": 0, "currency": "", "text": "10 % off"}
    assert (quiet["saving"], full["saving"]) == (ten, None)
    made = theirs.post("/v1/bookings", {"token": quiet["token"]}).json()
    assert (made["state"], made["saving"]) == ("booked", ten)
    move = f"/v1/bookings/{made['id']}/reschedule"
    here = {name: names for name, names in quiet["visits"][0]["resources"].items()}
    moved = admin.post(move, {"visits": [{"start": at(12), "resources": here}]})
    assert moved.json()["saving"] == ten  # it was the staff's wish
    moved = theirs.post(move, {"visits": [{"start": at(9), "resources": here}]})
    assert (moved.status_code, moved.json()["saving"]) == (200, None)
    body = {"booking": made["id"], "windows": [window(14, 14.75)], "limit": 1}
    (quiet,) = suggested(theirs, **body)["suggestions"]
    moved = theirs.post(move, {"token": quiet["token"]})
    assert (moved.status_code, moved.json()["saving"]) == (200, ten)


def test_a_detour_puts_a_quiet_hour_first(busy: Clinic) -> None:
    """Asked for ten, all suggestions are quiet as soon as two hours' detour are worth it."""
    body = {"service": "physio", "wanted": at(10), "windows": [window(8, 18)], "limit": 5}
    asks = busy.asker()
    steer(asks, detour_minutes=0)
    bands = [one["band"] for one in suggested(asks, **body)["suggestions"]]
    assert "peak" in bands
    steer(asks, detour_minutes=180)
    assert suggested(asks, **body)["suggestions"][0]["band"] == "off_peak"


def test_refused_demand_makes_an_hour_busier(busy: Clinic, worker: Database) -> None:
    """Whoever wanted to come at two in the last weeks and could not is counted on."""
    before = hours(busy.asker())
    busy.sql(
        "INSERT INTO refused_demand (tenant_id, service, hour, asked_on, count)"
        f" SELECT :t, 'physio', ({TODAY} - d + time '14:00') AT TIME ZONE 'Europe/Berlin',"
        " current_date - d - 1, 1 FROM generate_series(1, 70) AS d",
        t=busy.tenant,
    )
    learnt(worker, busy.tenant)
    after = hours(busy.asker())
    for day in range(7):
        assert before[day, 14][0] == 0.0
        assert after[day, 14][0] >= 0.3  # 45 minutes of two practitioners' 120
        assert after[day, 15] == before[day, 15]


def confine(monkeypatch: pytest.MonkeyPatch, *clinics: Clinic) -> None:
    """Let it be time for these alone: the database has the clinics of many tests."""
    real, own = forecasts.due, {one.tenant for one in clinics}

    def due(connection: Any, good: float, most: int, after: int = 0) -> list[int]:
        return [one for one in real(connection, good, 1_000_000, after) if one in own][:most]

    monkeypatch.setattr(forecasts, "due", due)


def test_learning_comes_round(
    clinic: Clinic, relay: Database, worker: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tenants with visits are learnt of once, and again a day later; old refusals are forgotten."""
    for statement in PAST:
        clinic.sql(statement, t=clinic.tenant)
    old = datetime.now(BERLIN) - timedelta(days=1000)
    clinic.sql(
        "INSERT INTO refused_demand VALUES (:t, 'physio', :at, current_date, 1)",
        t=clinic.tenant,
        at=old,
    )

    confine(monkeypatch, clinic)

    def due() -> list[int]:
        with relay.transaction() as (connection, _):
            return forecasts.due(connection, 20.0, 1000)

    assert due() == [clinic.tenant]
    assert learn_all(relay, worker) == clinic.tenant
    assert due() == []
    assert (
        clinic.sql("SELECT count(*) FROM refused_demand WHERE tenant_id = :t", t=clinic.tenant)[0][
            0
        ]
        == 0
    )
    clinic.sql("UPDATE learnt_forecast SET learnt_at = now() - interval '21 hours'")
    assert due() == [clinic.tenant]


def test_one_that_cannot_be_learnt_of_holds_up_no_other(
    clinic: Clinic,
    new_clinic: Any,
    relay: Database,
    worker: Database,
    lines: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its line in the log says so, and the next is learnt of."""
    other = new_clinic()
    confine(monkeypatch, clinic, other)
    for one in (clinic, other):
        for statement in PAST if one is clinic else ():
            one.sql(statement, t=one.tenant)
    clinic.sql("UPDATE service SET spec = spec - 'minutes' WHERE tenant_id = :t", t=clinic.tenant)
    learn_all(relay, worker)
    assert clinic.sql("SELECT count(*) FROM learnt_forecast WHERE tenant_id = :t",
                      t=clinic.tenant)[0][0] == 0  # fmt: skip
    assert "forecast.failed" in {line["action"] for line in lines}


def test_those_that_cannot_be_learnt_of_starve_nobody(
    clinic: Clinic,
    new_clinic: Any,
    relay: Database,
    worker: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many as one look takes fail each time: the next look begins behind them, and comes round.

    They have never been learnt of, so that they are due at each look.
    """
    other = new_clinic()
    furnish(other.asker())
    confine(monkeypatch, clinic, other)
    monkeypatch.setattr("api.suggesting.learning.MOST", 1)
    for one in (clinic, other):
        for statement in PAST:
            one.sql(statement, t=one.tenant)
    clinic.sql("UPDATE service SET spec = spec - 'minutes' WHERE tenant_id = :t", t=clinic.tenant)
    turns = [0]
    for _ in range(3):
        turns.append(learn_all(relay, worker, turns[-1]))
    assert clinic.tenant < other.tenant
    assert turns == [0, clinic.tenant, other.tenant, clinic.tenant]
    for one, kinds in ((clinic, 0), (other, 3)):
        counted = one.sql("SELECT count(*) FROM learnt_forecast WHERE tenant_id = :t", t=one.tenant)
        assert counted[0][0] == kinds
