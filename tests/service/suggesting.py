"""Suggestions as they are asked for and read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from service.conftest import Asker
from service.indexing import BERLIN, at


def suggested(asks: Asker, **body: Any) -> Any:
    answer = asks.post("/v1/suggestions", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def starts(found: Any) -> list[str]:
    """The local wall times of suggestions, in order; several may be of one, with other people."""
    times = {datetime.fromisoformat(one["start"]) for one in found["suggestions"]}
    return [time.astimezone(BERLIN).strftime("%H:%M") for time in sorted(times)]


def utc(hour: float, day: int = 0) -> str:
    return datetime.fromisoformat(at(hour, day)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def series(asks: Asker, name: str = "R1", person: str = "P1", **more: Any) -> None:
    body = {
        "id": name,
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": person}],
        "series": {"type": "flexible", "count": 3, "least_days_between": 2},
        **more,
    }
    made = asks.post("/v1/requests", body)
    assert made.status_code == 201, made.text
