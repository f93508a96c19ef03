"""What a notebook shows of an object: its frame, rather than all that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

#: Rows that are shown; of more the first and the last.
ROWS = 60


def shown(frame: DataFrame) -> str:
    """Return a frame as HTML, with what it says escaped."""
    return frame.to_html(max_rows=ROWS)
