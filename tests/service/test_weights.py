"""What a tenant values: its own weights of goals, in suggestions and in solves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from service.conftest import Asker, Clinic
from service.indexing import BERLIN, at

from allocator import problem_from_json
from allocator.domain.objective import COMFORT
from api.store.world import read_world
from api.usecases.weights import objective


def value(admin: Asker, weights: Any) -> Any:
    """Write the weights of the tenant; return the answer."""
    now = admin.get("/v1/tenant")
    body = {"name": now.json()["name"], "policy": {"weights": weights}}
    return admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])


def first_start(asks: Asker) -> str:
    """Return the wall time that is suggested first to somebody who would like ten o'clock."""
    window = {"start": at(8.5), "end": at(12)}
    asked = {"service": "physio", "attendees": ["P1"], "windows": [window], "wanted": at(10)}
    found = asks.post("/v1/suggestions", asked)
    assert found.status_code == 200, found.text
    start = datetime.fromisoformat(found.json()["suggestions"][0]["start"])
    return start.astimezone(BERLIN).strftime("%H:%M")


def test_suggestions_rank_as_the_tenant_values(clinic: Clinic) -> None:
    """Within an hour of ten as usual; as early as can be where that counts nothing; then again."""
    admin, asks = clinic.asker(), clinic.asker("scheduler")
    assert first_start(asks) == "09:15"
    assert value(admin, [["near_wanted", 0]]).status_code == 200
    assert first_start(asks) == "08:30"
    assert value(admin, []).status_code == 200
    assert first_start(asks) == "09:15"


def test_solves_weigh_as_the_tenant_values(clinic: Clinic) -> None:
    """The problem that is handed out has the weights; what a solve is asked with counts before."""
    admin = clinic.asker()
    assert value(admin, [["near_wanted", 7], ["soonest", 9]]).status_code == 200
    handed = problem_from_json(admin.get("/v1/solves/problem").json())
    weights = {"near_wanted": 7, "soonest": 9}
    assert dict(handed.levels[-1].goals) == {**dict(COMFORT), **weights}
    with clinic.owner.connect() as connection:
        world = read_world(connection, clinic.tenant)
    levels = objective(world, (2, 1), (("soonest", 1),))
    assert [level.name for level in levels] == ["priority 1", "priority 2", "comfort"]
    assert dict(levels[-1].goals) == {**dict(COMFORT), **weights, "soonest": 1}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([["nearness", 1]], "There is no goal of comfort 'nearness'"),
        ([["served:1", 1]], "There is no goal of comfort 'served:1'"),
        ([["soonest", -1]], "soonest has the weight -1; 0 to 1000000 are possible."),
        ([["soonest", 1], ["soonest", 2]], "weights has 2 pairs of 1 goals."),
        ({"soonest": 1}, "policy.weights"),
        ([["soonest"]], "policy.weights"),
    ],
)
def test_what_cannot_be_valued_is_refused(clinic: Clinic, weights: Any, said: str) -> None:
    """With the goal and both numbers; nothing is written."""
    admin = clinic.asker()
    refused = value(admin, weights)
    assert (refused.status_code, said in refused.text) == (422, True), refused.text
    assert "weights" not in admin.get("/v1/tenant").json()["policy"]
