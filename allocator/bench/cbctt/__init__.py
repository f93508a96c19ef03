"""Lectures into rooms and periods: curriculum-based course timetabling, ITC-2007 track 3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allocator.bench.case import Case, InstanceSet
from allocator.bench.cbctt.goals import goals_of
from allocator.bench.cbctt.instance import read_instance
from allocator.bench.cbctt.problem import problem_of
from allocator.bench.cbctt.score import score
from allocator.goals import GOALS

#: The least penalty known of comp01 to comp21, each checked with the competition's validator.
BEST = (5, 24, 64, 35, 284, 27, 6, 37, 96, 4, 0, 294, 59, 51, 62, 18, 56, 61, 57, 4, 74)
#: What the winning solver of 2007 reached in 60 s, one run on one core.
WINNER = (5, 60, 81, 42, 315, 54, 20, 46, 109, 18, 0, 344, 73, 56, 81, 37, 81, 94, 70, 39, 118)


class CourseTimetabling(InstanceSet):
    """Lectures of courses into rooms and the periods of a week, formulation UD2."""

    name = "cbctt"
    files = (
        "Take the .ectt files, comp01 to comp21, from"
        " https://opthub.uniud.it/problem/timetabling/edutt/ttcb."
    )
    sentence = (
        "Lectures of courses into rooms and periods: curriculum-based course timetabling, ITC-2007"
        " track 3, formulation UD2 (MIT, https://opthub.uniud.it/problem/timetabling/edutt/ttcb)."
    )

    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the instances of a folder, by name."""
        return [(path.stem, path) for path in sorted(folder.glob("*.ectt"))]

    def read(self, path: Path, name: str) -> Case:
        """Read an instance from an ``.ectt`` file."""
        instance = read_instance(path)
        known = {}
        number = name.removeprefix("comp")
        if name.startswith("comp") and number.isdigit() and 1 <= int(number) <= len(BEST):
            known = {
                "best known": (0, BEST[int(number) - 1]),
                "winner of 2007, 60 s": (0, WINNER[int(number) - 1]),
            }
        return Case(
            name=name,
            problem=problem_of(instance),
            score=lambda schedule: score(instance, schedule),
            goals=(*GOALS, *goals_of(instance)),
            known=known,
        )
