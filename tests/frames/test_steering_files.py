"""Steering policies as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator import (
    InvalidProblem,
    Saving,
    SteeringPolicy,
    read_steering,
    steering_from_json,
    steering_to_json,
    write_steering,
)


@given(
    off_peak=st.integers(1, 100),
    detour=st.integers(0, 600),
    kinds=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True),
    cents=st.booleans(),
    data=st.data(),
)
def test_a_policy_comes_back_as_it_was(
    off_peak: int, detour: int, kinds: list[str], cents: bool, data: st.DataObject
):
    """Whatever it says."""
    below = data.draw(st.lists(st.integers(1, off_peak), max_size=3, unique=True))
    amounts = sorted(data.draw(st.lists(st.integers(1, 100), min_size=3, max_size=3)), reverse=True)
    savings = tuple(
        Saving(below=some, **{"cents" if cents else "percent": amount})
        for some, amount in zip(sorted(below), amounts, strict=False)
    )
    policy = SteeringPolicy(
        kinds=tuple(kinds),
        off_peak=off_peak,
        peak=100,
        detour_minutes=detour,
        savings=savings,
        currency="CHF",
    )
    assert steering_from_json(steering_to_json(policy)) == policy
    assert steering_from_json(json.loads(steering_to_json(policy))) == policy


def test_a_file_holds_what_was_written(tmp_path: Path):
    """What is not said has its default."""
    file = tmp_path / "steering.json"
    policy = SteeringPolicy(detour_minutes=90, savings=(Saving(below=40, percent=10),))
    write_steering(policy, file)
    assert read_steering(file) == policy
    assert steering_from_json({"format": "allocator-steering", "version": 1}) == SteeringPolicy()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "allocator-problem"}, 'format: It is "allocator-problem"; "allocator-steering'),
        ({"peek": 80}, "The key 'peek' is unknown; did you mean peak?"),
        ({"peak": "80"}, "peak: It is '80'; a whole number is expected."),
        ({"savings": [{"percent": 5}]}, "The key 'below' is missing."),
        ({"peak": 20}, "off-peak is below 60 % and peak from 20 % on"),
        ({"peak": 20, "peek": 80}, "off-peak is below 60 % and peak from 20 % on"),
    ],
)
def test_faults_are_told_with_file_and_place(tmp_path: Path, wrong: dict[str, Any], message: str):
    """All of them at once."""
    file = tmp_path / "steering.json"
    file.write_text(json.dumps({"format": "allocator-steering", "version": 1, **wrong}))
    with pytest.raises(InvalidProblem) as error:
        read_steering(file)
    told = str(error.value)
    assert message in told
    assert told.startswith("steering.json")
    assert len(error.value.faults) == len(wrong)
