"""The page on HTTP: its calls run, and its tables are the ones that hold."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
from cli.running import ROOT
from docs.pages import blocks
from service.conftest import Clinic
from service.showing import compare, filled, rows

from api.problems import Problem
from api.schemas.answers import STATES
from api.usecases.things import KINDS

PAGE = ROOT / "docs" / "http.md"
TEXT = PAGE.read_text(encoding="utf-8")


def call(http: httpx2.Client, command: str) -> Any:
    """Make the call that a command of curl's makes."""
    words = iter(shlex.split(command))
    assert next(words) == "curl"
    method, url, headers, body = "GET", "", {}, None
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in ("--json", "--data-binary"):
            method, body = "POST", next(words)
            if word == "--json":
                headers["Content-Type"] = "application/json"
        else:
            url = word
    return http.request(method, url, headers=headers, content=body)


def calls() -> Iterator[tuple[int, str, Any]]:
    """Yield the line of each call, its command, and what is shown of its answer."""
    found = [block for block in blocks(PAGE) if block.language in ("sh", "json")]
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.language == "sh":
            shown = {}
            if after is not None and after.language == "json":
                shown = json.loads(after.text)
            yield block.line, block.text, shown


def test_the_calls_of_the_page_run(new_clinic: Callable[[], Clinic]) -> None:
    """From top to bottom, on a tenant that has nothing yet."""
    clinic = new_clinic()
    names = {"URL": "", "AUTH": f"Authorization: Bearer {clinic.asker().key}"}
    made = 0
    for line, command, shown in calls():
        answer = call(clinic.http, filled(command, names))
        where = f"docs/http.md:{line}"
        assert answer.status_code == shown.get("status", answer.status_code), answer.text
        assert answer.status_code < 400 or "status" in shown, f"{where}: {answer.text}"
        compare(shown, answer.json() if answer.content else {}, names, where)
        made += 1
    assert made == 20


def test_every_problem_is_in_the_table() -> None:
    """With its status, in order of both."""
    kinds = {Problem, *Problem.__subclasses__()}
    told = [(int(row[0]), row[1]) for row in rows(TEXT, "What can go wrong")]
    assert told == sorted((kind.status, kind.type) for kind in kinds)


def test_every_state_is_told() -> None:
    """In the picture and in the table."""
    told = [row[0] for row in rows(TEXT, "States")]
    assert told == STATES["enum"]
    (picture,) = [block.text for block in blocks(PAGE) if block.language == "text"]
    assert not [state for state in told if state not in picture]


def test_every_kind_that_comes_and_goes_is_told() -> None:
    """Claims go only."""
    told = {row[0]: (row[1], row[2]) for row in rows(TEXT, "Everything at once", 1)}
    kinds = set(KINDS) | {"people", "bookings"}
    assert told == dict.fromkeys(kinds, ("yes", "yes")) | {"claims": ("", "yes")}
