"""What if: a problem with named changes, solved beside its base, and compared by figures."""

from allocator.scenario.changes import (
    Ask,
    Capacity,
    Carers,
    Change,
    Close,
    Demand,
    Extend,
    Hire,
    Leave,
    Lengths,
    Limits,
    Open,
    Pins,
    Publish,
    Rules,
    Skills,
    Stay,
    Weigh,
    Withdraw,
)
from allocator.scenario.comparison import Compared, Comparison, Shown
from allocator.scenario.costs import CostChange, VisitChange
from allocator.scenario.figures import Figure, HourLoad, figures, hour_loads
from allocator.scenario.files import (
    read_scenarios,
    scenarios_from_json,
    scenarios_to_json,
    write_scenarios,
)
from allocator.scenario.front import Front, Point, front
from allocator.scenario.moves import Move, moves
from allocator.scenario.outcome import Outcome, Solved
from allocator.scenario.outcomes import Outcomes
from allocator.scenario.scenario import Scenario
from allocator.scenario.study import Study
from allocator.scenario.study_files import read_study
from allocator.scenario.worth import Worth, Worths, worth

__all__ = [
    "Ask",
    "Capacity",
    "Carers",
    "Change",
    "Close",
    "Compared",
    "Comparison",
    "CostChange",
    "Demand",
    "Extend",
    "Figure",
    "Front",
    "Hire",
    "HourLoad",
    "Leave",
    "Lengths",
    "Limits",
    "Move",
    "Open",
    "Outcome",
    "Outcomes",
    "Pins",
    "Point",
    "Publish",
    "Rules",
    "Scenario",
    "Shown",
    "Skills",
    "Solved",
    "Stay",
    "Study",
    "VisitChange",
    "Weigh",
    "Withdraw",
    "Worth",
    "Worths",
    "figures",
    "front",
    "hour_loads",
    "moves",
    "read_scenarios",
    "read_study",
    "scenarios_from_json",
    "scenarios_to_json",
    "worth",
    "write_scenarios",
]
