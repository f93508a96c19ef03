"""Drawing by shares, as cards are dealt: the shares come out right whatever the number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from statistics import NormalDist
from typing import TypeVar

Value = TypeVar("Value")


def deal(rng: Random, shares: Mapping[Value, float], number: int) -> list[Value]:
    """Return ``number`` values in random order, each as often as its share says.

    Counts are rounded by largest remainder; equal remainders go by the order of the mapping.

    Parameters
    ----------
    rng
        Where the order comes from.
    shares
        A weight for each value; they need not add up to one.
    number
        How many values.
    """
    total = sum(shares.values())
    exact = {value: number * share / total for value, share in shares.items()}
    counts = {value: math.floor(amount) for value, amount in exact.items()}
    order = sorted(exact, key=lambda value: counts[value] - exact[value])
    for value in order[: number - sum(counts.values())]:
        counts[value] += 1
    hand = [value for value, count in counts.items() for _ in range(count)]
    rng.shuffle(hand)
    return hand


def deal_flags(rng: Random, share: float, number: int) -> list[bool]:
    """Return ``number`` truth values in random order, a share of them true."""
    return deal(rng, {True: share, False: 1 - share}, number)


def deal_range(rng: Random, first: int, last: int, number: int) -> list[int]:
    """Return ``number`` whole numbers from ``first`` to ``last``, each about as often."""
    return deal(rng, {value: 1.0 for value in range(first, last + 1)}, number)


def deal_lognormal(rng: Random, mu: float, sigma: float, number: int) -> list[float]:
    """Return ``number`` values at evenly spaced quantiles of a lognormal distribution."""
    normal = NormalDist(mu, sigma)
    hand = [math.exp(normal.inv_cdf((place + 0.5) / number)) for place in range(number)]
    rng.shuffle(hand)
    return hand
