"""The difference of two schedules: who moved, who came, who went, and what it does to the cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from allocator.check.score import GoalScore, score
from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Assignment
from allocator.explain.frame import frame_of
from allocator.explain.phrases import missed
from allocator.explain.places import ids, labels, told, when, who
from allocator.prepare.assignments import place_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.report.words import count
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")

#: A visit, by its number, and where it lies.
Placed = tuple[int, Placement]
#: Of a frame.
COLUMNS = ("visit", "change", "before", "after", "resources_before", "resources_after")


@dataclass(frozen=True, slots=True)
class GoalChange:
    """By how much more a goal is missed in one schedule than in another; below 0 is better.

    Attributes
    ----------
    level, goal
        Names.
    unit
        What one unit of the amount is.
    amount
        In the unit.
    cost
        In points.
    """

    level: str
    goal: str
    unit: str
    amount: int
    cost: int

    def text(self) -> str:
        """Say it in plain words."""
        amount = missed(self.amount, self.unit, sign=True)
        return f"  {self.goal}: {amount}, {self.cost:+,} points."


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two schedules of one problem.

    Attributes
    ----------
    moved
        Visits that lie in both, not at the same time with the same resources: before and after.
        One of a flexible series that has only got another number, as another was put in before it,
        has not moved.
    added, dropped
        Visits that lie only in the second, and only in the first.
    goals
        The goals whose amounts or costs differ, in the problem's order.
    levels
        By how much each level costs more, by name, in order.
    labels
        What people call the resources of these visits, by id.
    """

    moved: tuple[tuple[Assignment, Assignment], ...]
    added: tuple[Assignment, ...]
    dropped: tuple[Assignment, ...]
    goals: tuple[GoalChange, ...]
    levels: dict[str, int]
    labels: dict[str, str]

    @property
    def better(self) -> bool:
        """Whether the second schedule costs less in the first level in which they differ."""
        return next((cost < 0 for cost in self.levels.values() if cost), False)

    def rows(self) -> list[dict[str, object]]:
        """Return a row for each visit that differs."""
        rows: list[dict[str, object]] = []
        for change, pairs in (
            ("moved", self.moved),
            ("added", [(None, a) for a in self.added]),
            ("dropped", [(a, None) for a in self.dropped]),
        ):
            for old, new in pairs:
                one = new or old
                assert one is not None
                rows.append(
                    {
                        "visit": one.visit,
                        "change": change,
                        "before": old and old.start,
                        "after": new and new.start,
                        "resources_before": old and " ".join(ids(old)),
                        "resources_after": new and " ".join(ids(new)),
                    }
                )
        return rows

    def frame(self) -> DataFrame:
        """Return the rows as a data frame."""
        return frame_of(self.rows(), COLUMNS)

    def text(self) -> str:
        """Say it in plain words."""
        counts = [
            f"{count(len(some), 'visit')} {what}"
            for some, what in (
                (self.moved, "moved"),
                (self.added, "added"),
                (self.dropped, "dropped"),
            )
            if some
        ]
        lines = [f"{', '.join(counts)}." if counts else "No visit lies elsewhere."]
        lines += [f"{level}: {cost:+,} points." for level, cost in self.levels.items() if cost]
        lines += [change.text() for change in self.goals]
        lines += [f"  {old.visit} moved: {self._move(old, new)}." for old, new in self.moved]
        lines += [f"  {new.visit} added: {told(new, self.labels)}." for new in self.added]
        lines += [f"  {old.visit} dropped: {told(old, self.labels)}." for old in self.dropped]
        return "\n".join(lines)

    def _move(self, old: Assignment, new: Assignment) -> str:
        """Say what is new of a visit: when it lies, with whom, in which session."""
        said = when(old) if old.start == new.start else f"{when(old)} to {when(new)}"
        gone = [id for id in ids(old) if id not in ids(new)]
        come = [id for id in ids(new) if id not in ids(old)]
        if gone and come:
            said += f", with {who(come, self.labels)} instead of {who(gone, self.labels)}"
        elif gone or come:
            said += f", {'with' if come else 'without'} {who(come or gone, self.labels)}"
        if old.session != new.session:
            said += f", in session {new.session} instead of {old.session}"
        return said


def compare(
    book: Rulebook,
    before: Sequence[Placement | None],
    after: Sequence[Placement | None],
) -> Difference:
    """Say what differs between two schedules; they may break rules."""
    prepared = book.prepared
    first = score(book, Timetable(prepared, before))
    second = score(book, Timetable(prepared, after))
    moved, added, dropped = [], [], []
    for old, new in _pairs(prepared, before, after):
        if old is not None and new is not None:
            if old[1] != new[1]:
                moved.append((place_of(prepared, *old), place_of(prepared, *new)))
        elif new is not None:
            added.append(place_of(prepared, *new))
        elif old is not None:
            dropped.append(place_of(prepared, *old))
    names = [level.name for level in book.levels]
    costs = (b - a for a, b in zip(first.levels, second.levels, strict=True))
    return Difference(
        tuple(moved),
        tuple(added),
        tuple(dropped),
        changes(first.goals, second.goals),
        dict(zip(names, costs, strict=True)),
        labels(prepared, [*added, *dropped, *(place for pair in moved for place in pair)]),
    )


def _pairs(
    prepared: Prepared, before: Sequence[Placement | None], after: Sequence[Placement | None]
) -> list[tuple[Placed | None, Placed | None]]:
    """Return which placed visit before is which after; None where it lies in only one of them.

    Visits of a flexible series are interchangeable and numbered by their starts: those that start
    at the same time are the same, and the others are told apart by their order.
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for visit in prepared.visits:
        flexible = visit.request is not None and isinstance(visit.request.series, FlexibleSeries)
        key = (visit.request_index, visit.step) if flexible else (-1, visit.index)
        alike.setdefault(key, []).append(visit.index)
    found: list[tuple[Placed | None, Placed | None]] = []
    for some in alike.values():
        were = [(v, p) for v in some if (p := before[v]) is not None]
        come = [(v, p) for v in some if (p := after[v]) is not None]
        pairs = matched(were, come, _start)
        found += pairs
    return sorted(found, key=lambda pair: (pair[0] or pair[1] or (0,))[0])


def _start(placed: Placed) -> int:
    return placed[1].start


def matched(
    were: Sequence[T], come: Sequence[T], start: Callable[[T], object]
) -> list[tuple[T | None, T | None]]:
    """Return which of some interchangeable visits before is which after.

    Those that start at the same time are the same; the others are told apart by their order, and
    None stands where one lies in only one schedule.
    """
    found: list[tuple[T | None, T | None]] = []
    there, rest = list(come), []
    for old in were:
        new = next((one for one in there if start(one) == start(old)), None)
        if new is None:
            rest.append(old)
        else:
            there.remove(new)
            found.append((old, new))
    return [*found, *zip_longest(rest, there)]


def changes(before: Sequence[GoalScore], after: Sequence[GoalScore]) -> tuple[GoalChange, ...]:
    """Return the goals that are missed more, or less, than before."""
    return tuple(
        GoalChange(b.level, b.goal, b.unit, b.amount - a.amount, b.cost - a.cost)
        for a, b in zip(before, after, strict=True)
        if (a.amount, a.cost) != (b.amount, b.cost)
    )
