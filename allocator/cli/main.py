"""The command ``allocator`` and its subcommands; other packages add theirs by entry point."""

from __future__ import annotations

import gc
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated

import typer
from rich.text import Text

from allocator.cli import (
    bench,
    check,
    explain,
    generate,
    plot,
    popular,
    simulate,
    solve,
    steer,
    study,
    suggest,
)
from allocator.cli.common import NO_VALUE, prose, to_stderr

#: Entry points in this group add commands: the name is the command's, the value a typer
#: application or a function; a function's attribute ``epilog`` ends its help.
COMMANDS = "allocator.commands"

HELP = """Place requests for people's and things' time: who, where and when.

A PROBLEM is a folder of CSV files or one JSON document (docs/formats.md). Each command says more
with --help.
"""

EPILOG = """[bold]A first run[/bold]
  [cyan]allocator generate clinic --size small --out my-clinic[/cyan]
  [cyan]allocator solve my-clinic --out plan[/cyan]
  [cyan]allocator check my-clinic plan/schedule.csv[/cyan]
  [cyan]allocator plot my-clinic plan/schedule.csv report --out report.html[/cyan]
"""


def application() -> typer.Typer:
    """Put the command line together."""
    app = typer.Typer(
        name="allocator",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=prose(HELP), epilog=EPILOG)(_options)
    app.command("solve", help=prose(solve.HELP), epilog=solve.EPILOG)(solve.solve)
    app.command("check", help=prose(check.HELP), epilog=check.EPILOG)(check.check)
    app.command("explain", help=prose(explain.HELP), epilog=explain.EPILOG)(explain.explain)
    app.command("suggest", help=prose(suggest.HELP), epilog=suggest.EPILOG)(suggest.suggest)
    app.command("plot", help=prose(plot.HELP), epilog=plot.EPILOG)(plot.plot)
    app.command("popular", help=prose(popular.HELP), epilog=popular.EPILOG)(popular.popular)
    app.command("steer", help=prose(steer.HELP), epilog=steer.EPILOG)(steer.steer)
    app.command("study", help=prose(study.HELP), epilog=study.EPILOG)(study.study)
    app.command("simulate", help=prose(simulate.HELP), epilog=simulate.EPILOG)(simulate.simulate)
    app.command("bench", help=prose(bench.HELP), epilog=bench.EPILOG)(bench.bench)
    app.add_typer(generate.application(), name="generate")
    for entry in sorted(entry_points(group=COMMANDS), key=lambda e: e.name):
        _add(app, entry)
    return app


def main() -> None:
    """Run the command line."""
    try:
        application()(prog_name="allocator")
    finally:
        gc.freeze()  # all goes with the process: no search for cycles in it at the end


def _version(asked: bool) -> None:
    if asked:
        print(f"allocator {version('allocator')}")
        raise typer.Exit


def _options(
    show: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar=NO_VALUE,
            callback=_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    """Add the command of an entry point; one that is broken must not break the others."""
    try:
        command = entry.load()
    except Exception as error:
        what = f"The command {entry.name!r} ({entry.value}) cannot be loaded: {error}"
        to_stderr().print(Text(what, style="dim"), soft_wrap=True)
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=entry.name)
    else:
        epilog = getattr(command, "epilog", None)
        app.command(entry.name, help=prose(command.__doc__ or ""), epilog=epilog)(command)
