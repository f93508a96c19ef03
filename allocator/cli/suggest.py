"""``allocator suggest``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allocator.cli.common import (
    NO_SCHEDULE,
    AsJson,
    ProblemPath,
    Refused,
    clear_errors,
    instant,
    to_stdout,
)
from allocator.report.patience import Patience

if TYPE_CHECKING:
    from allocator.domain.schedule import Assignment
    from allocator.suggest import Suggestion, Suggestions

HELP = """Say when a request could be placed beside a SCHEDULE of PROBLEM, the best places first.

Without a SCHEDULE: beside what the problem has published. The request is one of the problem's, by
its id, or a new one from a JSON file, written as in the list "requests" of a problem. Nothing is
changed: each suggestion is feasible as it stands, and says what it costs everybody.
"""

EPILOG = """[bold]Examples[/bold]
  When could the request R0025 be placed?
    [cyan]allocator suggest my-clinic plan/schedule.csv --request R0025[/cyan]
  When could somebody come who is not in the plan yet?
    [cyan]allocator suggest my-clinic plan/schedule.csv --request new.json --limit 3[/cyan]
  For another program:
    [cyan]allocator suggest my-clinic --request new.json --json[/cyan]

[bold]Exit codes[/bold]
  0  there is a suggestion
  3  there is none: the reason is told
  2  bad input: each fault is told
"""


def suggest(
    problem: ProblemPath,
    schedule: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCHEDULE", help="A schedule as .csv or .json file.", show_default=False
        ),
    ] = None,
    request: Annotated[
        str,
        typer.Option(
            "--request",
            metavar="FILE|REQUEST",
            help="A .json file with one request, or the id of one of the problem's.",
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100, help="Suggestions, at most.")
    ] = 5,
    wanted: Annotated[
        str | None,
        typer.Option(
            "--wanted",
            metavar="START",
            help="A time to be near to, such as 2026-03-03T10:00+01:00.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest places for one request."""
    with clear_errors(as_json=as_json), Patience("starting") as patience:
        if not request:
            raise Refused("Name a request: --request new.json, or --request with an id.")
        from allocator.frames import read_problem, read_request, read_schedule
        from allocator.suggest import suggest as run

        patience.now(f"reading {problem}")
        world = read_problem(problem)
        there = None if schedule is None else read_schedule(schedule, world)
        asked = read_request(request) if request.endswith(".json") else request
        patience.now("looking for places")
        found = run(world, asked, schedule=there, limit=limit, wanted=instant(wanted, "--wanted"))
    if as_json:
        print(json.dumps(document(found), ensure_ascii=False))
    else:
        to_stdout().print(found.text(), soft_wrap=True, markup=False)
    if not found.options:
        raise typer.Exit(NO_SCHEDULE)


def document(found: Suggestions) -> dict[str, Any]:
    """Return suggestions as JSON has them."""
    return {
        "request": found.request,
        "suggestions": [_option(option) for option in found.options],
        "starts": found.starts,
        "why_none": None
        if found.why_none is None
        else {"sentence": found.why_none.sentence, "rules": list(found.why_none.rules)},
        "next_possible": None if found.next_possible is None else _option(found.next_possible),
        "nearly": [
            {
                "visits": [_visit(a) for a in one.visits],
                "failing": [
                    {
                        "visit": f.visit,
                        "start": f.start.isoformat(),
                        "instead": [_visit(a) for a in f.instead],
                    }
                    for f in one.failing
                ],
            }
            for one in found.nearly
        ],
    }


def _option(option: Suggestion) -> dict[str, Any]:
    return {
        "visits": [_visit(a) for a in option.visits],
        "cost": option.cost,
        "rank": option.rank,
        "goals": [
            {"level": c.level, "goal": c.goal, "unit": c.unit, "amount": c.amount, "cost": c.cost}
            for c in option.costs
        ],
        "reasons": [{"tag": r.tag.name.lower(), "text": r.text} for r in option.reasons],
        "load": option.load,
        "band": None if option.band is None else option.band.name.lower(),
        "saving": None if option.saving is None else option.saving.text(),
        "displaces": list(option.displaces),
        "opens": list(option.opens),
    }


def _visit(a: Assignment) -> dict[str, Any]:
    return {
        "visit": a.visit,
        "start": a.start.isoformat(),
        "end": a.end.isoformat(),
        "resources": {role: list(ids) for role, ids in a.resources},
        "session": a.session,
    }
