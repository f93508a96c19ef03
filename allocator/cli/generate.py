"""``allocator generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from allocator.cli.common import BAD_INPUT, clear_errors, errors

generate = typer.Typer(
    name="generate",
    no_args_is_help=True,
    help="Make problems to try things on.",
)


@generate.callback()
def _group() -> None:
    """Make problems to try things on."""


@generate.command()
def clinic(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the CSV files, or a .json file.")
    ],
    size: Annotated[
        str, typer.Option("--size", help="small, medium or large: 33, 78 or 110 visits a day.")
    ] = "medium",
    load: Annotated[
        str,
        typer.Option("--load", help="Percent of the staff's time: 75, 85, 95, or overloaded."),
    ] = "85",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same clinic.")] = 1,
    requests: Annotated[
        int | None,
        typer.Option("--requests", metavar="N", help="About so many requests instead of the size's."),
    ] = None,
    visits: Annotated[
        int | None,
        typer.Option("--visits", metavar="N", help="About so many visits instead of the size's."),
    ] = None,
    weeks: Annotated[int, typer.Option("--weeks", metavar="N", help="Length of the horizon.")] = 8,
    sites: Annotated[int, typer.Option("--sites", metavar="N", help="1 or 2 locations.")] = 1,
    booked: Annotated[
        bool, typer.Option("--booked/--empty", help="Whether visits are booked already.")
    ] = True,
) -> None:
    """Make a demonstration clinic: a week's incoming requests beside what is booked already.

    Its figures come from published data of real clinics; everyone in it is invented.
    """
    from allocator.frames import write_problem
    from allocator.generate.clinics import clinic as make

    with clear_errors():
        try:
            problem = make(
                size,
                int(load) if load.isdigit() else load,
                seed,
                requests=requests,
                visits=visits,
                weeks=weeks,
                booked=booked,
                sites=sites,
            )
        except ValueError as error:
            errors.print(f"[bold red]Cannot make such a clinic.[/bold red] {error}")
            raise typer.Exit(BAD_INPUT) from error
        write_problem(problem, out)
    pinned = {pin.visit for pin in problem.pins}
    asked = [r for r in problem.requests if not pinned.issuperset(r.visit_ids())]
    Console(highlight=False).print(
        f"[bold]{out}[/bold]: {problem.name}; {len(asked)} requests for"
        f" {sum(r.visit_count for r in asked)} visits beside {len(pinned)} booked ones;"
        f" {sum(r.kind == 'practitioner' for r in problem.resources)} practitioners,"
        f" {sum(r.kind == 'room' for r in problem.resources)} rooms. Next:"
        f" [bold]allocator solve {out}[/bold]"
    )
