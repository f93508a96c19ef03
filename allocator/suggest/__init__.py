"""Suggestions: when a request could be placed, ranked, in milliseconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Schedule
from allocator.domain.steering import Band, SteeringPolicy
from allocator.domain.time import Span
from allocator.suggest.backfill import Backfill, BackfillTerms, PassedOver, Taker, WaitlistEntry
from allocator.suggest.index import Index
from allocator.suggest.suggestion import (
    DayOfStarts,
    ExpectedLoad,
    ExtraLanes,
    Failing,
    GoalCost,
    Nearly,
    RankedStart,
    Reason,
    Suggestion,
    Suggestions,
    Tag,
    WhyNone,
)

__all__ = [
    "Backfill",
    "BackfillTerms",
    "Band",
    "DayOfStarts",
    "ExpectedLoad",
    "ExtraLanes",
    "Failing",
    "GoalCost",
    "Index",
    "Nearly",
    "PassedOver",
    "RankedStart",
    "Reason",
    "Suggestion",
    "Suggestions",
    "Tag",
    "Taker",
    "WaitlistEntry",
    "WhyNone",
    "suggest",
]


def suggest(
    problem: Problem,
    request: Request | str,
    *,
    schedule: Schedule | None = None,
    windows: Sequence[Span] = (),
    limit: int = 5,
    wanted: datetime | None = None,
    forecast: ExpectedLoad | None = None,
    policy: SteeringPolicy | None = None,
    moving: Collection[str] = (),
    locations: Collection[str] = (),
    now: datetime | None = None,
    until: datetime | None = None,
    stays: bool = False,
    opens: bool = True,
    explain: bool = True,
    lanes: Mapping[str, Sequence[ExtraLanes]] | None = None,
) -> Suggestions:
    """Suggest places for one request beside a schedule, the best first.

    Whoever asks more than once keeps an ``Index``: it is made once, and then answers in
    milliseconds.

    Parameters
    ----------
    problem
        The world, and what else is asked for.
    request
        What is asked for, or the id of one of the problem's requests.
    schedule
        What is placed; by default what the problem has published.
    windows, limit, wanted, forecast, policy, moving, locations, now, until
        As in ``Index.suggest``.
    stays, opens, explain, lanes
        As in ``Index.suggest``.

    Raises
    ------
    InvalidProblem, InvalidSchedule
        When the request, or the schedule, names what the problem does not have.
    """
    return Index(problem, schedule).suggest(
        request,
        windows=windows,
        limit=limit,
        wanted=wanted,
        forecast=forecast,
        policy=policy,
        moving=moving,
        locations=locations,
        now=now,
        until=until,
        stays=stays,
        opens=opens,
        explain=explain,
        lanes=lanes,
    )
