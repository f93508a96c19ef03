"""``allocator solve``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from allocator.cli.common import (
    NO_SCHEDULE,
    AsJson,
    ProblemPath,
    Workers,
    clear_errors,
    to_stderr,
    to_stdout,
)
from allocator.cli.output import (
    CALENDARS,
    REASONS_SECONDS,
    RESULT,
    SCHEDULE,
    refuse_in_the_way,
    refuse_no_report,
    write_result,
)
from allocator.report.patience import Patience
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.plots.history import History
    from allocator.solve.result import Result

HELP = """Allocate the requests of PROBLEM, and tell what came of it.

The schedule breaks no rule, and is as good as the time allows: first as many requests as possible
are served, class by class, then wishes are met. What was left out is told with the reason.

Progress is on stderr. Ctrl-C stops early and keeps the best schedule so far.
"""

EPILOG = """[bold]Examples[/bold]
  Plan a problem, for half a minute:
    [cyan]allocator solve data/clinic-demo[/cyan]
  Keep the schedule as CSV and iCalendar:
    [cyan]allocator solve my-clinic --out plan[/cyan]
  A page with everything, to send to a colleague:
    [cyan]allocator solve my-clinic --report plan/report.html[/cyan]
  Stop at 1 % of the best possible:
    [cyan]allocator solve my-clinic --gap 0.01[/cyan]
  The same schedule each time:
    [cyan]allocator solve my-clinic --workers 1 --deterministic-limit 60[/cyan]
  Go on from a schedule:
    [cyan]allocator solve my-clinic --start plan/schedule.csv --out better[/cyan]
  For another program:
    [cyan]allocator solve my-clinic --json > result.json[/cyan]

[bold]Exit codes[/bold]
  0  a valid schedule
  2  bad input: each fault is told, nothing is written
  3  no schedule: what must be served, or a pin, cannot be met
"""


def solve(
    problem: ProblemPath,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", metavar="S", help="Seconds after which the best is taken."),
    ] = 30.0,
    gap: Annotated[
        float,
        typer.Option("--gap", metavar="G", help="Good enough: 0.01 is one percent, 0 a proof."),
    ] = 0.0,
    workers: Workers = 8,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed, another search.")
    ] = 0,
    deterministic_limit: Annotated[
        float | None,
        typer.Option(
            "--deterministic-limit",
            metavar="D",
            help="A limit in the solver's own time in place of seconds: with one worker the same"
            " seed then gives the same schedule.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="SCHEDULE",
            help="A schedule of PROBLEM to begin with, as CSV or JSON; its visits may all move.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for schedule.csv, result.json and calendars/, one for each resource.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="An .html file with everything about the schedule: weeks, loads, reasons.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Allocate the requests of a problem."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        from allocator.frames import read_problem, read_schedule
        from allocator.plots.history import History
        from allocator.prepare.prepared import Prepared
        from allocator.report.document import result_document
        from allocator.report.summary import summary
        from allocator.solve.params import Params
        from allocator.solve.solve import solve as run

        params = Params(
            time_limit_seconds=time_limit,
            gap=gap,
            workers=workers,
            seed=seed,
            deterministic_limit=deterministic_limit,
        )
        params.check()
        if out is not None:
            refuse_in_the_way(out)
        if report is not None:
            refuse_no_report(report)
        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        begun = None if start is None else read_schedule(start, asked)
        patience.solving(asked, time_limit if deterministic_limit is None else None)
        history = History(patience.told)
        result = run(asked, params, on_progress=history, start=begun)
        patience.now("writing")
        prepared = Prepared(asked)
        calendars = None
        if result.schedule is not None and out is not None:
            calendars = write_result(prepared, result, out)
        if result.schedule is not None and report is not None:
            _write_report(asked, result, report, history, patience)
    if as_json:
        print(json.dumps(result_document(result), ensure_ascii=False))
    else:
        to_stdout().print(summary(prepared, result))
        if calendars is not None:
            written = f"{SCHEDULE}, {RESULT} and {count(calendars, 'calendar')} in {CALENDARS}"
            to_stdout().print(Text(f"\nWritten to {out}: {written}."), soft_wrap=True)
        if result.schedule is not None and report is not None:
            to_stdout().print(Text(f"Report: {report}"), soft_wrap=True)
    if result.schedule is None:
        if out is not None or report is not None:
            to_stderr().print("Nothing is written.")
        raise typer.Exit(NO_SCHEDULE)


def _write_report(
    problem: Problem, result: Result, file: Path, history: History, patience: Patience
) -> None:
    """Write the report of a result; Ctrl-C skips the reasons that take long to find."""
    from allocator.plots import write_report

    patience.now("report")
    try:
        write_report(
            problem,
            result,
            file,
            history=history,
            explain_seconds=REASONS_SECONDS,
            on_progress=patience.counted,
        )
    except KeyboardInterrupt:
        write_report(problem, result, file, history=history, explain=0)
