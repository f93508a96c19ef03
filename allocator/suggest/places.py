"""The places of one visit: all feasible starts by masks, and what the best of them cost."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allocator.domain.time import MINUTES_PER_DAY
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit
from allocator.state.state import State
from allocator.suggest.bounds import Bounds
from allocator.suggest.wishes import Wishes
from allocator.table.costs import IMPOSSIBLE, Choice, CostTable
from allocator.table.fewer import with_fewer
from allocator.table.options import Options, options
from allocator.table.rulebook import Rulebook

Vector = npt.NDArray[np.int64]

#: Resources for each of the quantity of a need that are thought of where many could.
RESOURCES = 12
#: The same for the later visits of a series or chain.
FEW_RESOURCES = 5
#: Starts of a variant of which the cost is worked out, and minutes between those that touch
#: nothing.
STARTS = 256
EVERY_MINUTES = 30
#: The same for the later visits of a series or chain.
LATER = 96
#: Teams of a start that are looked at for other people.
TEAMS = 200
#: Parts of a day by the wall time at which they end: morning, noon, afternoon, evening.
PARTS = (11 * 60, 14 * 60, 17 * 60)


@dataclass(frozen=True, slots=True)
class Places:
    """What a visit may do, with what it costs at some of its starts.

    Attributes
    ----------
    visit
        The visit.
    starts
        Every feasible start, each need by itself.
    tables
        The costs, variant by variant.
    """

    visit: Visit
    starts: Mask
    tables: tuple[CostTable, ...]

    def first(self) -> Choice | None:
        """Return the first start, with those who are cheapest then."""
        found: list[Choice] = []
        for table in self.tables:
            for column in range(len(table.ticks)):
                choice = table.best_at(column, int(IMPOSSIBLE))
                if choice is not None:
                    found.append(choice)
                    break
        return min(found, key=lambda c: (c.placement.start, c.cost), default=None)

    def choices(self, most: int) -> list[Choice]:
        """Return cheap choices, the cheapest of each part of each day first of all."""
        if not self.tables:
            return []
        lower = np.concatenate([table.lower for table in self.tables])
        which = np.repeat(np.arange(len(self.tables)), [len(t.ticks) for t in self.tables])
        column = np.concatenate([np.arange(len(t.ticks)) for t in self.tables])
        stratum = parts_of_days(
            self.visit.clock, np.concatenate([table.ticks for table in self.tables])
        )
        order = np.argsort(lower, kind="stable")
        order = order[lower[order] < IMPOSSIBLE]
        firsts = np.sort(np.unique(stratum[order], return_index=True)[1])
        others = np.delete(np.arange(len(order)), firsts)
        found: dict[int, Choice] = {}
        looked: set[int] = set()

        def look(place: int) -> None:
            looked.add(place)
            choice = self.tables[which[place]].best_at(int(column[place]), int(IMPOSSIBLE))
            if choice is not None:
                known = found.get(choice.placement.start)
                if known is None or choice.cost < known.cost:
                    found[choice.placement.start] = choice

        for place in order[np.concatenate([firsts, others])].tolist():
            look(place)
            if len(found) == most:
                break
        # Teams may cost more than their members: the cheapest of all is looked for to the end.
        for place in order.tolist():
            if lower[place] >= min((c.cost for c in found.values()), default=int(IMPOSSIBLE)):
                break
            if place not in looked:
                look(place)
        return sorted(found.values(), key=lambda c: (c.cost, c.placement))

    def other_people(self, known: Sequence[Choice], most: int) -> list[Choice]:
        """Return choices at known starts with others than those known, the cheapest first."""
        seen = {(c.placement.start, self._people(c.placement)) for c in known}
        starts = {c.placement.start for c in known}
        found: list[Choice] = []
        for table in self.tables:
            for column in np.flatnonzero(np.isin(table.ticks, list(starts))).tolist():
                for choice in table.all_at(column, TEAMS):
                    one = choice.placement.start, self._people(choice.placement)
                    if one not in seen:
                        seen.add(one)
                        found.append(choice)
        return sorted(found, key=lambda c: (c.cost, c.placement))[:most]

    def _people(self, placement: Placement) -> tuple[int, ...]:
        """Return the practitioners of a place; where it has none, all whom it takes."""
        prepared = self.tables[0].book.prepared
        taken = [r for members in placement.team for r in members]
        people = [r for r in taken if prepared.resources[r].kind == "practitioner"]
        return tuple(people or taken)


def parts_of_days(clock: Clock, ticks: Vector) -> Vector:
    """Return, for some ticks, the number of the part of a day in which each lies."""
    parts = np.searchsorted(PARTS, clock.minute_of[ticks], side="right")
    return clock.day_of[ticks].astype(np.int64) * (len(PARTS) + 1) + parts


def part_of_day(clock: Clock, start: int) -> int:
    """Return the number of the part of a day in which a tick lies."""
    part = bisect_right(PARTS, int(clock.minute_of[start]))
    return int(clock.day_of[start]) * (len(PARTS) + 1) + part


def places_of(
    book: Rulebook,
    state: State,
    visit: Visit,
    bounds: Bounds,
    wishes: Wishes,
    *,
    first: bool,
    starts: Mask = -1,
    minutes: frozenset[int] = frozenset(),
    resources: int | None = RESOURCES,
    most: int | None = STARTS,
) -> Places:
    """Find the places of a visit.

    Parameters
    ----------
    book, state
        Rules and goals in force, and what is placed, the visit left out.
    visit
        The visit.
    bounds
        Hours and places that were asked for.
    wishes
        What counts beside the goals.
    first
        Whether it is the visit that should be near to the time wanted.
    starts
        Where it may start.
    minutes
        Wall minutes of other visits of its series: starts then are worth a thought.
    resources
        Resources for each of the quantity of a need that are thought of; None is all.
    most
        Starts of which the cost is worked out, for each variant; None is all.
    """
    every = 0
    tables = []
    strangers = wishes.strangers(visit) if wishes.familiar else None
    for found in options(book, state, visit):
        for some, taken in bounds.narrowed(state, found, starts):
            every |= some.starts
            if resources is not None:
                some = with_fewer(state, some, resources)
            if most is not None:
                near = _near(wishes, some, first=first)
                some = _fewer_starts(book.prepared, some, most, near, minutes)
            table = CostTable(book, state, some, strangers)
            if not wishes.none:
                table.add(wishes.points(visit, some.variant.duration, table.ticks, first=first))
            if bounds.through is not None and taken is not None:
                length, duration = book.prepared.ticks, some.variant.duration
                table.add(-bounds.through.worth(length, duration, taken, table.ticks))
            tables.append(table)
    return Places(visit, every, tuple(tables))


def _near(wishes: Wishes, found: Options, *, first: bool) -> int:
    if first and wishes.wanted is not None:
        return wishes.prepared.horizon.tick(wishes.wanted)
    return masks.lowest(found.starts)


def _fewer_starts(
    prepared: Prepared, found: Options, most: int, near: int, minutes: frozenset[int]
) -> Options:
    """Return options at the starts that are worth a thought, where there are very many.

    Those are the ones that touch what is taken or closed, and some between; of these the ones
    nearest to a tick, and a few of each other day.
    """
    if found.starts.bit_count() <= most:
        return found
    clock = found.visit.clock
    edges = 0
    for by_resource in found.by_need:
        for mask in by_resource.values():
            edges |= mask ^ (mask << 1) | mask ^ (mask >> 1)
    some = found.starts & (edges | prepared.starts_every(clock, EVERY_MINUTES, 0))
    for minute in minutes:
        some |= found.starts & prepared.starts_every(clock, MINUTES_PER_DAY, minute)
    if not some:
        some = found.starts
    if some.bit_count() > most:
        ticks = masks.ticks_of(some)
        order = np.argsort(np.abs(ticks - near), kind="stable")
        firsts = np.unique(parts_of_days(clock, ticks)[order], return_index=True)[1]
        half = most // 2
        kept = np.union1d(order[:half], order[np.sort(firsts)[:half]])
        some = masks.of_ticks(ticks[kept])
    return found.at(some)
