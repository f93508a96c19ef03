"""What was served, by priority class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allocator.prepare.prepared import Prepared


@dataclass(frozen=True, slots=True)
class ClassServed:
    """Requests of a priority class: asked, served whole, in part, not at all; and visits.

    What was frozen before the solve does not count.
    """

    priority: int
    asked: int
    whole: int
    partly: int
    left: int
    visits: int
    visits_placed: int


def served_by_class(prepared: Prepared, placed: Iterable[str]) -> list[ClassServed]:
    """Return what was served of each class, the most urgent first.

    Parameters
    ----------
    prepared
        The problem.
    placed
        Ids of the visits that are placed.
    """
    there = set(placed)
    counts: dict[int, list[int]] = {}
    for request in prepared.requests:
        mine = [v for v in request.visits if v not in prepared.frozen]
        if not mine:
            continue
        done = sum(prepared.visits[v].id in there for v in mine)
        row = counts.setdefault(request.request.priority, [0] * 6)
        row[0] += 1
        row[1 if done == len(mine) else 2 if done else 3] += 1
        row[4] += len(mine)
        row[5] += done
    return [ClassServed(priority, *row) for priority, row in sorted(counts.items())]
