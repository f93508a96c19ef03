"""Uncertainty in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allocator.domain.faults import InvalidProblem
from allocator.simulate import (
    Exactly,
    Exponential,
    Lognormal,
    Normal,
    NoShows,
    Observed,
    Uncertainty,
    read_uncertainty,
    uncertainty_from_json,
    uncertainty_to_json,
    write_uncertainty,
)

FULL = Uncertainty(
    length=Lognormal(1.0, 0.3),
    lengths=(("group", Exactly(1.0)), ("talk", Observed((0.5, 1.5))), ("test", Exponential(1.0))),
    lateness=Normal(-5.0, 10.0),
    no_shows=NoShows(by_lead_days=((0, 0.02), (7, 0.08)), otherwise=0.06),
    cancelled=0.01,
    grace_minutes=15.0,
    starts_early=False,
    buffers_worked=frozenset(),
)


@pytest.mark.parametrize("some", [Uncertainty(), Uncertainty.from_profile(), FULL])
def test_what_is_written_is_read(tmp_path: Path, some: Uncertainty) -> None:
    """Whatever it holds; also where nothing differs from its default."""
    file = tmp_path / "chance.json"
    write_uncertainty(some, file)
    assert read_uncertainty(file) == some


def test_what_is_left_out_has_its_default() -> None:
    """As in the class."""
    assert uncertainty_from_json({"format": "allocator-uncertainty", "version": 1}) == Uncertainty()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"length": {"type": "uniform"}}, "length.type: It is 'uniform'; exactly or normal or"),
        ({"length": {"type": "normal", "mean": 1}}, "length: The key 'deviation' is missing."),
        ({"lengths": [["group"]]}, 'lengths[0]: It is ["group"]; a list of 2 is expected.'),
        ({"late": 1}, "The key 'late' is unknown"),
        ({"no_shows": {"otherwise": "some"}}, "no_shows.otherwise: It is 'some'; a number is"),
        (
            {"lateness": {"type": "normal", "mean": -5, "deviation": -1}},
            "Uncertainty: the deviation of the lateness is -1; at least 0.",
        ),
        (
            {"length": {"type": "observed", "values": [1, -0.5]}},
            "Uncertainty: the value of the length is -0.5; at least 0.",
        ),
    ],
)
def test_faults_name_the_file_and_the_place(
    tmp_path: Path, keys: dict[str, object], says: str
) -> None:
    """As people would look for them."""
    with pytest.raises(InvalidProblem) as error:
        uncertainty_from_json({"format": "allocator-uncertainty", "version": 1, **keys})
    assert says in str(error.value)
    file = tmp_path / "chance.json"
    file.write_text('{"format": "allocator-uncertainty", "version": 1, "cancelled": 2}')
    with pytest.raises(InvalidProblem, match=r"^chance\.json: Uncertainty: the probability"):
        read_uncertainty(file)


def test_a_distribution_of_your_own_cannot_be_written() -> None:
    """It is said what can."""

    class Dice:
        def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
            return rng.integers(1, 7, count).astype(float)

    with pytest.raises(InvalidProblem, match="the lateness is a Dice, which no file can name"):
        uncertainty_to_json(Uncertainty(lateness=Dice()))
