"""``allocator popular``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from allocator.cli.common import (
    AsJson,
    Picture,
    ProblemPath,
    Refused,
    clear_errors,
    instant,
    to_stdout,
)
from allocator.cli.output import refuse_no_picture
from allocator.report.patience import Patience
from allocator.report.style import QUIET

if TYPE_CHECKING:
    from allocator.forecast import LoadForecast

HELP = """Learn from CLAIMS which hours of PROBLEM are popular: the usual load by weekday and hour.

CLAIMS is a CSV file with a row for each claim: kind (or resource), start, end, booked, and where
there are any cancelled and uses; docs/forecast.md says more. PROBLEM says when resources are open.
"""

EPILOG = """[bold]Examples[/bold]
  Which hours are popular?
    [cyan]allocator popular my-clinic claims.csv[/cyan]
  As a picture, with demand that was refused:
    [cyan]allocator popular my-clinic claims.csv --refused refused.csv --out hours.png[/cyan]
  The load that is expected of each hour to come:
    [cyan]allocator popular my-clinic claims.csv --now 2026-03-02T07:00+01:00 --json[/cyan]

[bold]Exit codes[/bold]
  0  the load is told
  2  bad input: each fault is told
"""


def popular(
    problem: ProblemPath,
    claims: Annotated[
        Path, typer.Argument(metavar="CLAIMS", help="Claims as .csv file.", show_default=False)
    ],
    refused: Annotated[
        Path | None,
        typer.Option(
            "--refused",
            metavar="FILE",
            help="Demand that found no place, as .csv file: kind, start, end, booked.",
            show_default=False,
        ),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            "--now",
            metavar="TIME",
            help="What is booked later is not known; else the last booking in CLAIMS.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="A kind of resource, as often as you like; else all.",
            show_default=False,
        ),
    ] = None,
    out: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Tell popular hours."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        refuse_no_picture(out)
        from allocator.forecast import learn_for, read_claims
        from allocator.frames import read_problem

        patience.now(f"reading {problem}")
        world = read_problem(problem)
        patience.now(f"learning from {claims}")
        made = read_claims(claims, world)
        if made.empty:
            raise Refused(f"{claims} has no claims.")
        turned = None if refused is None else read_claims(refused, world)
        found = learn_for(world, made, now=instant(now, "--now"), refused=turned)
        kinds = tuple(kind or found.kinds)
        for one in kinds:
            if one not in found.kinds:
                there = ", ".join(found.kinds) or "none"
                raise Refused(f"--kind {one} has no opening hours; kinds that have: {there}.")
        if out is not None:
            from allocator.plots import popular_hours, save

            save(popular_hours(found, kinds=kinds), out)
    if as_json:
        print(json.dumps(document(found, kinds), ensure_ascii=False))
        return
    console = to_stdout()
    for one in kinds:
        _table(console, found, one)
    if out is not None:
        console.print(Text(f"Written to {out}."), soft_wrap=True)


def document(found: LoadForecast, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return a forecast as JSON has it."""
    week, ahead = found.popular_hours(), found.to_frame()
    return {
        "now": found.now.isoformat(),
        "zone": found.zone,
        "kinds": {
            kind: {
                "half_life_weeks": found.half_lives[kind],
                "week": week[week["kind"] == kind]
                .drop(columns="kind")
                .round(4)
                .to_dict(orient="records"),
                "ahead": ahead[ahead["kind"] == kind]
                .drop(columns="kind")
                .assign(day=lambda frame: frame["day"].map(str))
                .round(4)
                .to_dict(orient="records"),
            }
            for kind in kinds
        },
    }


def _table(console: Console, found: LoadForecast, kind: str) -> None:
    """Print the load of a kind by weekday and hour, in percent."""
    from allocator.domain.calendar import WEEKDAYS

    week = found.popular_hours()
    mine = week[week["kind"] == kind]
    hours = sorted(set(mine["hour"]))
    loads = found.usual(kind)
    there = set(zip(mine["weekday"], mine["hour"], strict=True))
    console.print(Text(f"{kind}: usual load in percent", style="bold"))
    console.print(Text("     " + "".join(f"{hour:>5}" for hour in hours), style=QUIET))
    for day, name in enumerate(WEEKDAYS):
        if any((day, hour) in there for hour in hours):
            cells = [
                f"{100 * loads[day, hour]:5.0f}" if (day, hour) in there else " " * 5
                for hour in hours
            ]
            console.print(Text(f"{name:<5}" + "".join(cells)), soft_wrap=True)
