"""Content lines of iCalendar (RFC 5545): texts escaped, long lines folded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allocator.domain.schedule import in_utc

#: Octets of a line, its end aside (3.1).
LONGEST = 75


def text(value: str) -> str:
    """Write a TEXT value (3.3.11): what means something else is escaped, lines included."""
    for mark in ("\\", ";", ","):
        value = value.replace(mark, f"\\{mark}")
    return value.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def utc(instant: datetime) -> str:
    """Write an instant as a DATE-TIME value in UTC (3.3.5)."""
    return in_utc(instant).strftime("%Y%m%dT%H%M%SZ")


def content_lines(properties: Iterable[tuple[str, str]]) -> bytes:
    """Write properties, each a name and a value, as lines of at most 75 octets (3.1)."""
    return b"".join(_folded(f"{name}:{value}".encode()) + b"\r\n" for name, value in properties)


def _folded(line: bytes) -> bytes:
    """Break a line that is too long; what follows a break goes on after a space."""
    parts = []
    while len(line) > LONGEST:
        end = LONGEST
        while line[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        escapes = end - len(line[:end].rstrip(b"\\"))
        end -= escapes % 2  # some readers want an escaped character on one line
        parts.append(line[:end])
        line = b" " + line[end:]
    return b"\r\n".join([*parts, line])
