"""Settings of a solve: those that make no sense are refused."""

import pytest

from allocator.domain.faults import InvalidProblem
from allocator.solve.params import Params


def test_every_setting_at_fault_is_told_with_its_numbers_in_full() -> None:
    """A gap below 0 and a seed of 2**31: both are named, and no number is rounded."""
    with pytest.raises(InvalidProblem) as caught:
        Params(gap=-0.5, seed=2**31).check()
    assert [fault.message for fault in caught.value.faults] == [
        "The setting gap is -0.5; 0 to 1 are possible.",
        "The setting seed is 2147483648; 0 to 2147483647 are possible.",
    ]
