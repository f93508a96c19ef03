"""What the HTML report says, as plain rows for its template."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.report.goal_table import GoalRow, goal_rows, known
from allocator.report.served import served_by_class, value_served
from allocator.report.words import count, percent, seconds

if TYPE_CHECKING:
    from allocator.solve.result import Result


#: Broken rules that are told one by one.
TOLD = 50


class Fact(NamedTuple):
    """A figure of the head of the page, with what it is and what else there is to say."""

    figure: str
    what: str
    more: str = ""


class Class(NamedTuple):
    """What was served of a priority class."""

    priority: int
    requests: str
    whole: str
    partly: str
    left: str
    visits: str
    value: str
    gap: str
    share: float


def facts(prepared: Prepared, result: Result, schedule: Schedule) -> list[Fact]:
    """Return the figures that somebody looks for first."""
    share = result.visits_placed / max(1, result.visits)
    left = len({u.request for u in schedule.unplaced})
    found = [
        Fact(f"{result.requests_served:,} of {result.requests:,}", "requests served"),
        Fact(f"{result.visits_placed:,} of {result.visits:,}", "visits placed", percent(share)),
        Fact(f"{left:,}", "requests not placed whole"),
    ]
    if prepared.frozen:
        found.append(Fact(f"{len(prepared.frozen):,}", "visits booked before", "not moved"))
    gaps = [level.gap for level in result.levels if level.total is not None]
    known_gaps = [gap for gap in gaps if gap is not None]
    if gaps:
        proved = all(level.proved for level in result.levels if level.total is not None)
        widest = max(known_gaps, default=None)
        unknown = len(known_gaps) < len(gaps) or widest is None
        gap = "no bound" if unknown else "0 %" if proved else f"{100 * (widest or 0):.2f} %"
        found.append(Fact(gap, "widest gap of what is served", "proved" if proved else ""))
    if not result.seconds:
        return found
    first = result.first_schedule_seconds
    told = "" if first is None else f"first schedule after {seconds(first)}"
    found.append(Fact(seconds(result.seconds), "solved in", told))
    return found


def classes(prepared: Prepared, result: Result, schedule: Schedule) -> list[Class]:
    """Return what was served by priority class, the most urgent first."""
    by_name = {level.name: level for level in result.levels}
    rows = []
    for row in served_by_class(prepared, (a.visit for a in schedule.assignments)):
        rows.append(
            Class(
                row.priority,
                f"{row.asked:,}",
                f"{row.whole:,}",
                f"{row.partly:,}",
                f"{row.left:,}",
                f"{row.visits_placed:,} of {row.visits:,}",
                *value_served(by_name.get(f"priority {row.priority}")),
                round(100 * row.visits_placed / max(1, row.visits), 1),
            )
        )
    return rows


def goals(result: Result, *, solved: bool) -> list[GoalRow]:
    """Return what was missed of each goal; of a solve, but for what was served."""
    levels = [(x.name, known(x) if solved else "", x.cost) for x in result.levels]
    served = {x.name for x in result.levels if x.total is not None}
    return list(goal_rows(result.goals, [level for level in levels if level[0] not in served]))


def said(result: Result, *, solved: bool) -> str:
    """Say in a sentence how a schedule stands."""
    if solved:
        return result.status.value
    broken = [v for v in result.violations if not v.inherited]
    if not broken:
        return "The schedule breaks no rule."
    rules = count(len({v.rule for v in broken}), "rule")
    return f"The schedule breaks {rules}, {count(len(broken), 'time')} in all."


def remarks(prepared: Prepared, result: Result) -> tuple[list[str], list[str]]:
    """Return warnings, and notes."""
    broken = [f"{v.rule}: {v.message}" for v in result.violations if not v.inherited]
    warnings = broken[:TOLD]
    if len(broken) > TOLD:
        warnings.append(f"… and {count(len(broken) - TOLD, 'more', 'more')}.")
    warnings += [
        f"Inherited from pinned visits: {v.message}" for v in result.violations if v.inherited
    ]
    return warnings, list(result.notes or prepared.notes)


def asked(prepared: Prepared) -> str:
    """Say in a line what the problem is."""
    problem = prepared.problem
    last = problem.horizon.first + timedelta(days=problem.horizon.days - 1)
    serving = Counter(
        thing.kind for n, thing in enumerate(prepared.resources) if not prepared.attends_only(n)
    )
    there = ", ".join(count(number, kind) for kind, number in sorted(serving.items()))
    days = f"{problem.horizon.first} to {last}, {problem.horizon.zone}"
    return f"{days}. {there}." if there else f"{days}."


def no_schedule(prepared: Prepared) -> list[str]:
    """Return the hard demands, where no schedule meets them."""
    problem = prepared.problem
    must = [f"Request {request.id} must be served." for request in problem.requests if request.must]
    return must + [f"Visit {pin.visit} is pinned." for pin in problem.pins]


def plain(value: Any) -> Any:
    """Return a chart's specification without what only a page of one chart needs."""
    return {key: part for key, part in value.items() if key not in ("$schema", "usermeta")}
