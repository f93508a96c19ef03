"""Which visits to re-solve together: each way to pick them is one file."""

from __future__ import annotations

from allocator.solve.neighbourhoods.anyone import Anyone
from allocator.solve.neighbourhoods.costly import Costly
from allocator.solve.neighbourhoods.left_out import LeftOut
from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood
from allocator.solve.neighbourhoods.one_resource import OneResource
from allocator.solve.neighbourhoods.related import Related
from allocator.solve.neighbourhoods.same_days import SameDays

#: Those of placed visits; which is used how often is learned.
NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (
    Anyone(),
    Costly(),
    OneResource(),
    Related(),
    SameDays(),
)

__all__ = ["NEIGHBOURHOODS", "LeftOut", "Neighbourhood"]
