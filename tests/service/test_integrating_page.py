"""The page for other systems runs, with curl and in Python, from a hold to a webhook."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from cli.running import ROOT
from docs.pages import blocks, run_python
from fastapi import FastAPI
from service.conftest import SEAL, Clinic
from service.living import living
from service.showing import compare, filled
from service.test_http_page import call

from api.relay import relaying
from api.store.database import Database

PAGE = ROOT / "docs" / "integrating.md"


def test_the_page_runs(clinic: Clinic, app: FastAPI, relay: Database) -> None:
    """All that is done with curl, then all that is done in Python; a relay sends what happens."""
    key = clinic.asker().key
    with living(app) as url, relaying(relay, SEAL, private=True):
        names = {"URL": url, "AUTH": f"Authorization: Bearer {key}"}
        shown: list[Any] = [block for block in blocks(PAGE) if block.language in ("sh", "json")]
        with httpx2.Client() as http:
            for asked, told in zip(shown[::2], shown[1::2], strict=True):
                answer = call(http, filled(asked.text, names))
                where = f"docs/integrating.md:{asked.line}"
                compare(json.loads(told.text), answer.json(), names, where)
        run_python(PAGE, URL=url, KEY=key)
    assert clinic.overlaps() == 0
    states = clinic.sql("SELECT state, count(*) AS many FROM booking GROUP BY state")
    assert {row.state: row.many for row in states} == {"booked": 1, "cancelled": 3}
