"""``allocator steer``: replays with and without steering."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import run, run_json

from allocator import Saving, SteeringPolicy, read_problem, write_steering
from allocator.frames import write_problem
from allocator.generate import stream


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a stream of two quiet weeks, and a policy."""
    folder = tmp_path_factory.mktemp("steer")
    problem = folder / "stream.json"
    write_problem(stream("small", 30, weeks=2), problem)
    policy = folder / "policy.json"
    saving = Saving(below=40, percent=10)
    write_steering(
        SteeringPolicy(off_peak=40, peak=90, detour_minutes=480, savings=(saving,)), policy
    )
    return problem, policy


def test_what_steering_does_is_told_with_and_without(made: tuple[Path, Path], tmp_path: Path):
    """A line for each measure; claims can be learnt from, and a picture is drawn."""
    claims, picture = tmp_path / "claims.csv", tmp_path / "steering.png"
    words = ("--seeds", "1", "--settle", "7", "--claims", claims, "--out", picture)
    answer = run("steer", made[0], "--policy", made[1], *words)
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == "Hours of 2026-03-09 to 2026-03-15, 1 seed."
    assert lines[1].split() == ["without", "with", "difference", "95", "%", "interval"]
    assert any(line.startswith("excess of the busiest tenth") for line in lines)
    assert picture.read_bytes().startswith(b"\x89PNG")
    learnt = run("popular", made[0], claims, "--kind", "practitioner")
    assert learnt.exit_code == 0, learnt.stderr


def test_json_has_every_measure_of_every_seed(made: tuple[Path, Path]):
    """Intervals are null where there is one seed."""
    told = run_json("steer", made[0], "--policy", made[1], "--seeds", "1", "--settle", "7")
    assert (told["first"], told["last"]) == ("2026-03-09", "2026-03-15")
    by_name = {row["measure"]: row for row in told["measures"]}
    assert by_name["mean load"]["low"] is None
    assert by_name["moved"]["with"] > 0
    assert len(told["seeds"]) == 2 * len(told["measures"])


@pytest.mark.parametrize(
    ("policy", "words", "says"),
    [
        ('{"format": "allocator-steering", "version": 1, "peak": 101}', (), "peak from 101 % on"),
        (None, ("--since", "soon"), "--since soon is no date"),
        (None, ("--settle", "30"), "Nothing is left to look at"),
        (
            '{"format": "allocator-steering", "version": 1, "kinds": ["lift"]}',
            (),
            "there are no lifts; kinds are: device, patient, practitioner, room.",
        ),
    ],
)
def test_bad_input_is_exit_code_2(
    made: tuple[Path, Path], tmp_path: Path, policy: str | None, words: tuple[str, ...], says: str
):
    """One clear line."""
    file = made[1]
    if policy is not None:
        file = tmp_path / "policy.json"
        file.write_text(policy)
    answer = run("steer", made[0], "--policy", file, "--seeds", "1", *words)
    assert answer.exit_code == 2
    assert says in " ".join(answer.stderr.split())


def test_a_stream_is_generated_and_says_what_comes_next(tmp_path: Path):
    """The same as in Python."""
    answer = run(
        "generate", "stream", "--load", "30", "--weeks", "2", "--seed", "5", "--out", tmp_path / "s"
    )
    assert answer.exit_code == 0, answer.stderr
    assert "Next: allocator steer" in answer.stdout
    assert read_problem(tmp_path / "s").requests == stream("small", 30, 5, weeks=2).requests
    wrong = run("generate", "stream", "--size", "huge", "--out", tmp_path / "t")
    assert wrong.exit_code == 2
    assert "The size 'huge' is unknown" in wrong.stderr
