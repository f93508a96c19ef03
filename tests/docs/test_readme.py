"""The README: its Python and its commands work."""

from pathlib import Path

import pytest
from cli.running import ROOT
from docs.pages import commands, python_blocks, run_command, run_python

README = ROOT / "README.md"


@pytest.fixture(autouse=True)
def beside_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples run in a folder of their own that has the data of the project."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)


def test_the_python_runs_and_prints_what_is_shown():
    """The same answer as data/handmade/README.md works out by hand."""
    assert len(python_blocks(README)) == 1
    run_python(README)


def test_the_commands_run_and_print_what_is_shown():
    """Those of allocator; what make does has tests of its own."""
    some = commands(README)
    assert {typed.split()[0] for typed, _, _ in some} == {"make", "allocator"}
    for typed, printed, line in some:
        run_command(typed, printed, f"README.md:{line}")


def test_the_targets_of_make_that_it_names_exist():
    """Each has a line in `make help` too."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [typed.split()[1] for typed, _, _ in commands(README) if typed.startswith("make ")]
    assert named[:2] == ["demo", "test"]
    for target in named:
        assert f"\n{target}: " in makefile
        assert f".PHONY: {target}\n" in makefile
