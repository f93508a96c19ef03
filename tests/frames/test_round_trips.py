"""Nothing is lost on the way out and back in."""

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import odd_names, plain_names, problems, schedules

from allocator.frames import (
    problem_from_frames,
    problem_from_json,
    problem_to_frames,
    problem_to_json,
    read_problem,
    read_schedule,
    schedule_from_frame,
    schedule_to_frame,
    write_problem,
    write_schedule,
)

SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
any_problems = st.one_of(problems(plain_names), problems(odd_names))


@SLOW
@given(any_problems)
def test_a_folder_loses_nothing(problem):
    """Any problem written to a folder is read back equal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem"
        write_problem(problem, path)
        assert read_problem(path) == problem


@SLOW
@given(any_problems)
def test_frames_lose_nothing(problem):
    """Any problem turned into DataFrames is built from them equal."""
    assert problem_from_frames(problem_to_frames(problem)) == problem


@SLOW
@given(any_problems)
def test_json_loses_nothing(problem):
    """Any problem turned into JSON is built from it equal."""
    assert problem_from_json(problem_to_json(problem)) == problem


@SLOW
@given(any_problems.flatmap(lambda p: st.tuples(st.just(p), schedules(p))))
def test_schedule_files_lose_nothing(both):
    """Any schedule written to CSV or JSON is read back equal, with what was left unplaced."""
    problem, schedule = both
    with tempfile.TemporaryDirectory() as folder:
        for name in ("schedule.csv", "schedule.json"):
            write_schedule(schedule, problem, Path(folder) / name)
            assert read_schedule(Path(folder) / name, problem) == schedule


@SLOW
@given(any_problems.flatmap(lambda p: st.tuples(st.just(p), schedules(p))))
def test_schedule_frames_lose_nothing(both):
    """Any schedule turned into a frame is built from it equal, with what was left unplaced."""
    problem, schedule = both
    frame = schedule_to_frame(schedule, problem, unplaced=True)
    assert schedule_from_frame(frame, problem) == schedule


@SLOW
@given(any_problems.flatmap(lambda p: st.tuples(st.just(p), schedules(p))))
def test_rows_join_back_to_the_callers_own(both):
    """The frame's requests are the caller's own ids, so a join finds every row's request."""
    problem, schedule = both
    frame = schedule_to_frame(schedule, problem)
    mine = pd.DataFrame({"request": pd.Series([r.id for r in problem.requests], dtype="str")})
    joined = frame.merge(mine, on="request", how="inner")
    ofrequests = [a for a in schedule.assignments if not problem.knows("session", a.visit)]
    assert len(joined) == len(ofrequests)
