"""Classes into times and rooms: the International Timetabling Competition 2019."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allocator.bench.case import Case, InstanceSet
from allocator.bench.itc2019.blocks import (
    BlocksBeyond,
    BlocksOver,
    BreaksBeyond,
    BreaksOver,
    MaxBlock,
    MaxBreaks,
)
from allocator.bench.itc2019.groups import Measure
from allocator.bench.itc2019.instance import Distribution, Instance
from allocator.bench.itc2019.max_day_load import LoadBeyond, LoadOver, MaxDayLoad
from allocator.bench.itc2019.max_days import DaysBeyond, DaysOver, MaxDays
from allocator.bench.itc2019.pair_goals import MissedInRoom, MissedInTime
from allocator.bench.itc2019.pair_rules import PairsInRoom, PairsInTime
from allocator.bench.itc2019.pairs import Ways
from allocator.bench.itc2019.penalties import RoomPenalty, TimePenalty
from allocator.bench.itc2019.problem import problem_of
from allocator.bench.itc2019.reader import read_instance
from allocator.bench.itc2019.rooms import RoomTaken, RoomUnavailable
from allocator.bench.itc2019.score import score
from allocator.bench.itc2019.tables import Tables
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.rules import RULES
from allocator.rules.rule import Rule

#: Published penalties: the best known, a lower bound, and UniTime's own solver after 10 minutes.
PUBLISHED = {
    "lums-sum17": (4, 4, 4),
    "bet-sum18": (1759, 1759, 1937),
    "tg-fal17": (4215, 4215, 6966),
    "lums-spr18": (95, 24, 163),
}
FORMS = (".xml.xz", ".xml")


class Classes(InstanceSet):
    """Classes of a term into times and rooms, without students."""

    name = "itc2019"
    files = "Take the instances, .xml or .xml.xz, from https://www.itc2019.org."
    sentence = (
        "Classes of a term into times and rooms, with 19 kinds of distribution between them: the"
        " International Timetabling Competition 2019, without students (https://www.itc2019.org)."
    )

    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the instances of a folder, by name."""
        paths = [path for path in folder.iterdir() if path.name.endswith(FORMS)]
        return sorted((_stem(path), path) for path in paths)

    def names_in(self, path: Path) -> Sequence[str]:
        """Return the name of the instance that a file holds."""
        return (_stem(path),)

    def read(self, path: Path, name: str) -> Case:
        """Read an instance from an ``.xml`` or ``.xml.xz`` file."""
        instance = read_instance(path)
        rules, goals = faces_of(instance)
        known = {}
        if name in PUBLISHED:
            words = ("best known", "lower bound", "UniTime, 10 min")
            figures = zip(words, PUBLISHED[name], strict=True)
            known = {word: (0, figure) for word, figure in figures}
        return Case(
            name=name,
            problem=problem_of(instance),
            score=lambda schedule: score(instance, schedule),
            rules=(*RULES, *rules),
            goals=(*GOALS, *goals),
            known=known,
        )


def faces_of(instance: Instance) -> tuple[tuple[Rule, ...], tuple[Goal, ...]]:
    """Return the rules and goals of an instance."""
    tables = Tables(instance)
    ways = Ways(tables)
    required = [one for one in instance.distributions if one.penalty is None]
    wished = [one for one in instance.distributions if one.penalty is not None]

    def over(measure: type[Measure], kind: str, some: Sequence[Distribution]) -> list[Measure]:
        return [measure(tables, one) for one in some if one.kind == kind]

    rules = (
        RoomUnavailable(tables),
        RoomTaken(tables),
        PairsInTime(tables, required),
        PairsInRoom(tables, required, ways),
        MaxDays(over(DaysOver, "MaxDays", required)),
        MaxDayLoad(over(LoadOver, "MaxDayLoad", required)),
        MaxBreaks(over(BreaksOver, "MaxBreaks", required)),
        MaxBlock(over(BlocksOver, "MaxBlock", required)),
    )
    goals = (
        TimePenalty(tables),
        RoomPenalty(tables),
        MissedInTime(tables, wished),
        MissedInRoom(tables, wished, ways),
        DaysBeyond(over(DaysOver, "MaxDays", wished)),
        LoadBeyond(over(LoadOver, "MaxDayLoad", wished)),
        BreaksBeyond(over(BreaksOver, "MaxBreaks", wished)),
        BlocksBeyond(over(BlocksOver, "MaxBlock", wished)),
    )
    return rules, goals


def _stem(path: Path) -> str:
    return path.name.removesuffix(".xz").removesuffix(".xml")
