"""Twins at work: what a finished schedule breaks, and what it costs."""

from allocator.check.check import Checked, check
from allocator.check.score import GoalScore

__all__ = ["Checked", "GoalScore", "check"]
