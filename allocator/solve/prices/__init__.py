"""What the time of resources is worth where not everybody can be served, and what that proves."""

from __future__ import annotations

from allocator.solve.prices.plan import planned_days
from allocator.solve.prices.prices import Prices
from allocator.solve.prices.rent import Rent

__all__ = ["Prices", "Rent", "planned_days"]
