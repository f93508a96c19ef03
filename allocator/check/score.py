"""The objective, recomputed from a finished schedule."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.goals.goal import Amount
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class GoalScore:
    """What one goal came to.

    Attributes
    ----------
    goal, level
        Names.
    unit
        What one unit of the amount is.
    weight
        Points for a unit, where no request says otherwise.
    amount
        In the unit; 0 is perfect.
    cost
        In points: amounts times their weights.
    """

    goal: str
    level: str
    unit: str
    weight: int
    amount: int
    cost: int


@dataclass(frozen=True, slots=True)
class Score:
    """What a schedule costs: by level in order, and by goal.

    Attributes
    ----------
    levels
        Cost of each level; smaller is better, the first counts first.
    goals
        Their parts.
    amounts
        For each goal in ``goals``, where its amount comes from.
    """

    levels: tuple[int, ...]
    goals: tuple[GoalScore, ...]
    amounts: tuple[tuple[Amount, ...], ...]


def score(book: Rulebook, timetable: Timetable) -> Score:
    """Score a schedule by every goal in force; requests frozen whole have nothing to gain."""
    levels = [0] * len(book.levels)
    goals: list[GoalScore] = []
    parts: list[tuple[Amount, ...]] = []
    for number, goal in enumerate(book.goals):
        amounts = tuple(
            a for a in goal.score(timetable) if a.amount and a.request not in book.settled
        )
        cost = sum(a.amount * book.weight(number, a.request) for a in amounts)
        level = book.level(number)
        levels[level] += cost
        parts.append(amounts)
        goals.append(
            GoalScore(
                goal.name,
                book.levels[level].name,
                goal.unit,
                book.weight(number, -1),
                sum(a.amount for a in amounts),
                cost,
            )
        )
    return Score(tuple(levels), tuple(goals), tuple(parts))
