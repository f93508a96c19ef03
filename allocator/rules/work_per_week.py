"""Work per week: how long a resource works in a local week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from allocator.prepare.clock import Clock
from allocator.rules.work_per_day import WorkInPeriod

if TYPE_CHECKING:
    from allocator.domain.resource import WorkLimits


class WorkPerWeek(WorkInPeriod):
    """Most work in a local Monday week of the resource's clock.

    Of a week that the horizon cuts off, only the days inside it count.
    """

    name = "work_per_week"
    sentence = "Nobody works longer in a local Monday week than their limit, buffers included."
    local = True
    period = "week"

    def most(self, limits: WorkLimits) -> int | None:
        """Return the most minutes in a week."""
        return limits.minutes_per_week

    def numbers(self, clock: Clock) -> npt.NDArray[np.int32]:
        """Return the week of each date."""
        return clock.week_of_day
