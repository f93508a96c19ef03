"""What was served, by priority class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allocator.prepare.prepared import Prepared
from allocator.report.goal_table import known
from allocator.report.words import value

if TYPE_CHECKING:
    from allocator.solve.result import LevelResult


@dataclass(frozen=True, slots=True)
class ClassServed:
    """Requests of a priority class: asked, served whole, in part, not at all; and visits."""

    priority: int
    asked: int
    whole: int
    partly: int
    left: int
    visits: int
    visits_placed: int


def served_by_class(
    prepared: Prepared, placed: Iterable[str], *, frozen: bool = False
) -> list[ClassServed]:
    """Return what was served of each class, the most urgent first.

    Parameters
    ----------
    prepared
        The problem.
    placed
        Ids of the visits that are placed.
    frozen
        Whether what was frozen before the solve counts, too: as it must where problems are
        compared that hold different visits fast.
    """
    there = set(placed)
    counts: dict[int, list[int]] = {}
    for request in prepared.requests:
        mine = [v for v in request.visits if frozen or v not in prepared.frozen]
        if not mine:
            continue
        done = sum(prepared.visits[v].id in there for v in mine)
        row = counts.setdefault(request.request.priority, [0] * 6)
        row[0] += 1
        row[1 if done == len(mine) else 2 if done else 3] += 1
        row[4] += len(mine)
        row[5] += done
    return [ClassServed(priority, *row) for priority, row in sorted(counts.items())]


def value_served(level: LevelResult | None) -> tuple[str, str]:
    """Write the value that a level serves of what can be served, and how good that is."""
    if level is None or level.served is None:
        return "", ""
    if level.servable is None:
        return value(level.served), "no bound"
    if level.proved:
        all_of_it = value(round(level.served, 2))
        return f"{all_of_it} of {all_of_it}", "proved"
    shown = f"{value(level.served)} of {value(level.servable, up=True)}"
    return shown, known(level).removeprefix("gap ")
