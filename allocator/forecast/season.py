"""Times of the year, and days beside holidays: factors on the weekly pattern."""

from __future__ import annotations

from datetime import date

import numpy as np

from allocator.forecast.pieces import Real, Whole

#: Days of history from which on months are told apart: a year, and a week to tell its weekdays.
A_YEAR = 53 * 7
#: How much days beside a closed one are thought to differ from others, as a standard deviation
#: of their factor, before any was seen.
BESIDE = 0.1


def month_factors(claimed: Real, usual: Real, ordinals: Whole) -> Real:
    """Return a factor for each month, 1 where less than a year is known.

    The ratio of what was claimed to what the weekly pattern says, drawn towards 1 as far as weeks
    of one month differ among themselves (Bühlmann's credibility).

    Parameters
    ----------
    claimed, usual
        Minutes by day: those claimed, and those that the weekly pattern alone would have.
    ordinals
        The days.
    """
    if len(ordinals) < A_YEAR:
        return np.ones(12)
    month = np.array([date.fromordinal(day).month - 1 for day in ordinals.tolist()])
    group = month + 12 * (ordinals // 7 - ordinals[0] // 7)
    weeks, which = np.unique(group, return_inverse=True)
    above = np.bincount(which, weights=claimed)
    below = np.bincount(which, weights=usual)
    some = below > 0
    ratio, weight, of = above[some] / below[some], below[some], weeks[some] % 12
    total = np.bincount(of, weights=weight, minlength=12)
    mean = np.divide(
        np.bincount(of, weights=weight * ratio, minlength=12),
        total,
        out=np.ones(12),
        where=total > 0,
    )
    squares = np.bincount(of, weights=weight**2, minlength=12)
    number = np.divide(total**2, squares, out=np.zeros(12), where=squares > 0)
    freedom = max(len(ratio) - int((total > 0).sum()), 1)
    noise = float(((ratio - mean[of]) ** 2).sum() / freedom)
    seen = total > 0
    chance = noise * float(np.mean(1 / number[seen])) if seen.any() else 0.0
    spread = max(float(np.var(mean[seen])) - chance, 0.0) if seen.any() else 0.0
    return 1 + _trust(number, noise, spread) * (mean - 1)


def beside_closed(opened: Real, ordinals: Whole) -> Whole:
    """Say which open days stand beside one that is closed out of turn, such as a holiday.

    Parameters
    ----------
    opened
        Open minutes by day.
    ordinals
        The days, one after the other.

    Returns
    -------
    array
        0 for ordinary days, 1 for those before a closed one, 2 for those after it.
    """
    weekday = (ordinals + 6) % 7
    some = opened > 0
    usual = np.array(
        [some[weekday == day].mean() > 0.5 if (weekday == day).any() else False for day in range(7)]
    )
    working = np.flatnonzero(usual[weekday])
    found = np.zeros(len(ordinals), dtype=np.int64)
    if len(working) > 1:
        closed = ~some[working]
        found[working[:-1][closed[1:]]] = 1
        found[working[1:][closed[:-1]]] = 2
    found[~some] = 0
    return found


def beside_factors(claimed: Real, usual: Real, beside: Whole) -> Real:
    """Return the factors of ordinary days, of days before a closed one, and of days after it.

    Parameters
    ----------
    claimed, usual
        Minutes by day, as for months.
    beside
        As ``beside_closed`` tells.
    """
    some = usual > 0
    ratio = np.divide(claimed, usual, out=np.ones_like(usual), where=some)
    ordinary = ratio[some & (beside == 0)]
    noise = float(np.var(ordinary)) if len(ordinary) else 0.0
    factors = np.ones(3)
    for which in (1, 2):
        days = some & (beside == which)
        if days.any():
            mean = claimed[days].sum() / usual[days].sum()
            factors[which] += _trust(days.sum(), noise, BESIDE**2) * (mean - 1)
    return factors


def _trust(number: Real, noise: float, spread: float) -> Real:
    """Return how far the mean of so many is to be trusted."""
    if not noise:
        return np.minimum(number, 1.0)
    return number * spread / (number * spread + noise)
