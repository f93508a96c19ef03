"""``allocator check``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from allocator.cli.common import VIOLATIONS, AsJson, ProblemPath, clear_errors, to_stdout
from allocator.report.patience import Patience
from allocator.report.style import BAD, GOOD, WARNING
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.check.check import Checked
    from allocator.domain.problem import Problem
    from allocator.domain.schedule import Schedule

#: Violations that are told one by one; --json tells them all.
TOLD = 50

HELP = """Check any schedule of PROBLEM by the plain checks of all rules, and score it.

No solver takes part, and the schedule may come from anywhere: edit schedule.csv in a spreadsheet
and see what it breaks and costs. What pinned visits break among themselves is inherited: it is
told, and is no violation of this schedule.
"""

EPILOG = """[bold]Examples[/bold]
  Check what a solve has left:
    [cyan]allocator check my-clinic plan/schedule.csv[/cyan]
  For another program:
    [cyan]allocator check my-clinic plan/schedule.csv --json > found.json[/cyan]

[bold]Exit codes[/bold]
  0  the schedule breaks nothing
  1  it breaks rules: each violation is told
  2  bad input: each fault is told
"""


def check(
    problem: ProblemPath,
    schedule: Annotated[
        Path,
        typer.Argument(
            metavar="SCHEDULE", help="A schedule as .csv or .json file.", show_default=False
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Check a schedule of a problem."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        from allocator.check.check import check as run
        from allocator.frames import read_problem, read_schedule
        from allocator.report.document import checked_document

        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        patience.now(f"reading {schedule}")
        there = read_schedule(schedule, asked)
        patience.now("checking")
        found = run(asked, there)
    if as_json:
        print(json.dumps(checked_document(found, there), ensure_ascii=False))
    else:
        _tell(to_stdout(), found, asked, there)
    if not found.valid:
        raise typer.Exit(VIOLATIONS)


def _tell(console: Console, found: Checked, problem: Problem, schedule: Schedule) -> None:
    from allocator.report.goal_table import goal_table

    real = [v for v in found.violations if not v.inherited]
    inherited = [v for v in found.violations if v.inherited]
    for some, style, what in ((real, BAD, ""), (inherited, WARNING, " (inherited)")):
        for violation in some[:TOLD]:
            name = (f"{violation.rule}{what}", style)
            console.print(Text.assemble(name, f": {violation.message}"), soft_wrap=True)
        if len(some) > TOLD:
            by_rule = Counter(v.rule for v in some[TOLD:]).most_common()
            rest = ", ".join(f"{rule} {number:,}" for rule, number in by_rule)
            console.print(f"… and {count(len(some) - TOLD, 'more', 'more')}: {rest}.")
    if real:
        rules = count(len({v.rule for v in real}), "rule")
        console.print(Text(f"{count(len(real), 'violation')} of {rules}.", style=f"bold {BAD}"))
    else:
        sessions = sum(problem.knows("session", a.visit) for a in schedule.assignments)
        has = count(len(schedule) - sessions, "visit")
        if sessions:
            has += f" and {count(sessions, 'group session')}"
        console.print(Text(f"The schedule breaks no rule; it has {has}.", style=f"bold {GOOD}"))
    console.print()
    console.print(goal_table(found.goals, [(name, "", n) for name, n in found.objective.items()]))
