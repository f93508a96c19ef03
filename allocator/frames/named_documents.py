"""JSON documents with a format of their own: read by their text, and from files by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from allocator.domain.faults import Fault, InvalidProblem
from allocator.frames.nested import checked, parse
from allocator.frames.sheets import decode, read_bytes

T = TypeVar("T")


def opened(document: str | Mapping[str, Any], format: str) -> dict[str, Any]:
    """Return a document of this format, from its text or as ``json.loads`` made it.

    Raises
    ------
    InvalidProblem
        With every fault that keeps it from being read.
    """
    faults: list[Fault] = []
    if isinstance(document, str):
        found = parse(document, format, faults)
    else:
        found = checked(dict(document), format, faults)
    if found is None:
        raise InvalidProblem(faults)
    return found


def read_document(path: Path | str, meant: Callable[[str], T]) -> T:
    """Return what the text of a file means; faults have the file's name before their places."""
    path = Path(path)
    faults: list[Fault] = []
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    if text is None:
        raise InvalidProblem(faults)
    try:
        return meant(text)
    except InvalidProblem as error:
        raise InvalidProblem(
            replace(fault, where=f"{path.name} {fault.where}".strip()) for fault in error.faults
        ) from None
