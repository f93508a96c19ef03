"""``allocator popular``: popular hours from a file of claims."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import HANDMADE, run, run_json

#: Mira works on Monday from eight to twelve; on four Mondays nine to ten was taken.
HEAD = "resource,start,end,booked"
ROWS = [
    f"mira,2026-02-{day:02d}T09:00+01:00,2026-02-{day:02d}T10:00+01:00,2026-02-01T09:00+01:00"
    for day in (2, 9, 16, 23)
]
CLAIMS = "\n".join([HEAD, *ROWS])
NOW = ("--now", "2026-03-02T07:00+01:00")


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Return a file of claims."""
    file = tmp_path / "claims.csv"
    file.write_text(CLAIMS)
    return file


def test_the_usual_load_is_told_by_weekday_and_hour(claims: Path):
    """One of two practitioners, each Monday at nine."""
    answer = run(
        "popular", HANDMADE, claims, "--now", "2026-03-02T07:00+01:00", "--kind", "practitioner"
    )
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == "practitioner: usual load in percent"
    hours, monday = lines[1].split(), next(line for line in lines if line.startswith("mon")).split()
    assert monday[1 + hours.index("9")] == "50"
    assert sum(map(int, monday[1:])) == 50


def test_json_has_the_week_and_the_days_ahead(claims: Path):
    """For each kind, with what is on the books."""
    told = run_json("popular", HANDMADE, claims, *NOW)
    assert (told["now"], told["zone"]) == ("2026-03-02T07:00:00+01:00", "Europe/Berlin")
    assert set(told["kinds"]) == {"practitioner", "room"}
    kind = told["kinds"]["practitioner"]
    assert {"weekday": 0, "hour": 9, "load": 0.5} in kind["week"]
    day = next(row for row in kind["ahead"] if (row["day"], row["hour"]) == ("2026-03-02", 9))
    assert (day["open"], day["booked"], day["expected"], day["load"]) == (120.0, 0.0, 60.0, 0.5)


def test_refused_demand_counts_and_a_picture_is_written(claims: Path, tmp_path: Path):
    """Half an hour more was asked for each Monday at nine."""
    refused = tmp_path / "refused.csv"
    refused.write_text(CLAIMS.replace("T10:00", "T09:30"))
    picture = tmp_path / "hours.svg"
    answer = run("popular", HANDMADE, claims, *NOW, "--refused", refused, "--out", picture)
    assert answer.exit_code == 0, answer.stderr
    assert "75" in next(line for line in answer.stdout.splitlines() if line.startswith("mon"))
    assert picture.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("resource,start,end,booked\n", "has no claims"),
        ("resource,start\nmira,2026-02-02T09:00+01:00\n", "there is no column booked"),
        ("", "This cannot be read as CSV"),
        (CLAIMS.replace("mira", "nobody"), "There is no resource 'nobody' in the problem"),
        (CLAIMS.replace("T09:00+01:00,2026", "T09:00,2026"), "start has no zone or offset"),
    ],
)
def test_bad_claims_are_exit_code_2(claims: Path, text: str, says: str):
    """One clear line."""
    claims.write_text(text)
    answer = run("popular", HANDMADE, claims)
    assert answer.exit_code == 2
    assert says in " ".join(answer.stderr.split())


def test_a_kind_without_hours_is_refused(claims: Path):
    """With those that there are."""
    answer = run("popular", HANDMADE, claims, "--kind", "patient")
    assert answer.exit_code == 2
    assert (
        "--kind patient has no opening hours; kinds that have: practitioner, room." in answer.stderr
    )
