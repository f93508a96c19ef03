"""``allocator check``: schedules made here and elsewhere."""

import json
import shutil
from pathlib import Path

import pytest
from cli.running import HANDMADE, run, run_json
from groups import group

from allocator.frames import write_problem

ROWS = {
    "R1": "2026-03-02T10:00+01:00,2026-03-02T11:00+01:00",
    "R5": "2026-03-03T09:00+01:00,2026-03-03T10:00+01:00",
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the best schedule of the handmade clinic."""
    folder = tmp_path_factory.mktemp("solved") / "plan"
    assert run("solve", HANDMADE, "--workers", "1", "--out", folder).exit_code == 0
    return folder


def edited(plan: Path, tmp_path: Path, visit: str, by: str) -> Path:
    """Copy the schedule with other times for one visit, as somebody would in a spreadsheet."""
    text = (plan / "schedule.csv").read_text(encoding="utf-8")
    assert ROWS[visit] in text
    (tmp_path / "mine.csv").write_text(text.replace(ROWS[visit], by), encoding="utf-8")
    return tmp_path / "mine.csv"


def test_what_a_solve_wrote_breaks_nothing_and_costs_the_same(plan: Path):
    """The objective by the plain checks is the solver's."""
    answer = run("check", HANDMADE, plan / "schedule.csv")
    assert answer.exit_code == 0
    assert "The schedule breaks no rule; it has 6 visits." in answer.stdout
    solved = json.loads((plan / "result.json").read_text(encoding="utf-8"))
    found = run_json("check", HANDMADE, plan / "schedule.csv")
    assert found["valid"]
    assert found["objective"] == solved["objective"]
    assert found["goals"] == solved["goals"]


def test_group_sessions_are_checked_as_they_were_written(tmp_path: Path):
    """Two of three join the session, the third finds it full: the session's row is one of three."""
    some = group("ABC", least=2, sessions="S")
    write_problem(some, tmp_path / "asked")
    solved = run_json("solve", tmp_path / "asked", "--workers", "1", "--out", tmp_path / "plan")
    found = run_json("check", tmp_path / "asked", tmp_path / "plan" / "schedule.csv")
    assert found["valid"]
    assert (solved["visits_placed"], found["visits_placed"]) == (2, 3)
    assert found["objective"] == solved["objective"]
    assert found["goals"] == solved["goals"]


def test_an_edited_row_that_clashes_is_exit_code_1(plan: Path, tmp_path: Path):
    """R5 moves from Tuesday at 9 to Tuesday at 10, where R3 has Mira and Room 1."""
    mine = edited(plan, tmp_path, "R5", "2026-03-03T10:00+01:00,2026-03-03T11:00+01:00")
    answer = run("check", HANDMADE, mine)
    assert answer.exit_code == 1
    assert "capacity: Mira Vogel (physio) serves 1 at once; 2 are asked for by" in answer.stdout
    assert "windows: " in answer.stdout
    assert "3 violations of 2 rules." in answer.stdout
    found = run_json("check", HANDMADE, mine)
    assert not found["valid"]
    assert {v["rule"] for v in found["violations"]} == {"capacity", "windows"}
    assert all(v["message"] and not v["inherited"] for v in found["violations"])


def test_a_row_taken_out_leaves_a_visit_unplaced(plan: Path, tmp_path: Path):
    """Less is served, and no rule is broken."""
    lines = (plan / "schedule.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "mine.csv").write_text(
        "\n".join(line for line in lines if not line.startswith("R5,")), encoding="utf-8"
    )
    found = run_json("check", HANDMADE, tmp_path / "mine.csv")
    solved = json.loads((plan / "result.json").read_text(encoding="utf-8"))
    assert found["valid"]
    assert found["visits_placed"] == 5
    # R5 weighs 2, in parts of 2520.
    assert found["objective"]["priority 2"] == solved["objective"]["priority 2"] + 2 * 2520


def test_a_schedule_that_names_what_is_not_there_is_bad_input(plan: Path, tmp_path: Path):
    """Each fault with its row, all at once."""
    text = (plan / "schedule.csv").read_text(encoding="utf-8")
    text = text.replace("mira", "myra").replace("R1,", "R9,")
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    answer = run("check", HANDMADE, tmp_path / "mine.csv")
    assert answer.exit_code == 2
    assert "'myra'" in answer.stderr
    assert "R9" in answer.stderr
    assert "mine.csv row" in answer.stderr


def test_a_schedule_that_is_not_there_is_bad_input(tmp_path: Path):
    """The message names it."""
    answer = run("check", HANDMADE, tmp_path / "none.csv")
    assert answer.exit_code == 2
    assert "none.csv" in answer.stderr


def test_the_problem_s_faults_are_told_as_well(tmp_path: Path):
    """With --json they are one object on stdout."""
    shutil.copytree(HANDMADE, tmp_path / "p")
    (tmp_path / "p" / "lunch.csv").write_text("a,b\n")
    answer = run("check", tmp_path / "p", tmp_path / "none.csv", "--json")
    assert answer.exit_code == 2
    assert len(json.loads(answer.stdout)["faults"]) == 1
