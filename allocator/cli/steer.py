"""``allocator steer``."""

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
    day,
    to_stdout,
)
from allocator.cli.output import refuse_no_picture, refuse_picture_in_the_way
from allocator.report.patience import Patience
from allocator.report.style import QUIET
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.replay import Steered

HELP = """Replay the requests of PROBLEM as they came in, with and without steering to quiet hours.

Each request is suggested a few starts and takes one or goes away, by a model of how people choose
(docs/steering.md). Told is what the steering POLICY does to load, refusals, waiting and savings.
"""

EPILOG = """[bold]Examples[/bold]
  What would steering do to a small clinic?
    [cyan]allocator generate stream --load 75 --out stream[/cyan]
    [cyan]allocator steer stream --policy policy.json[/cyan]
  With more people, and a picture:
    [cyan]allocator steer stream --policy policy.json --seeds 5 --out steering.png[/cyan]
  For another program:
    [cyan]allocator steer stream --policy policy.json --json[/cyan]

[bold]Exit codes[/bold]
  0  the effect is told
  2  bad input: each fault is told
"""


def steer(
    problem: ProblemPath,
    policy: Annotated[
        Path,
        typer.Option("--policy", metavar="FILE", help="A steering policy as .json file."),
    ],
    seeds: Annotated[
        int,
        typer.Option("--seeds", metavar="N", min=1, max=1000, help="How many times people choose."),
    ] = 3,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Who asks before that day is not steered; else all are.",
            show_default=False,
        ),
    ] = None,
    settle: Annotated[
        int,
        typer.Option(
            "--settle", metavar="DAYS", min=0, help="Days of steering before hours are counted."
        ),
    ] = 14,
    claims: Annotated[
        Path | None,
        typer.Option(
            "--claims",
            metavar="FILE",
            help="Write the claims of the first replay without steering, as .csv.",
            show_default=False,
        ),
    ] = None,
    out: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Replay requests with and without steering."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        refuse_no_picture(out)
        if claims is not None:
            refuse_picture_in_the_way(claims, "--claims")
        from allocator.frames import read_problem, read_steering
        from allocator.replay import differences, replay
        from allocator.replay import steer as run

        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        steering = read_steering(policy)
        known = {resource.kind for resource in asked.resources}
        unknown = [kind for kind in steering.kinds if kind not in known]
        if unknown:
            there = ", ".join(sorted(known))
            raise Refused(f"{policy}: there are no {unknown[0]}s; kinds are: {there}.")
        patience.now("replaying")
        try:
            found = run(
                asked,
                steering,
                seeds=range(seeds),
                since=day(since, "--since"),
                settle_days=settle,
                on_progress=lambda seed, steered: patience.now(
                    f"replaying {'with' if steered else 'without'} steering, seed {seed}"
                ),
            )
        except ValueError as error:
            raise Refused(str(error)) from error
        told = differences(found.figures)
        if claims is not None:
            patience.now(f"writing {claims}")
            replay(asked).claims.to_csv(claims, index=False)
        if out is not None:
            from allocator.plots import save
            from allocator.plots import steering as draw

            save(draw(found), out)
    if as_json:
        print(json.dumps(document(found, told), ensure_ascii=False))
        return
    console = to_stdout()
    _tell(console, found, told)
    for file in (claims, out):
        if file is not None:
            console.print(Text(f"Written to {file}."), soft_wrap=True)


def document(found: Steered, told: Any) -> dict[str, Any]:
    """Return what steering did as JSON has it; an interval that is not known is null."""
    rows = told.round(6).astype(object)
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "measures": rows.where(rows.notna(), None).to_dict(orient="records"),
        "seeds": found.figures.to_dict(orient="records"),
    }


def _tell(console: Console, found: Steered, told: Any) -> None:
    """Print each measure without and with steering."""
    seeds = count(int(told["seeds"].iloc[0]), "seed")
    console.print(Text(f"Hours of {found.first} to {found.last}, {seeds}."), style=QUIET)
    head = f"{'':<28}{'without':>10}{'with':>10}{'difference':>12}  95 % interval"
    console.print(Text(head, style="bold"), soft_wrap=True)
    for row in told.to_dict(orient="records"):
        sure = row["low"] == row["low"]  # one seed says nothing of others
        interval = f"  {row['low']:+.2f} to {row['high']:+.2f}" if sure else ""
        line = (
            f"{row['measure']:<28}{row['without']:>10.2f}{row['with']:>10.2f}"
            f"{row['difference']:>+12.2f}{interval}"
        )
        console.print(Text(line), soft_wrap=True)
