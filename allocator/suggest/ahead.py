"""Looking ahead: starts from which the later visits of a request can still be placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Visit
from allocator.prepare.visits import PreparedRequest
from allocator.rules.chain_lags import lags


def reachable(
    prepared: Prepared, prep: PreparedRequest, visits: Sequence[Visit], alone: Mapping[int, Mask]
) -> dict[int, Mask]:
    """Return, for each visit of a request, the starts that may be part of a whole plan.

    What is taken out can be part of none; what is left may still turn out not to be.

    Parameters
    ----------
    prepared, prep
        The problem and the request.
    visits
        Those that are to be placed, in order.
    alone
        The starts of each by itself, by its number.
    """
    found = dict(alone)
    for occurrence in sorted({visit.occurrence for visit in visits}):
        _along_the_chain(prepared, prep, occurrence, found)
    firsts = [visit for visit in visits if visit.step == 1]
    series = prep.request.series
    if isinstance(series, FlexibleSeries) and series.at_least in (None, series.count):
        _along_the_series(series, firsts, found)
    elif isinstance(series, FixedSeries) and series.start is None:
        _in_step(series, firsts, found)
    return found


def _along_the_chain(
    prepared: Prepared, prep: PreparedRequest, occurrence: int, found: dict[int, Mask]
) -> None:
    """Keep the starts of a step after which the next step can follow in time."""
    steps = prep.occurrence(occurrence)
    for step in range(len(steps) - 1, 0, -1):
        one, other = steps[step - 1], steps[step]
        if one not in found or other not in found:
            continue
        least, most = lags(prepared, prep.request, step + 1)
        later = found[other]
        kept = 0
        for duration in {variant.duration for variant in prepared.visits[one].variants}:
            first = duration + least
            if most is None:
                last = masks.highest(later) - first if later else -1
                kept |= masks.span(0, last + 1)
            else:
                kept |= masks.covering(masks.shift(later, -first), most - least + 1)
        found[one] &= kept


def _along_the_series(
    series: FlexibleSeries, firsts: Sequence[Visit], found: dict[int, Mask]
) -> None:
    """Keep the days of a visit after which the next visit finds a day in reach."""
    for one, other in zip(firsts[-2::-1], firsts[:0:-1], strict=True):
        if other.occurrence != one.occurrence + 1:
            continue
        clock = one.clock
        days = _days_with(clock, found[other.index])
        total = len(clock.dates)
        within = np.concatenate(([0], np.cumsum(days)))
        day = np.arange(total)
        low = np.minimum(day + series.least_days_between, total)
        most = series.most_days_between
        high = np.full(total, total) if most is None else np.minimum(day + most + 1, total)
        good = within[np.maximum(high, low)] > within[low]
        found[one.index] &= masks.from_flags(good[clock.day_of])


def _days_with(clock: Clock, starts: Mask) -> np.ndarray:
    days = np.zeros(len(clock.dates), dtype=np.int64)
    days[clock.day_of[masks.ticks_of(starts)]] = 1
    return days


def _in_step(series: FixedSeries, firsts: Sequence[Visit], found: dict[int, Mask]) -> None:
    """Keep the starts that all visits which may not be missed share, so many days apart."""
    phases: np.ndarray | None = None
    keys: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for visit in firsts:
        ticks = masks.ticks_of(found[visit.index])
        day = visit.clock.day_of[ticks].astype(np.int64)
        day -= (visit.occurrence - 1) * series.every_days
        key = day * 24 * 60 + visit.clock.minute_of[ticks]
        keys[visit.index] = ticks, key
        if visit.occurrence not in series.may_miss:
            phases = key if phases is None else np.intersect1d(phases, key)
    for visit in firsts:
        ticks, key = keys[visit.index]
        if phases is not None:
            found[visit.index] = masks.of_ticks(ticks[np.isin(key, phases)])
