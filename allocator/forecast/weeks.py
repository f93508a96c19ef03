"""The weekly pattern: the share that is claimed of each weekday's hours, older weeks counting less.

Weeks are counted back from today: the seven days before it are week 0. A place in the week counts
back likewise: place 0 is yesterday's weekday.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.forecast.pieces import Real

#: In how many weeks the weight of a week halves; which of these is learnt, for each kind.
HALF_LIVES = (52.0, 16.0, 8.0, 4.0, 2.0)
#: Which of them holds until there are enough weeks to tell.
USUAL = 2
#: Weeks before a week that are needed to judge what they say of it.
BEFORE = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """Shares of the open time, by kind, age, place in the week and hour.

    Attributes
    ----------
    shares
        At age 0 what all weeks say, at age a what those say that are a weeks old and older; the
        oldest age has none, and is 0.
    half_lives
        What was learnt, in weeks, by kind.
    keep
        What a week's weight is of the next one's, by kind.
    """

    shares: Real
    half_lives: Real
    keep: Real


def weekly_pattern(claimed: Real, opened: Real) -> Pattern:
    """Learn the weekly pattern.

    Simple exponential smoothing of each hour of the week (Gardner, "Exponential smoothing: the
    state of the art, part II", International Journal of Forecasting 22, 2006), with the half-life
    that foretells the next week best, drawn towards weekday × hour as far as hours of the week
    vary by chance alone: Bühlmann's credibility (Bühlmann and Gisler, "A Course in Credibility
    Theory and its Applications", 2005).

    Parameters
    ----------
    claimed, opened
        Minutes by kind, week, place in the week and hour.
    """
    kinds, weeks = claimed.shape[:2]
    noise, spread = _variances(claimed, opened)
    best = np.full(kinds, np.inf)
    shares = np.zeros((kinds, weeks + 1, *claimed.shape[2:]))
    chosen = np.zeros(kinds)
    judged = max(weeks - BEFORE, 0)
    for number, half_life in enumerate(HALF_LIVES):
        keep = 0.5 ** (1 / half_life)
        found = _smoothed(claimed, opened, keep, noise, spread)
        missed = (claimed - opened * found[:, 1:])[:, :judged]
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.nansum(missed**2 / opened[:, :judged], axis=(1, 2, 3))
        if not judged:
            error = np.full(kinds, float(number != USUAL))
        # A longer memory is kept unless a shorter one is better by more than rounding.
        better = error < best * (1 - 1e-9) - 1e-12
        best = np.where(better, error, best)
        shares[better] = found[better]
        chosen[better] = half_life
    return Pattern(shares, chosen, 0.5 ** (1 / chosen))


def weighted_share(part: Real, opened: Real, keep: Real) -> Real:
    """Return the share that a part has of each hour of the week, older weeks counting less.

    Nothing is drawn towards anything: more of the part never makes a share less.
    """
    weights = keep[:, None] ** np.arange(part.shape[1])
    above, below = (np.einsum("ka,kawh->kwh", weights, some) for some in (part, opened))
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _smoothed(claimed: Real, opened: Real, keep: float, noise: Real, spread: Real) -> Real:
    kinds, weeks, places, hours = claimed.shape
    found = np.zeros((kinds, weeks + 1, places, hours))
    above, below = np.zeros((2, kinds, places, hours))
    count, squares = np.zeros((2, kinds, places, hours))
    for age in range(weeks - 1, -1, -1):
        some = opened[:, age] > 0
        above = claimed[:, age] + keep * above
        below = opened[:, age] + keep * below
        count = some + keep * count
        squares = some + keep**2 * squares
        number = np.divide(count**2, squares, out=np.zeros_like(count), where=squares > 0)
        found[:, age] = drawn_together(above, below, number, noise, spread)
    return found


def drawn_together(above: Real, below: Real, number: Real, noise: Real, spread: Real) -> Real:
    """Return shares of hours of the week, each drawn towards its weekday × its hour.

    Parameters
    ----------
    above, below
        Minutes claimed and open, by kind, place in the week and hour.
    number
        Of how many weeks they tell.
    noise, spread
        Variance from week to week, and of the hours of the week about weekday × hour, by kind.
    """
    shares = _divided(above, below)
    by_place = _divided(above.sum(axis=2, keepdims=True), below.sum(axis=2, keepdims=True))
    by_hour = _divided(above.sum(axis=1, keepdims=True), below.sum(axis=1, keepdims=True))
    whole = _divided(above.sum(axis=(1, 2), keepdims=True), below.sum(axis=(1, 2), keepdims=True))
    product = _divided(by_place * by_hour, np.broadcast_to(whole, shares.shape))
    needed = np.where(noise > 0, _divided(noise, spread, np.inf), 0.0)[:, None, None]
    trust = np.divide(number, number + needed, out=np.zeros_like(number), where=number > 0)
    drawn: Real = trust * shares + (1 - trust) * product
    return drawn


def _variances(claimed: Real, opened: Real) -> tuple[Real, Real]:
    """Return, by kind, how much shares vary from week to week, and hours of the week for good."""
    some = opened > 0
    number = some.sum(axis=1)
    shares = _divided(claimed, opened)
    mean = _divided(shares.sum(axis=1), number.astype(float))
    within = np.where(some, (shares - mean[:, None]) ** 2, 0.0).sum(axis=(1, 2, 3))
    freedom = np.maximum(number - 1, 0).sum(axis=(1, 2))
    noise = _divided(within, freedom.astype(float))
    above, below = claimed.sum(axis=1), opened.sum(axis=1)
    nothing = np.zeros(len(claimed))
    product = drawn_together(above, below, number.astype(float), nothing + 1, nothing)
    seen = number > 0
    cells = np.maximum(seen.sum(axis=(1, 2)), 1)
    about = np.where(seen, (mean - product) ** 2, 0.0).sum(axis=(1, 2)) / cells
    chance = np.where(seen, 1 / np.maximum(number, 1), 0.0).sum(axis=(1, 2)) / cells * noise
    return noise, np.maximum(about - chance, 0.0)


def _divided(above: Real, below: Real, otherwise: float = 0.0) -> Real:
    shape = np.broadcast_shapes(above.shape, below.shape)
    return np.divide(above, below, out=np.full(shape, otherwise), where=below > 0)
