"""What the HTML report says of requests that were left out: why, what would help, the funnels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Schedule, Unplaced
from allocator.report.left_out import services, why

if TYPE_CHECKING:
    from allocator.explain import WhyNot

#: Requests that are explained one by one, the most urgent first, and ways out told of each.
EXPLAINED, HELPS = 40, 2

#: Seconds after which no further request is explained.
SECONDS = 3.0

#: How a sentence about one request starts; in a table of them it is said once.
STARTS = " cannot be placed while all else stays: "


class Step(NamedTuple):
    """A step of a funnel: its rule, how many starts it left, and that as percent of the first."""

    rule: str
    left: str
    share: float


class Missing(NamedTuple):
    """A visit that was left out: how its starts ran out, and the reason in a sentence."""

    visit: str
    reason: str
    funnel: list[Step]


class Left(NamedTuple):
    """A request of which visits were left out."""

    id: str
    label: str
    priority: int
    missing: str
    services: str
    why: str
    helps: list[str]
    explained: bool
    stuck: bool
    visits: list[Missing]


def explained(
    problem: Problem,
    schedule: Schedule,
    most: int,
    seconds: float,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, WhyNot]:
    """Explain the most urgent requests that are not served.

    Parameters
    ----------
    problem, schedule
        The schedule, which must be valid, and what it is a schedule of.
    most
        How many at most.
    seconds
        After which no further one is begun.
    on_progress
        Hears how many are done, and of how many.
    """
    if most < 1 or not schedule.unplaced:
        return {}
    from allocator.explain import Explainer

    began = time.monotonic()
    explainer = Explainer(problem, schedule)
    of = min(most, len(explainer.unserved))
    found = {}
    for done, one in enumerate(islice(explainer.why_not_all(), of), 1):
        found[one.request] = one
        if on_progress is not None:
            on_progress(done, of)
        if time.monotonic() - began > seconds:
            break
    return found


def left_out(problem: Problem, schedule: Schedule, known: Mapping[str, WhyNot]) -> list[Left]:
    """Return every request of which visits were left out: those explained, then by urgency."""
    by_request: dict[str, list[Unplaced]] = {}
    for one in schedule.unplaced:
        by_request.setdefault(one.request, []).append(one)
    requests = sorted(
        map(problem.request, by_request), key=lambda r: (r.id not in known, r.priority, r.id)
    )
    return [_left(problem, r, by_request[r.id], known.get(r.id)) for r in requests]


def _left(
    problem: Problem, request: Request, missing: list[Unplaced], found: WhyNot | None
) -> Left:
    asked = services(problem, request)
    return Left(
        id=request.id,
        label="" if request.label == asked else request.label,
        priority=request.priority,
        missing=f"{len(missing)} of {request.visit_count}",
        services=asked,
        why=why(missing[0]) if found is None else _sentence(found.sentence),
        helps=[] if found is None else [way.sentence for way in found.relaxations[:HELPS]],
        explained=found is not None,
        stuck=found is not None and found.core is not None and not found.relaxations,
        visits=[Missing(one.visit, one.reason, list(_steps(one))) for one in missing],
    )


def _sentence(text: str) -> str:
    """Leave out how the sentence starts where that is the same for all."""
    _, starts, reasons = text.partition(STARTS)
    return reasons[0].upper() + reasons[1:] if starts else text


def _steps(one: Unplaced) -> Iterator[Step]:
    most = max((step.left for step in one.funnel), default=0)
    for step in one.funnel:
        yield Step(step.rule, f"{step.left:,}", round(100 * step.left / max(1, most), 1))
