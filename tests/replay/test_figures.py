"""Measures of replays, and what steering does to them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from tiny import MONDAY, at

from allocator.domain.steering import SteeringPolicy
from allocator.generate import stream
from allocator.replay import Chooser, Replay, differences, figures, loads, steer
from allocator.replay.figures import MEASURES

ZONE = "Europe/Berlin"


def made(*visits: tuple[int, int, int, int | None], weight: int = 10) -> Replay:
    """Return a replay of visits: day, hour wanted, days ahead that it was asked, hour it got.

    Ten hours are open each day, with one practitioner.
    """
    asked, claims = [], []
    for number, (day, hour, ahead, got) in enumerate(visits):
        start = None if got is None else at(day, got)
        asked.append(
            {
                "request": f"R{number}",
                "requested": at(day - ahead, hour),
                "wanted": at(day, hour),
                "start": start,
                "outcome": "went away" if got is None else "booked",
                "suggested": 5,
                "hours_off": None if got is None else abs(got - hour),
                "days_off": None if got is None else 0,
                "saving": 0.0,
                "percent": 10 if number == 0 else 0,
                "cents": 0,
                "weight": weight,
            }
        )
        if start is not None:
            end = start + timedelta(hours=1)
            claims.append((f"R{number}", "practitioner", "ann", start, end, at(-9, 9), None))
    columns = ["request", "kind", "resource", "start", "end", "booked", "cancelled"]
    rows = [
        ("practitioner", MONDAY + timedelta(days=d), h, 60.0)
        for d in range(2)
        for h in range(8, 18)
    ]
    frames = pd.DataFrame(asked), pd.DataFrame(claims, columns=columns)
    for frame in frames:
        for column in ("requested", "wanted", "start", "end", "booked", "cancelled"):
            if column in frame:
                frame[column] = pd.to_datetime(frame[column], utc=True)
    return Replay(
        policy=None,
        since=MONDAY,
        zone=ZONE,
        asked=frames[0],
        claims=frames[1],
        opening=pd.DataFrame(rows, columns=["kind", "day", "hour", "minutes"]),
    )


def test_each_measure_is_what_it_says():
    """Three of four are served on Monday; Tuesday is not looked at."""
    run = made((0, 9, 2, 9), (0, 9, 4, 11), (0, 10, 0, None), (0, 17, 3, 16), (1, 9, 1, 9))
    told = figures(run, "practitioner", MONDAY, MONDAY)
    assert told == pytest.approx(
        {
            "mean load": 30.0,
            "busiest tenth": 100.0,
            "excess of the busiest tenth": 70.0,
            "busy hours": 30.0,
            "refused": 25.0,
            "weight served": 30.0,
            "waiting days": (2 + 4 + 2 / 24 + 3 - 1 / 24) / 3,
            "hours off": 1.0,
            "days off": 0.0,
            "savings": 10 / 3,
            "savings in cents": 0.0,
        }
    )
    assert list(told) == list(MEASURES)


def test_the_busiest_tenth_is_a_tenth_of_the_open_time():
    """Of twenty hours two: one that is full, and one of those that are half taken."""
    run = made((0, 9, 1, 9), (1, 9, 1, 9))
    run.claims.loc[1, "end"] = at(1, 9, 30)
    told = figures(run, "practitioner", MONDAY, MONDAY + timedelta(days=1))
    assert told["busiest tenth"] == pytest.approx(75.0)
    assert told["mean load"] == pytest.approx(7.5)


def test_hours_are_those_of_the_kind_and_the_days():
    """With what was claimed of them."""
    run = made((0, 9, 1, 9), (1, 9, 1, 12))
    found = loads(run, "practitioner", MONDAY, MONDAY)
    assert len(found) == 10
    assert found.set_index("hour")["claimed"][[9, 12]].tolist() == [60.0, 0.0]


def test_differences_are_of_pairs_with_an_interval_over_seeds():
    """Three seeds: the differences are −1, −2 and −3, so −2 ± 4.303 · 1 / √3."""
    rows = [
        (seed, steered, measure, 10.0 * seed - (seed + 1) * steered)
        for seed in range(3)
        for steered in (False, True)
        for measure in (*MEASURES, "moved")
    ]
    told = differences(pd.DataFrame(rows, columns=["seed", "steered", "measure", "value"]))
    assert told["measure"].tolist() == [*MEASURES, "moved"]
    row = told.iloc[0]
    assert (row["without"], row["with"], row["difference"]) == (10.0, 8.0, -2.0)
    reach = 4.303 / 3**0.5
    assert (row["low"], row["high"]) == pytest.approx((-2 - reach, -2 + reach))
    one = differences(pd.DataFrame(rows[: 2 * 12], columns=["seed", "steered", "measure", "value"]))
    assert np.isnan(one["low"]).all()


def test_steering_levels_the_load_of_a_clinic():
    """Everybody takes the first suggestion; the busiest tenth is less busy, as many are served."""
    policy = SteeringPolicy(off_peak=40, peak=90, detour_minutes=5760)
    said: list[tuple[int, bool]] = []
    found = steer(
        lambda seed: stream("small", 60, seed, weeks=4),
        policy,
        seeds=(1,),
        chooser=Chooser(content=1000.0),
        on_progress=lambda seed, steered: said.append((seed, steered)),
    )
    told = differences(found.figures).set_index("measure")
    assert told["difference"]["excess of the busiest tenth"] < -3
    assert told["with"]["moved"] > 30
    assert abs(told["difference"]["refused"]) < 3
    assert said == [(1, False), (1, True)]
    assert (found.first, found.last) == (date(2026, 3, 16), date(2026, 3, 29))
    assert set(found.hours["steered"]) == {False, True}


def test_a_policy_of_nothing_makes_no_difference():
    """Whatever is measured."""
    found = steer(stream("small", 40, weeks=2), SteeringPolicy(), seeds=(1, 2), settle_days=7)
    told = differences(found.figures)
    assert (told["difference"] == 0).all()
    assert (told[["low", "high"]] == 0).all(axis=None)


def test_a_horizon_without_a_day_to_look_at_is_refused():
    """With all three dates."""
    with pytest.raises(ValueError, match=r"starts on 2026-03-02, .* 14 days later, .* 2026-03-15"):
        steer(stream("small", 60, weeks=2), SteeringPolicy(), seeds=(1,))
