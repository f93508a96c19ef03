"""A small solve for those who wait: it may serve two where one after another serves one."""

from __future__ import annotations

import json

from service.booking import booked
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.solving import alone, work
from service.waiting import entry, fill, join, look, offered_at, settle, states

from api.backfill.backfiller import Backfiller
from api.settings import Settings


def rivals(clinic: Clinic, filler: Backfiller) -> tuple[Asker, str, str]:
    """Two places come free at once: one who waits could have either, the other the first alone."""
    asks = clinic.asker("scheduler")
    monday, tuesday = fill(asks, last=11), fill(asks, last=11, day=1)
    either = join(asks, windows=[window(8, 11), window(8, 11, 1)])
    # With so much time in a year, nobody looks after whose last place of these days it is.
    first = join(asks, windows=[window(8, 11), window(0, 48, 300)])
    clinic.sql(
        "UPDATE waitlist SET created_at = created_at - interval '9 days' WHERE uid = :u", u=either
    )
    look(filler)
    for there in (monday, tuesday):
        asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    return asks, either, first


def test_whose_last_place_it_is_has_it(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever has waited longest could have either day: they are offered the other's."""
    asks, either, first = rivals(clinic, filler)
    clinic.sql(
        "UPDATE request SET spec = jsonb_set(spec, '{windows}', CAST(:w AS jsonb)) WHERE ref = :r",
        w=json.dumps([window(8, 11)]),
        r=entry(asks, first)["request"],
    )
    clinic.sql("UPDATE tenant SET world_version = world_version + 1 WHERE id = :t", t=clinic.tenant)
    assert look(filler) == 2
    assert offered_at(asks, either) == "Tue 09:30"
    assert offered_at(asks, first) == "Mon 09:30"


def test_one_after_another_may_leave_somebody_out(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever has waited longest is asked first, for the first place; no other is left."""
    asks, either, first = rivals(clinic, filler)
    assert look(filler) == 1
    assert (offered_at(asks, either), states(asks, first)) == ("Mon 09:30", ["waiting"])


def test_a_small_solve_serves_both(clinic: Clinic, filler: Backfiller, settings: Settings) -> None:
    """Both are offered what it has for them, and nothing is booked before they accept."""
    alone(settings)
    settle(clinic, mode="resolve", resolve_seconds=2)
    asks, either, first = rivals(clinic, filler)
    assert look(filler) == 0
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert len(solve["asked"]["requests"]) == 2
    assert work(settings) == 1
    assert look(filler) == 2
    assert offered_at(asks, either) == "Tue 09:30"
    assert offered_at(asks, first) == "Mon 09:30"
    told = entry(asks, first)["offer"]["reasons"]
    assert [reason["text"] for reason in told] == ["placed together with 1 more who wait"]
    for name in (either, first):
        assert asks.post(f"/v1/waitlist/{name}/accept").json()["state"] == "booked"
    assert look(filler) == 0
    assert clinic.overlaps() == 0


def test_where_a_solve_comes_to_nothing_one_is_asked_after_another(
    clinic: Clinic, filler: Backfiller, settings: Settings
) -> None:
    """It is cancelled: whoever has waited longest is asked first, as without it."""
    alone(settings)
    settle(clinic, mode="resolve")
    asks, either, first = rivals(clinic, filler)
    look(filler)
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert asks.post(f"/v1/solves/{solve['id']}/cancel").status_code == 200
    assert look(filler) == 1
    assert states(asks, either, first) == ["offered", "waiting"]


def test_what_a_solve_has_and_somebody_takes_is_looked_for_again(
    clinic: Clinic, filler: Backfiller, settings: Settings
) -> None:
    """Tuesday's is booked meanwhile: the other is offered Monday's, and nobody anything else."""
    alone(settings)
    settle(clinic, mode="resolve", resolve_seconds=2)
    asks, either, first = rivals(clinic, filler)
    look(filler)
    work(settings)
    booked(asks, physio(at(9.5, 1), None))
    assert look(filler) == 1
    assert states(asks, either, first) == ["waiting", "offered"]


def test_whoever_has_no_rival_needs_no_solve(clinic: Clinic, filler: Backfiller) -> None:
    """They are offered it at once."""
    settle(clinic, mode="resolve")
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    assert look(filler) == 1
    assert states(asks, waits) == ["offered"]
    assert asks.get("/v1/solves").json()["items"] == []
