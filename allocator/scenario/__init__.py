"""What if: a problem with named changes, solved beside its base, and compared by figures."""

from allocator.scenario.changes import (
    Ask,
    Capacity,
    Carers,
    Change,
    Close,
    Demand,
    Hire,
    Leave,
    Lengths,
    Limits,
    Open,
    Pins,
    Rules,
    Skills,
    Stay,
    Weigh,
    Withdraw,
)
from allocator.scenario.files import (
    read_scenarios,
    scenarios_from_json,
    scenarios_to_json,
    write_scenarios,
)
from allocator.scenario.scenario import Scenario

__all__ = [
    "Ask",
    "Capacity",
    "Carers",
    "Change",
    "Close",
    "Demand",
    "Hire",
    "Leave",
    "Lengths",
    "Limits",
    "Open",
    "Pins",
    "Rules",
    "Scenario",
    "Skills",
    "Stay",
    "Weigh",
    "Withdraw",
    "read_scenarios",
    "scenarios_from_json",
    "scenarios_to_json",
    "write_scenarios",
]
