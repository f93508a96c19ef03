"""Log lines: a stable action and structured context, and nothing about anybody."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from service.conftest import Asker, Clinic, physio
from sqlalchemy import text

from api import logs
from api.store.database import Database
from api.sweeper import sweep
from api.usecases import bookings

NINE = "2030-01-07T09:00:00+01:00"
API = Path(logs.__file__).parent
JANE = {"id": "PX", "name": "Jane Roe", "email": "jane.roe@mail.example", "phone": "+49 30 1234"}
TELLING = ("Jane", "Roe", "jane.roe", "mail.example", "30 1234")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the service writes when it is set up as it runs."""
    out, before = io.StringIO(), structlog.get_config()
    root, levels = logging.getLogger(), {q: logging.getLogger(q).level for q in logs.QUIET}
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", out)
    logs.configure("info")
    structlog.configure(cache_logger_on_first_use=False)
    yield out
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def lines_of(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_for_each_request(clinic: Clinic, lines: list[Any]) -> None:
    """It has the action, the method, the route as declared, the status and a name."""
    asks = clinic.asker("scheduler")
    lines.clear()
    answer = asks.get("/v1/people/P1?trace=secret")
    (line,) = lines
    assert line.keys() == {
        "action",
        "event",
        "log_level",
        "method",
        "milliseconds",
        "request_id",
        "route",
        "status",
    }
    assert (line["action"], line["method"], line["route"], line["status"]) == (
        "http.request",
        "GET",
        "/v1/people/{name}",
        200,
    )
    assert line["request_id"] == answer.headers["x-request-id"]


def test_no_line_tells_of_anybody(clinic: Clinic, relay: Database, written: io.StringIO) -> None:
    """Through a whole life of a booking: no name, address, number, key, token or query."""
    admin = clinic.asker()
    assert admin.post("/v1/people", JANE).status_code == 201
    held = admin.post("/v1/holds", physio(NINE, "PX")).json()["id"]
    body = {"purpose": "cancel", "expires_at": "2029-01-01T00:00:00Z"}
    link = admin.post(f"/v1/bookings/{held}/links", body).json()["token"]
    assert admin.post(f"/v1/holds/{held}/confirm").status_code == 200
    session = admin.post("/v1/session")
    assert admin.get("/v1/bookings?person=PX&trace=Jane").status_code == 200
    assert Asker(clinic.http, link).post(f"/v1/bookings/{held}/cancel").status_code == 200
    assert admin.get("/v1/people/Jane%20Roe").status_code == 404
    assert admin.get("/nowhere/Jane").status_code == 404
    assert admin.post("/v1/people", {**JANE, "email": "Jane"}).status_code == 422
    gone = admin.post("/v1/holds", physio(NINE, "PX", hold_minutes=1)).json()["id"]
    clinic.sql("UPDATE booking SET expires_at = now() WHERE uid = CAST(:u AS uuid)", u=gone)
    clinic.sql("UPDATE claim SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert sweep(relay) >= 1
    found = lines_of(written)
    assert {line["action"] for line in found} == {"http.request", "sweeper.expired"}
    assert [line["status"] for line in found if line["action"] == "http.request"] == [
        201,
        201,
        201,
        200,
        200,
        200,
        200,
        404,
        404,
        422,
        201,
    ]
    secrets = [admin.key, link, session.json()["csrf_token"], session.cookies["allocator_session"]]
    for word in (*TELLING, *secrets, "trace"):
        assert word not in written.getvalue(), word


def test_a_bug_is_told_by_its_place(
    clinic: Clinic, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that names somebody is logged with its types and where it arose, and no more."""
    admin = clinic.asker()

    def broken(tx: Any, *args: Any) -> None:
        name = JANE["name"]
        try:
            tx.connection.execute(text("SELECT CAST(:name AS integer[])"), {"name": name})
        except Exception as error:
            raise RuntimeError(f"{name} cannot be found") from error

    monkeypatch.setattr(bookings, "read", broken)
    answer = admin.get("/v1/bookings/x")
    assert answer.status_code == 500
    bug, request = lines_of(written)
    assert (bug["action"], request["action"]) == ("http.bug", "http.request")
    assert bug["errors"][0]["type"] == "builtins.RuntimeError"
    assert bug["errors"][0]["at"][-1].endswith(" broken")
    assert bug["errors"][-1]["sqlstate"] == "22P02"
    assert "Jane" not in written.getvalue() + answer.text


def test_lines_of_libraries_have_an_action_too(written: io.StringIO) -> None:
    """And errors in them are told in the same way; whole addresses are not written at all."""
    try:
        raise ValueError("Jane Roe")
    except ValueError:
        logging.getLogger("some.library").exception("It failed")
    logging.getLogger("uvicorn.access").info("GET /v1/bookings?person=Jane")
    (line,) = lines_of(written)
    assert (line["action"], line["library"]) == ("library", "some.library")
    assert line["errors"][0]["type"] == "builtins.ValueError"
    assert "Jane" not in written.getvalue()


def calls() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted(API.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "LOG"
            ):
                yield f"{file.relative_to(API)}:{node.lineno}", node


def test_actions_are_written_out() -> None:
    """Every line's event and action are words in the code, and none is put together."""
    found = list(calls())
    assert len(found) >= 3
    for where, call in found:
        event = call.args[0]
        action = next((k.value for k in call.keywords if k.arg == "action"), None)
        for part in (event, action):
            assert isinstance(part, ast.Constant) and isinstance(part.value, str), where
        assert isinstance(action, ast.Constant)
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action.value), where
