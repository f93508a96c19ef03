"""Meetings into rooms: the meeting scheduling example of OptaPlanner and Timefold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from allocator.bench.case import Case, InstanceSet
from allocator.bench.meetings.files import read_instance
from allocator.bench.meetings.goals import goals_of
from allocator.bench.meetings.instance import Instance
from allocator.bench.meetings.made import made
from allocator.bench.meetings.one_day import OneDay
from allocator.bench.meetings.problem import problem_of
from allocator.bench.meetings.score import score
from allocator.goals import GOALS
from allocator.rules import RULES

#: What Timefold 1.24 in Java reaches in 300 s on 2 cores, one seed: medium and soft.
TIMEFOLD = {50: (0, 189, 9503), 100: (0, 86, 23974), 200: (0, 389, 86483)}
#: How many meetings the instances have that are made here.
MADE = (400, 800)


class Meetings(InstanceSet):
    """Meetings of several people into rooms, on a grid of 15 minutes."""

    name = "meetings"
    files = (
        "Take the .xlsx files of optaplanner-examples/data/meetingscheduling/unsolved from"
        " https://github.com/apache/incubator-kie-optaplanner."
    )
    sentence = (
        "Meetings of several people into rooms: the meeting scheduling example of OptaPlanner and"
        " Timefold (Apache-2.0, https://github.com/TimefoldAI/timefold-solver)."
    )

    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the instances of a folder as JSON, where it has both; none of them is read.

        They are in order of the numbers in their names, which tell how large they are.
        """
        paths = {path.stem: path for form in ("xlsx", "json") for path in folder.glob(f"*.{form}")}
        return sorted(paths.items(), key=lambda named: _in_numbers(named[0]))

    def read(self, path: Path, name: str) -> Case:
        """Read an instance from one of the example's workbooks, or from the JSON form of one."""
        instance = read_instance(path)
        many = len(instance.meetings)
        published = name.startswith(f"{many}meetings-") and many in TIMEFOLD
        return _case(instance, name, {"Timefold, 300 s": TIMEFOLD[many]} if published else {})

    def made(self) -> Sequence[str]:
        """Return the names of larger instances of the kind."""
        return [f"made-{meetings}" for meetings in MADE]

    def make(self, name: str) -> Case:
        """Make a larger instance of the kind."""
        return _case(made(int(name.removeprefix("made-"))), name, {})


def _in_numbers(name: str) -> list[tuple[int, str]]:
    """Return a name in parts that sort as the numbers in it do."""
    return [(int(part or 0), rest) for part, rest in re.findall(r"(\d*)(\D*)", name)]


def _case(instance: Instance, name: str, known: Mapping[str, Sequence[int]]) -> Case:
    return Case(
        name=name,
        problem=problem_of(instance),
        score=lambda schedule: score(instance, schedule),
        rules=(*RULES, OneDay(instance.days)),
        goals=(*GOALS, *goals_of(instance)),
        known=known,
    )
