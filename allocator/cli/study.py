"""``allocator study``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from allocator.cli.common import (
    INTERRUPTED,
    NO_SCHEDULE,
    AsJson,
    clear_errors,
    to_stderr,
    to_stdout,
)
from allocator.cli.output import refuse_folder_in_the_way, refuse_no_report
from allocator.report.patience import Patience
from allocator.report.style import BAD, GOOD, QUIET, plain_table, titled
from allocator.report.words import seconds

if TYPE_CHECKING:
    from allocator.scenario import Compared, Outcome, Outcomes

HELP = """Solve the scenarios of STUDY side by side, and tell what differs.

STUDY is a JSON file that names a problem, scenarios and seeds (docs/scenarios.md). Each figure
stands beside that of the problem as it is, with whether the difference is shown or may be chance.

Progress is on stderr. With --keep, what is solved is kept: the same command goes on after Ctrl-C,
and solves only what it lacks.
"""

EPILOG = """[bold]Examples[/bold]
  Compare scenarios:
    [cyan]allocator study what-if.json[/cyan]
  Keep what is solved, and write a page to show to others:
    [cyan]allocator study what-if.json --keep outcomes --report what-if.html[/cyan]
  Against another scenario than the first:
    [cyan]allocator study what-if.json --keep outcomes --base "half a therapist more"[/cyan]
  For another program:
    [cyan]allocator study what-if.json --json > what-if-told.json[/cyan]

[bold]Exit codes[/bold]
  0  every scenario has a schedule
  2  bad input: each fault is told, nothing is solved
  3  a scenario failed or has no schedule; the others are told
  130  Ctrl-C; with --keep the same command goes on
"""


def study(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY",
            help="A JSON file with a problem, scenarios and seeds.",
            show_default=False,
        ),
    ],
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="DIR",
            help="Folder in which outcomes are kept; what is there is not solved again.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="An .html file with the comparison: figures, moves, whom to tell, pictures.",
            show_default=False,
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="NAME",
            help="The scenario to compare with; the first by default.",
            show_default=False,
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            min=1,
            help="How many are solved at once; as many as there are cores by default.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve scenarios side by side."""
    with clear_errors(as_json=as_json):
        if report is not None:
            refuse_no_report(report)
        if keep is not None:
            refuse_folder_in_the_way(keep, "--keep")
        with Patience(f"reading {file}"):
            from allocator.scenario import read_study
            from allocator.scenario.changes.change import unknown
            from allocator.scenario.processes import Processes

            asked = read_study(file, folder=keep)
            names = [one.name for one in asked.scenarios]
            if base is not None and base not in names:
                raise unknown("scenario", base, names)
        try:
            with Processes(processes) as some:
                try:
                    outcomes = asked.run(some)
                except BaseException:
                    some.shutdown(cancel_futures=True)
                    raise
        except KeyboardInterrupt as error:
            told = "nothing is kept" if keep is None else f"the same command goes on from {keep}"
            to_stderr().print(Text(f"Interrupted; {told}."), soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from error
        against = base or names[0]
        if report is not None:
            with Patience(f"writing {report}"):
                from allocator.plots import write_study_report

                write_study_report(outcomes, report, base=against, name=file.stem)
    if as_json:
        print(json.dumps(document(outcomes, against), ensure_ascii=False))
    else:
        tell(to_stdout(), outcomes, against)
        if report is not None:
            to_stdout().print(Text(f"Report: {report}"), soft_wrap=True)
    for one in outcomes.failures:
        said = f"{one.scenario.name}, seed {one.params.seed}: {one.error}"
        to_stderr().print(Text(said, style=f"bold {BAD}"), soft_wrap=True)
    if any(one.schedule is None for one in outcomes):
        raise typer.Exit(NO_SCHEDULE)


def document(outcomes: Outcomes, base: str) -> dict[str, Any]:
    """Return a study as JSON has it; what is not known is null."""
    return {
        "base": base,
        "scenarios": [
            {"scenario": name, "changes": [c.text() for c in outcomes.of(name).scenario.changes]}
            for name in outcomes.scenarios
        ],
        "outcomes": _records(outcomes.frame()),
        "comparison": _records(outcomes.compare(base).frame()),
    }


def _records(frame: Any) -> list[dict[str, Any]]:
    rows = frame.astype(object)
    found: list[dict[str, Any]] = rows.where(rows.notna(), None).to_dict(orient="records")
    return found


def tell(console: Console, outcomes: Outcomes, base: str) -> None:
    """Print what came of each scenario, then what differs."""
    table = plain_table()
    table.add_column("scenario")
    for name in ("requests", "visits", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    seeds = len({one.params.seed for one in outcomes})
    for one in outcomes:
        seed = f", seed {one.params.seed}" if seeds > 1 else ""
        option = f", {one.option}" if one.option else ""
        result = one.result
        cells = ("failed", "", "")
        if result is not None:
            cells = (
                f"{result.requests_served:,} of {result.requests:,}",
                f"{result.visits_placed:,} of {result.visits:,}",
                "kept" if one.reused else seconds(result.seconds),
            )
        table.add_row(f"{one.scenario.name}{option}{seed}", *cells)
    console.print(titled("Served and placed, of what is not pinned", table))
    compared = list(outcomes.compare(base))
    for name in outcomes.scenarios:
        if name == base:
            continue
        changes = "; ".join(change.text() for change in outcomes.of(name).scenario.changes)
        console.print(Text(f"\n{name}, against {base}", style="bold"), soft_wrap=True)
        console.print(Text(changes or "as it is", style=QUIET))
        mine = [
            one for one in compared if one.scenario == name and _cells(one)[0] != _cells(one)[1]
        ]
        none = next((n for n in (name, base) if outcomes.of(n).schedule is None), None)
        if none is not None:
            console.print(Text(f"{none} has no schedule: {_why(outcomes.of(none))}"))
        else:
            console.print(_differences(mine) if mine else "No figure differs.")


def _why(one: Outcome) -> str:
    """Say why there is no schedule."""
    return one.error or (one.result.status.value if one.result else "")


def _cells(one: Compared) -> tuple[str, str, str]:
    """Return a figure before and after, and the difference, as people write them."""
    return f"{one.base:,.1f}", f"{one.value:,.1f}", f"{one.difference:+,.1f}"


def _differences(some: list[Compared]) -> Table:
    table = plain_table()
    table.add_column("figure", no_wrap=True)
    for name in ("before", "after", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("shown", no_wrap=True)
    for one in some:
        colour = GOOD if one.gain > 0 else BAD if one.gain < 0 else ""
        style = colour if one.shown.name == "YES" else QUIET
        table.add_row(one.figure, *_cells(one), one.unit, one.shown.name.lower(), style=style)
    return table
