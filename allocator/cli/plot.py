"""``allocator plot``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from allocator.cli.common import ProblemPath, Refused, clear_errors, day, to_stdout
from allocator.cli.output import REASONS_SECONDS, refuse_no_plots, refuse_picture_in_the_way
from allocator.report.patience import Patience

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.domain.schedule import Schedule
    from allocator.plots.days import View

HELP = """Draw a schedule of PROBLEM: as a picture, as a page, or as one report of everything.

KIND is week (by resource), day, month, load (by kind and hour), unplaced (by reason), before-after
(what changes), or report. The ending of --out says how it is written: .png or .svg for print,
.html to open in a browser, .json as Vega-Lite for other programs; a report is .html. A page is one
file that loads nothing from elsewhere. Times are local to each resource.
"""

EPILOG = """[bold]Examples[/bold]
  The first week with new visits, for print:
    [cyan]allocator plot my-clinic plan/schedule.csv --out week.png[/cyan]
  One day of the rooms:
    [cyan]allocator plot my-clinic plan.csv day --only room --out day.svg[/cyan]
  What changed against an earlier schedule:
    [cyan]allocator plot my-clinic new.csv before-after --before old.csv --out b.svg[/cyan]
  Everything, to send to a colleague:
    [cyan]allocator plot my-clinic plan/schedule.csv report --out report.html[/cyan]

[bold]Exit codes[/bold]
  0  the file is written
  2  bad input: each fault is told, nothing is written
"""


class Kind(StrEnum):
    """What is drawn."""

    WEEK = "week"
    DAY = "day"
    MONTH = "month"
    LOAD = "load"
    UNPLACED = "unplaced"
    BEFORE_AFTER = "before-after"
    REPORT = "report"


#: Options that some kinds know and others do not.
TIMETABLES = frozenset({Kind.WEEK, Kind.DAY, Kind.MONTH, Kind.BEFORE_AFTER})
KNOWN = {
    "--first": TIMETABLES,
    "--only": TIMETABLES,
    "--width": TIMETABLES,
    "--before": frozenset({Kind.BEFORE_AFTER}),
    "--scale": frozenset(Kind) - {Kind.REPORT},
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of a timetable."""

    first: date | None
    only: list[str]
    width: int | None


def plot(
    problem: ProblemPath,
    schedule: Annotated[
        Path,
        typer.Argument(
            metavar="SCHEDULE", help="A schedule as .csv or .json file.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="A .png, .svg, .html or .json file.", show_default=False
        ),
    ],
    kind: Annotated[
        Kind, typer.Argument(metavar="KIND", help="What to draw.", show_choices=False)
    ] = Kind.WEEK,
    first: Annotated[
        str | None,
        typer.Option(
            "--first",
            metavar="DATE",
            help="A date of the day, week or month; else that of the first new visit.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="A kind of resources, or the id of one; as often as you like.",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            "--before",
            metavar="SCHEDULE",
            help="The schedule before; else what the problem has published.",
            show_default=False,
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            metavar="N",
            min=200,
            max=10_000,
            help="Pixels, without the names at the side; else 960.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            metavar="X",
            min=0.5,
            max=10,
            help="Pixels of a .png for each of the chart; else 2.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw a schedule."""
    with clear_errors(), Patience("starting") as patience:
        given = {
            "--first": first,
            "--only": only,
            "--before": before,
            "--width": width,
            "--scale": scale,
        }
        _refuse_what_does_not_fit(kind, out, given)
        wishes = Wishes(day(first, "--first"), only or [], width)
        refuse_no_plots()
        refuse_picture_in_the_way(out, "--out")
        from allocator.frames import read_problem, read_schedule

        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        _refuse_outside(asked, wishes.first)
        patience.now(f"reading {schedule}")
        there = read_schedule(schedule, asked)
        earlier = None if before is None else read_schedule(before, asked)
        patience.now("drawing")
        if kind is Kind.REPORT:
            from allocator.plots import write_report

            write_report(
                asked,
                there,
                out,
                explain_seconds=REASONS_SECONDS,
                on_progress=patience.counted,
            )
        else:
            from allocator.plots import save

            chart = _chart(kind, asked, there, earlier, wishes)
            save(chart, out, **({} if scale is None else {"scale": scale}))
    to_stdout().print(Text(f"Written to {out}."), soft_wrap=True)


def _refuse_what_does_not_fit(kind: Kind, out: Path, given: dict[str, Any]) -> None:
    """Refuse options that a kind does not know, and endings that it is not written with."""
    for option, value in given.items():
        if value is not None and kind not in KNOWN[option]:
            fits = ", ".join(some.value for some in Kind if some in KNOWN[option])
            raise Refused(f"{option} says nothing about {kind.value}; it is for: {fits}.")
    endings = [".html"] if kind is Kind.REPORT else [".png", ".svg", ".html", ".json"]
    if out.suffix.lower() not in endings:
        known = " or ".join(filter(None, (", ".join(endings[:-1]), endings[-1])))
        raise Refused(f"{out}: {kind.value} is written as {known}.")


def _refuse_outside(problem: Problem, first: date | None) -> None:
    """Refuse a date outside the horizon."""
    horizon = problem.horizon
    last = horizon.first + timedelta(days=horizon.days - 1)
    if first is not None and not horizon.first <= first <= last:
        raise Refused(f"--first {first} is outside the horizon, {horizon.first} to {last}.")


def _chart(
    kind: Kind, problem: Problem, schedule: Schedule, earlier: Schedule | None, wishes: Wishes
) -> Any:
    """Draw a chart."""
    from allocator.plots import before_after, load, unplaced, week
    from allocator.plots.judged import complete

    if kind is Kind.LOAD:
        return load(problem, schedule)
    if kind is Kind.UNPLACED:
        return unplaced(complete(problem, schedule))
    more: dict[str, Any] = {"first": wishes.first, "resources": _resources(problem, wishes.only)}
    if wishes.width is not None:
        more["width"] = wishes.width
    if kind is Kind.BEFORE_AFTER:
        return before_after(problem, earlier, schedule, **more)
    views: dict[Kind, View] = {Kind.DAY: "day", Kind.WEEK: "week", Kind.MONTH: "month"}
    return week(problem, schedule, view=views[kind], **more)


def _resources(problem: Problem, only: list[str]) -> list[str] | None:
    """Return the ids of resources that are called so, or are of a kind that is."""
    if not only:
        return None
    from allocator.plots.lines import by_kind
    from allocator.prepare.prepared import Prepared

    prepared = Prepared(problem)
    found: list[int] = []
    for name in only:
        of_kind = [n for n, one in enumerate(prepared.resources) if one.kind == name]
        if name in prepared.resource_index:
            found.append(prepared.resource_index[name])
        elif of_kind:
            found += by_kind(prepared, of_kind)
        else:
            kinds = ", ".join(sorted({resource.kind for resource in problem.resources}))
            raise Refused(f"There is no resource {name}, and no such kind; kinds are: {kinds}.")
    return [prepared.resources[number].id for number in dict.fromkeys(found)]
