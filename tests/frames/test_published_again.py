"""What one solve wrote is what the next starts from."""

from dataclasses import replace
from pathlib import Path

import pytest
from groups import group
from tiny import need, patient, practitioner, problem, request, room, service

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries
from allocator.frames import (
    problem_from_frames,
    problem_to_frames,
    read_problem,
    schedule_to_frame,
    write_problem,
    write_schedule,
)
from allocator.solve.params import Params
from allocator.solve.solve import solve


def asked() -> Problem:
    """Return two rooms, Ann for four hours, and five visits: one more than fits."""
    return problem(
        request("A", "eve", series=FlexibleSeries(count=3, at_least=1, least_days_between=0)),
        *(request(name, "bob") for name in "BC"),
        resources=(practitioner("ann"), room("one"), room("two"), patient("eve"), patient("bob")),
        services=(service(needs=(need(), need("room", quantity=2))),),
    )


def grouped() -> Problem:
    """Return two group sessions for three: two join S, the third alone is too few for T."""
    some = group("ABC", least=2)
    return replace(some, resources=(*some.resources[1:], practitioner("ann")))


@pytest.mark.parametrize("some", [asked(), grouped()], ids=["rooms", "group sessions"])
def test_a_schedule_is_read_as_what_is_published(tmp_path: Path, some: Problem) -> None:
    """Solved, copied to published.csv, solved again: the same schedule, and nothing has changed."""
    first = solve(some, Params(workers=1))
    assert first.schedule is not None
    assert len(first.schedule.unplaced) == 1
    write_problem(some, tmp_path)
    write_schedule(first.schedule, some, tmp_path / "schedule.csv")
    (tmp_path / "published.csv").write_bytes((tmp_path / "schedule.csv").read_bytes())
    again = read_problem(tmp_path)
    assert again == replace(some, published=first.schedule.assignments)
    second = solve(again, Params(workers=1))
    assert second.schedule is not None
    assert second.schedule.assignments == first.schedule.assignments


@pytest.mark.parametrize("some", [asked(), grouped()], ids=["rooms", "group sessions"])
def test_a_frame_of_a_schedule_is_read_as_what_is_published(some: Problem) -> None:
    """The same without files."""
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    frame = schedule_to_frame(result.schedule, some, unplaced=True)
    again = problem_from_frames({**problem_to_frames(some), "published": frame})
    assert again.published == result.schedule.assignments


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "visit,request,start,end,practitioner,nurse\n"
            "B,B,2026-03-02T08:00+01:00,2026-03-02T09:00+01:00,ann,ann\n",
            ["published.csv: The column 'nurse' is unknown."],
        ),
        (
            "visit,service,start,end,practitioner,resources\n"
            "B,visit,2026-03-02T08:00+01:00,2026-03-02T09:00+01:00,ann,practitioner=eve\n",
            [
                "published.csv row 2: Assignment B: resources says otherwise than the columns of"
                " the roles."
            ],
        ),
        (
            "visit,minutes,start,end,practitioner\nC,60,,,\nB,60,2026-03-02T08:00+01:00,,zoe\n",
            ["published.csv row 3: Assignment B: end is empty; it is required."],
        ),
        (
            "visit,minutes,start,end,practitioner\n"
            "B,60,2026-03-02T08:00+01:00,2026-03-02T09:00+01:00,zoe\n",
            ["published.csv row 2: Assignment B names the resource 'zoe', which does not exist."],
        ),
    ],
)
def test_faults_of_such_a_table_have_their_rows(tmp_path: Path, rows: str, told: list[str]) -> None:
    """Columns that are no role, two that differ, half a span, somebody unknown."""
    write_problem(asked(), tmp_path)
    (tmp_path / "published.csv").write_text(rows)
    with pytest.raises(InvalidProblem) as caught:
        read_problem(tmp_path)
    assert [str(fault) for fault in caught.value.faults] == told
