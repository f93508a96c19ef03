"""The page on the client runs, and tells of every exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cli.running import ROOT
from docs.pages import run_python
from fastapi import FastAPI
from service.conftest import Clinic
from service.living import living, working

import allocator.client
from api.settings import Settings
from api.store.database import Database

PAGE = ROOT / "docs" / "client.md"


def test_the_page_runs(
    new_clinic: Callable[[], Clinic], http: Any, app: FastAPI, settings: Settings, relay: Database
) -> None:
    """From top to bottom, against a live service with an empty tenant."""
    clinic = new_clinic()
    with living(app) as url, working(settings, relay):
        run_python(PAGE, URL=url, KEY=clinic.asker().key)
    assert clinic.overlaps() == 0


def test_every_exception_is_told() -> None:
    """And none that is not there."""
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    there = [
        name
        for name in allocator.client.__all__
        if isinstance(kind := getattr(allocator.client, name), type) and issubclass(kind, Exception)
    ]
    assert sorted(told) == sorted(there)
