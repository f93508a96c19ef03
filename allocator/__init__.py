"""Places requests for people's and things' time: who, where and when.

Everything a caller needs stands here, but for the jobs themselves, each in a package of its name:
``from allocator.solve import Params, solve``, ``from allocator.check import check`` and
``from allocator.generate import clinic``. Names are imported when they are first asked for, so that
``import allocator`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allocator.domain.calendar import (
        Block,
        Calendar,
        DailySpan,
        DatedException,
        WeeklyRule,
    )
    from allocator.domain.faults import (
        AllocatorError,
        Fault,
        FaultCode,
        InvalidProblem,
        InvalidSchedule,
        SolverDisagreement,
    )
    from allocator.domain.objective import ChangeCosts, Forecast, Level, OffPeakPolicy
    from allocator.domain.problem import Problem
    from allocator.domain.request import (
        Alike,
        Apart,
        Attendee,
        FixedSeries,
        FlexibleSeries,
        Option,
        OptionPlacement,
        Pin,
        PinKind,
        Precedence,
        PreferredResource,
        PreferredWindow,
        Relation,
        Request,
        Session,
        Step,
    )
    from allocator.domain.resource import (
        Break,
        Contract,
        Location,
        Reserve,
        Resource,
        Skill,
        Travel,
        WorkLimits,
    )
    from allocator.domain.schedule import Assignment, FunnelStep, Schedule, Unplaced
    from allocator.domain.service import (
        Need,
        Part,
        Selector,
        Service,
        Turnaround,
    )
    from allocator.domain.steering import Saving, SteeringPolicy
    from allocator.domain.time import Horizon, Span
    from allocator.frames import (
        problem_from_frames,
        problem_from_json,
        problem_to_frames,
        problem_to_json,
        read_problem,
        read_request,
        read_schedule,
        read_steering,
        schedule_from_frame,
        schedule_to_frame,
        schedule_to_icalendar,
        steering_from_json,
        steering_to_json,
        write_icalendars,
        write_problem,
        write_schedule,
        write_steering,
    )

_HOMES = {
    "allocator.domain.calendar": "Block Calendar DailySpan DatedException WeeklyRule",
    "allocator.domain.faults": (
        "AllocatorError Fault FaultCode InvalidProblem InvalidSchedule SolverDisagreement "
    ),
    "allocator.domain.objective": "ChangeCosts Forecast Level OffPeakPolicy",
    "allocator.domain.problem": "Problem",
    "allocator.domain.request": (
        "Alike Apart Attendee FixedSeries FlexibleSeries Option OptionPlacement Pin "
        "PinKind Precedence PreferredResource PreferredWindow Relation Request Session "
        "Step "
    ),
    "allocator.domain.resource": (
        "Break Contract Location Reserve Resource Skill Travel WorkLimits "
    ),
    "allocator.domain.schedule": "Assignment FunnelStep Schedule Unplaced",
    "allocator.domain.service": "Need Part Selector Service Turnaround",
    "allocator.domain.steering": "Saving SteeringPolicy",
    "allocator.domain.time": "Horizon Span",
    "allocator.frames": (
        "problem_from_frames problem_from_json problem_to_frames problem_to_json "
        "read_problem read_request read_schedule schedule_from_frame schedule_to_frame "
        "schedule_to_icalendar write_icalendars write_problem write_schedule "
        "read_steering steering_from_json steering_to_json write_steering "
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Alike",
    "AllocatorError",
    "Apart",
    "Assignment",
    "Attendee",
    "Block",
    "Break",
    "Calendar",
    "ChangeCosts",
    "Contract",
    "DailySpan",
    "DatedException",
    "Fault",
    "FaultCode",
    "FixedSeries",
    "FlexibleSeries",
    "Forecast",
    "FunnelStep",
    "Horizon",
    "InvalidProblem",
    "InvalidSchedule",
    "Level",
    "Location",
    "Need",
    "OffPeakPolicy",
    "Option",
    "OptionPlacement",
    "Part",
    "Pin",
    "PinKind",
    "Precedence",
    "PreferredResource",
    "PreferredWindow",
    "Problem",
    "Relation",
    "Request",
    "Reserve",
    "Resource",
    "Saving",
    "Schedule",
    "Selector",
    "Service",
    "Session",
    "Skill",
    "SolverDisagreement",
    "Span",
    "SteeringPolicy",
    "Step",
    "Travel",
    "Turnaround",
    "Unplaced",
    "WeeklyRule",
    "WorkLimits",
    "problem_from_frames",
    "problem_from_json",
    "problem_to_frames",
    "problem_to_json",
    "read_problem",
    "read_request",
    "read_schedule",
    "read_steering",
    "schedule_from_frame",
    "schedule_to_frame",
    "schedule_to_icalendar",
    "steering_from_json",
    "steering_to_json",
    "write_icalendars",
    "write_problem",
    "write_schedule",
    "write_steering",
]


def __getattr__(name: str) -> Any:
    """Import a name from where it lives."""
    if name == "__version__":
        from importlib.metadata import version

        return version("allocator")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List what can be asked for."""
    return sorted({*globals(), *__all__, "__version__"})
