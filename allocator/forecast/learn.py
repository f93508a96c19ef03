"""Learning the load from what was claimed, what is on the books, and what was refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.time import is_aware
from allocator.forecast.curves import booking_curves, past_books
from allocator.forecast.hours import counted
from allocator.forecast.load_forecast import LoadForecast
from allocator.forecast.opening import as_array, open_hours
from allocator.forecast.pieces import (
    DAY,
    EPOCH,
    NEVER,
    Flags,
    Pieces,
    Real,
    Whole,
    local,
    pieces_of,
    refuse_without,
    seconds,
)
from allocator.forecast.season import beside_closed, beside_factors, month_factors
from allocator.forecast.weeks import BEFORE, drawn_together, weekly_pattern, weighted_share

#: Days that are looked ahead, and the most days of history that are learnt from.
AHEAD_DAYS, MOST_DAYS = 92, 2 * 366


def learn(
    claims: pd.DataFrame,
    opening: pd.DataFrame,
    *,
    zone: str,
    now: datetime,
    refused: pd.DataFrame | None = None,
    days: int = AHEAD_DAYS,
) -> LoadForecast:
    """Learn the load that is to be expected, by kind of resource, local day and hour.

    The weekly pattern of what was claimed, older weeks counting less, times a factor for the
    month and for days beside holidays, corrected by what is on the books already as far as past
    days show that this tells anything, and with what is usually refused on top. No library
    beyond numpy and pandas is needed.

    Parameters
    ----------
    claims
        A row for each claim: ``kind``, ``start``, ``end`` (buffers included), ``booked`` (when it
        was made), and where there are any ``cancelled`` (when it was) and ``uses`` (lanes).
        What was made or cancelled after ``now`` does not count.
    opening
        Open minutes, as ``open_hours`` gives them: ``kind``, ``day``, ``hour``, ``minutes``, for
        the history and for the days ahead. Kinds without any are left out.
    zone
        Zone of the local clock.
    now
        The instant from which to look ahead.
    refused
        Demand that found no place where it wanted one: ``kind``, ``start``, ``end``, ``booked``
        (when it was asked). More of it never makes a load less.
    days
        Local days to look ahead, today among them.

    Returns
    -------
    LoadForecast
        Arrays, frames, and what a problem takes.

    Raises
    ------
    InvalidProblem
        When a column is missing, or an instant has no zone.
    """
    if not is_aware(now):
        message = f"Forecast: now, {now.isoformat()}, has no zone or offset."
        raise InvalidProblem([Fault(FaultCode.NAIVE_TIME, "forecast", "", message)])
    asked = pd.Timestamp(now)
    wall = asked.tz_convert(zone)
    today = wall.date().toordinal()
    second = 3600 * wall.hour + 60 * wall.minute + wall.second
    kinds = sorted(set(opening["kind"])) if "kind" in opening else []
    pieces = pieces_of(claims, kinds, zone, asked)
    past = _history(pieces, today)
    first = today - past
    opened = as_array(opening, kinds, first, past + days)
    pieces = pieces.only(_open(pieces, opened, first))
    kept = pieces.cancelled == NEVER
    claimed = counted(pieces, kept, len(kinds), first, past + days)
    place = (today - 1 - np.arange(first, today + days)) % 7
    factor = _factors(claimed[:, :past], opened, np.arange(first, today + days), past)

    usual = factor[:past, None] * opened[:, :past]
    pattern = weekly_pattern(
        _by_week(claimed[:, :past] / factor[:past, None]), _by_week(opened[:, :past])
    )
    age = (past - 1 - np.arange(past)) // 7
    said = pattern.shares[:, age + 1, place[:past]] * usual
    judged = np.flatnonzero(age < pattern.shares.shape[1] - 1 - BEFORE)
    curves = booking_curves(
        past_books(pieces, len(kinds), first, past, second),
        claimed[:, :past],
        said,
        place[:past],
        judged,
        second,
    )
    turned = np.zeros((len(kinds), 7, 24))
    if refused is not None:
        asks = pieces_of(refused, kinds, zone, asked, "refused demand")
        turned_away = counted(asks, asks.day < today, len(kinds), first, past)
        turned = weighted_share(_by_week(turned_away), _by_week(opened[:, :past]), pattern.keep)
    ahead = factor[past:, None] * opened[:, past:]
    weekdays = (today - 2 - np.arange(7)) % 7  # the weekday of each place; ordinal 1 is a Monday
    week, week_open = np.zeros((2, len(kinds), 7, 24))
    week[:, weekdays] = np.minimum(pattern.shares[:, 0] + turned, 1.0)
    ever = np.array([opened[:, place == some].any(axis=1) for some in range(7)])
    week_open[:, weekdays] = ever.transpose(1, 0, 2) if len(kinds) else 0.0
    return LoadForecast(
        kinds=kinds,
        zone=zone,
        now=asked,
        opened=opened[:, past:],
        booked=claimed[:, past:],
        said=pattern.shares[:, 0][:, place[past:]] * ahead,
        refused=turned[:, place[past:]] * opened[:, past:],
        curves=curves.at(np.arange(days)),
        place=place[past:],
        week=week * week_open,
        week_open=week_open,
        half_lives=pattern.half_lives,
    )


def learn_for(
    problem: Problem,
    claims: pd.DataFrame,
    *,
    now: datetime | None = None,
    refused: pd.DataFrame | None = None,
    days: int = AHEAD_DAYS,
) -> LoadForecast:
    """Learn the load that is to be expected with the opening hours of a problem.

    Parameters
    ----------
    problem
        The world: resources, calendars, services. Its horizon says nothing but its zone.
    claims, refused, days
        As for ``learn``.
    now
        The instant from which to look ahead; by default that of the last booking.

    Raises
    ------
    InvalidProblem
        As ``learn`` does, and where there is neither a booking nor an instant.
    """
    zone = problem.horizon.zone
    refuse_without(claims, ("start", "booked"), "claims")
    asked = now
    if asked is None:
        booked = seconds(claims, "booked", "claims")
        if not len(booked):
            message = "Forecast: there are 0 claims, so now has to be named."
            raise InvalidProblem([Fault(FaultCode.MISSING, "forecast", "", message)])
        asked = datetime.fromtimestamp(int(booked.max()), UTC)
    today = pd.Timestamp(asked).tz_convert(zone).date()
    first = today
    if len(claims):
        start = int(local(seconds(claims, "start", "claims"), zone).min()) // DAY + EPOCH
        first = date.fromordinal(min(max(start, today.toordinal() - MOST_DAYS), first.toordinal()))
    opening = open_hours(problem, first=first, days=(today - first).days + days)
    return learn(claims, opening, zone=zone, now=asked, refused=refused, days=days)


def _history(pieces: Pieces, today: int) -> int:
    """Return how many whole days of history there are: from the first claim on."""
    some = pieces.day[pieces.day < today]
    return min(today - int(some.min()), MOST_DAYS) if len(some) else 0


def _open(pieces: Pieces, opened: Real, first: int) -> Flags:
    """Say which pieces lie in hours that are open: what is done while closed is no load."""
    day = pieces.day - first
    inside = (day >= 0) & (day < opened.shape[1])
    at = pieces.kind, np.where(inside, day, 0), pieces.hour
    there: Flags = inside & (opened[at] > 0) if opened.size else inside
    return there


def _by_week(minutes: Real) -> Real:
    """Return days as weeks before today and places in the week; those before the first are 0."""
    kinds, days = minutes.shape[:2]
    weeks = -(-days // 7)
    whole = np.zeros((kinds, 7 * weeks, 24))
    whole[:, :days] = minutes[:, ::-1]
    return whole.reshape(kinds, weeks, 7, 24)


def _factors(claimed: Real, opened: Real, ordinals: Whole, past: int) -> Real:
    """Return a factor for each day, past and ahead: its month's, and that of its neighbours."""
    place = (ordinals[past] - 1 - ordinals) % 7 if len(ordinals) > past else ordinals % 7
    weeks_claimed, weeks_open = _by_week(claimed), _by_week(opened[:, :past])
    above, below = weeks_claimed.sum(axis=1), weeks_open.sum(axis=1)
    none = np.zeros(len(claimed))
    shares = drawn_together(above, below, (weeks_open > 0).sum(axis=1) * 1.0, none, none)
    usual = (shares[:, place[:past]] * opened[:, :past]).sum(axis=(0, 2))
    made = claimed.sum(axis=(0, 2))
    month = month_factors(made, usual, ordinals[:past])
    months = pd.to_datetime(ordinals - 719_163, unit="D").month.to_numpy() - 1
    factor = month[months]
    beside = beside_closed(opened.sum(axis=(0, 2)), ordinals)
    return factor * beside_factors(made, usual * factor[:past], beside[:past])[beside]
