"""``allocator generate``: clinics to try things on."""

from pathlib import Path

import pytest
from cli.running import HANDMADE, run

from allocator import read_problem

SMALL = ("generate", "clinic", "--size", "small", "--visits", "20", "--weeks", "4", "--empty")


def test_the_same_seed_makes_the_same_clinic(tmp_path: Path):
    """As a folder and as a document; another seed makes another."""
    for name, seed in (("a", "1"), ("b.json", "1"), ("c", "2")):
        answer = run(*SMALL, "--seed", seed, "--out", tmp_path / name)
        assert answer.exit_code == 0, answer.stderr
    a, b, c = (read_problem(tmp_path / name) for name in ("a", "b.json", "c"))
    assert a == b
    assert a != c
    assert "Next: allocator solve" in answer.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--size", "huge"), "huge"),
        (("--load", "300"), "300"),
        (("--load", "very"), "very"),
        (("--sites", "3"), "3"),
        (("--weeks", "0"), "0"),
        (("--weeks", "1000000"), "1000000"),
        (("--visits", "-5"), "-5"),
        (("--requests", "0"), "0"),
    ],
)
def test_what_cannot_be_made_is_exit_code_2_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, str], says: str
):
    """One clear line that names what was asked for."""
    answer = run("generate", "clinic", *words, "--out", tmp_path / "clinic")
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert line.startswith("Such a clinic cannot be made: ")
    assert says in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["file", "file/below", "clinic.txt", "folder.json"])
def test_a_place_where_nothing_can_be_written_is_told_before_any_work(tmp_path: Path, out: str):
    """A file in the way, a suffix that is no format, a folder in the way of a document."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.json").mkdir()
    answer = run(*SMALL, "--out", tmp_path / out)
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.json"]


def test_what_is_generated_can_be_solved(tmp_path: Path):
    """The next command that it names works."""
    assert run(*SMALL, "--out", tmp_path / "clinic").exit_code == 0
    answer = run("solve", tmp_path / "clinic", "--time-limit", "5", "--gap", "1")
    assert answer.exit_code == 0
    assert not (HANDMADE / "schedule.csv").exists()
