"""What goes wrong while places are offered holds up nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Any

import pytest
from service.conftest import Clinic, furnish
from service.indexing import window
from service.waiting import entry, fill, join, look, offered_at, states

from api.backfill import backfiller as module
from api.backfill.backfiller import Backfiller
from api.problems import RuleBroken, StoreUnavailable, Taken
from api.store.database import Again
from api.usecases import holding


def test_more_wait_than_are_looked_after_at_once(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at a time: by and by all are offered something."""
    monkeypatch.setattr(module, "MOST", 2)
    asks = clinic.asker("scheduler")
    waits = [join(asks, windows=[window(hour, hour + 0.75)]) for hour in range(8, 13)]
    assert [filler.look() for _ in range(4)] == [2, 2, 1, 0]
    assert states(asks, *waits) == ["offered"] * 5


def test_what_goes_wrong_with_one_tenant_holds_up_no_other(
    clinic: Clinic,
    new_clinic: Callable[[], Clinic],
    filler: Backfiller,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[Any],
) -> None:
    """It is left alone for a while, and looked after again later."""
    other = new_clinic()
    furnish(other.asker())
    waits = [join(one.asker(), windows=[window(9, 10)]) for one in (clinic, other)]
    tend = Backfiller._tend

    def breaking(self: Backfiller, number: int, tenant: Any) -> int:
        if number == clinic.tenant:
            raise ZeroDivisionError
        return tend(self, number, tenant)

    monkeypatch.setattr(Backfiller, "_tend", breaking)
    assert look(filler) == 1
    assert [line["action"] for line in lines if line["log_level"] == "error"] == ["backfill.bug"]
    assert states(other.asker(), waits[1]) == ["offered"]
    monkeypatch.undo()
    assert sum(filler.look() for _ in range(module.REST)) == 1
    assert states(clinic.asker(), waits[0]) == ["offered"]


def test_a_place_that_a_rule_forbids_after_all_is_not_tried_again(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has it as free, the booking does not: the next place is offered."""
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10.5)])
    held = holding.offer
    tried: list[datetime] = []

    def forbidding(tx: Any, request: Any, wanted: Any, until: Any, **more: Any) -> Any:
        tried.append(wanted[0].start)
        if len(tried) == 1:
            raise RuleBroken("A rule forbids that.", violations=[])
        return held(tx, request, wanted, until, **more)

    monkeypatch.setattr(holding, "offer", forbidding)
    assert look(filler) == 1
    assert len(set(tried)) == 2
    offered = datetime.fromisoformat(entry(asks, waits)["offer"]["starts_at"])
    assert offered == tried[1] != tried[0]


def test_a_place_that_is_always_lost_is_given_up(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some looks; what comes free later is offered."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = join(asks)
    look(filler)
    with monkeypatch.context() as patched:
        patched.setattr(holding, "offer", taken)
        asks.post(f"/v1/bookings/{there[9.5]}/cancel")
        assert sum(filler.look() for _ in range(module.VAIN + 3)) == 0
        assert filler._tenants[clinic.tenant].again is False
    asks.post(f"/v1/bookings/{there[11]}/cancel")
    assert look(filler) == 1
    assert offered_at(asks, waits) == "Mon 11:00"


def taken(*words: Any, **more: Any) -> Any:
    raise Taken("Somebody was faster.", alternatives=[])


def test_a_database_that_is_gone_is_waited_for(
    filler: Backfiller, monkeypatch: pytest.MonkeyPatch, lines: list[Any]
) -> None:
    """It says so, and goes on."""
    answers: list[Any] = [0, StoreUnavailable(), Again(), 0]
    stopping = Event()

    def look(self: Backfiller) -> int:
        answer = answers.pop(0)
        if not answers:
            stopping.set()
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(Backfiller, "look", look)
    monkeypatch.setattr(module, "PAUSE", 0.01)
    filler.run(stopping)
    assert [line["action"] for line in lines] == ["backfill.waiting"] * 2
    assert [line["reason"] for line in lines] == ["StoreUnavailable", "Again"]
