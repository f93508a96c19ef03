"""Questions of what is free: read at once, and refused as everything else is."""

from __future__ import annotations

from typing import Any

import fastapi.routing
import pytest
from service.conftest import Clinic
from service.indexing import at

PATH = "/v1/suggestions"
BODY = {"service": "physio", "attendees": ["P1"], "limit": 1}


@pytest.fixture
def unsolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The framework's way of reading a call; it notes when it is gone."""
    gone: list[str] = []
    solve = fastapi.routing.solve_dependencies

    async def noted(*, request: Any, **more: Any) -> Any:
        gone.append(request.method)
        return await solve(request=request, **more)

    monkeypatch.setattr(fastapi.routing, "solve_dependencies", noted)
    return gone


def test_what_is_well_formed_is_read_at_once(clinic: Clinic, unsolved: list[str]) -> None:
    """The framework takes no part in it; with a header more, or by another method, it does."""
    asks = clinic.asker("scheduler")
    first = asks.post(PATH, {**BODY, "wanted": at(9)})
    assert (first.status_code, unsolved) == (200, [])
    again = asks.post(PATH, {**BODY, "wanted": at(9)}, Idempotency_Key="k")
    assert (again.status_code, unsolved) == (200, ["POST"])
    assert [one["start"] for one in again.json()["suggestions"]] == [
        one["start"] for one in first.json()["suggestions"]
    ]
    assert asks.get(f"{PATH}/days?service=physio").status_code == 200
    assert unsolved == ["POST", "GET"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "where"),
    [
        ("{", {}, 422, "body.1"),
        ("", {}, 422, "body"),
        ('{"service": 7}', {}, 422, "body.service"),
        ('{"service": "physio", "limit": 51}', {}, 422, "body.limit"),
        ('{"service": "physio", "limits": 5}', {}, 422, "body.limits"),
        ('{"service": "physio"}', {"Idempotency-Key": "k" * 256}, 422, "header.idempotency-key"),
        (" " * 1_000_001, {}, 413, None),
    ],
)
def test_what_is_not_is_refused(
    clinic: Clinic, content: str, headers: dict[str, str], status: int, where: str | None
) -> None:
    """As everywhere: by the place at which something is wrong."""
    asks = clinic.asker("scheduler")
    sent = {"Authorization": f"Bearer {asks.key}", "Content-Type": "application/json", **headers}
    answer = clinic.http.post(PATH, content=content, headers=sent)
    assert answer.status_code == status, answer.text
    faults = answer.json().get("faults") or [{"where": None}]
    assert faults[0]["where"] == where
