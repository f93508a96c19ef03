"""``allocator solve``."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from allocator.cli.bar import ProgressBar
from allocator.cli.common import BAD_INPUT, NO_SCHEDULE, ProblemPath, clear_errors, errors


def solve(
    problem: ProblemPath,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", help="Seconds until the best so far.")
    ] = 30.0,
    gap: Annotated[
        float,
        typer.Option("--gap", metavar="G", help="Good enough: 0.01 is one percent; 0 is a proof."),
    ] = 0.0,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", help="Threads of the solver; 8 is best.")
    ] = 8,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of all chance.")] = 0,
    deterministic_limit: Annotated[
        float | None,
        typer.Option(
            "--deterministic-limit",
            metavar="D",
            help="Limit in the solver's own time instead: with --workers 1 the same seed then"
            " gives the same schedule.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for schedule.csv, result.json and a calendar for each resource.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the summary.")
    ] = False,
) -> None:
    """Allocate the requests of PROBLEM and print what came of it.

    Ctrl-C stops early and keeps the best schedule so far. The exit code is 0 with a valid
    schedule, 2 for bad input, 3 when a hard demand (a pin, a request that must be served)
    cannot be met.
    """
    from allocator.frames import read_problem, write_icalendars, write_schedule
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
    with clear_errors():
        params.check()
        if out is not None and out.exists() and not out.is_dir():
            errors.print(f"[bold red]{out}[/bold red] is a file; --out names a folder.")
            raise typer.Exit(BAD_INPUT)
        asked = read_problem(problem)
        bar: Any = ProgressBar(params) if errors.is_terminal else nullcontext()
        with bar as listen:
            result = run(asked, params, on_progress=listen)
    if result.schedule is not None and out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_schedule(result.schedule, asked, out / "schedule.csv")
        write_icalendars(
            result.schedule,
            asked,
            out / "calendars",
            kinds=sorted({r.kind for r in asked.resources} - {"patient"}),
        )
        document = json.dumps(result_document(result), indent=2, ensure_ascii=False)
        (out / "result.json").write_text(document + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(result_document(result), ensure_ascii=False))
    else:
        console = Console(highlight=False)
        console.print(summary(Prepared(asked), result))
        if result.schedule is not None and out is not None:
            console.print(
                f"\n[dim]Written:[/dim] {out}/schedule.csv, {out}/result.json and a calendar for"
                f" each resource in {out}/calendars."
            )
    if result.schedule is None:
        raise typer.Exit(NO_SCHEDULE)
