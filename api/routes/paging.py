"""Lists, some at a time: a cursor is where the last page ended, and nothing that one may read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, Query

from api.problems import Invalid

MOST = 200


class Page:
    """Which part of a list is asked for."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST, description="How many at once.")] = 50,
        cursor: Annotated[
            str | None, Query(max_length=100, description="`next` of the page before.")
        ] = None,
    ) -> None:
        self.limit = limit
        self.after = position_of(cursor)

    def of(self, rows: Sequence[Any], view: Callable[[Sequence[Any]], list[Any]]) -> dict[str, Any]:
        """Return a page: rows were asked for with one more than the limit."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return {"items": view(shown), "next": cursor_of(shown[-1].id) if more else None}


def cursor_of(number: int) -> str:
    """Return a number as whoever pages sees it."""
    return base64.urlsafe_b64encode(f"v1:{number}".encode()).decode().rstrip("=")


def position_of(cursor: str | None) -> int:
    """Return the number that a cursor stands for; 0 is the beginning."""
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        version, _, number = text.partition(":")
        if version != "v1" or not 0 <= int(number) < 2**63:
            raise ValueError
        return int(number)
    except (ValueError, binascii.Error) as error:
        raise Invalid(f"The cursor {cursor!r} is none of ours.") from error


Paged = Annotated[Page, Depends()]
