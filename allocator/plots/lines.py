"""The rows of a timetable: a resource each, with one more for every further lane in use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from allocator.plots.bars import Bar
from allocator.prepare.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows from top to bottom.

    Attributes
    ----------
    labels
        Of every row, each of them once; headings of kinds among them.
    headings
        Which labels are headings.
    of_resource
        For each resource the labels of its rows.
    of_bar
        For each bar, by its place in the list, the label of its row.
    """

    labels: list[str] = field(default_factory=list)
    headings: set[str] = field(default_factory=set)
    of_resource: dict[int, list[str]] = field(default_factory=dict)
    of_bar: list[str] = field(default_factory=list)

    def add(self, wanted: str, more: str = "") -> str:
        """Add a row, and return its label: the one wanted, unless that is taken."""
        label = wanted if wanted.strip() else more or "·"
        if label in self.labels and more:
            label = f"{label} ({more})"
        while label in self.labels:
            label += "'"
        self.labels.append(label)
        return label


def lines(prepared: Prepared, resources: Sequence[int], bars: Sequence[Bar]) -> Lines:
    """Give each resource its rows, and each bar its row.

    Parameters
    ----------
    prepared
        The problem.
    resources
        Their numbers, from top to bottom. Kinds get headings when there are several.
    bars
        What is drawn.
    """
    made = Lines(of_bar=[""] * len(bars))
    by_resource: dict[int, list[int]] = {}
    for number, bar in enumerate(bars):
        by_resource.setdefault(bar.resource, []).append(number)
    kinds = [
        (kind, list(some))
        for kind, some in groupby(resources, key=lambda r: prepared.resources[r].kind)
    ]
    for kind, some in kinds:
        if len(kinds) > 1:
            made.headings.add(made.add(kind.upper()))
        for resource in some:
            thing = prepared.resources[resource]
            label = made.add(thing.label, thing.id)
            rows = made.of_resource[resource] = [label]
            for number, lane in lanes(bars, by_resource.get(resource, ())):
                while lane >= len(rows):
                    rows.append(made.add(f"{label} · {len(rows) + 1}"))
                made.of_bar[number] = rows[lane]
    return made


def lanes(bars: Sequence[Bar], mine: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield each bar of a resource with its lane: the first in which nothing is in its way."""
    free: list[int] = []
    for number in sorted(mine, key=lambda n: (bars[n].first, bars[n].visit)):
        bar = bars[number]
        open_lanes = [lane for lane, until in enumerate(free) if until <= bar.first]
        while len(open_lanes) < bar.uses:
            open_lanes.append(len(free))
            free.append(bar.first)
        for lane in open_lanes[: bar.uses]:
            free[lane] = bar.end
        yield number, open_lanes[0]


def by_kind(prepared: Prepared, numbers: Iterable[int]) -> list[int]:
    """Put resources in order: by kind, those who do the work first, then by what they are called.

    Rooms and devices come after people, in the order of their kinds' names. Room 2 comes before
    room 10.
    """
    things = prepared.resources

    def place(number: int) -> tuple[bool, str, list[tuple[int, str]], str]:
        thing = things[number]
        return thing.kind != "practitioner", thing.kind, counted(thing.label), thing.id

    return sorted(numbers, key=place)


def counted(label: str) -> list[tuple[int, str]]:
    """Return a label as it is sorted: numbers in it by what they count to."""
    parts = re.findall(r"\d+|\D+", label.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
