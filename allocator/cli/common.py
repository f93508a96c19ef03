"""What the commands share: reading input with clear errors, and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from allocator.domain.faults import InvalidProblem, InvalidSchedule, SolverDisagreement
from allocator.report.words import count

#: Exit codes: 0 is a valid schedule.
VIOLATIONS = 1
BAD_INPUT = 2
NO_SCHEDULE = 3
BUG = 70
INTERRUPTED = 130

#: Tables are made for this many columns at least; a narrower terminal wraps them.
LEAST_WIDTH = 76

#: In place of the type of an option that takes no value.
NO_VALUE = ""

ProblemPath = Annotated[
    Path,
    typer.Argument(
        metavar="PROBLEM", help="A folder of CSV files, or a JSON document.", show_default=False
    ),
]

Workers = Annotated[
    int, typer.Option("--workers", metavar="N", help="Threads of the solver; 8 even on 2 cores.")
]

AsJson = Annotated[
    bool,
    typer.Option("--json", metavar=NO_VALUE, help="Print one JSON object, and nothing else."),
]

Picture = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="A picture: .png, .svg, .html or .json.",
        show_default=False,
    ),
]


def prose(text: str) -> str:
    """Join the lines of each paragraph, for help that is broken where the terminal ends."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def to_stdout() -> Console:
    """Return the console for answers."""
    console = Console(highlight=False)
    console.width = max(console.width, LEAST_WIDTH)
    return console


def to_stderr() -> Console:
    """Return the console for progress and for what is wrong."""
    return Console(stderr=True, highlight=False)


def day(given: str | None, option: str) -> date | None:
    """Return the date that an option names; None where it is not given.

    Raises
    ------
    Refused
        When it is none.
    """
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise Refused(f"{option} {given} is no date; write it as 2026-03-02.") from error


def instant(given: str | None, option: str) -> datetime | None:
    """Return the instant that an option names; None where it is not given.

    Raises
    ------
    Refused
        When it is none, or has no zone.
    """
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(f"{option} {given} is no time; write it as 2026-03-03T10:00+01:00.")
    return found


class Refused(Exception):
    """What was asked for cannot be done; the message says why."""


@contextmanager
def clear_errors(*, as_json: bool = False) -> Iterator[None]:
    """Turn bad input into one line for each fault, on stderr, and exit code 2.

    Parameters
    ----------
    as_json
        Whether the faults are printed on stdout as well, as one object.
    """
    console = to_stderr()
    try:
        yield
    except (InvalidProblem, InvalidSchedule) as error:
        console.print(Text(f"{count(len(error.faults), 'fault')} in the input", style="bold red"))
        for fault in error.faults:
            console.print(Text(f"  {fault}"), soft_wrap=True)
        for code in dict.fromkeys(fault.code for fault in error.faults):
            console.print(Text(f"  {code.name.lower()}: {code.value}", style="dim"), soft_wrap=True)
        if as_json:
            faults = [
                {
                    "code": fault.code.name.lower(),
                    "kind": fault.kind,
                    "id": fault.id,
                    "where": fault.where,
                    "message": fault.message,
                }
                for fault in error.faults
            ]
            print(json.dumps({"faults": faults}, ensure_ascii=False))
        raise typer.Exit(BAD_INPUT) from error
    except Refused as error:
        _refuse(console, str(error), as_json=as_json)
        raise typer.Exit(BAD_INPUT) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _refuse(console, f"{where}{error.strerror or error}.", as_json=as_json)
        raise typer.Exit(BAD_INPUT) from error
    except SolverDisagreement as error:
        console.print(Text(f"A bug of allocator's, not of your input: {error}", style="bold red"))
        console.print("Please report it, with the problem and the command.")
        raise typer.Exit(BUG) from error
    except (KeyboardInterrupt, ImportError) as error:
        if not _interrupted(error):
            raise
        console.print("Interrupted; nothing is written.")
        raise typer.Exit(INTERRUPTED) from error


def _interrupted(error: BaseException | None) -> bool:
    """Say whether Ctrl-C is behind an error: compiled modules turn it into one of importing."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse(console: Console, message: str, *, as_json: bool) -> None:
    console.print(Text(message, style="bold red"), soft_wrap=True)
    if as_json:
        fault = {"code": "refused", "kind": "", "id": "", "where": "", "message": message}
        print(json.dumps({"faults": [fault]}, ensure_ascii=False))
