"""``allocator simulate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from allocator.cli.common import (
    AsJson,
    Picture,
    ProblemPath,
    Refused,
    clear_errors,
    to_stdout,
)
from allocator.cli.output import refuse_no_picture
from allocator.report.patience import Patience

if TYPE_CHECKING:
    from allocator.simulate import Simulation

HELP = """Run SCHEDULE forward many times, and tell how people wait and staff stays.

People come late or not at all, visits take longer, and one delay is handed on to the next. Without
--uncertainty chance is as measured in real clinics (docs/robustness.md).
"""

EPILOG = """[bold]Examples[/bold]
  A schedule that was solved:
    [cyan]allocator simulate my-clinic plan/schedule.csv[/cyan]
  With what is known of your own clinic:
    [cyan]allocator simulate my-clinic plan/schedule.csv --uncertainty chance.json[/cyan]
  A picture of it:
    [cyan]allocator simulate my-clinic plan/schedule.csv --out robust.png[/cyan]

[bold]Exit codes[/bold]
  0  the schedule was run
  2  bad input: each fault is told, nothing is written
"""


def simulate(
    problem: ProblemPath,
    schedule: Annotated[
        Path,
        typer.Argument(metavar="SCHEDULE", help="A schedule as CSV or JSON.", show_default=False),
    ],
    uncertainty: Annotated[
        Path | None,
        typer.Option(
            "--uncertainty",
            metavar="FILE",
            help="What may come otherwise than planned, as JSON.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=1, help="How often it is run.")
    ] = 200,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Another seed, another chance.")
    ] = 0,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Of whose workdays is told; practitioners by default.",
            show_default=False,
        ),
    ] = "",
    out: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Run a schedule forward."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        refuse_no_picture(out)
        from allocator.frames import read_problem, read_schedule
        from allocator.simulate import read_uncertainty
        from allocator.simulate import simulate as run

        chance = None if uncertainty is None else read_uncertainty(uncertainty)
        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        plan = read_schedule(schedule, asked)
        patience.now("running it forward")
        found = run(asked, plan, chance, runs=runs, seed=seed)
        try:
            told = document(found, kind)
        except KeyError as error:
            raise Refused(f"--kind: {error.args[0]}.") from error
        if out is not None:
            from allocator.plots import save
            from allocator.plots import simulation as draw

            save(draw(found, kind=kind), out)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    console = to_stdout()
    console.print(Text(found.text(kind)), soft_wrap=True)
    if out is not None:
        console.print(Text(f"Written to {out}."), soft_wrap=True)


def document(found: Simulation, kind: str = "") -> dict[str, Any]:
    """Return a simulation as JSON has it; what is not known is null."""
    rows = found.figures(kind).round(6).astype(object)
    return {
        "runs": found.runs,
        "seed": found.seed,
        "kind": found.kind(kind),
        "measures": rows.where(rows.notna(), None).to_dict(orient="records"),
    }
