"""Ways to change a schedule a little, each in one file: what a walk tries again and again."""

from __future__ import annotations

from allocator.solve.ways.exact import Exact
from allocator.solve.ways.reinsert import Reinsert
from allocator.solve.ways.scatter import Scatter
from allocator.solve.ways.squeeze import Squeeze
from allocator.solve.ways.way import Way

__all__ = ["Exact", "Reinsert", "Scatter", "Squeeze", "Way"]
