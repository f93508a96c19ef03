"""Text in a cell: quotation marks, lists, and values by name."""

from __future__ import annotations

import json
import re
from datetime import tzinfo
from typing import Any

from allocator.domain.faults import FaultCode

NONE = "none"

_RISKY = re.compile(r'^["=+\-@]|[\x00-\x1f\x7f\ud800-\udfff]')
_LONE = re.compile(r"[\ud800-\udfff]")
_DECODER = json.JSONDecoder()


class CellError(Exception):
    """A cell that cannot be read; ``said`` goes on after the name of its column."""

    def __init__(self, said: str, code: FaultCode = FaultCode.WRONG_TYPE) -> None:
        super().__init__(said)
        self.said = said
        self.code = code


def shown(cell: object) -> str:
    """Quote a cell for a message, shortened where it is long."""
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= 60 else text[:57] + "..."


def expected(cell: object, what: str, verb: str = "is") -> CellError:
    """Say what should stand in place of a cell."""
    return CellError(f"is {shown(cell)}; {what} {verb} expected")


def quoted(text: str) -> str:
    """Write text as a JSON string."""
    return json.dumps(text, ensure_ascii=_LONE.search(text) is not None)


def write_text(text: str, zone: tzinfo | None = None) -> str:
    """Write text; quoted where a spreadsheet would take it for a formula, or trim it."""
    return quoted(text) if _RISKY.search(text) or text != text.strip() else text


def read_text(cell: Any) -> str:
    """Read text; one that is a whole JSON string is what that string says."""
    if isinstance(cell, str):
        if cell.startswith('"'):
            try:
                value = json.loads(cell)
            except ValueError:
                return cell
            return value if isinstance(value, str) else cell
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    raise expected(cell, "text")


def write_element(text: str) -> str:
    """Write a member of a list, quoted where it could be taken for something else."""
    if not text or text == NONE or any(mark in text for mark in ';=,"'):
        return quoted(text)
    return write_text(text)


def _tokens(cell: str, marks: str) -> list[tuple[bool, str]]:
    """Cut a cell into pieces (False, text) and separators (True, mark)."""
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(cell):
        if cell[at].isspace():
            at += 1
        elif cell[at] in marks:
            found.append((True, cell[at]))
            at += 1
        elif cell[at] == '"':
            try:
                text, at = _DECODER.raw_decode(cell, at)
            except ValueError as error:
                raise CellError(f"is {shown(cell)}; a quotation mark is not closed") from error
            found.append((False, text))
        else:
            end = at
            while end < len(cell) and cell[end] not in marks:
                end += 1
            found.append((False, cell[at:end].strip()))
            at = end
    return found


def read_list(cell: Any) -> tuple[str, ...]:
    """Read a list of names."""
    if isinstance(cell, str):
        if cell == NONE:
            return ()
        if '"' not in cell:
            return tuple(part for part in map(str.strip, cell.split(";")) if part)
        found = []
        separated = True
        for is_mark, text in _tokens(cell, ";"):
            if not is_mark and not separated:
                raise expected(cell, "a list such as a;b")
            if not is_mark:
                found.append(text)
            separated = is_mark
        return tuple(found)
    if isinstance(cell, list | tuple | set | frozenset):
        items = sorted(cell) if isinstance(cell, set | frozenset) else cell
        return tuple(item if isinstance(item, str) else read_text(item) for item in items)
    return (read_text(cell),)


def read_pairs(cell: Any) -> list[tuple[str, list[str]]]:
    """Read ``a=x,y;b=z``."""
    if not isinstance(cell, str):
        raise expected(cell, "text such as a=x;b=y")
    if cell == NONE:
        return []
    found: list[tuple[str, list[str]]] = []
    name: str | None = None
    values: list[str] = []
    seen_equals = fresh = False
    for is_mark, text in [*_tokens(cell, ";=,"), (True, ";")]:
        if is_mark and text == ";":
            if name is not None:
                if not seen_equals:
                    raise expected(cell, "text such as a=x;b=y")
                found.append((name, values))
            name, values, seen_equals, fresh = None, [], False, False
        elif is_mark and text == "=":
            if name is None or seen_equals:
                raise expected(cell, "text such as a=x;b=y")
            seen_equals = fresh = True
        elif is_mark:
            if not seen_equals or fresh:
                raise expected(cell, "text such as a=x;b=y")
            fresh = True
        elif name is None:
            name = text
        elif seen_equals and fresh:
            values.append(text)
            fresh = False
        else:
            raise expected(cell, "text such as a=x;b=y")
    return found
