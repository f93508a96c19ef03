"""Why a visit lies where it does: what its place costs, and the best other places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allocator.check.score import score
from allocator.domain.schedule import Assignment
from allocator.explain.analysis import Payment, analyse
from allocator.explain.difference import GoalChange, changes
from allocator.explain.frame import frame_of
from allocator.explain.phrases import missed
from allocator.explain.places import ids, labels, told, when
from allocator.prepare.assignments import place_of
from allocator.prepare.visit import Placement
from allocator.report.words import count
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.costs import placements as best_places
from allocator.table.rulebook import Rulebook

if TYPE_CHECKING:
    from pandas import DataFrame

#: Other places that are told.
OTHERS = 3


@dataclass(frozen=True, slots=True)
class OtherPlace:
    """Another place for a visit, all else as it is.

    Attributes
    ----------
    assignment
        The visit there.
    levels
        By how much each level would cost more there, by name; below 0 is better.
    goals
        The goals that would pay more or less.
    """

    assignment: Assignment
    levels: dict[str, int]
    goals: tuple[GoalChange, ...]


@dataclass(frozen=True, slots=True)
class WhyHere:
    """Why a visit lies where it does.

    Attributes
    ----------
    assignment
        Where it lies.
    payments
        What each goal pays in which this visit has a part; what several visits pay together is
        told whole.
    others
        The best other places that every rule allows while all else stays, the best first:
        one for each start, with those who are best then.
    booked
        Whether it is pinned there.
    levels
        Names of the levels, in order.
    labels
        What people call the resources of these places, by id.
    """

    assignment: Assignment
    payments: tuple[Payment, ...]
    others: tuple[OtherPlace, ...]
    booked: bool
    levels: tuple[str, ...]
    labels: dict[str, str]

    def rows(self) -> list[dict[str, object]]:
        """Return a row for where it lies and for each other place, with a column for each level."""
        here: dict[str, object] = {
            "visit": self.assignment.visit,
            "start": self.assignment.start,
            "resources": " ".join(ids(self.assignment)),
        }
        rows = [here | dict.fromkeys(self.levels, 0)]
        for other in self.others:
            rows.append(
                {
                    "visit": other.assignment.visit,
                    "start": other.assignment.start,
                    "resources": " ".join(ids(other.assignment)),
                    **other.levels,
                }
            )
        return rows

    def frame(self) -> DataFrame:
        """Return the rows as a data frame."""
        return frame_of(self.rows(), ("visit", "start", "resources", *self.levels))

    def text(self) -> str:
        """Say it in plain words."""
        a = self.assignment
        lines = [f"{a.visit} lies at {told(a, self.labels)}."]
        if self.booked:
            lines[0] += " It is booked there."
        by_goal: dict[tuple[str, str], list[Payment]] = {}
        for paid in self.payments:
            by_goal.setdefault((paid.goal, paid.unit), []).append(paid)
        for (goal, unit), some in by_goal.items():
            amount, cost = sum(p.amount for p in some), sum(p.cost for p in some)
            visits = {visit for p in some for visit in p.visits}
            shared = f", of {count(len(visits), 'visit')} together" if len(visits) > 1 else ""
            lines.append(f"  {goal}: {missed(amount, unit)}, {cost:,} points{shared}.")
        if not self.payments:
            lines.append("  No goal pays anything for it.")
        for other in self.others:
            b = other.assignment
            price = ", ".join(f"{name} {n:+,} points" for name, n in other.levels.items() if n)
            goals = ", ".join(f"{g.goal} {g.cost:+,}" for g in other.goals)
            place = when(b) if ids(b) == ids(a) else told(b, self.labels)
            lines.append(
                f"  Instead {place}: {price or 'costs the same'}{f' ({goals})' if goals else ''}."
            )
        if not self.others:
            lines.append("  While all else stays it can lie nowhere else.")
        return "\n".join(lines)


def why_here(
    book: Rulebook, placements: Sequence[Placement | None], visit: int, others: int = OTHERS
) -> WhyHere:
    """Say why a placed visit lies where it does."""
    prepared = book.prepared
    here = placements[visit]
    assert here is not None
    what = prepared.visits[visit]
    state = State(prepared, [None if v == visit else p for v, p in enumerate(placements)])
    before = score(book, Timetable(prepared, placements))
    found = []
    for choice in best_places(book, state, what, most=4 * others, but=here):
        there = choice.placement
        moved = [there if v == visit else p for v, p in enumerate(placements)]
        timetable = Timetable(prepared, moved)
        after = score(book, timetable)
        levels = [b - a for a, b in zip(before.levels, after.levels, strict=True)]
        found.append((levels, there, changes(before.goals, after.goals)))
    found.sort(key=lambda f: f[:2])
    names = [level.name for level in book.levels]
    place = place_of(prepared, visit, here)
    elsewhere = tuple(
        OtherPlace(place_of(prepared, visit, p), dict(zip(names, levels, strict=True)), goals)
        for levels, p, goals in found[:others]
    )
    return WhyHere(
        place,
        tuple(p for p in analyse(book, placements) if what.id in p.visits),
        elsewhere,
        visit in prepared.frozen,
        tuple(names),
        labels(prepared, [place, *(other.assignment for other in elsewhere)]),
    )
