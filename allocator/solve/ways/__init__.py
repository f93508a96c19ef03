"""Ways to change a schedule a little, each in one file: what a walk tries again and again."""

from __future__ import annotations

from allocator.prepare.prepared import PreparedRequest
from allocator.solve.ways.exact import Exact
from allocator.solve.ways.fit import Fit
from allocator.solve.ways.refill import Refill
from allocator.solve.ways.reinsert import Reinsert
from allocator.solve.ways.scatter import Scatter
from allocator.solve.ways.squeeze import Squeeze
from allocator.solve.ways.way import Way

__all__ = ["Exact", "Fit", "Refill", "Reinsert", "Scatter", "Squeeze", "Way", "serving_ways"]


def serving_ways(requests: list[PreparedRequest]) -> list[Way]:
    """Return the ways to serve what is left out, for those requests that may be placed."""
    return [Squeeze(requests), Refill(requests)] if requests else []
