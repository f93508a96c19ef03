"""The command ``allocator`` and its subcommands; other packages add theirs by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from allocator.cli.check import check
from allocator.cli.generate import generate
from allocator.cli.solve import solve

#: Entry points in this group are callables that are given the application to add commands to.
COMMANDS = "allocator.commands"


def application() -> typer.Typer:
    """Put the command line together."""
    app = typer.Typer(
        name="allocator",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Place requests for people's and things' time: who, where and when.\n\n"
        "A PROBLEM is a folder of CSV files or one JSON document. Start with"
        " [bold]allocator generate clinic --out my-clinic[/bold], then"
        " [bold]allocator solve my-clinic[/bold].",
    )
    app.command()(solve)
    app.command()(check)
    app.add_typer(generate, name="generate")
    for entry in sorted(entry_points(group=COMMANDS), key=lambda e: e.name):
        entry.load()(app)
    return app


def main() -> None:
    """Run the command line."""
    application()()
