"""Claims as they are counted: in pieces, each within one local hour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DAY = 24 * 60 * 60
#: Wall clocks differ from UTC by a multiple of this, so that such a piece lies in one local hour.
QUARTER = 15 * 60
#: The ordinal of the day from which instants are counted.
EPOCH = date(1970, 1, 1).toordinal()
#: A text that starts as a date does, and the offset at its end.
TIME, OFFSET = re.compile(r"\d{4}-\d\d"), re.compile(r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$", re.IGNORECASE)
#: In place of an instant that never comes.
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True)
class Pieces:
    """Parts of claims, each within one local hour.

    Attributes
    ----------
    kind
        Number of the kind of resource.
    day, hour
        Local day, as its ordinal, and hour.
    minutes
        How long it lasts, times the lanes taken.
    booked, cancelled
        Seconds on the local clock at which the claim came and went; ``NEVER`` for one that stayed.
    """

    kind: Whole
    day: Whole
    hour: Whole
    minutes: Real
    booked: Whole
    cancelled: Whole

    def only(self, some: Flags) -> Pieces:
        """Return some of them."""
        return Pieces(
            kind=self.kind[some],
            day=self.day[some],
            hour=self.hour[some],
            minutes=self.minutes[some],
            booked=self.booked[some],
            cancelled=self.cancelled[some],
        )


def pieces_of(
    claims: pd.DataFrame, kinds: Sequence[str], zone: str, now: pd.Timestamp, what: str = "claims"
) -> Pieces:
    """Cut claims at local hours, as they were known at an instant.

    Parameters
    ----------
    claims
        A row for each claim: ``kind``, ``start``, ``end``, ``booked``, and where there are any
        ``cancelled`` and ``uses``. Other columns are left alone.
    kinds
        Kinds that count; rows of others are left out.
    zone
        Of the local clock.
    now
        What was booked later is not known, nor what was cancelled later.
    what
        What faults call the frame.

    Raises
    ------
    InvalidProblem
        When a column is missing, an instant has no zone, or a claim ends before it starts.
    """
    refuse_without(claims, ("kind", "start", "end", "booked"), what)
    code = numbers_of(claims["kind"], kinds)
    start, end = (seconds(claims, name, what) for name in ("start", "end"))
    booked = seconds(claims, "booked", what)
    cancelled = np.full(len(claims), NEVER, dtype=np.int64)
    if "cancelled" in claims:
        cancelled = seconds(claims, "cancelled", what, empty=True)
    _refuse_backwards(claims, start, end, what)
    asked = int(now.timestamp())
    some = (code >= 0) & (booked <= asked)
    stayed = (cancelled > asked) | (cancelled >= start)
    uses = np.ones(len(claims))
    if "uses" in claims:
        uses = claims["uses"].to_numpy(dtype=np.float64)

    start, end = start[some], end[some]
    first, last = start // QUARTER, -(-end // QUARTER)
    many = last - first
    row = np.repeat(np.arange(len(start)), many)
    quarter = first[row] + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    minutes = np.minimum(end[row], (quarter + 1) * QUARTER) - np.maximum(
        start[row], quarter * QUARTER
    )
    day, second = np.divmod(local(quarter * QUARTER, zone), DAY)
    gone = np.where(stayed, NEVER, local(np.where(stayed, 0, cancelled), zone))[some]
    return Pieces(
        kind=code[some][row],
        day=day + EPOCH,
        hour=second // 3600,
        minutes=minutes / 60 * uses[some][row],
        booked=local(booked[some], zone)[row],
        cancelled=gone[row],
    )


def numbers_of(kind: pd.Series, kinds: Sequence[str]) -> Whole:
    """Return the number of each kind; -1 where it is none of these."""
    index = pd.Index(list(kinds), dtype=object)
    found: Whole = index.get_indexer(pd.Index(kind, dtype=object)).astype(np.int64)
    return found


def local(instants: Whole, zone: str) -> Whole:
    """Return what the clocks of a zone show at instants, both in seconds since 1970."""
    if not len(instants):
        return instants
    # Clocks change on quarters of an hour, and many instants share theirs.
    quarters, which = np.unique(instants // QUARTER, return_inverse=True)
    shown = pd.to_datetime(quarters * QUARTER, unit="s", utc=True).tz_convert(zone)
    wall = shown.tz_localize(None).as_unit("s").to_numpy().astype(np.int64)
    offsets: Whole = (wall - quarters * QUARTER)[which]
    return instants + offsets


def seconds(frame: pd.DataFrame, column: str, what: str, *, empty: bool = False) -> Whole:
    """Return the instants of a column in seconds since 1970; ``NEVER`` where it may be empty.

    Raises
    ------
    InvalidProblem
        When they have no zone, or one is missing that may not be.
    """
    values = frame[column]
    if not len(values) or (empty and values.isna().all()):
        return np.full(len(values), NEVER, dtype=np.int64)
    naive = _naive(values)
    if naive is not None:
        at = frame.index[naive]
        raise _fault(FaultCode.NAIVE_TIME, what, f"row {at}: {column} has no zone or offset.")
    try:
        text = isinstance(values.dtype, pd.StringDtype) or values.dtype == object
        found = pd.to_datetime(values, utc=True, format="ISO8601" if text else None)
    except (ValueError, TypeError) as error:
        raise _fault(FaultCode.WRONG_TYPE, what, f"{column} cannot be read: {error}.") from error
    missing = found.isna().to_numpy()
    if missing.any() and not empty:
        row = frame.index[int(missing.argmax())]
        raise _fault(FaultCode.MISSING, what, f"row {row} has no {column}.")
    plain = found.dt.tz_localize(None).dt.as_unit("s")
    whole: Whole = plain.fillna(pd.Timestamp(0)).to_numpy().astype("datetime64[s]").astype(np.int64)
    return np.where(missing, NEVER, whole)


def _naive(values: pd.Series) -> int | None:
    """Return the place of the first time without a zone or offset."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return None
    known = values.notna().to_numpy()
    for place, value in enumerate(values):
        if not known[place]:
            continue
        if isinstance(value, str):
            wrong = TIME.match(value) is not None and OFFSET.search(value) is None
        else:
            wrong = isinstance(value, datetime) and value.tzinfo is None
        if wrong:
            return place
    return None


def refuse_without(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Refuse a frame in which a column is missing.

    Raises
    ------
    InvalidProblem
        It names every column that is missing.
    """
    missing = [column for column in columns if column not in frame]
    if missing:
        raise _fault(FaultCode.MISSING, what, f"there is no column {', '.join(missing)}.")


def _refuse_backwards(frame: pd.DataFrame, start: Whole, end: Whole, what: str) -> None:
    wrong = end <= start
    if wrong.any():
        place = int(wrong.argmax())
        row, found = frame.index[place], frame.iloc[place]
        raise _fault(
            FaultCode.EMPTY_SPAN,
            what,
            f"row {row} starts at {found['start']} and ends at {found['end']}, which leaves"
            " nothing.",
        )


def _fault(code: FaultCode, what: str, message: str) -> InvalidProblem:
    return InvalidProblem([Fault(code, what, "", f"{what.capitalize()}: {message}")])
