"""The summary of a solve in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from allocator.domain.problem import Problem
from allocator.prepare.prepared import Prepared
from allocator.report.goal_table import goal_table, known
from allocator.report.left_out import left_out
from allocator.report.load import busy_days, days_in_words, load_by_hour
from allocator.report.load_table import LoadTable
from allocator.report.served import served_by_class, value_served
from allocator.report.style import BAD, GOOD, INFO, QUIET, WARNING, plain_table, titled
from allocator.report.words import count, percent, seconds
from allocator.solve.result import Result, Status

#: Notes that are shown; the rest are counted.
NOTES = 6


def summary(prepared: Prepared, result: Result) -> RenderableType:
    """Tell a result: what was served, what was left out, the load, the goals, the proof."""
    parts: list[RenderableType] = []
    if result.schedule is None:
        parts.append(_no_schedule(prepared.problem, result))
    else:
        parts += [_head(prepared, result), _served(prepared, result)]
        if result.schedule.unplaced:
            parts.append(left_out(prepared.problem, result.schedule))
        parts += _load(prepared, result)
        if any(level.total is None for level in result.levels):
            lower = [(x.name, known(x), x.cost) for x in result.levels if x.total is None]
            parts.append(goal_table(result.goals, lower))
    remarks = list(_remarks(result))
    if remarks:
        parts.append(Group(*remarks))
    spaced: list[RenderableType] = []
    for part in parts:
        spaced += [Text(""), part] if spaced else [part]
    return Group(*spaced)


def _head(prepared: Prepared, result: Result) -> RenderableType:
    share = result.visits_placed / max(1, result.visits)
    text = Text()
    text.append(prepared.problem.name or "Schedule", style="bold")
    text.append(
        f"\n{result.requests_served:,} of {count(result.requests, 'request')} served,"
        f" {result.visits_placed:,} of {count(result.visits, 'visit')} placed ({percent(share)})"
    )
    if prepared.frozen:
        text.append(f"\nbeside {count(len(prepared.frozen), 'visit')} already booked")
    colour = GOOD if result.status is Status.OPTIMAL else INFO
    text.append(f"\n{result.status.value}", style=colour)
    if result.first_schedule_seconds is not None:
        text.append(
            f"\nFirst schedule after {seconds(result.first_schedule_seconds)}, this one after"
            f" {seconds(result.seconds)}.",
            style=QUIET,
        )
    return Panel(text, box=box.ROUNDED, border_style=colour, expand=False)


def _no_schedule(problem: Problem, result: Result) -> RenderableType:
    text = Text(result.status.value)
    must = [request.id for request in problem.requests if request.must]
    if must:
        text.append(f"\n{count(len(must), 'request')} must be served: {_some(must)}.")
    pinned = [pin.visit for pin in problem.pins]
    if pinned:
        text.append(f"\n{count(len(pinned), 'visit')} pinned: {_some(pinned)}.")
    if result.status is Status.UNKNOWN:
        text.append("\nA longer --time-limit may find one.", style=QUIET)
    return Panel(text, title="No schedule", box=box.ROUNDED, border_style=BAD, expand=False)


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:10]) + (f" and {len(ids) - 10:,} more" if len(ids) > 10 else "")


def _served(prepared: Prepared, result: Result) -> RenderableType:
    assert result.schedule is not None
    table = plain_table()
    for heading in ("class", "requests", "whole", "in\npart", "left\nout", "visits placed"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("value served", justify="right", no_wrap=True)
    table.add_column("gap", justify="right", no_wrap=True)
    by_name = {level.name: level for level in result.levels}
    for row in served_by_class(prepared, (a.visit for a in result.schedule.assignments)):
        table.add_row(
            str(row.priority),
            f"{row.asked:,}",
            f"{row.whole:,}",
            f"{row.partly:,}",
            f"{row.left:,}",
            f"{row.visits_placed:,} of {row.visits:,}",
            *value_served(by_name.get(f"priority {row.priority}")),
        )
    return titled("Served, by priority class", table)


def _load(prepared: Prepared, result: Result) -> Iterator[RenderableType]:
    assert result.schedule is not None
    days = busy_days(prepared, result.schedule)
    loads = load_by_hour(prepared, result.schedule, days=days)
    if loads:
        yield LoadTable(loads, days_in_words(prepared, days))


def _remarks(result: Result) -> Iterator[RenderableType]:
    inherited = [v for v in result.violations if v.inherited]
    if inherited:
        more = "" if len(inherited) == 1 else f" (and {len(inherited) - 1:,} more like it)"
        yield Text(
            f"Inherited from pinned visits{more}: {inherited[0].message}",
            style=WARNING,
        )
    for note in result.notes[:NOTES]:
        yield Text(note, style=QUIET)
    if len(result.notes) > NOTES:
        yield Text(f"{count(len(result.notes) - NOTES, 'further note')}.", style=QUIET)
