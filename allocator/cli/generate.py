"""``allocator generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from allocator.cli.common import NO_VALUE, Refused, clear_errors, prose, to_stdout
from allocator.report.patience import Patience
from allocator.report.words import count

HELP = "Make problems to try things on."

CLINIC = """Make a demonstration clinic: a week's incoming requests beside what is booked already.

Its figures come from published data of real clinics; everyone in it is invented. The same seed
gives the same clinic. Tables that the folder held before are replaced, its other files stay.
"""

STREAM = """Make a clinic with nothing booked, and the requests that come in over many weeks.

Each request says when it comes in and which start is wished; allocator steer replays them. The
figures are those of real clinics, as of a demonstration clinic; the same seed gives the same.
"""

STREAM_EPILOG = """[bold]Examples[/bold]
  Twelve weeks of a small clinic:
    [cyan]allocator generate stream --out small-stream[/cyan]
  More, of a larger one with less to do:
    [cyan]allocator generate stream --size medium --load 75 --weeks 26 --out stream.json[/cyan]

[bold]Exit codes[/bold]
  0  the stream is written
  2  such a stream cannot be made, and nothing is written
"""

EPILOG = """[bold]Examples[/bold]
  A small clinic:
    [cyan]allocator generate clinic --size small --out my-clinic[/cyan]
  One that cannot serve everyone:
    [cyan]allocator generate clinic --load overloaded --out too-much[/cyan]
  Two sites, as one JSON document:
    [cyan]allocator generate clinic --sites 2 --out two.json[/cyan]

[bold]Exit codes[/bold]
  0  the clinic is written
  2  such a clinic cannot be made, and nothing is written
"""


def application() -> typer.Typer:
    """Put the command ``generate`` together."""
    app = typer.Typer(no_args_is_help=True, help=HELP)
    app.callback()(_group)
    app.command("clinic", help=prose(CLINIC), epilog=EPILOG)(clinic)
    app.command("stream", help=prose(STREAM), epilog=STREAM_EPILOG)(stream)
    return app


def _group() -> None:
    """Make problems to try things on."""


def clinic(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder for the CSV files, or a .json file."),
    ],
    size: Annotated[
        str,
        typer.Option(
            "--size", metavar="SIZE", help="small, medium or large: 33, 78 or 110 visits a day."
        ),
    ] = "medium",
    load: Annotated[
        str,
        typer.Option(
            "--load", metavar="LOAD", help="Percent of the staff's time, as 85, or overloaded."
        ),
    ] = "85",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same clinic.")] = 1,
    requests: Annotated[
        int | None,
        typer.Option("--requests", metavar="N", help="About so many requests, not the size's."),
    ] = None,
    visits: Annotated[
        int | None,
        typer.Option("--visits", metavar="N", help="About so many visits, not the size's."),
    ] = None,
    weeks: Annotated[int, typer.Option("--weeks", metavar="N", help="Length of the horizon.")] = 8,
    sites: Annotated[int, typer.Option("--sites", metavar="N", help="1 or 2 locations.")] = 1,
    booked: Annotated[
        bool,
        typer.Option(
            "--booked/--empty", metavar=NO_VALUE, help="Whether visits are booked already."
        ),
    ] = True,
) -> None:
    """Make a demonstration clinic."""
    with clear_errors(), Patience("starting") as patience:
        _refuse_in_the_way(out)
        from allocator.frames import write_problem
        from allocator.generate.clinics import clinic as make

        patience.now("making a clinic")
        try:
            problem = make(
                size,
                int(load) if load.isdecimal() else load,
                seed,
                requests=requests,
                visits=visits,
                weeks=weeks,
                booked=booked,
                sites=sites,
            )
        except ValueError as error:
            raise Refused(f"Such a clinic cannot be made: {error}") from error
        patience.now("writing")
        write_problem(problem, out)
    pinned = {pin.visit for pin in problem.pins}
    asked = [r for r in problem.requests if not pinned.issuperset(r.visit_ids())]
    practitioners = sum(r.kind == "practitioner" for r in problem.resources)
    rooms = sum(r.kind == "room" for r in problem.resources)
    console = to_stdout()
    console.print(
        Text(
            f"{out}: {problem.name}, {count(len(asked), 'request')} for"
            f" {count(sum(r.visit_count for r in asked), 'visit')} beside {len(pinned):,} booked;"
            f" {count(practitioners, 'practitioner')}, {count(rooms, 'room')}."
        ),
        soft_wrap=True,
    )
    console.print(Text(f"Next: allocator solve {out}", style="dim"), soft_wrap=True)


def stream(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder for the CSV files, or a .json file."),
    ],
    size: Annotated[
        str,
        typer.Option(
            "--size", metavar="SIZE", help="small, medium or large: 33, 78 or 110 visits a day."
        ),
    ] = "small",
    load: Annotated[
        int, typer.Option("--load", metavar="PERCENT", help="Of the staff's time, less cancelled.")
    ] = 85,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same stream.")] = 1,
    weeks: Annotated[int, typer.Option("--weeks", metavar="N", help="Length of the horizon.")] = 12,
) -> None:
    """Make a stream of requests."""
    with clear_errors(), Patience("starting") as patience:
        _refuse_in_the_way(out)
        from allocator.frames import write_problem
        from allocator.generate.stream import stream as make

        patience.now("making a stream")
        try:
            problem = make(size, load, seed, weeks=weeks)
        except ValueError as error:
            raise Refused(f"Such a stream cannot be made: {error}") from error
        patience.now("writing")
        write_problem(problem, out)
    console = to_stdout()
    told = f"{out}: {problem.name}, {count(len(problem.requests), 'request')}."
    console.print(Text(told), soft_wrap=True)
    console.print(Text(f"Next: allocator steer {out}", style="dim"), soft_wrap=True)


def _refuse_in_the_way(out: Path) -> None:
    """Refuse, before any work, a place where no problem can be written."""
    if out.suffix.lower() == ".json":
        if out.is_dir():
            raise Refused(f"{out} is a folder, and in the way of a file of that name.")
    elif out.exists() and not out.is_dir():
        raise Refused(f"{out} is a file, and in the way: --out names a folder or a .json file.")
    elif out.suffix and not out.exists():
        raise Refused(f"{out}: --out names a folder (without a suffix) or a .json file.")
    for parent in out.parents:
        if parent.exists():
            if not parent.is_dir():
                raise Refused(f"{parent} is a file, and in the way of {out}.")
            break
