"""Steering: quiet hours go first, as far as the policy lets them, and say what they save."""

from __future__ import annotations

import numpy as np
from tiny import at, problem, request

from allocator.domain.objective import OffPeakPolicy
from allocator.domain.problem import Problem
from allocator.domain.steering import Band, Saving, SteeringPolicy
from allocator.suggest import suggest


class Loads:
    """Nine o'clock is full, ten is at 72 %, all else at 30 %."""

    def load(self, kind: str, ticks: range) -> np.ndarray:
        by_hour = np.full(24, 0.3)
        by_hour[9], by_hour[10] = 1.0, 0.72
        return by_hour[np.array(ticks) % 24]


def clinic() -> Problem:
    """Return Ann's Monday, from 8 to 12; someone would come at nine; nothing else has a price."""
    return problem(request("R", wanted=at(0, 9)), off_peak=OffPeakPolicy(steps=()))


def order(policy: SteeringPolicy | None) -> list[int]:
    """Return the hours that are suggested, the best first."""
    found = suggest(clinic(), "R", forecast=Loads(), policy=policy)
    return [option.start.hour for option in sorted(found.options, key=lambda o: o.rank)]


def test_a_policy_of_nothing_ranks_as_if_there_were_none():
    """Loads are told, and change no rank."""
    plain = suggest(clinic(), "R")
    found = suggest(clinic(), "R", forecast=Loads(), policy=SteeringPolicy())
    assert [(o.start, o.rank) for o in found.options] == [(o.start, o.rank) for o in plain.options]
    assert {o.start.hour: o.band for o in found.options} == {
        8: Band.OFF_PEAK,
        9: Band.PEAK,
        10: Band.BETWEEN,
        11: Band.OFF_PEAK,
    }
    assert {o.saving for o in found.options} == {None}


def test_a_quiet_hour_goes_first_as_far_as_the_detour_says():
    """Eight is an hour away, eleven two; ten is half busy, so it pays half of its detour."""
    by_rank = {hours: order(SteeringPolicy(detour_minutes=60 * hours)) for hours in (0, 2, 4)}
    assert by_rank[0][0] == 9
    assert by_rank[2][0] == 8
    assert by_rank[4] == [8, 11, 10, 9]


def test_quiet_hours_save_what_the_policy_offers():
    """Up to two hours from the time wanted."""
    saving = Saving(below=40, percent=10)
    policy = SteeringPolicy(savings=(saving,), most_minutes=60)
    found = suggest(clinic(), "R", forecast=Loads(), policy=policy)
    assert {o.start.hour: o.saving for o in found.options} == {
        8: saving,
        9: None,
        10: None,
        11: None,
    }
