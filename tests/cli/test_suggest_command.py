"""``allocator suggest``: of requests known and new, and of what cannot be."""

import json
from pathlib import Path

import pytest
from cli.running import HANDMADE, run, run_json
from tiny import problem, request, span

from allocator.domain.request import FixedSeries
from allocator.frames import problem_to_json, write_problem


def daily(count: int) -> FixedSeries:
    """Return a series of so many days in a row, at one time."""
    return FixedSeries(count=count, every_days=1)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A day of Ann's with nothing in it, and nobody who waits but A."""
    write_problem(problem(request("A")), tmp_path / "world.json")
    return tmp_path / "world.json"


def test_a_request_of_the_problem(world: Path):
    """The best of its four starts is the first."""
    found = run("suggest", world, "--request", "A", "--limit", "2")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[0].startswith("1. Mon 2026-03-02 08:00–09:00 ann")
    assert len(found.stdout.splitlines()) == 2


def test_a_new_request_from_a_file(world: Path, tmp_path: Path):
    """As JSON, with costs by goal."""
    asked = json.loads(problem_to_json(problem(request("N"))))["requests"][0]
    (tmp_path / "new.json").write_text(json.dumps(asked), encoding="utf-8")
    found = run_json(
        "suggest", world, "--request", tmp_path / "new.json", "--wanted", "2026-03-02T10:00+01:00"
    )
    best = found["suggestions"][0]
    assert found["starts"] == 4
    assert best["visits"][0]["start"] == "2026-03-02T10:00:00+01:00"
    assert best["visits"][0]["resources"] == {"practitioner": ["ann"]}
    assert best["reasons"][0]["tag"] == "at_wanted"


def test_where_there_is_no_place_the_reason_is_told(tmp_path: Path):
    """With exit code 3; as JSON with the rules, the next place, and nearly a series."""
    longer = problem(request("A", windows=(span(0, 6, 8),)), request("S", series=daily(3)), days=2)
    write_problem(longer, tmp_path / "two.json")
    found = run("suggest", tmp_path / "two.json", "--request", "A")
    assert found.exit_code == 3
    assert found.stdout.startswith("A cannot be placed while all else stays")
    assert "Next possible: Mon 2026-03-02 08:00" in found.stdout
    told = run_json("suggest", tmp_path / "two.json", "--request", "A")
    assert told["suggestions"] == []
    assert "opening_hours" in told["why_none"]["rules"]
    assert told["next_possible"]["visits"][0]["start"] == "2026-03-02T08:00:00+01:00"
    series = run_json("suggest", tmp_path / "two.json", "--request", "S")
    (one, other) = series["nearly"]
    assert [a["visit"] for a in one["visits"]] == ["S#1", "S#2"]
    assert [f["visit"] for f in one["failing"]] == ["S#3"]
    assert one["failing"][0]["instead"] == []
    assert len(other["visits"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name a request"),
        (["--request", "zoe"], "Request zoe is not known"),
        (["--request", "none.json"], "No such file"),
        (["--request", "A", "--wanted", "soon"], "--wanted soon is no time"),
        (["--request", "A", "--wanted", "2026-03-02T10:00"], "is no time"),
    ],
)
def test_bad_input_is_told(world: Path, words: list[str], said: str):
    """With exit code 2."""
    found = run("suggest", world, *words)
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.split())


def test_a_damaged_request_is_told_with_its_path(world: Path, tmp_path: Path):
    """Each fault, with its place in the document."""
    bad = {"id": 3, "steps": [{"service": "visit", "lag": 1}]}
    (tmp_path / "bad.json").write_text(json.dumps(bad), encoding="utf-8")
    found = run("suggest", world, "--request", tmp_path / "bad.json")
    assert found.exit_code == 2
    text = " ".join(found.stderr.split())
    assert "2 faults" in text
    assert "bad.json id" in text
    assert "'lag' is unknown" in text


def test_the_handmade_clinic(tmp_path: Path):
    """A request of a published problem, beside what is published."""
    assert run("suggest", HANDMADE, "--request", "R1").exit_code == 0
