"""The summary of a solve in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from allocator.prepare.prepared import Prepared
from allocator.report.load import KindLoad, load_by_hour
from allocator.report.served import served_by_class
from allocator.solve.result import LevelResult, Result, Status

#: Requests left out that are named one by one.
NAMED = 12
#: From pale to strong, for shares of 0 to 100 %.
SHADES = ("grey23", "#1b4965", "#2a6f97", "#468faf", "#e9c46a", "#e76f51")


def summary(prepared: Prepared, result: Result) -> RenderableType:
    """Tell a result: what was served, what was left out, the load, the goals, the proof."""
    if result.schedule is None:
        return Panel(Text(result.status.value), title="No schedule", border_style="red")
    parts: list[RenderableType] = [_head(prepared, result), _served(prepared, result)]
    if result.schedule.unplaced:
        parts.append(_left_out(prepared, result))
    parts.append(_load(prepared, result))
    parts.append(_goals(result))
    parts += list(_remarks(result))
    return Group(*(Padding(part, (1, 0, 0, 0)) for part in parts))


def percent(share: float) -> str:
    """Write a share as a percentage, never rounding what is not all up to 100."""
    if 0.999 < share < 1:
        return "99.9 %"
    return f"{100 * share:.1f} %"


def _head(prepared: Prepared, result: Result) -> RenderableType:
    share = result.visits_placed / max(1, result.visits)
    text = Text()
    text.append(prepared.problem.name or "Schedule", style="bold")
    text.append(f"\n{result.requests_served} of {result.requests} requests served, ")
    text.append(f"{result.visits_placed} of {result.visits} visits placed ({percent(share)})")
    if prepared.frozen:
        text.append(f", beside {len(prepared.frozen)} already booked")
    colour = "green" if result.status is Status.OPTIMAL else "cyan"
    text.append(f"\n{result.status.value}", style=colour)
    first = result.first_schedule_seconds
    text.append(
        f"\nFirst schedule after {first or 0:.2f} s, this one after {result.seconds:.1f} s.",
        style="dim",
    )
    return Panel(text, box=box.ROUNDED, border_style=colour, expand=False)


def _served(prepared: Prepared, result: Result) -> Table:
    assert result.schedule is not None
    table = _table("Served by priority")
    for name in ("priority", "asked", "whole", "in part", "left out", "visits", "placed"):
        table.add_column(name, justify="right")
    table.add_column("value served", justify="right")
    table.add_column("at most", justify="right")
    table.add_column("gap", justify="right")
    by_name = {level.name: level for level in result.levels}
    for row in served_by_class(prepared, (a.visit for a in result.schedule.assignments)):
        level = by_name.get(f"priority {row.priority}")
        cells = [
            str(n)
            for n in (
                row.priority,
                row.asked,
                row.whole,
                row.partly,
                row.left,
                row.visits,
                row.visits_placed,
            )
        ]
        table.add_row(*cells, *_value(level))
    return table


def _value(level: LevelResult | None) -> tuple[str, str, str]:
    if level is None or level.served is None:
        return "", "", ""
    most = "" if level.servable is None else f"{level.servable:,.2f}".rstrip("0").rstrip(".")
    return f"{level.served:,.2f}".rstrip("0").rstrip("."), most, _gap(level)


def _gap(level: LevelResult) -> str:
    if level.proved:
        return "proved"
    return "no bound" if level.gap is None else percent(level.gap)


def _left_out(prepared: Prepared, result: Result) -> Table:
    assert result.schedule is not None
    by_request = Counter(u.request for u in result.schedule.unplaced)
    reasons = {u.request: u for u in reversed(result.schedule.unplaced)}
    title = f"Left out: {len(by_request)} requests"
    if len(by_request) > NAMED:
        title += f", the {NAMED} most urgent of them"
    table = _table(title)
    table.add_column("request")
    table.add_column("prio", justify="right")
    table.add_column("visits", justify="right")
    table.add_column("service")
    table.add_column("why", overflow="fold")
    problem = prepared.problem
    order = sorted(by_request, key=lambda r: (problem.request(r).priority, r))
    for id in order[:NAMED]:
        request = problem.request(id)
        names = [
            problem.service(step.service).label if step.service else "group session"
            for step in request.steps
        ]
        table.add_row(
            id,
            str(request.priority),
            f"{by_request[id]} of {request.visit_count}",
            ", then ".join(names),
            reasons[id].reason,
        )
    return table


def _load(prepared: Prepared, result: Result) -> RenderableType:
    assert result.schedule is not None
    days = _busy_days(prepared, result)
    loads = load_by_hour(prepared, result.schedule, first_day=0, days=days)
    loads = [load for load in loads if load.open.sum()]
    hours = [h for h in range(24) if any(load.open[h] for load in loads)]
    weeks = -(-days // 7)
    table = _table(f"Load by kind and hour, % of open time in the first {weeks} weeks")
    table.add_column("kind")
    for hour in hours:
        table.add_column(f"{hour:02d}", justify="right", min_width=3, no_wrap=True)
    table.add_column("all", justify="right", style="bold")
    for load in loads:
        total = load.claimed.sum() / load.open.sum()
        table.add_row(load.kind, *(_shade(load, hour) for hour in hours), f"{100 * total:.0f}")
    return table


def _busy_days(prepared: Prepared, result: Result) -> int:
    """Return the days from the first to the end of the week that holds 9 of 10 visits."""
    assert result.schedule is not None
    clock = prepared.clock(None)
    days = sorted(
        int(clock.day_of[prepared.horizon.tick(a.start)]) for a in result.schedule.assignments
    )
    if not days:
        return prepared.problem.horizon.days
    busy = days[int(0.9 * (len(days) - 1))]
    return min(prepared.problem.horizon.days, (busy // 7 + 1) * 7)


def _shade(load: KindLoad, hour: int) -> Text:
    share = load.share[hour]
    if np.isnan(share):
        return Text("·", style="dim")
    shade = SHADES[min(len(SHADES) - 1, int(share * len(SHADES)))]
    return Text(f"{100 * share:.0f}", style=f"on {shade}")


def _goals(result: Result) -> Table:
    table = _table("Goals")
    table.add_column("level")
    table.add_column("goal")
    table.add_column("amount", justify="right")
    table.add_column("weight", justify="right")
    table.add_column("points", justify="right")
    for level in result.levels:
        if level.total is not None:
            continue
        for goal in result.goals:
            if goal.level == level.name:
                table.add_row(
                    goal.level,
                    goal.goal.replace("_", " "),
                    f"{goal.amount:,} {goal.unit}",
                    str(goal.weight),
                    f"{goal.cost:,}",
                )
        bound = "no bound" if level.bound is None else f"at least {level.bound:,}: {_gap(level)}"
        if level.proved:
            bound = "proved"
        table.add_row(level.name, "all", bound, "", f"{level.cost:,}", style="bold")
    return table


def _remarks(result: Result) -> Iterator[RenderableType]:
    inherited = [v for v in result.violations if v.inherited]
    if inherited:
        yield Text(
            f"{len(inherited)} rules are broken by pinned visits alone (inherited), the first:"
            f" {inherited[0].message}",
            style="yellow",
        )
    for note in result.notes[:5]:
        yield Text(note, style="dim")


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
