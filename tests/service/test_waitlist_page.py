"""The page on the waitlist: its calls run, and its tables are the ones that hold."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from cli.running import ROOT
from docs.pages import blocks
from fastapi import FastAPI
from service.booking import booked
from service.conftest import Clinic, physio
from service.indexing import at
from service.showing import filled, rows
from service.test_batches_page import demand_shown
from service.waiting import backfiller, local, look

from allocator.suggest.backfiller import PER_DAY, PER_MINUTE, PER_OFFER
from api.schemas.answers import WAITLIST_STATES
from api.settings import Settings
from api.usecases.waitlist_policy import MODES, WaitlistPolicy

PAGE = ROOT / "docs" / "waitlist.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_calls_run(clinic: Clinic, settings: Settings) -> None:
    """From top to bottom, with a worker that looks after each."""
    asks = clinic.asker("scheduler")
    names = {"KEY": asks.key, "EIGHT": at(8), "NINE": at(9), "TEN": at(10), "ELEVEN": at(11)}
    booked(asks, physio(at(9), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    found = [block for block in blocks(PAGE) if block.language == "http"]
    with backfiller(settings) as filler:
        for asked, answered in zip(found[::2], found[1::2], strict=True):
            where = f"docs/waitlist.md:{asked.line}"
            head, _, body = filled(asked.text, names).partition("\n\n")
            first, *headers = head.strip().split("\n")
            method, path, _ = first.split(" ")
            sent = dict(header.split(": ", 1) for header in headers)
            if body:
                sent["Content-Type"] = "application/json"
            answer = clinic.http.request(method, path, content=body or None, headers=sent)
            status, _, shown = answered.text.partition("\n\n")
            assert answer.status_code == int(status.split(" ")[1]), f"{where}: {answer.text}"
            demand_shown(json.loads(shown), answer.json(), names, where)
            look(filler)
    assert len(found) == 20
    moved = asks.get(f"/v1/bookings/{names['LATE']}").json()
    assert local(moved["starts_at"]) == "Mon 08:15"  # until nine, when the next begins
    assert clinic.overlaps() == 0


def test_every_path_is_told(app: FastAPI) -> None:
    """And no other."""
    there = {
        f"{method.upper()} {path.replace('{name}', '{id}')}"
        for path, item in app.openapi()["paths"].items()
        for method in item
        if path.startswith("/v1/waitlist")
    }
    assert {row[0] for row in rows(TEXT, "Paths")} == there


def test_states_and_terms_are_told() -> None:
    """Each with its default, each mode by its name."""
    assert [row[0] for row in rows(TEXT, "States")] == WAITLIST_STATES["enum"]
    terms: dict[str, Any] = {row[0]: json.loads(row[1]) for row in rows(TEXT, "Terms")}
    fields = {field.name: field.default for field in dataclasses.fields(WaitlistPolicy)}
    assert terms == {name: [] if value == () else value for name, value in fields.items()}
    assert not [mode for mode in MODES if f"`{mode}`" not in TEXT]


def test_the_points_are_told() -> None:
    """Those by which the library ranks."""
    text = " ".join(TEXT.split())
    points = re.search(r"in points: (\d+) for each day of waiting, (\d+) for each minute", text)
    assert points is not None
    assert [int(number) for number in points.groups()] == [PER_DAY, PER_MINUTE]
    assert f"less {PER_OFFER} for each offer that was not taken" in text
