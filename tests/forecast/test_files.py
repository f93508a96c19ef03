"""Claims from files, loads by hour, and learning with a problem's opening hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import BERLIN, MONDAY, at, calendar, practitioner, problem, room

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.forecast import hourly, learn, learn_for, open_hours, read_claims

HEAD = "resource,start,end,booked\n"


def clinic() -> Problem:
    """Return Ann, who is there from eight to twelve every day, and a room that nothing needs."""
    return problem(resources=(practitioner("ann"), room("r")))


def mornings(weeks: int) -> str:
    """Return a row for each Monday at nine of so many weeks before."""
    spans = [(at(-7 * week, 9), at(-7 * week, 10)) for week in range(1, weeks + 1)]
    booked = at(-60, 9).isoformat()
    return "\n".join(f"ann,{s.isoformat()},{e.isoformat()},{booked}" for s, e in spans)


def test_a_file_names_resources_and_learns_their_kinds(tmp_path: Path):
    """Where it has no kinds; with a byte order mark, as spreadsheets write it."""
    file = tmp_path / "claims.csv"
    file.write_text("\ufeff" + HEAD + mornings(4), encoding="utf-8")
    found = read_claims(file, clinic())
    assert found["kind"].tolist() == ["practitioner"] * 4
    file.write_text("kind,start,end,booked\n" + mornings(2).replace("ann", "room"))
    assert read_claims(file, clinic())["kind"].tolist() == ["room"] * 2


def test_a_resource_that_is_not_there_is_told_with_its_row(tmp_path: Path):
    """Row 1 is the header."""
    file = tmp_path / "claims.csv"
    file.write_text(HEAD + mornings(2).replace("ann", "bob", 1))
    with pytest.raises(InvalidProblem, match=r"^claims\.csv row 2: There is no resource 'bob'"):
        read_claims(file, clinic())


def test_learning_with_a_problem_is_learning_with_its_hours(tmp_path: Path):
    """From the first claim on, up to 92 days after the last booking, or another now."""
    file = tmp_path / "claims.csv"
    file.write_text(HEAD + mornings(4))
    claims = read_claims(file, clinic())
    now = at(0, 7)
    one = learn_for(clinic(), claims, now=now, days=14)
    opening = open_hours(clinic(), first=MONDAY - timedelta(days=28), days=42)
    other = learn(claims, opening, zone="Europe/Berlin", now=now, days=14)
    np.testing.assert_array_equal(one.load("practitioner"), other.load("practitioner"))
    assert one.load("practitioner")[0, 9] == pytest.approx(1.0)
    assert one.usual("practitioner")[0, 8:12].tolist() == pytest.approx([0, 1, 0, 0])
    assert learn_for(clinic(), claims).now == pd.Timestamp(at(-60, 9))
    with pytest.raises(InvalidProblem, match=r"there is no column booked"):
        learn_for(clinic(), claims.drop(columns="booked"))


def test_loads_by_hour_are_what_was_claimed_in_the_end():
    """Half of nine, all of ten, which is booked twice; what was cancelled is not there."""
    rows = [
        (at(0, 9), at(0, 9, 30), None),
        (at(0, 10), at(0, 11), None),
        (at(0, 10), at(0, 11), None),
        (at(0, 11), at(0, 12), at(0, 7)),
    ]
    claims = pd.DataFrame(rows, columns=["start", "end", "cancelled"])
    claims = claims.assign(kind="practitioner", booked=at(-3, 9))
    found = hourly(claims, open_hours(clinic()), zone="Europe/Berlin")
    assert found.set_index("hour")[["open", "claimed", "load"]].to_numpy().tolist() == [
        [60.0, 0.0, 0.0],
        [60.0, 30.0, 0.5],
        [60.0, 120.0, 1.0],
        [60.0, 0.0, 0.0],
    ]


def test_a_claim_across_the_change_of_the_clocks_is_cut_at_local_hours():
    """From one to four on the night on which two is three: an hour of one, and an hour of three."""
    night = problem(days=30, calendars=(calendar("day", 0, 24),))
    start = datetime(2026, 3, 29, 1, tzinfo=BERLIN)
    claims = pd.DataFrame(
        {
            "kind": ["practitioner"],
            "start": [start],
            "end": [datetime(2026, 3, 29, 4, tzinfo=BERLIN)],
            "booked": [start - timedelta(days=1)],
        }
    )
    found = hourly(claims, open_hours(night), zone="Europe/Berlin")
    there = found[found["claimed"] > 0]
    assert there["day"].map(str).tolist() == ["2026-03-29"] * 2
    assert there[["hour", "claimed"]].to_numpy().tolist() == [[1.0, 60.0], [3.0, 60.0]]
