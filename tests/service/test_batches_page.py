"""The page on batches: its example runs, and its tables are the ones that hold."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from cli.running import ROOT
from docs.pages import blocks
from service.conftest import Clinic
from service.showing import filled, rows
from service.solving import work

from api.schemas.answers import SOLVE
from api.settings import Settings
from api.solving.asked import Asked

PAGE = ROOT / "docs" / "batches.md"
TEXT = PAGE.read_text(encoding="utf-8")


def demand_shown(shown: Any, got: Any, names: dict[str, str], where: str) -> None:
    """Compare what is shown of an answer, however deep; a name that is shown is remembered."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            demand_shown(value, got[key], names, f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(got), where
        for number, (one, other) in enumerate(zip(shown, got, strict=True)):
            demand_shown(one, other, names, f"{where}[{number}]")
    elif isinstance(shown, str) and re.fullmatch(r"\$[A-Z_]+", shown):
        assert names.setdefault(shown[1:], got) == got, where
    else:
        assert shown == got, where


def test_the_example_runs(clinic: Clinic, settings: Settings) -> None:
    """From top to bottom; a worker solves whatever is asked for."""
    names = {"KEY": clinic.asker().key}
    found = [block for block in blocks(PAGE) if block.language == "http"]
    for asked, answered in zip(found[::2], found[1::2], strict=True):
        where = f"docs/batches.md:{asked.line}"
        head, _, body = filled(asked.text, names).partition("\n\n")
        first, *headers = head.strip().split("\n")
        method, path, _ = first.split(" ")
        sent = dict(header.split(": ", 1) for header in headers)
        if body:
            sent["Content-Type"] = "application/json"
        answer = clinic.http.request(method, path, content=body or None, headers=sent)
        status, _, shown = answered.text.partition("\n\n")
        assert answer.status_code == int(status.split(" ")[1]), f"{where}: {answer.text}"
        if shown:
            demand_shown(json.loads(shown), answer.json(), names, where)
        work(settings)
    assert len(found) == 24
    assert clinic.overlaps() == 0


def test_all_that_a_solve_is_asked_for_is_told() -> None:
    """Every field, with its default where it has one that can be written."""
    told = {row[0]: row[1] for row in rows(TEXT, "Ask")}
    fields = {field.name: field.default for field in dataclasses.fields(Asked)}
    assert list(told) == [*fields, "publish", "dry_run"]
    for name, default in fields.items():
        if default not in (None, ()):
            assert json.loads(told[name]) == default, name


def test_every_state_is_told() -> None:
    """In the order in which a solve has them."""
    assert [row[0] for row in rows(TEXT, "Follow")] == SOLVE["state"]["enum"]
