"""Changes: one file each, each a small piece of data with two faces, what it does and says."""

from __future__ import annotations

from allocator.scenario.changes.ask import Ask
from allocator.scenario.changes.capacity import Capacity
from allocator.scenario.changes.carers import Carers
from allocator.scenario.changes.change import Change
from allocator.scenario.changes.close import Close
from allocator.scenario.changes.demand import Demand
from allocator.scenario.changes.extend import Extend
from allocator.scenario.changes.hire import Hire
from allocator.scenario.changes.leave import Leave
from allocator.scenario.changes.lengths import Lengths
from allocator.scenario.changes.limits import Limits
from allocator.scenario.changes.open import Open
from allocator.scenario.changes.pins import Pins
from allocator.scenario.changes.publish import Publish
from allocator.scenario.changes.rules import Rules
from allocator.scenario.changes.skills import Skills
from allocator.scenario.changes.stay import Stay
from allocator.scenario.changes.weigh import Weigh
from allocator.scenario.changes.withdraw import Withdraw

#: Every change that can be saved, by the name of its class in lower case.
CHANGES: tuple[type, ...] = (
    Ask,
    Capacity,
    Carers,
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

__all__ = [
    "CHANGES",
    "Ask",
    "Capacity",
    "Carers",
    "Change",
    "Close",
    "Demand",
    "Extend",
    "Hire",
    "Leave",
    "Lengths",
    "Limits",
    "Open",
    "Pins",
    "Publish",
    "Rules",
    "Skills",
    "Stay",
    "Weigh",
    "Withdraw",
]
