"""Ctrl-C in a process of its own: the best schedule so far, and exit code 0."""

import json
from pathlib import Path

import pytest
from cli.running import ROOT, interrupt, run_json, start

DEMO = ROOT / "data" / "clinic-demo"


@pytest.mark.parametrize("times", [1, 3])
def test_an_interrupted_solve_keeps_the_best_so_far(tmp_path: Path, times: int):
    """The limit is ten minutes; the schedule that Ctrl-C leaves is valid, and was written."""
    process = start("solve", DEMO, "--time-limit", "600", "--json", "--out", "plan", cwd=tmp_path)
    stdout, stderr = interrupt(process, times=times)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert told["status"] == "FEASIBLE"
    assert told["visits_placed"] > 400
    assert told["seconds"] < 300
    found = run_json("check", DEMO, tmp_path / "plan" / "schedule.csv")
    assert found["valid"]
    assert found["objective"] == told["objective"]
