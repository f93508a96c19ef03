"""Whatever is suggested or offered, in random clinics, can be held: nobody else is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service.indexing import Process
from service.trial import Trial, found, process
from service.waiting import backfiller

from api.backfill.backfiller import Backfiller
from api.settings import Settings
from api.usecases import cancelling, joining

__all__ = ["found", "process"]

#: Clinics, and questions asked of each.
SEEDS, QUESTIONS = (9102, 9103, 9104, 9106, 9108, 9110, 9113, 9116, 9600), 12


@pytest.mark.parametrize("seed", SEEDS)
def test_every_suggestion_books(
    process: Process, found: Callable[[str, int], int], seed: int
) -> None:
    """Held, moved or next possible, for whomever it is: each token holds."""
    trial = Trial(process, found, seed)
    for _ in range(QUESTIONS):
        trial.transaction(trial.ask, trial.anybody())
    assert trial.held > 0


@pytest.mark.parametrize(
    ("seed", "what"),
    [
        *((9413, "place"), (9594, "place"), (9619, "place")),
        *((9478, "missing"), (9541, "missing"), (9614, "missing"), (9590, "missing")),
        *((9413, "lanes"), (9552, "lanes"), (9590, "lanes"), (9600, "lanes")),
    ],
)
def test_every_addition_books(
    process: Process, found: Callable[[str, int], int], seed: int, what: str
) -> None:
    """A place of a group session, a visit that a series misses, one in a lane that was added."""
    trial = Trial(process, found, seed)
    for _ in range(QUESTIONS):
        trial.transaction(trial.ask)
    offers = 0
    if what == "place":
        offers = trial.transaction(trial.place)
    elif what == "missing":
        for name in trial.bookings:
            offers += trial.transaction(lambda tx, name=name: trial.complete(tx, name))
    else:
        for _ in range(4):
            offers += trial.transaction(trial.overbook)
    assert offers > 0


@pytest.mark.parametrize("seed", [9300, 9313, 9317])
def test_every_offer_holds(
    process: Process,
    found: Callable[[str, int], int],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """Some join the waitlist, bookings are cancelled: what they are offered is held, each time."""
    trial = Trial(process, found, seed)
    for _ in range(QUESTIONS):
        trial.transaction(trial.ask, trial.anybody())
    refused: list[Exception] = []
    made = 0
    offered = Backfiller._offered

    def watched(self: Backfiller, number: int, *what: Any) -> Exception | None:
        nonlocal made
        why = offered(self, number, *what)
        if number == trial.tenant:
            made += why is None
            refused.extend([why] if why is not None else [])
        return why

    monkeypatch.setattr(Backfiller, "_offered", watched)
    with backfiller(settings) as filler:
        for what in trial.waits(6):
            trial.willing(lambda tx, what=what: joining.join(tx, what))
        filler.look()
        for name in trial.rng.sample(trial.bookings, min(3, len(trial.bookings))):
            trial.willing(lambda tx, name=name: cancelling.cancel(tx, name))
            filler.look()
            filler.look()
    assert refused == []
    assert made > 0
