"""Popular hours: how busy a usual week is, as it was learnt."""

from __future__ import annotations

from typing import Any

from allocator.domain.steering import SteeringPolicy
from api.store import forecasts
from api.suggesting.expected import Expected
from api.usecases.policy import steering
from api.usecases.tx import Tx
from api.views import instant


def popular(tx: Tx, kind: str | None) -> dict[str, Any]:
    """Return the load of each hour of a usual week, by kind of resource."""
    tx.demand("suggestions.read")
    found = Expected.of(forecasts.read(tx.connection, tx.tenant))
    if found is None:
        return {"learnt_at": None, "zone": tx.world_now.zone, "hours": []}
    policy = steering(tx.world_now) or SteeringPolicy()
    return {
        "learnt_at": instant(found.learnt_at),
        "zone": found.zone,
        "hours": [
            {
                "kind": of,
                "weekday": weekday,
                "hour": hour,
                "load": round(load, 2),
                "band": policy.band(load).name.lower(),
            }
            for of, weekday, hour, load in found.popular_hours()
            if kind in (None, of)
        ],
    }
