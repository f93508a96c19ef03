"""Figures gathered by the benchmarks, and the page that they are written to.

Each benchmark replaces its own section of ``docs/benchmarks.md`` and leaves the others, so one
can be run again by itself.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Every section is written by `make bench`, which runs `tests/benchmarks`; one by itself with
`pytest -m benchmark tests/benchmarks -k NAME`. Clocks start after imports. Times are wall time
unless they say otherwise. Nothing here is asserted by the ordinary tests.

Whoever wants to see how good schedules are on their own machine runs `allocator bench`
([command line](command-line.md#allocator-bench)): it solves instances that others published, and
clinics made here, has them scored by scorers that share no code with the solver, and tells what
others reach. `allocator bench` alone says which files to take from where, for
`ALLOCATOR_BENCHMARKS` to name their folder; `allocator bench clinic` needs none. Where seeds are
compared (`--seeds 5`), median and worst are told, with cores, workers and limit.
"""


def conditions(**more: object) -> str:
    """Return under which conditions a figure was measured, as one line."""
    known = {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("ortools", "numpy", "pandas")},
        **more,
    }
    return "Measured with " + ", ".join(f"{name} {value}" for name, value in known.items()) + "."


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table, numbers to the right."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(" ---: " for _ in head) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def write(title: str, *paragraphs: str) -> None:
    """Put a section in its place on the page, or at its end."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    section = f"## {title}\n\n" + "\n\n".join(paragraphs) + "\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = text.rstrip() + "\n\n" + section
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")
