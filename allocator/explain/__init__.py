"""Why a schedule is as it is: reasons, ways out, prices, differences."""

from allocator.explain.analysis import Payment
from allocator.explain.by_visit import VisitCost
from allocator.explain.conflict import Conflict, find_conflict
from allocator.explain.core import Core
from allocator.explain.difference import Difference, GoalChange
from allocator.explain.explainer import Explainer
from allocator.explain.facts import Fact
from allocator.explain.in_the_way import InTheWay
from allocator.explain.often import Often, most_often
from allocator.explain.placed import OtherPlace, WhyHere
from allocator.explain.relaxations import Kind, Relaxation
from allocator.explain.slot import Slot
from allocator.explain.unplaced import WhyNot

__all__ = [
    "Conflict",
    "Core",
    "Difference",
    "Explainer",
    "Fact",
    "GoalChange",
    "InTheWay",
    "Kind",
    "Often",
    "OtherPlace",
    "Payment",
    "Relaxation",
    "Slot",
    "VisitCost",
    "WhyHere",
    "WhyNot",
    "find_conflict",
    "most_often",
]
