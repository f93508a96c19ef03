"""Compares what a page shows with what the service answers."""

from __future__ import annotations

import re
from typing import Any


def filled(text: str, names: dict[str, str]) -> str:
    """Put in for each ``$NAME`` what an earlier answer told."""
    return re.sub(r"\$([A-Z_]+)", lambda found: names[found[1]], text)


def compare(shown: Any, got: Any, names: dict[str, str], where: str) -> None:
    """Compare what is shown of an answer; what is shown as a name is remembered.

    Of objects in a list, too, some fields are shown; the list is whole.
    """
    for key, value in shown.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert len(got[key]) == len(value), f"{where}: {key}"
            for one, other in zip(value, got[key], strict=True):
                compare(one, other, names, f"{where}: {key}")
            continue
        if isinstance(value, str) and re.fullmatch(r"\$[A-Z_]+", value):
            names.setdefault(value[1:], got[key])
            value = names[value[1:]]
        assert got[key] == value, f"{where}: {key}"


def rows(text: str, heading: str, number: int = 0) -> list[list[str]]:
    """Return the cells of a table below a heading, without its head; the first by default."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    tables = re.findall(r"(?:^\|.*\|\n)+", section + "\n", re.MULTILINE)
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in tables[number].strip().split("\n")[2:]
    ]
