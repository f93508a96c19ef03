"""From a problem to a checked schedule near its proven optimum."""

from allocator.solve.budget import Control
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import LevelResult, Result, Status
from allocator.solve.solve import solve

__all__ = ["Control", "LevelResult", "Params", "Progress", "Result", "Status", "solve"]
