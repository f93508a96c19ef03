"""The service keeps what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from service.conftest import Clinic
from starlette.testclient import TestClient

from api.app import application
from api.settings import Settings

#: What is asked of every answer.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
PHASES = ("examples", "coverage", "fuzzing", "stateful")
#: Operations whose body is that of another, with thousands of ways to be wrong: tried there.
SAME_BODY = "^(change|import)_(calendar|resource|service|request)s?$"
PLENTY = 10**9


@schemathesis.serializer("application/x-ndjson")
def as_it_is(context: Any, value: Any) -> Any:
    """Text is sent as it stands."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def unlimited(settings: Settings) -> Iterator[FastAPI]:
    """The service without limits on how much may be asked a minute."""
    plenty = dict.fromkeys(
        ("search_per_minute", "hold_per_minute", "book_per_minute", "address_per_minute"), PLENTY
    )
    app = application(settings.model_copy(update=plenty))
    with TestClient(app):
        yield app


def failures(app: FastAPI, key: str, phase: str, most: int) -> tuple[list[str], int]:
    """Run a phase of schemathesis on the whole document; return what it found, and its cases."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {key}"},
            "suppress-health-check": ["all"],
            "cache": {"enabled": False},
            "generation": {"deterministic": True, "max-examples": most, "database": "none"},
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
            "phases": {name: {"enabled": name == phase} for name in PHASES},
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    if phase == "coverage":
        schema = schema.exclude(operation_id_regex=SAME_BODY)
    found, cases = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.cases)
            for checks in event.recorder.checks.values():
                for check in checks:
                    assert check.status is not Status.ERROR, (event.recorder.label, check.name)
                    if check.failure_info is not None:
                        said = check.failure_info
                        found.append(f"{event.recorder.label}: {said.failure}\n{said.code_sample}")
    return sorted(set(found)), cases


@pytest.mark.parametrize(
    ("phase", "most", "least"),
    [("examples", 1, 40), ("coverage", 1, 3000), ("fuzzing", 2, 150), ("stateful", 20, 50)],
)
def test_whatever_is_sent(
    unlimited: FastAPI, clinic: Clinic, phase: str, most: int, least: int
) -> None:
    """No answer is a fault of the service, and each is one that the document describes."""
    found, cases = failures(unlimited, clinic.asker().key, phase, most)
    assert not found, "\n\n".join(found)
    assert cases >= least


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_every_operation_is_described(app: FastAPI) -> None:
    """By a summary of its own, a tag, and every answer; every body has an example."""
    told, order = list(operations(app)), {tag["name"] for tag in app.openapi()["tags"]}
    for method, path, operation in told:
        where = f"{method} {path}"
        assert operation["summary"] and not operation["summary"].istitle(), where
        assert operation["tags"] and set(operation["tags"]) <= order, where
        for status, answer in operation["responses"].items():
            assert answer["description"] not in ("", "Successful Response"), (where, status)
            assert ("content" in answer) == (status != "204"), (where, status)
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            assert content["example"] is not None, (where, media)
    assert len({operation["operationId"] for _, _, operation in told}) == len(told)


def test_every_example_is_understood(app: FastAPI, clinic: Clinic) -> None:
    """Each body, sent as it stands, is none that the service calls malformed."""
    asks = clinic.asker()
    place = {"service": "physio", "start": "2030-01-07T14:00:00+01:00", "attendees": ["P1"]}
    resources = {"practitioner": ["anna"], "room": ["room-1"]}
    sent = 0
    for method, path, operation in operations(app):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            held = asks.post("/v1/holds", {**place, "resources": resources}).json()
            name = {"bookings": held["id"], "resources": "anna", "people": "P1"}
            headers = {"Authorization": f"Bearer {asks.key}", "Content-Type": media}
            body = content["example"]
            data = {"content": body.encode()} if isinstance(body, str) else {"json": body}
            filled = path.replace("{name}", name.get(path.split("/")[2], "none"))
            answer = clinic.http.request(method, filled, headers=headers, **data)
            where = f"{method} {path} {media}"
            # What is held is a single visit, and no token of an example was ever given out.
            other = operation["operationId"] in ("add_visits", "create_booking")
            assert answer.status_code < 500, where
            assert other or answer.status_code not in (415, 422), (where, answer.text)
            sent += 1
            asks("DELETE", f"/v1/holds/{held['id']}")
    assert sent > 40
