"""What the commands share: reading input with clear errors, and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from allocator.domain.faults import InvalidProblem, InvalidSchedule

#: Exit codes: 0 is a valid schedule.
VIOLATIONS = 1
BAD_INPUT = 2
NO_SCHEDULE = 3

errors = Console(stderr=True, highlight=False)

ProblemPath = Annotated[
    Path,
    typer.Argument(
        metavar="PROBLEM", help="A folder of CSV files, or a JSON document.", show_default=False
    ),
]


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn bad input into one line for each fault, on stderr, and exit code 2."""
    try:
        yield
    except (InvalidProblem, InvalidSchedule) as error:
        count = len(error.faults)
        errors.print(f"[bold red]{count} fault{'s' if count != 1 else ''} in the input[/bold red]")
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        for code in dict.fromkeys(fault.code for fault in error.faults):
            errors.print(f"  [dim]{code.name.lower()}: {code.value}[/dim]")
        raise typer.Exit(BAD_INPUT) from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        errors.print(f"[bold red]{error.filename}[/bold red]: {error.strerror}.")
        raise typer.Exit(BAD_INPUT) from error
