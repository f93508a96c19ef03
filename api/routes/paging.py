"""Lists, some at a time: a cursor is where the last page ended, and nothing that one may read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
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
        self.after, self.starting = place_of(cursor)

    def of(
        self,
        rows: Sequence[Any],
        view: Callable[[Sequence[Any]], list[Any]],
        *,
        by_start: bool = False,
    ) -> dict[str, Any]:
        """Return a page: rows were asked for with one more than the limit.

        Parameters
        ----------
        by_start
            The list is in order of ``at``, when its rows start; else of their numbers.
        """
        shown = rows[: self.limit]
        if len(rows) <= self.limit:
            return {"items": view(shown), "next": None}
        last = shown[-1]
        return {
            "items": view(shown),
            "next": cursor_of(last.id, last.at if by_start else None),
        }


def cursor_of(number: int, starting: datetime | None = None) -> str:
    """Return a place in a list as whoever pages sees it: a row's number, and when it starts."""
    place = f"v1:{number}" + ("" if starting is None else f":{starting.isoformat()}")
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[int, datetime | None]:
    """Return the place that a cursor stands for; number 0 is the beginning."""
    if cursor is None:
        return 0, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        version, number, *start = text.split(":", 2)
        starting = datetime.fromisoformat(start[0]) if start else None
        if version != "v1" or not 0 <= int(number) < 2**63:
            raise ValueError
        if starting is not None and starting.tzinfo is None:
            raise ValueError
        return int(number), starting
    except (ValueError, binascii.Error) as error:
        raise Invalid(f"The cursor {cursor!r} is none of ours.") from error


Paged = Annotated[Page, Depends()]
