"""Score analysis: what each goal paid, for whom and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.check.score import score
from allocator.prepare.visit import Placement
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Payment:
    """What one goal paid at one place of a schedule.

    Attributes
    ----------
    level, goal
        Names.
    unit
        What one unit of the amount is.
    amount
        In the unit.
    cost
        In points: the amount times its weight.
    request
        Id of the request in whose name it counts, or None.
    visits, resources
        Ids of those involved.
    """

    level: str
    goal: str
    unit: str
    amount: int
    cost: int
    request: str | None
    visits: tuple[str, ...]
    resources: tuple[str, ...]

    def row(self) -> dict[str, object]:
        """Return it as a row of a table."""
        return {
            "level": self.level,
            "goal": self.goal,
            "unit": self.unit,
            "amount": self.amount,
            "cost": self.cost,
            "request": self.request,
            "visits": " ".join(self.visits),
            "resources": " ".join(self.resources),
        }


def analyse(book: Rulebook, placements: Sequence[Placement | None]) -> tuple[Payment, ...]:
    """Take a schedule's cost apart: by level and goal in the problem's order, the dearest first."""
    prepared = book.prepared
    scored = score(book, Timetable(prepared, placements))
    paid = []
    for number, (goal, amounts) in enumerate(zip(scored.goals, scored.amounts, strict=True)):
        places = [
            Payment(
                goal.level,
                goal.goal,
                goal.unit,
                some.amount,
                some.amount * book.weight(number, some.request),
                prepared.requests[some.request].request.id if some.request >= 0 else None,
                tuple(prepared.visits[v].id for v in some.visits),
                tuple(prepared.resources[r].id for r in some.resources),
            )
            for some in amounts
        ]
        paid += sorted(places, key=lambda p: -p.cost)
    return tuple(paid)
