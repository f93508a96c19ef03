"""``allocator simulate``: a schedule run forward."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import run, run_json
from scenario.test_figures import SOME, clinic

from allocator.frames import write_problem, write_schedule
from allocator.simulate import Exactly, NoShows, Uncertainty, write_uncertainty


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return the clinic of two days with two visits on Monday and one on Tuesday."""
    problem, schedule = tmp_path / "clinic.json", tmp_path / "schedule.csv"
    write_problem(clinic(), problem)
    write_schedule(SOME, clinic(), schedule)
    return problem, schedule


def test_what_becomes_of_a_schedule_is_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Everybody is half an hour late: visits end so late, the last at 12:30; a picture is drawn."""
    chance, picture = tmp_path / "chance.json", tmp_path / "late.png"
    write_uncertainty(Uncertainty(lateness=Exactly(30)), chance)
    words = ("--uncertainty", chance, "--runs", "3")
    answer = run("simulate", *files, *words, "--out", picture)
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("3 visits, 2 workdays of the kind practitioner, 3 runs;")
    assert lines[-1] == f"Written to {picture}."
    assert picture.read_bytes().startswith(b"\x89PNG")
    told = run_json("simulate", *files, *words, "--seed", "7")
    assert (told["runs"], told["seed"], told["kind"]) == (3, 7, "practitioner")
    by_name = {row["measure"]: row for row in told["measures"]}
    assert by_name["overtime"]["mean"] == 15  # half an hour on one of two workdays
    assert by_name["held"]["mean"] == 100


def test_an_uncertainty_is_heeded(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Nobody comes."""
    chance = tmp_path / "chance.json"
    write_uncertainty(Uncertainty(no_shows=NoShows(otherwise=1.0)), chance)
    told = run_json("simulate", *files, "--uncertainty", chance, "--runs", "2")
    assert {row["measure"]: row["mean"] for row in told["measures"]}["no-shows"] == 100


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        ('{"format": "allocator-uncertainty", "version": 1, "cancelled": 2}', (), "is 2; 0 to 1"),
        ("{", (), "chance.json: This is not JSON"),
        (None, ("--kind", "lift"), "--kind: no work of the kind 'lift'; there is practitioner"),
    ],
)
def test_bad_input_is_exit_code_2(
    files: tuple[Path, Path], tmp_path: Path, text: str | None, words: tuple[str, ...], says: str
) -> None:
    """One clear line."""
    if text is not None:
        (tmp_path / "chance.json").write_text(text)
        words = ("--uncertainty", str(tmp_path / "chance.json"))
    answer = run("simulate", *files, *words)
    assert answer.exit_code == 2
    assert says in answer.stderr
