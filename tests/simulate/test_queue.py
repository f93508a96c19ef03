"""Queues agree with queueing theory where it has an exact answer.

A single seed makes each test say the same every time; the true mean lies inside the interval that
holds it with 99.9 % confidence.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from allocator.simulate import Exponential, Uncertainty, appointment_day, queue, simulate

#: Normal points that 0.05 % lie beyond, at either side.
BEYOND = 3.2905
RUNS, PEOPLE, SETTLED = 400, 5000, 2000


def arrivals(rng: np.random.Generator, per_minute: float) -> np.ndarray:
    """Return people who come at random: a Poisson stream in each run."""
    return np.cumsum(rng.exponential(1 / per_minute, (RUNS, PEOPLE)), axis=1)


def interval(waits: np.ndarray) -> tuple[float, float]:
    """Return between what the mean lies, of runs (rows) that know nothing of each other."""
    means = waits.mean(axis=1)
    reach = BEYOND * means.std(ddof=1) / math.sqrt(len(means))
    return means.mean() - reach, means.mean() + reach


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_random_lengths_wait_as_in_m_m_1(load: float):
    """Mean wait: load / (1 - load) mean lengths."""
    rng = np.random.default_rng(1)
    came = arrivals(rng, load / 10)
    waits = queue(came, rng.exponential(10, came.shape))[:, SETTLED:]
    low, high = interval(waits)
    assert low < 10 * load / (1 - load) < high
    assert high - low < 0.1 * 10 * load / (1 - load)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_equal_lengths_wait_as_in_m_d_1(load: float):
    """Half of that: the formula of Pollaczek and Khinchine, with lengths that do not vary."""
    rng = np.random.default_rng(2)
    came = arrivals(rng, load / 10)
    waits = queue(came, np.full(came.shape, 10.0))[:, SETTLED:]
    low, high = interval(waits)
    assert low < 5 * load / (1 - load) < high
    assert high - low < 0.1 * 5 * load / (1 - load)


def test_lognormal_lengths_wait_as_pollaczek_and_khinchine_say():
    """load / (1 - load) * (1 + cv²) / 2 mean lengths."""
    load, sigma = 0.7, 0.4385
    rng = np.random.default_rng(3)
    came = arrivals(rng, load / 10)
    lengths = 10 * rng.lognormal(-(sigma**2) / 2, sigma, came.shape)
    low, high = interval(queue(came, lengths)[:, SETTLED:])
    assert low < 10 * load / (1 - load) * math.exp(sigma**2) / 2 < high


def test_two_servers_wait_as_erlang_says():
    """M/M/2 with a load of 0.75 each: the probability to wait is 9/14, the mean wait 9/7 lengths.

    Erlang C with a = 1.5: (a²/2 · 1/(1 - 0.75)) / (1 + a + a²/2 · 4) = 4.5 / 7 = 9/14; the mean is
    9/14 / (2 - 1.5) = 9/7 lengths.
    """
    rng = np.random.default_rng(4)
    came = arrivals(rng, 1.5 / 10)
    waits = queue(came, rng.exponential(10, came.shape), servers=2)[:, SETTLED:]
    low, high = interval(waits)
    assert low < 10 * 9 / 7 < high
    low, high = interval((waits > 0).astype(float))
    assert low < 9 / 14 < high


def test_appointments_with_random_lengths_wait_as_in_d_m_1():
    """People every 10 minutes, lengths of 7 on average: s/(1 - s) lengths, s = exp(-(1 - s) 10/7).

    Here the whole simulation is at work; the first 60 of 140 settle it.
    """
    share = 0.5
    for _ in range(200):
        share = math.exp(-(1 - share) * 10 / 7)
    problem, schedule = appointment_day(140, 10, opens=0)
    run = simulate(problem, schedule, Uncertainty(length=Exponential(0.7)), runs=600, seed=5)
    low, high = interval(run.waiting[60:].T)
    assert low < 7 * share / (1 - share) < high
    assert high - low < 0.2 * 7 * share / (1 - share)


def test_two_who_come_together_wait_for_each_other():
    """Of three who come at 0, 0 and 5 and take 4 minutes, the second waits 4 and the third 3."""
    came, lasting = np.array([0.0, 0.0, 5.0]), np.array([4.0, 4.0, 4.0])
    assert queue(came, lasting).tolist() == [0.0, 4.0, 3.0]
    assert queue(came, lasting, servers=2).tolist() == [0.0, 0.0, 0.0]


def test_everybody_has_a_time_and_a_length():
    """Other shapes are refused."""
    with pytest.raises(ValueError, match=r"shape \(2,\), minutes \(3,\)"):
        queue(np.zeros(2), np.zeros(3))
