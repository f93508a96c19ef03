"""The best schedule so far, scored as a whole and checked by every twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.check.score import score
from allocator.check.violations import violations
from allocator.domain.faults import SolverDisagreement
from allocator.prepare.visit import Placement
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Incumbent:
    """Placements with their cost by level."""

    placements: tuple[Placement | None, ...]
    costs: tuple[int, ...]


def incumbent(book: Rulebook, placements: Sequence[Placement | None]) -> Incumbent:
    """Score placements."""
    placements = tuple(placements)
    return Incumbent(placements, score(book, Timetable(book.prepared, placements)).levels)


def checked(book: Rulebook, placements: Sequence[Placement | None]) -> Incumbent:
    """Score placements and check them by every twin.

    Raises
    ------
    SolverDisagreement
        When they break a rule, what is inherited aside.
    """
    placements = tuple(placements)
    timetable = Timetable(book.prepared, placements)
    real = [v for v in violations(book, timetable) if not v.inherited]
    if real:
        raise SolverDisagreement(
            f"A schedule breaks {len(real)} rules; the first is {real[0].rule}: {real[0].message}"
        )
    return Incumbent(placements, score(book, timetable).levels)


def verify(book: Rulebook, placements: Sequence[Placement | None], expected: Sequence[int]) -> None:
    """Check placements by every twin, and their cost against what the model says.

    Raises
    ------
    SolverDisagreement
        When they break a rule (what is inherited aside) or cost something else.
    """
    costs = checked(book, placements).costs
    if tuple(costs) != tuple(expected):
        raise SolverDisagreement(
            f"A schedule costs {tuple(costs)} by its goals, {tuple(expected)} by the model."
        )
