"""Meetings of agents: small instances are decided, and the scorer sees what is broken."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from allocator.bench.case import PARTS, Case
from allocator.bench.csplib046 import AgentMeetings
from allocator.domain.faults import InvalidProblem
from allocator.domain.schedule import Schedule
from allocator.solve import Params, Result, Status, solve

#: One agent attends all three meetings, which are 2, 1 and 1 slots from each other; he needs the
#: slots 0, 2 and 4 at least.
INSTANCE = """
**Instance #{number}**

NumberOfMeetings = 3
DomainSize       = {slots}

Agents Meetings:
 Agents (0): 0 1 2
 Agents (1): 1

Between Meetings Distance:
     0  1  2
 0:  0  1  2
 1:  1  0  1
 2:  2  1  0

"""


def file(folder: Path, *slots: int) -> Path:
    """Write a file of instances with so many slots, numbered from 1."""
    path = folder / "small.md"
    parts = [INSTANCE.format(number=n, slots=some) for n, some in enumerate(slots, 1)]
    path.write_text("Instances are described by:\n" + "".join(parts), encoding="utf-8")
    return path


def solved(case: Case) -> Result:
    return solve(case.problem, Params(workers=1, deterministic_limit=3.0))


def test_a_file_holds_several(tmp_path: Path) -> None:
    """They are called by their numbers."""
    path = file(tmp_path, 5, 4, 6)
    assert AgentMeetings().names_in(path) == ["1", "2", "3"]
    assert AgentMeetings().read(path, "2").name == "2"
    with pytest.raises(InvalidProblem, match=r"small\.md has no instance 4"):
        AgentMeetings().read(path, "4")


def test_what_is_not_asked_for_may_be_damaged(tmp_path: Path) -> None:
    """Only the instance that is asked for is read, and the others are listed all the same."""
    path = file(tmp_path, 5, 4)
    path.write_text(path.read_text(encoding="utf-8").replace("DomainSize       = 4", ""))
    assert AgentMeetings().names_in(path) == ["1", "2"]
    assert AgentMeetings().read(path, "1").name == "1"
    with pytest.raises(InvalidProblem, match="instance 2 has no DomainSize"):
        AgentMeetings().read(path, "2")


def test_a_folder_has_those_of_its_file(tmp_path: Path) -> None:
    """By the name that CSPLib has for it."""
    assert AgentMeetings().instances(tmp_path) == []
    path = file(tmp_path, 5).rename(tmp_path / "instances.md")
    assert AgentMeetings().instances(tmp_path) == [("1", path)]


def test_the_scorer_agrees(tmp_path: Path) -> None:
    """Five slots suffice: nothing is broken, and the level is what the library has."""
    case = AgentMeetings().read(file(tmp_path, 5), "1")
    result = solved(case)
    scored = case.score(result.schedule)
    assert result.status is Status.OPTIMAL
    assert scored.broken == ()
    assert scored.levels == {level.name: level.cost for level in result.levels} == {"held": 0}


def test_infeasible_is_an_answer(tmp_path: Path) -> None:
    """Four slots do not suffice: it is proved, and the scorer finds nothing broken."""
    case = AgentMeetings().read(file(tmp_path, 4), "1")
    result = solved(case)
    assert result.status is Status.INFEASIBLE
    assert case.score(None).broken == ()
    assert case.score(None).levels == {"held": 3 * PARTS}


def test_published_instances_have_their_answer(tmp_path: Path) -> None:
    """Of the 25, number 6 has no solution; to find none of number 1 is wrong."""
    path = file(tmp_path, *[5] * 25).rename(tmp_path / "instances.md")
    one, six = (AgentMeetings().read(path, name) for name in ("1", "6"))
    assert (one.known, six.known) == ({"CSPLib": (0,)}, {"CSPLib": "INFEASIBLE"})
    assert len(one.score(None).broken) == 3
    assert six.score(None).broken == ()


@pytest.mark.parametrize(
    ("slots", "told"),
    [
        ((0, 2, 3), "Agent 0 has meetings 1 and 2 1 slots apart, not 2 at least."),
        ((0, 2, 2), "Agent 0 has meetings 1 and 2 0 slots apart, not 2 at least."),
        ((0, 2, 5), "Meeting 2 is in slot 5; there are 0 to 4."),
        ((0, 2), "Meeting 2 is not held."),
        ((0, 2, 4.5), "Meeting 2 does not take one slot"),
    ],
)
def test_the_scorer_sees_what_is_broken(
    tmp_path: Path, slots: tuple[float, ...], told: str
) -> None:
    """Travel that is too short, slots that are not there, meetings that are left out."""
    case = AgentMeetings().read(file(tmp_path, 5), "1")
    start = case.problem.horizon.start
    schedule = solved(case).schedule
    assert schedule is not None
    moved = [
        replace(
            schedule[f"meeting {number:02}"],
            start=start + timedelta(hours=slot),
            end=start + timedelta(hours=slot + 1),
        )
        for number, slot in enumerate(slots)
    ]
    found = case.score(Schedule(assignments=tuple(moved))).broken
    assert any(sentence.startswith(told) for sentence in found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Nothing\n", "no line of the form"),
        ("**Instance #1**\n", "instance 1 has no DomainSize"),
        (INSTANCE.format(number=1, slots=3).replace(" 2:  2  1  0", ""), "no square"),
        (INSTANCE.format(number=1, slots=3).replace("(1): 1", "(1): 3"), "no distances"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """A file of another form is told by its name, with what is wrong."""
    path = tmp_path / "other.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidProblem, match=rf"other\.md is no instance of csplib046.*{told}"):
        AgentMeetings().read(path, "1")
