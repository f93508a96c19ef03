"""The cheapest days of a series: dynamic programming against trying them all."""

import random
from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest

from allocator.solve.prices.distance import Distance


def cheapest(
    costs: list[list[float]], least: int, most: int | None, rate: int | None, weeks: list[int]
) -> float:
    """Return the least cost of one day for each visit, of all that keep their distance."""
    best = np.inf
    for days in combinations_with_replacement(range(len(weeks)), len(costs)):
        gaps = [b - a for a, b in pairwise(days)]
        if any(gap < least or (most is not None and gap > most) for gap in gaps):
            continue
        in_weeks = [weeks[day] for day in days]
        if rate is not None and any(in_weeks.count(week) > rate for week in in_weeks):
            continue
        best = min(best, sum(visit[day] for visit, day in zip(costs, days, strict=True)))
    return best


@pytest.mark.parametrize("seed", range(60))
def test_the_cheapest_days_are_found(seed: int) -> None:
    """Of up to four visits in up to twelve days, at any distance and rate; and they cost that."""
    chance = random.Random(seed)
    count, length = chance.randint(1, 4), chance.randint(1, 12)
    least = chance.randint(0, 3)
    most = chance.choice([None, least, least + 1, least + 4])
    rate = chance.choice([None, 1, 2, 3])
    begin = chance.randint(0, 6)
    weeks = [(begin + day) // 7 for day in range(length)]
    costs = [
        [chance.choice([0.0, 1.0, chance.uniform(0, 5), np.inf]) for _ in weeks]
        for _ in range(count)
    ]
    distance = Distance(least, most, rate, np.array(weeks))
    total = distance.first(np.array(costs[:1]))
    before = []
    for visit in costs[1:]:
        total, when = distance.next(total, np.array([visit]))
        before.append(when)
    wanted = cheapest(costs, least, most, rate, weeks)
    assert total.min() == pytest.approx(wanted)
    if np.isfinite(wanted):
        place = int(total[:, 0].reshape(-1).argmin())
        days = [place % length]
        for when in reversed(before):
            place = int(when[:, 0].reshape(-1)[place])
            days.insert(0, place % length)
        assert sum(c[d] for c, d in zip(costs, days, strict=True)) == pytest.approx(wanted)
