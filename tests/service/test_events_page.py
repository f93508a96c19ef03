"""The page on events: its tables are the ones that hold, its calls run, its check checks."""

from __future__ import annotations

import json
import time
from typing import Any

from cli.running import ROOT
from docs.pages import blocks
from service.conftest import Clinic
from service.showing import compare, filled, rows

from api.relay import AFTER
from api.schemas.answers import ANSWERS
from api.signing import new_secret, signed
from api.store.events import DAYS, LEASE
from api.usecases.events import HAPPENS

PAGE = ROOT / "docs" / "events.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = list(blocks(PAGE))


def test_every_type_is_told() -> None:
    """By family, in order."""
    told = {row[0]: tuple(row[1].replace("`", "").split(", ")) for row in rows(TEXT, "Types")}
    assert told == HAPPENS


def test_the_times_are_told() -> None:
    """When a message is sent again, how long a worker has, and how long events are kept."""

    def said(seconds: float) -> str:
        for unit, length in (("h", 3600), ("min", 60)):
            if seconds >= length:
                return f"{seconds / length:.0f} {unit}"
        return f"{seconds:.0f} s"

    *first, last = (said(seconds) for seconds in AFTER)
    text = " ".join(TEXT.split())
    assert f"come {', '.join(first)} and {last} after a failure" in text
    assert f"kept for {DAYS} days" in text
    assert f"has {LEASE} s" in text


def test_the_event_that_is_shown_is_one() -> None:
    """With the members that the schema has, and no others."""
    (shown,) = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
    schema = ANSWERS["Event"]["properties"]
    assert list(shown) == list(schema)
    assert list(shown["data"]) == list(schema["data"]["properties"])


def test_the_calls_run(clinic: Clinic) -> None:
    """A webhook is made as the page makes it, and given a new secret."""
    found = [block for block in BLOCKS if block.language == "http"]
    names = {"ADMIN": clinic.asker().key}
    for asked, answered in zip(found[::2], found[1::2], strict=True):
        head, _, body = filled(asked.text, names).partition("\n\n")
        method, path, _ = head.split("\n")[0].split(" ")
        answer = clinic.asker()(method, path, json.loads(body))
        status, _, shown = answered.text.partition("\n\n")
        assert answer.status_code == int(status.split(" ")[1])
        compare(json.loads(shown), answer.json(), names, f"docs/events.md:{asked.line}")
    assert names["SECRET"].startswith("whsec_") and names["NEW"].startswith("whsec_")
    assert len(found) == 4 and names["NEW"] != names["SECRET"]


def test_every_path_of_the_page_is_there(app: Any) -> None:
    """And every path of webhooks is on the page."""
    paths = app.openapi()["paths"]
    there = {
        f"{method.upper()} {path.replace('{name}', '{id}')}"
        for path, item in paths.items()
        for method in item
        if path.startswith("/v1/webhooks")
    }
    told = {call.strip("`") for row in rows(TEXT, "Webhooks") for call in row[0].split(", ")}
    assert told == there - {"POST /v1/webhooks"}
    assert "/v1/events" in paths and "/v1/events/stream" in paths


def test_the_check_of_signatures_checks() -> None:
    """What we sign is genuine; with another body, secret, name or time it is not."""
    (block,) = [block for block in BLOCKS if block.language == "python"]
    names: dict[str, Any] = {}
    exec(block.text, names)
    genuine = names["is_genuine"]
    now, secret = int(time.time()), new_secret()
    headers = signed([secret], "one", now, b"{}")
    assert genuine(secret, headers, b"{}")
    assert genuine(secret, signed([new_secret(), secret], "one", now, b"{}"), b"{}")
    assert not genuine(secret, headers, b"{ }")
    assert not genuine(new_secret(), headers, b"{}")
    assert not genuine(secret, {**headers, "webhook-id": "two"}, b"{}")
    assert not genuine(secret, {**headers, "webhook-timestamp": str(now - 1)}, b"{}")
    assert not genuine(secret, signed([secret], "one", now - 301, b"{}"), b"{}")
