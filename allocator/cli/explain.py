"""``allocator explain``."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from allocator.cli.common import NO_VALUE, ProblemPath, Refused, clear_errors, to_stdout
from allocator.report.patience import Patience
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.explain import Explainer

#: Payments that are told of each goal; --json tells them all.
PAYMENTS = 3

HELP = """Say why a schedule of PROBLEM is as it is, and what would help.

Without a SCHEDULE: which hard demands conflict, where no schedule can meet them all. With one: why
each request that is left out is, and where the cost comes from. With the id of a REQUEST or a
VISIT: why it is left out and what would place it, or why it lies where it does and what its best
other places would cost. With --at: all that stands against a start of your choice.
"""

EPILOG = """[bold]Examples[/bold]
  Why is everything as it is?
    [cyan]allocator explain my-clinic plan/schedule.csv[/cyan]
  Why is this request left out, and what would help?
    [cyan]allocator explain my-clinic plan/schedule.csv R0025[/cyan]
  Why can this visit not start on Tuesday at ten?
    [cyan]allocator explain my-clinic plan/schedule.csv R0001 --at 2026-03-03T10:00+01:00[/cyan]
  What changed between two schedules?
    [cyan]allocator explain my-clinic old.csv --against new.csv[/cyan]
  Which demands conflict?
    [cyan]allocator explain my-clinic[/cyan]

[bold]Exit codes[/bold]
  0  there is an answer
  2  bad input: each fault is told
"""


def explain(
    problem: ProblemPath,
    schedule: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SCHEDULE]", help="A schedule as .csv or .json file.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[REQUEST|VISIT]", help="Id of a request or a visit.", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="START",
            help="A start to try for the visit, such as 2026-03-03T10:00+01:00.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="SCHEDULE",
            help="Another schedule: what it does differently.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", metavar=NO_VALUE, help="Print one JSON object, and nothing else."),
    ] = False,
) -> None:
    """Say why a schedule is as it is."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        from allocator.explain import Explainer, find_conflict
        from allocator.frames import read_problem, read_schedule

        patience.now(f"reading {problem}")
        asked = read_problem(problem)
        if schedule is None:
            patience.now("looking for conflicts")
            conflict = find_conflict(asked)
            answer = (
                ("All hard demands can be met, as far as can be told.", [])
                if conflict is None
                else (conflict.text(), conflict.rows())
            )
        else:
            patience.now(f"reading {schedule}")
            explainer = Explainer(asked, read_schedule(schedule, asked))
            patience.now("explaining")
            if against is not None:
                found = explainer.difference(read_schedule(against, asked))
                answer = found.text(), found.rows()
            elif name is None:
                answer = _overview(explainer, patience)
            else:
                answer = _one(explainer, name, at)
    text, rows = answer
    if as_json:
        print(json.dumps({"text": text, "rows": rows}, ensure_ascii=False, default=str))
    else:
        _tell(to_stdout(), text)


def _one(explainer: Explainer, name: str, at: str | None) -> tuple[str, list[dict[str, Any]]]:
    """Explain a request, a visit, or a start of one."""
    prepared = explainer.prepared
    if name not in prepared.request_index and name not in prepared.visit_index:
        raise Refused(f"There is no request and no visit {name}.")
    if at is not None:
        slot = explainer.slot(_visit(explainer, name), _start(at))
        return slot.text(), slot.rows()
    if name in explainer.unserved:
        why = explainer.why_not(name)
        return why.text(), why.rows()
    visits = [v for v in prepared.named_visits(name) if explainer.placements[v] is not None]
    if not visits:
        request = prepared.visits[prepared.visit_index[name]].request
        if request is None or request.id not in explainer.unserved:
            raise Refused(f"Visit {name} is not placed, and its request is served without it.")
        why = explainer.why_not(request.id)
        return why.text(), why.rows()
    found = [explainer.why_here(prepared.visits[v].id) for v in visits]
    return "\n\n".join(one.text() for one in found), [row for one in found for row in one.rows()]


def _visit(explainer: Explainer, name: str) -> str:
    visits = explainer.prepared.named_visits(name)
    if len(visits) > 1:
        some = ", ".join(explainer.prepared.visits[v].id for v in visits[:3])
        raise Refused(f"Request {name} has {len(visits)} visits; name one of them, as {some}.")
    return explainer.prepared.visits[visits[0]].id


def _start(at: str) -> datetime:
    try:
        return datetime.fromisoformat(at)
    except ValueError as error:
        raise Refused(f"--at {at} is no time; write it as 2026-03-03T10:00+01:00.") from error


def _overview(explainer: Explainer, patience: Patience) -> tuple[str, list[dict[str, Any]]]:
    """Explain what is left out, and where the cost comes from."""
    lines, rows = [], []
    left = explainer.unserved
    lines.append(f"{count(len(left), 'request')} left out." if left else "No request is left out.")
    for why in explainer.why_not_all(on_progress=patience.counted):
        lines.append(why.sentence)
        if why.relaxations:
            lines.append(f"  Would help: {why.relaxations[0].sentence}")
        rows += why.rows()
    told: dict[str, int] = {}
    lines.append("")
    for paid in explainer.analysis():
        told[paid.goal] = told.get(paid.goal, 0) + 1
        if told[paid.goal] <= PAYMENTS:
            where = ", ".join(paid.visits or paid.resources) or paid.request or ""
            lines.append(f"{paid.level}, {paid.goal}: {paid.cost:,} points for {where}.")
    for goal, number in told.items():
        if number > PAYMENTS:
            lines.append(f"{goal}: {count(number - PAYMENTS, 'more payment')}.")
    return "\n".join(lines), rows


def _tell(console: Console, text: str) -> None:
    for line in text.splitlines():
        console.print(Text(line, style="bold" if line and not line.startswith(" ") else ""))
