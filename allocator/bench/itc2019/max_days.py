"""MaxDays: classes are spread over no more than so many days of the week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.bench.itc2019.groups import Measure, MissedTogether, Together
from allocator.bench.itc2019.instance import Pattern
from allocator.bench.itc2019.tables import Vector
from allocator.prepare.masks import from_flags
from allocator.state.verbs import Expression, Verbs


class DaysOver(Measure):
    """Days of the week beyond the most, whichever weeks they are used in."""

    @property
    def price(self) -> tuple[int, int]:
        """What being over by so many costs."""
        return self.by.penalty or 0, 1

    def over(self, some: Sequence[Pattern]) -> int:
        """Return the days beyond the most."""
        used = {day for one in some for day in range(one.days.bit_length()) if one.days >> day & 1}
        return max(0, len(used) - self.by.numbers[0])

    def beside(self, some: Sequence[int]) -> Vector:
        """Return the days beyond the most, by tick."""
        either = self.tables.days | np.bitwise_or.reduce(self.tables.days[list(some)], initial=0)
        days = either[:, None] >> np.arange(self.tables.instance.days) & 1
        return np.maximum(days.sum(axis=1) - self.by.numbers[0], 0)

    def express(self, model: Verbs, members: Sequence[int]) -> Expression:
        """Count the days on which any class meets."""
        used = []
        for day in range(self.tables.instance.days):
            mask = from_flags(self.tables.days >> day & 1 > 0)
            used.append(model.any_of(model.at(v, mask) for v in members))
        over = model.integer(0, self.tables.instance.days, "days over")
        model.at_most(sum(used) - self.by.numbers[0], over)
        return over


class MaxDays(Together):
    """No more than so many days of the week."""

    name = "max_days"
    sentence = "Classes are spread over no more than so many days of the week."


class DaysBeyond(MissedTogether):
    """The penalty of days of the week beyond the most."""

    name = "days_beyond"
    sentence = "Classes are spread over few days of the week."
