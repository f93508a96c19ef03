"""Names as a list in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

#: Names that are told of a kind, before the others are counted.
NAMED = 4


def listed(names: Sequence[str]) -> str:
    """Write names as a list; where there are many, some of them and how many more."""
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} others"
    return joined(names)


def joined(names: Sequence[str]) -> str:
    """Write all names as a list."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
