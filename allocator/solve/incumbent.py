"""The best schedule so far, scored as a whole and checked by every twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.check.score import Score, score
from allocator.check.violations import violations
from allocator.domain.faults import SolverDisagreement
from allocator.prepare.visit import Placement
from allocator.rules.rule import Violation
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
    _inherited(book, timetable)
    return Incumbent(placements, score(book, timetable).levels)


def verify(
    book: Rulebook, timetable: Timetable, expected: Sequence[int]
) -> tuple[Score, tuple[Violation, ...]]:
    """Check a schedule by every twin, and its cost against what the model says.

    Returns
    -------
    tuple
        What it costs, and what is inherited of violations.

    Raises
    ------
    SolverDisagreement
        When it breaks a rule (what is inherited aside) or costs something else.
    """
    inherited = _inherited(book, timetable)
    scored = score(book, timetable)
    if scored.levels != tuple(expected):
        raise SolverDisagreement(
            f"A schedule costs {scored.levels} by its goals, {tuple(expected)} by the model."
        )
    return scored, inherited


def _inherited(book: Rulebook, timetable: Timetable) -> tuple[Violation, ...]:
    """Return what a schedule breaks by what is inherited; anything else is raised."""
    found = violations(book, timetable)
    real = [v for v in found if not v.inherited]
    if real:
        raise SolverDisagreement(
            f"A schedule breaks {len(real)} rules; the first is {real[0].rule}: {real[0].message}"
        )
    return tuple(found)
