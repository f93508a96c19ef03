"""What spreadsheets do to files is taken quietly."""

from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd
import pytest

import allocator.frames.sheets as sheets
from allocator.domain.faults import InvalidProblem
from allocator.frames import problem_from_frames, problem_to_json, read_problem

CLEAN = {
    "problem": "key,value\nfirst,2026-03-02\ndays,5\nzone,Europe/Berlin\n",
    "calendars": "id\nweek\n",
    "opening_hours": "calendar,weekdays,start,end,overtime\nweek,mon-fri,08:00,17:00,yes\n",
    "resources": "id,kind\nP1,patient\nP2,patient\n",
    "services": "id,minutes,approval\nS,30,no\n",
    "requests": "id,service,attendees,must\nR1,S,P1;P2,yes\nR2,S,P2,no\n",
}


def read(folder, tables):
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_problem(folder)


def test_marks_line_ends_blanks_and_words_of_spreadsheets_do_not_matter(tmp_path):
    """A byte order mark, semicolons, CRLF, empty rows and cells, spaces, TRUE and 1 are fine."""
    messy = {
        "problem": b"\xef\xbb\xbfkey;value\r\nfirst;2026-03-02\r\ndays; 5 \r\n"
        b"zone;Europe/Berlin\r\n;\r\n;\r\n",
        "calendars": "id\r\nweek\r\n\r\n\r\n",
        "opening_hours": "calendar\tweekdays\tstart\tend\tovertime\r\n"
        "week\tMonday;Tue, wed;thu;fri\t8:00\t17:00:00\tTRUE\r\n",
        "resources": " id ,kind,,\n P1 , patient,,\n,,,\nP2,patient\n",
        "services": "id,minutes,approval\nS,30.0,0\n",
        "requests": 'id;service;attendees;must\nR1;S;"P1; P2;";1\nR2;S;P2;No\n',
    }
    assert read(tmp_path / "messy", messy) == read(tmp_path / "clean", CLEAN)


def test_rows_are_numbered_as_in_the_spreadsheet(tmp_path):
    """Empty rows, and cells of several lines, count as the spreadsheet counts them."""
    label = '"two\nlines"'
    tables = CLEAN | {
        "requests": f"id,service,label,priority\nR1,S,{label},1\n\nR2,S,,12\n",
    }
    with pytest.raises(InvalidProblem) as caught:
        read(tmp_path / "p", tables)
    assert str(caught.value) == (
        "requests.csv row 4: Request R2: its priority is 12; 1 to 9 exist."
    )


def test_ids_keep_their_zeros(tmp_path):
    """007 is an id, and no number."""
    tables = CLEAN | {"requests": "id,service\n007,S\n7,S\n"}
    assert [r.id for r in read(tmp_path / "p", tables).requests] == ["007", "7"]


def test_text_in_plain_quotation_marks_is_taken_as_it_stands(tmp_path):
    """A name that only begins with a quotation mark is no JSON string."""
    tables = CLEAN | {"requests": 'id,service,label\nR1,S,"""Bob"" Smith"\n'}
    assert read(tmp_path / "p", tables).request("R1").label == '"Bob" Smith'


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    """Notes, hidden files, lock files and a schedule beside the tables do no harm."""
    folder = tmp_path / "p"
    read(folder, CLEAN)
    for name in ("README.md", ".DS_Store", "~$requests.csv", ".~lock.csv", "schedule.csv"):
        (folder / name).write_text("anything")
    assert len(read_problem(folder).requests) == 2


def test_a_file_of_too_many_rows_is_refused(tmp_path, monkeypatch):
    """Sizes have limits, and the fault names them."""
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    with pytest.raises(InvalidProblem, match=r"requests\.csv: It has more than 2 rows\."):
        read(tmp_path / "p", CLEAN)


def test_a_file_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    """A file beyond the limit is not even opened."""
    monkeypatch.setattr(sheets, "MAX_BYTES", 60)
    with pytest.raises(InvalidProblem) as caught:
        read(tmp_path / "p", CLEAN)
    assert str(caught.value) == "opening_hours.csv: The file has 66 bytes; at most 60 are read."


def test_frames_may_hold_what_cells_mean():
    """Aware timestamps, dates, times, lists, numbers and NaN stand for what they are."""
    stamp = pd.Timestamp("2026-03-02 09:00", tz="Europe/Berlin")
    frames = {
        "problem": pd.DataFrame(
            {
                "key": ["first", "days", "zone", "now", "name"],
                "value": [date(2026, 3, 2), 5, "Europe/Berlin", stamp, None],
            }
        ),
        "calendars": pd.DataFrame({"id": ["week"]}),
        "opening_hours": pd.DataFrame(
            {
                "calendar": ["week"],
                "weekdays": [["mon", "tue"]],
                "start": [time(8)],
                "end": [time(17)],
                "overtime": [np.True_],
                "first": [pd.Timestamp("2026-03-02")],
            }
        ),
        "resources": pd.DataFrame(
            {"id": [1, 2], "kind": "patient", "seats": [np.nan, 2], "skills": [["a", "b"], []]}
        ),
        "services": pd.DataFrame({"id": ["S"], "minutes": np.array([30], dtype="int32")}),
        "requests": pd.DataFrame(
            {
                "id": ["R"],
                "service": pd.Categorical(["S"]),
                "attendees": [np.array(["1", "2"])],
                "window_start": [stamp],
                "window_end": [datetime(2026, 3, 2, 12, tzinfo=UTC)],
                "due": [pd.NaT],
                "must": pd.array([True], dtype="boolean"),
                "label": [float("nan")],
            }
        ),
    }
    problem = problem_from_frames(frames)
    assert [(r.id, r.seats, [s.name for s in r.skills]) for r in problem.resources] == [
        ("1", None, ["a", "b"]),
        ("2", 2, []),
    ]
    (request,) = problem.requests
    assert [a.resource for a in request.attendees] == ["1", "2"]
    assert request.windows[0].start == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert request.windows[0].end == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert (request.must, request.due, request.label) == (True, None, "")
    rule = problem.calendar("week").weekly[0]
    assert (rule.weekdays, rule.hours.start_minute, rule.overtime) == ({0, 1}, 480, True)
    assert rule.first == date(2026, 3, 2)
    assert '"now": "2026-03-02T08:00:00Z"' in problem_to_json(problem)


def test_what_has_no_place_in_a_frame_is_named():
    """Nanoseconds, times of day in a date, and things of another kind are faults."""
    frames = {
        "problem": pd.DataFrame(
            {
                "key": ["first", "days", "zone"],
                "value": [pd.Timestamp("2026-03-02 09:00"), 5, "UTC"],
            }
        ),
        "services": pd.DataFrame({"id": ["S", True], "minutes": [30, 30]}),
        "requests": pd.DataFrame(
            {
                "id": ["R"],
                "service": ["S"],
                "due": [pd.Timestamp("2026-03-02 09:00:00.000000001", tz="UTC")],
                "attendees": [{"P": 1}],
            }
        ),
    }
    with pytest.raises(InvalidProblem) as caught:
        problem_from_frames(frames)
    assert [str(fault) for fault in caught.value.faults] == [
        "frame problem row 0: The problem: first is 2026-03-02 09:00:00; a date such as"
        " 2026-03-02 is expected.",
        "frame services row 1: A service: id is True; text is expected.",
        "frame requests row 0: Request R: due is 2026-03-02 09:00:00.000000001+00:00; a time in"
        " whole microseconds is expected.",
        "frame requests row 0: Request R: attendees is {'P': 1}; text is expected.",
    ]
