"""A solve that is published by several at once."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Clinic
from service.solving import work

from api.settings import Settings
from api.solving.publishing import Publisher


def test_what_two_publish_at_once_is_told_of_both(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One publishes all, and another a part in the middle of it: booked once, lost by nobody."""
    asks = clinic.asker()
    for name in ("R1", "R2"):
        assert asks.post("/v1/requests", {"id": name, "steps": [{"service": "physio"}]}).is_success
    solve = asks.post("/v1/solves", {"time_limit_seconds": 5}).json()["id"]
    work(settings)
    real, others = Publisher._sessions, list[Any]()

    def meanwhile(self: Any, *words: Any) -> None:
        if not others:
            others.append(None)
            others[0] = asks.post(f"/v1/solves/{solve}/publish", {"only": ["R1"]}).json()
        real(self, *words)

    monkeypatch.setattr(Publisher, "_sessions", meanwhile)
    found = asks.post(f"/v1/solves/{solve}/publish").json()
    assert others == [{"booked": ["R1"], "moved": [], "lost": []}]
    assert found == {"booked": ["R2"], "moved": [], "lost": []}
    told = asks.get(f"/v1/solves/{solve}").json()["published"]
    assert told == {"booked": ["R1", "R2"], "moved": [], "lost": []}
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 2
