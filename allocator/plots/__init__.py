"""Schedules as pictures: one call, one chart of Altair's.

The extra ``plots`` brings what draws them; it is loaded when the first plot is made.
"""

from allocator.plots.before_after import before_after
from allocator.plots.bottlenecks import bottlenecks
from allocator.plots.choice import choice
from allocator.plots.differences import differences
from allocator.plots.front import front
from allocator.plots.funnel import funnel
from allocator.plots.history import History
from allocator.plots.load import load
from allocator.plots.load_difference import load_difference
from allocator.plots.popular_hours import popular_hours
from allocator.plots.progress import progress
from allocator.plots.report import report, write_report
from allocator.plots.save import save
from allocator.plots.simulation import simulation
from allocator.plots.steering import steering
from allocator.plots.study import study_report, write_study_report
from allocator.plots.unplaced import unplaced
from allocator.plots.waterfall import waterfall
from allocator.plots.week import week

__all__ = [
    "History",
    "before_after",
    "bottlenecks",
    "choice",
    "differences",
    "front",
    "funnel",
    "load",
    "load_difference",
    "popular_hours",
    "progress",
    "report",
    "save",
    "simulation",
    "steering",
    "study_report",
    "unplaced",
    "waterfall",
    "week",
    "write_report",
    "write_study_report",
]
