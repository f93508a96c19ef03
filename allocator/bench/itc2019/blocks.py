"""MaxBreaks and MaxBlock: classes of a day that lie close together are one block."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from allocator.bench.itc2019.groups import Cell, Measure, MissedTogether, Together
from allocator.bench.itc2019.instance import Pattern
from allocator.bench.itc2019.tables import Vector
from allocator.prepare.masks import Mask, ticks_of
from allocator.state.verbs import Expression, Literal, Verbs

#: Start and end of a class on a day.
Time = tuple[int, int]


def blocks(some: Sequence[Time], apart: int) -> list[list[Time]]:
    """Return the classes of each block of a day: no further apart than so many slots."""
    found: list[list[Time]] = []
    reach = -1
    for start, end in sorted(some):
        if not found or start > reach + apart:
            found.append([])
            reach = end
        found[-1].append((start, end))
        reach = max(reach, end)
    return found


class OfBlocks(Measure):
    """Something of the blocks of a day, summed over all days of all weeks."""

    @abstractmethod
    def of_day(self, some: Sequence[Time]) -> int:
        """Return how far one day is over."""

    @abstractmethod
    def express_day(self, model: Verbs, day: Starts) -> Expression:
        """Return how far one day is over, or more: to be pressed down."""

    def over(self, some: Sequence[Pattern]) -> int:
        """Return how far all days are over."""
        instance, total = self.tables.instance, 0
        for week in range(instance.weeks):
            for day in range(instance.days):
                meet = [one for one in some if one.weeks >> week & 1 and one.days >> day & 1]
                total += self.of_day([(one.start, one.end) for one in meet])
        return total

    def beside(self, some: Sequence[int]) -> Vector:
        """Return how far all days are over, by tick: days alike are worked out once."""
        tables = self.tables
        times = [(p.start, p.end) for p in tables.patterns]
        kinds = {time: n for n, time in enumerate(dict.fromkeys(times))}
        kind = np.array([kinds[time] for time in times])
        known: dict[tuple[Time, ...], Vector] = {}
        total = np.zeros(len(times), dtype=np.int64)
        for meeting in tables.cells.T:
            day = tuple(sorted(times[tick] for tick in some if meeting[tick]))
            if day not in known:
                more = [self.of_day([*day, time]) for time in kinds]
                known[day] = np.array([*more, self.of_day(day)], dtype=np.int64)
            total += np.where(meeting, known[day][kind], known[day][-1])
        return total

    def express(self, model: Verbs, members: Sequence[int]) -> Expression:
        """Sum what the days are over."""
        total: Expression = 0
        for many, cell in self.cells(model, members):
            day = Starts(model, self.tables.patterns, cell, self.by.numbers[1])
            total = total + many * self.express_day(model, day)
        return total


class Starts:
    """The classes of a day in a model, by their starts.

    Attributes
    ----------
    times
        By start, in order: by class and end, whether the class starts then and ends there.
    begins
        By start, whether a block begins then.
    """

    def __init__(self, model: Verbs, patterns: Sequence[Pattern], cell: Cell, apart: int) -> None:
        self.model = model
        some: dict[int, dict[tuple[int, int], Mask]] = {}
        for member, meeting in cell.items():
            for tick in ticks_of(meeting).tolist():
                here = some.setdefault(patterns[tick].start, {})
                key = member, patterns[tick].end
                here[key] = here.get(key, 0) | 1 << tick
        self.times: dict[int, dict[tuple[int, int], Literal]] = {
            start: {key: model.at(key[0], mask) for key, mask in some[start].items()}
            for start in sorted(some)
        }
        self.begins: dict[int, Literal] = {}
        for start, here in self.times.items():
            before = [
                literal
                for earlier, others in self.times.items()
                if earlier < start
                for (_, end), literal in others.items()
                if end + apart >= start
            ]
            held = model.opposite(model.any_of(before))
            self.begins[start] = model.all_of([model.any_of(here.values()), held])


class BreaksOver(OfBlocks):
    """Blocks of a day beyond one and the most breaks."""

    whole = True

    def of_day(self, some: Sequence[Time]) -> int:
        """Return the blocks that are too many."""
        return max(0, len(blocks(some, self.by.numbers[1])) - 1 - self.by.numbers[0])

    def express_day(self, model: Verbs, day: Starts) -> Expression:
        """Count the starts at which a block begins."""
        over = model.integer(0, len(day.begins), "breaks over")
        model.at_most(sum(day.begins.values()) - (self.by.numbers[0] + 1), over)
        return over


class BlocksOver(OfBlocks):
    """Blocks of two classes or more that are longer than the most."""

    def of_day(self, some: Sequence[Time]) -> int:
        """Return the blocks that are too long."""
        most, apart = self.by.numbers
        return sum(
            len(block) > 1 and max(end for _, end in block) - block[0][0] > most
            for block in blocks(some, apart)
        )

    def express_day(self, model: Verbs, day: Starts) -> Expression:
        """Follow each block from its beginning to classes that end too late for it."""
        most = self.by.numbers[0]
        total: Expression = 0
        for first, begins in day.begins.items():
            over = model.literal("block over")
            total = total + over
            here = day.times[first]
            late = [(key, literal) for key, literal in here.items() if key[1] > first + most]
            for (one, at), (other, to) in combinations(here.items(), 2):
                if one[0] != other[0] and max(one[1], other[1]) > first + most:
                    model.imply([begins, at, to], over)
            unbroken: list[Literal] = [begins]
            for start, others in day.times.items():
                if start <= first:
                    continue
                unbroken.append(model.opposite(day.begins[start]))
                for (member, end), at in others.items():
                    if end > first + most:
                        model.imply([*unbroken, at], over)
                    for (starter, _), long in late:
                        if member != starter:
                            model.imply([*unbroken, at, long], over)
        return total


class MaxBreaks(Together):
    """No more than so many breaks on each day of each week, judged once all classes are placed."""

    name = "max_breaks"
    sentence = "Classes of a day have no more than so many breaks between them."


class BreaksBeyond(MissedTogether):
    """The penalty of breaks beyond the most of a day."""

    name = "breaks_beyond"
    sentence = "Classes of a day have few breaks between them."


class MaxBlock(Together):
    """No block of two classes or more that is longer than so many slots."""

    name = "max_block"
    sentence = "Classes of a day do not follow each other for more than so many slots."


class BlocksBeyond(MissedTogether):
    """The penalty of blocks that are longer than the most."""

    name = "blocks_beyond"
    sentence = "Classes of a day do not follow each other for long."
