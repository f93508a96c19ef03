"""The load that is expected, as it was learnt: for suggestions, and as popular hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from allocator.domain.time import Horizon
from allocator.forecast.load_forecast import LoadForecast, TickLoads, cells_of

Real = npt.NDArray[np.float64]
HOURS, WEEK = 24, 7 * 24


def spec_of(found: LoadForecast) -> dict[str, dict[str, Any]]:
    """Return what is kept of a forecast, by kind: loads by day and hour, and of a usual week."""
    opened = {kind: [False] * WEEK for kind in found.kinds}
    hours = found.popular_hours()
    for kind, day, hour in zip(hours["kind"], hours["weekday"], hours["hour"], strict=True):
        opened[kind][HOURS * day + hour] = True
    return {
        kind: {
            "zone": found.zone,
            "first": found.first.isoformat(),
            "days": found.days,
            "loads": np.round(found.cells(kind), 3).tolist(),
            "open": opened[kind],
        }
        for kind in found.kinds
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The load that is expected, by kind.

    Attributes
    ----------
    learnt_at
        When it was learnt.
    zone, first, days
        Of the local clock; the days ahead.
    loads
        Of the days ahead, hour by hour, then of a usual week, by kind.
    opened
        Hours of the week that ever are open, by kind.
    """

    learnt_at: datetime
    zone: str
    first: date
    days: int
    loads: Mapping[str, Real]
    opened: Mapping[str, Sequence[bool]]

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Expected | None:
        """Return what stored rows say; None where nothing was learnt."""
        if not rows:
            return None
        latest = max(row.learnt_at for row in rows)
        now = [row for row in rows if row.learnt_at == latest]
        spec = now[0].spec
        return cls(
            learnt_at=latest,
            zone=spec["zone"],
            first=date.fromisoformat(spec["first"]),
            days=spec["days"],
            loads={row.kind: np.array(row.spec["loads"]) for row in now},
            opened={row.kind: row.spec["open"] for row in now},
        )

    @property
    def kinds(self) -> Mapping[str, Real]:
        """The kinds of which anything is known."""
        return self.loads

    def cells(self, kind: str) -> Real:
        """Return the loads of a kind."""
        return self.loads[kind]

    def on(self, horizon: Horizon) -> TickLoads:
        """Return the same by the ticks of a horizon."""
        return TickLoads(self, cells_of(horizon, self.zone, self.first, self.days))

    def popular_hours(self) -> list[tuple[str, int, int, float]]:
        """Return kind, weekday (0 is Monday), hour and load of the hours that ever are open."""
        return [
            (kind, cell // HOURS, cell % HOURS, float(loads[HOURS * self.days + cell]))
            for kind, loads in self.loads.items()
            for cell in range(WEEK)
            if self.opened[kind][cell]
        ]
