"""MaxDayLoad: classes take no more than so many slots of a day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.bench.itc2019.groups import Measure, MissedTogether, Together
from allocator.bench.itc2019.instance import Pattern
from allocator.bench.itc2019.tables import Vector
from allocator.prepare.masks import ticks_of
from allocator.state.verbs import Expression, Verbs


class LoadOver(Measure):
    """Slots beyond the most, summed over all days of all weeks."""

    def over(self, some: Sequence[Pattern]) -> int:
        """Return the slots beyond the most."""
        instance, total = self.tables.instance, 0
        for week in range(instance.weeks):
            in_week = [one for one in some if one.weeks >> week & 1]
            for day in range(instance.days):
                load = sum(one.length for one in in_week if one.days >> day & 1)
                total += max(0, load - self.by.numbers[0])
        return total

    def beside(self, some: Sequence[int]) -> Vector:
        """Return the slots beyond the most, by tick."""
        each = self.tables.lengths[:, None] * self.tables.cells
        load = each + each[list(some)].sum(axis=0)
        return np.maximum(load - self.by.numbers[0], 0).sum(axis=1)

    def express(self, model: Verbs, members: Sequence[int]) -> Expression:
        """Sum the lengths of the classes of each day."""
        total: Expression = 0
        for many, cell in self.cells(model, members):
            load: Expression = 0
            for member, meeting in cell.items():
                lengths: dict[int, int] = {}
                for tick in ticks_of(meeting).tolist():
                    length = self.tables.patterns[tick].length
                    lengths[length] = lengths.get(length, 0) | 1 << tick
                load = load + sum(n * model.at(member, mask) for n, mask in lengths.items())
            over = model.integer(0, len(cell) * self.tables.instance.slots, "slots over")
            model.at_most(load - self.by.numbers[0], over)
            total = total + many * over
        return total


class MaxDayLoad(Together):
    """No more than so many slots of each day of each week."""

    name = "max_day_load"
    sentence = "Classes take no more than so many slots of a day."


class LoadBeyond(MissedTogether):
    """The penalty of slots beyond the most of a day."""

    name = "load_beyond"
    sentence = "Classes take few slots of a day."
