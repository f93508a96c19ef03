"""``allocator explain``."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from allocator.cli.common import AsJson, ProblemPath, Refused, clear_errors, to_stdout
from allocator.report.patience import Patience

if TYPE_CHECKING:
    from allocator.explain import Explainer, Payment

#: Payments that are told of each goal; --json tells them all.
PAYMENTS = 3
#: Requests left out that are told one by one; of more, what recurs is told first.
SHOWN = 20

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
            metavar="SCHEDULE", help="A schedule as .csv or .json file.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="REQUEST|VISIT", help="Id of a request or a visit.", show_default=False
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
    as_json: AsJson = False,
) -> None:
    """Say why a schedule is as it is."""
    more: dict[str, Any] = {}
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        _refuse_what_does_not_go_together(schedule, name, at, against)
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
                more["payments"] = [paid.row() for paid in explainer.analysis()]
            else:
                answer = _one(explainer, name, at)
    text, rows = answer
    if as_json:
        document = {"text": text, "rows": rows, **more}
        print(json.dumps(document, ensure_ascii=False, default=_plain))
    else:
        _tell(to_stdout(), text)


def _refuse_what_does_not_go_together(
    schedule: Path | None, name: str | None, at: str | None, against: Path | None
) -> None:
    """Refuse options that would not be heeded."""
    if at is not None and name is None:
        raise Refused("--at is the start of a visit: name a SCHEDULE, and a REQUEST or a VISIT.")
    if against is not None and schedule is None:
        raise Refused("--against compares two schedules: name a SCHEDULE before it.")
    if against is not None and name is not None:
        raise Refused(f"--against compares whole schedules: leave out {name}.")


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
            without = "" if request is None else ", and its request is served without it"
            raise Refused(f"Visit {name} is not placed{without}.")
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
    from allocator.explain import most_often

    lines = []
    left = explainer.unserved
    many = "request is" if len(left) == 1 else "requests are"
    lines.append(f"{len(left):,} {many} left out." if left else "No request is left out.")
    whys = list(explainer.why_not_all(on_progress=patience.counted))
    if len(whys) > SHOWN:
        lines.append(most_often(explainer.prepared, whys).text())
        lines.append(f"The {SHOWN} most urgent; name another to hear of it, or --json for all:")
    rows = [row for why in whys for row in why.rows()]
    for why in whys[:SHOWN]:
        lines.append(why.sentence)
        if why.relaxations:
            lines.append(f"  Would help: {why.relaxations[0].sentence}")
        elif why.core is not None:
            lines.append("  Nothing was found that would help; moves of others were not tried.")
    by_goal: dict[tuple[str, str], list[Payment]] = {}
    for paid in explainer.analysis():
        by_goal.setdefault((paid.level, paid.goal), []).append(paid)
    lines += ["", "Where the cost comes from:" if by_goal else "It costs nothing."]
    for (level, goal), some in by_goal.items():
        told = [f"{paid.cost:,} for {_where(explainer, paid)}" for paid in some[:PAYMENTS]]
        if len(some) > PAYMENTS:
            told.append(f"{len(some) - PAYMENTS:,} more")
        cost = sum(paid.cost for paid in some)
        lines.append(f"  {level}, {goal}, {cost:,} points: {'; '.join(told)}.")
    return "\n".join(lines), rows


def _where(explainer: Explainer, paid: Payment) -> str:
    """Name the request of a payment, or its visits, or whom it is about."""
    from allocator.explain.lists import listed

    if paid.request is not None and len(paid.visits) != 1:
        return paid.request
    prepared = explainer.prepared
    who = [prepared.who(prepared.resource_index[id]) for id in paid.resources]
    return listed(paid.visits or who or ("nobody in particular",))


def _plain(value: object) -> str:
    """Write what JSON does not have: times as in schedules."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _tell(console: Console, text: str) -> None:
    """Print lines, those that are too long with the rest set in."""
    for line in text.splitlines():
        margin = " " * (len(line) - len(line.lstrip()))
        parts = wrap(
            line,
            console.width,
            subsequent_indent=f"{margin}    " if margin else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in parts or [""]:
            console.print(Text(part, style="" if margin else "bold"), soft_wrap=True)
