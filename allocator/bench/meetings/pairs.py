"""What two meetings have to do with each other: by tick beside fixed ones, and in the model."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import numpy.typing as npt

from allocator.bench.common import placeable
from allocator.bench.meetings.instance import Matrix
from allocator.prepare.visit import Visit
from allocator.state.state import State
from allocator.state.verbs import Expression, Literal, Verbs

Vector = npt.NDArray[np.int64]


def placed(state: State) -> tuple[Vector, Vector, Vector, Vector]:
    """Return the numbers, starts, ends and rooms of the meetings that are placed."""

    def compute() -> tuple[Vector, Vector, Vector, Vector]:
        found = [
            (v, p.start, p.start + p.duration, p.team[0][0])
            for v, p in enumerate(state.placements)
            if p is not None
        ]
        numbers, starts, ends, rooms = np.array(found, dtype=np.int64).reshape(-1, 4).T
        return numbers, starts, ends, rooms

    return state.memo_of_all("meetings placed", compute)


def covered(state: State, visit: Visit, weights: Matrix | None) -> Vector:
    """Return by tick how many placed meetings go on before it, counted over all ticks before.

    Each counts as much as it weighs beside the visit; the difference of two ticks is what goes
    on between them.
    """

    def compute() -> Vector:
        numbers, starts, ends, _ = placed(state)
        weight = np.ones(len(numbers)) if weights is None else weights[visit.index][numbers]
        ticks = state.prepared.ticks + 1
        change = np.bincount(starts, weight, ticks) - np.bincount(ends, weight, ticks)
        sums = np.cumsum(np.cumsum(change)).astype(np.int64)
        return np.concatenate(([0], sums[:-1]))

    if weights is None:
        return state.memo_of_all("meetings covered", compute)
    return compute()


class Pair:
    """What is said in a model of two free meetings, said once.

    Parameters
    ----------
    model
        The model.
    one, other
        Numbers of their visits.
    """

    def __init__(self, model: Verbs, one: int, other: int) -> None:
        self.model = model
        self.one = one
        self.other = other
        self.length = {v: model.durations(v)[0] for v in (one, other)}
        self._overlap: Expression | None = None
        self._together: Literal | None = None

    @property
    def overlap(self) -> Expression:
        """In how many ticks both go on, or more: to be pressed down."""
        if self._overlap is None:
            model, one, other = self.model, self.one, self.other
            shorter = min(self.length.values())
            overlap = model.integer(0, shorter, "overlap")
            # The least of three numbers is one of them.
            least = [model.literal("least") for _ in range(3)]
            model.at_most(shorter, overlap, when=[least[0]])
            model.at_most(model.end(one) - model.start(other), overlap, when=[least[1]])
            model.at_most(model.end(other) - model.start(one), overlap, when=[least[2]])
            self.one_of(least)
            self._overlap = overlap
        return self._overlap

    @property
    def together(self) -> Literal:
        """Whether both are in one room."""
        if self._together is None:
            rooms = set(self.model.choices(self.one, 0)) & set(self.model.choices(self.other, 0))
            self._together = self.model.any_of(
                self.model.all_of(self.model.takes(v, 0, room) for v in (self.one, self.other))
                for room in sorted(rooms)
            )
        return self._together

    def one_of(self, ways: Iterable[Literal]) -> None:
        """Let one of these literals hold where both are placed."""
        model = self.model
        placed = [model.present(v) for v in (self.one, self.other)]
        model.forbid([*placed, *(model.opposite(way) for way in ways)])


def pairs(model: Verbs) -> list[Pair]:
    """Return all pairs of free meetings that can be placed; goals of one model share them."""

    def compute() -> list[Pair]:
        return [Pair(model, one, other) for one, other in combinations(placeable(model), 2)]

    return model.memo("meetings", compute)
