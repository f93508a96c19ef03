"""Whatever happens to the input, the answer is a problem or a list of faults."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import problems, schedules

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.frames import (
    problem_from_frames,
    problem_from_json,
    problem_to_frames,
    problem_to_json,
    read_problem,
    read_schedule,
    write_problem,
    write_schedule,
)

SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CELLS = st.one_of(
    st.sampled_from(
        (
            *("", "none", '"', '""', "a=b", "a;b", "=,;", "x=", "-1", "0", "99", "1e5", "1.0"),
            *("2026-02-30", "2026-03-02", "2026-03-02T09:00", "0001-01-01T00:00+14:00"),
            *("9999-12-31", "24:00", "mon-fri", "08:00-07:00", "fixed", "1" * 40, "yes", "NaN"),
        )
    ),
    st.text(max_size=5),
)
VALUES = st.one_of(
    CELLS, st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({})
)


@SLOW
@given(problems(), st.data())
def test_damaged_folders_end_in_faults(problem, data):
    """Changed cells, bytes and files of a folder raise faults, and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "p"
        write_problem(problem, folder)
        for _ in range(data.draw(st.integers(1, 4))):
            path = data.draw(st.sampled_from(sorted(folder.iterdir())))
            lines = path.read_bytes().split(b"\n")
            at = data.draw(st.integers(0, len(lines) - 1))
            cells = lines[at].split(b",")
            cell = data.draw(st.integers(0, len(cells) - 1))
            cells[cell] = data.draw(CELLS.map(str.encode) | st.binary(max_size=3))
            lines[at] = b",".join(cells)
            path.write_bytes(b"\n".join(lines))
        try:
            read_problem(folder)
        except InvalidProblem as error:
            assert error.faults
            assert all(fault.message for fault in error.faults)
            assert len(set(error.faults)) == len(error.faults)


@SLOW
@given(problems(), st.data())
def test_damaged_frames_end_in_faults(problem, data):
    """Values of any type in a frame raise faults, and nothing else."""
    frames = problem_to_frames(problem)
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from([n for n, frame in frames.items() if len(frame)]))
        frame = frames[name].astype(object)
        row = data.draw(st.integers(0, len(frame) - 1))
        column = data.draw(st.integers(0, frame.shape[1] - 1))
        frame.iat[row, column] = data.draw(VALUES)
        frames[name] = frame
    try:
        problem_from_frames(frames)
    except InvalidProblem as error:
        assert error.faults


@SLOW
@given(problems(), st.data())
def test_damaged_documents_end_in_faults(problem, data):
    """Values of any type in a document raise faults, and nothing else."""
    document = json.loads(problem_to_json(problem))
    for _ in range(data.draw(st.integers(1, 3))):
        spot = document
        while True:
            keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(spot[key], dict | list) or not spot[key] or data.draw(st.booleans()):
                break
            spot = spot[key]
        spot[key] = data.draw(VALUES)
    try:
        problem_from_json(document)
    except InvalidProblem as error:
        assert error.faults


@SLOW
@given(problems().flatmap(lambda p: st.tuples(st.just(p), schedules(p))), st.data())
def test_damaged_schedules_end_in_faults(both, data):
    """Changed cells of a schedule raise faults, and nothing else."""
    problem, schedule = both
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "s.csv"
        write_schedule(schedule, problem, path)
        for _ in range(data.draw(st.integers(1, 4))):
            lines = path.read_bytes().split(b"\n")
            at = data.draw(st.integers(0, len(lines) - 1))
            cells = lines[at].split(b",")
            cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(CELLS.map(str.encode))
            lines[at] = b",".join(cells)
            path.write_bytes(b"\n".join(lines))
        try:
            read_schedule(path, problem)
        except InvalidSchedule as error:
            assert error.faults
