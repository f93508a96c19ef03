"""``allocator check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from allocator.cli.common import VIOLATIONS, ProblemPath, clear_errors


def check(
    problem: ProblemPath,
    schedule: Annotated[
        Path,
        typer.Argument(metavar="SCHEDULE", help="A schedule as CSV or JSON.", show_default=False),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False,
) -> None:
    """Check any schedule of PROBLEM by the rules' plain checks alone, and score it.

    The schedule may come from anywhere. The exit code is 0 when it breaks nothing (what pinned
    visits break among themselves is listed as inherited), 1 for violations, 2 for bad input.
    """
    from allocator.check.check import check as run
    from allocator.frames import read_problem, read_schedule
    from allocator.report.document import violation_document

    with clear_errors():
        asked = read_problem(problem)
        found = run(asked, read_schedule(schedule, asked))
    if as_json:
        print(
            json.dumps(
                {
                    "valid": found.valid,
                    "violations": [violation_document(v) for v in found.violations],
                    "objective": found.objective,
                    "goals": [
                        {"goal": g.goal, "level": g.level, "amount": g.amount, "cost": g.cost}
                        for g in found.goals
                    ],
                },
                ensure_ascii=False,
            )
        )
    else:
        console = Console(highlight=False)
        for violation in found.violations:
            style = "yellow" if violation.inherited else "red"
            inherited = " (inherited)" if violation.inherited else ""
            console.print(f"[{style}]{violation.rule}[/{style}]{inherited}: {violation.message}")
        real = sum(not v.inherited for v in found.violations)
        rules = len({v.rule for v in found.violations if not v.inherited})
        if found.valid:
            console.print("[green]The schedule breaks no rule.[/green]")
        else:
            console.print(f"[red]{real} violations of {rules} rules.[/red]")
        for name, cost in found.objective.items():
            console.print(f"  {name}: {cost:,}")
    if not found.valid:
        raise typer.Exit(VIOLATIONS)
