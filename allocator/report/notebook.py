"""What a notebook shows of an object: its frame, rather than all that it holds."""

from __future__ import annotations

from typing import Any

#: Rows that are shown; of more the first and the last.
ROWS = 60


def shown(frame: Any) -> str:
    """Return a frame of pandas as HTML, with what it says escaped."""
    told: str = frame.to_html(max_rows=ROWS)
    return told
