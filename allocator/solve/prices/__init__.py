"""What the time of resources is worth where not everybody can be served, and what that proves."""

from __future__ import annotations

from allocator.solve.prices.plan import planned_days
from allocator.solve.prices.prices import Prices

__all__ = ["Prices", "planned_days"]
