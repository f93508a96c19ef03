"""Booking curves: what is on the books so many days ahead, and what it says of the day itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.forecast.pieces import DAY, EPOCH, NEVER, Pieces, Real, Whole

#: Days ahead for which curves are learnt; between them they are straight.
AHEAD = (*range(15), 17, 21, 28, 35, 42, 56, 70, 91)


@dataclass(frozen=True, slots=True)
class Books:
    """What was on the books of past days, at this time of the day so many days before each.

    Attributes
    ----------
    minutes
        By days ahead, kind, day and hour.
    stayed
        Of these, those that were not cancelled later, by days ahead and kind.
    """

    minutes: Real
    stayed: Real


@dataclass(frozen=True, slots=True)
class Curves:
    """What the books say, by days ahead and kind.

    Attributes
    ----------
    booked
        The share of a weekday's minutes that is on the books, by place in the week as well.
    by_hour, by_day
        How many minutes each minute beyond it makes, in its hour and in the day as a whole.
    stays
        The share of what is on the books that is not cancelled.
    """

    booked: Real
    by_hour: Real
    by_day: Real
    stays: Real

    def at(self, days: Whole) -> Curves:
        """Return the curves at other days ahead."""

        def between(curve: Real) -> Real:
            flat = curve.reshape(len(AHEAD), -1)
            found = np.array([np.interp(days, AHEAD, column) for column in flat.T]).T
            return found.reshape(len(days), *curve.shape[1:])

        return Curves(*(between(c) for c in (self.booked, self.by_hour, self.by_day, self.stays)))


def days_ahead(pieces: Pieces, second: int) -> tuple[Whole, Whole]:
    """Return how many days ahead each piece was on the books at a time of the day, at most.

    Parameters
    ----------
    pieces
        Parts of claims.
    second
        The time of the day.

    Returns
    -------
    tuple
        The most days ahead at which it was booked already, and at which it was gone already; -1
        for what stayed.
    """
    then = (pieces.day - EPOCH) * DAY + second
    most = (then - pieces.booked) // DAY
    gone = np.where(pieces.cancelled == NEVER, -1, (then - pieces.cancelled) // DAY)
    return most, np.maximum(gone, -1)


def past_books(pieces: Pieces, kinds: int, first: int, days: int, second: int) -> Books:
    """Count what was on the books of past days.

    Parameters
    ----------
    pieces
        Parts of claims.
    kinds
        How many kinds there are.
    first, days
        Ordinal of the first day, and how many days.
    second
        The time of the day.
    """
    most, gone = days_ahead(pieces, second)
    day = pieces.day - first
    inside = (day >= 0) & (day < days)
    cell = (pieces.kind * days + day) * 24 + pieces.hour
    kept = pieces.cancelled == NEVER
    # Today's hours that have begun are not foretold, so they say nothing of those still to come.
    begun = pieces.hour <= second // 3600
    minutes = np.empty((len(AHEAD), kinds, days, 24))
    stayed = np.empty((len(AHEAD), kinds))
    for number, ahead in enumerate(AHEAD):
        there = inside & (most >= ahead) & (gone < ahead)
        if not ahead:
            there &= ~begun
        counted = np.bincount(cell[there], pieces.minutes[there], minlength=kinds * days * 24)
        minutes[number] = counted.reshape(kinds, days, 24)
        there &= kept
        stayed[number] = np.bincount(pieces.kind[there], pieces.minutes[there], minlength=kinds)
    return Books(minutes, stayed)


#: Weeks of a kind's average weekday by which each weekday's curve is drawn towards that of all.
DRAWN = 4.0


def booking_curves(
    books: Books, claimed: Real, usual: Real, place: Whole, judged: Whole, second: int
) -> Curves:
    """Learn booking curves from past days.

    The best linear guess from what is on the books: additive pick-up where a minute on the books
    makes one minute, multiplicative where it makes as many as it is a share of, and anything
    between (Weatherford and Kimes, "A comparison of forecasting methods for hotel revenue
    management", International Journal of Forecasting 19, 2003; Talluri and van Ryzin, "The Theory
    and Practice of Revenue Management", 2004, chapter 9). An hour, and its day as a whole, are two
    regressors, fitted by least squares and never below 0, so that a claim more is never less load.

    Parameters
    ----------
    books
        What was on the books of past days.
    claimed, usual
        Minutes by kind, day and hour: those claimed in the end, and those that the pattern of the
        weeks before said.
    place
        Of each day in the week.
    judged
        The days, by number, of which the weeks before said anything.
    second
        The time of the day.
    """
    kinds = len(claimed)
    later = (np.arange(24) > second // 3600).astype(float)
    booked = np.empty((len(AHEAD), kinds, 7))
    by_hour, by_day, stays = np.zeros((3, len(AHEAD), kinds))
    for number, ahead in enumerate(AHEAD):
        seen = later if not ahead else np.ones(24)
        made, final, said = books.minutes[number], claimed * seen, usual * seen
        days = _by_place(made, place), _by_place(final, place)
        together = [some.sum(axis=1, keepdims=True) for some in days]
        whole = _divided(together[0], together[1])
        more = DRAWN * together[1] / (7 * max(len(place) / 7, 1))
        booked[number] = _divided(days[0] + more * whole, days[1] + more)
        total = made.sum(axis=(1, 2))
        stays[number] = np.divide(books.stayed[number], total, out=np.ones(kinds), where=total > 0)
        beyond = made - booked[number][:, place, None] * said
        for kind in range(kinds):
            day = _shared(beyond[kind].sum(axis=1), said[kind])
            hour, day = beyond[kind][judged], day[judged]
            missed = (final - said)[kind][judged]
            by_hour[number, kind], by_day[number, kind] = _slopes(hour, day, missed)
    return Curves(booked, by_hour, by_day, stays)


def _slopes(hour: Real, day: Real, missed: Real) -> tuple[float, float]:
    """Fit what was missed by two regressors, neither with a slope below 0."""
    one, two, both = float((hour**2).sum()), float((day**2).sum()), float((hour * day).sum())
    first, second = float((hour * missed).sum()), float((day * missed).sum())
    if one * two > both**2 * (1 + 1e-9):
        decided = one * two - both**2
        slopes = (two * first - both * second) / decided, (one * second - both * first) / decided
        if min(slopes) >= 0:
            return slopes
    alone = max(first / one, 0.0) if one else 0.0
    whole = max(second / two, 0.0) if two else 0.0
    return (alone, 0.0) if alone * first >= whole * second else (0.0, whole)


def _shared(beyond: Real, said: Real) -> Real:
    """Share out what a day has beyond its usual books to its hours, as the pattern has them."""
    total = said.sum(axis=1, keepdims=True)
    return beyond[:, None] * _divided(said, total)


def _by_place(minutes: Real, place: Whole) -> Real:
    """Return the minutes of each place in the week, by kind."""
    return np.stack([minutes[:, place == some].sum(axis=(1, 2)) for some in range(7)], axis=1)


def _divided(above: Real, below: Real) -> Real:
    shape = np.broadcast_shapes(above.shape, below.shape)
    return np.divide(above, below, out=np.zeros(shape), where=below > 0)
