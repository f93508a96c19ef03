"""The names that ``import allocator`` offers."""

import subprocess
import sys
from pathlib import Path

import pytest

import allocator
from allocator.domain.faults import AllocatorError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", allocator.__all__)
def test_every_name_is_there_and_is_called_so(name: str):
    """Nothing is offered under another name than its own."""
    assert getattr(allocator, name).__name__ == name


def test_names_are_in_order_and_listed():
    """``dir`` shows them before they are asked for."""
    assert allocator.__all__ == sorted(allocator.__all__)
    assert set(allocator.__all__) <= set(dir(allocator))


def test_what_is_not_there_is_an_attribute_error():
    """As for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'plan'"):
        allocator.plan  # noqa: B018


def test_every_error_can_be_caught_by_name():
    """The base class and all below it; those of the client come with the client, an extra."""
    below = AllocatorError.__subclasses__()
    ours = {c.__name__ for c in below if not c.__module__.startswith("allocator.client")}
    assert {AllocatorError.__name__} | ours <= set(allocator.__all__)


def test_import_loads_nothing_heavy():
    """Neither a solver nor frames, until they are asked for."""
    code = "import sys, allocator; print(sorted({'ortools', 'pandas', 'numpy'} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_help_loads_nothing_heavy():
    """``allocator --help`` answers at once."""
    code = (
        "import sys; from allocator.cli.main import application; application();"
        " print(sorted({'ortools', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
