"""Ctrl-C in a process of its own: the best schedule so far, and exit code 0."""

import json
from pathlib import Path

import pytest
import typer
from cli.running import ROOT, interrupt, run_json, start

from allocator.cli.common import BUG, INTERRUPTED, clear_errors
from allocator.domain.faults import SolverDisagreement

DEMO = ROOT / "data" / "clinic-demo"


@pytest.mark.parametrize("times", [1, 3])
def test_an_interrupted_solve_keeps_the_best_so_far(tmp_path: Path, times: int):
    """The limit is ten minutes; the schedule that Ctrl-C leaves is valid, and was written."""
    words = ("solve", DEMO, "--time-limit", "600", "--json", "--out", "plan")
    process = start(*words, cwd=tmp_path, terminal=True)
    stdout, stderr = interrupt(process, times=times)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert told["status"] == "FEASIBLE"
    assert told["visits_placed"] > 400
    assert told["seconds"] < 300
    found = run_json("check", DEMO, tmp_path / "plan" / "schedule.csv")
    assert found["valid"]
    assert found["objective"] == told["objective"]


def test_an_interrupt_before_there_is_anything_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str],
):
    """Also where a compiled module that was being imported made an ImportError of it."""
    for wrapped in (False, True):
        with pytest.raises(typer.Exit) as end, clear_errors():
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as error:
                if not wrapped:
                    raise
                raise ImportError("initialization failed") from error
        assert end.value.exit_code == INTERRUPTED
        assert capsys.readouterr().err == "Interrupted; nothing is written.\n"


def test_a_module_that_is_missing_is_no_interrupt():
    """Its error is passed on as it is."""
    with pytest.raises(ImportError, match="no such thing"), clear_errors():
        raise ImportError("no such thing")


def test_a_bug_is_told_as_one(capsys: pytest.CaptureFixture[str]):
    """With an exit code of its own, and what to do."""
    with pytest.raises(typer.Exit) as end, clear_errors():
        raise SolverDisagreement("A schedule costs 5 by its goals, 4 by the model.")
    assert end.value.exit_code == BUG
    assert "A bug of allocator's" in capsys.readouterr().err
