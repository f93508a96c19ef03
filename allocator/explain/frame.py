"""Explanations as data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_of(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> DataFrame:
    """Return rows as a data frame, with all columns even of no rows; pandas is loaded only then."""
    from pandas import DataFrame

    return DataFrame(list(rows), columns=list(columns))
