"""What visits ask of the resources that are scarce for somebody, beside what is frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Visit
from allocator.solve.bound import Alone
from allocator.state.state import State
from allocator.table.options import Options
from allocator.table.rulebook import Rulebook

Run = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a visit asks for one need.

    Attributes
    ----------
    need
        Its number.
    quantity, uses
        As in the need.
    length, longest
        The shortest and the longest claim that would do, in ticks.
    starts
        By resource, the ticks at which such claims could start.
    same_day
        Whether claims begin on the local day on which the visit starts, buffers aside.
    """

    need: int
    quantity: int
    uses: int
    length: int
    longest: int
    starts: dict[int, Mask]
    same_day: bool

    @property
    def key(self) -> tuple[object, ...]:
        """The same for visits that ask for the same."""
        starts = tuple(sorted(self.starts.items()))
        return self.need, self.quantity, self.uses, self.length, self.same_day, starts


class Asks:
    """The asks of all visits that could be placed, and the stretches of time for which they ask.

    A need counts when it is the scarcest of its visit, or when it draws on resources that are
    the scarcest for most visits that could use them: so do attendees who serve others.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.

    Attributes
    ----------
    of
        By visit, the scarcest need first; visits without options are left out.
    origin
        Ticks by which every tick here is later than in the problem, so that none is below 0.
    runs
        By resource and priority class, the maximal stretches that claims of this class or a
        less urgent one could take, in order.
    """

    def __init__(self, book: Rulebook, frozen: State, alone: Alone) -> None:
        self.prepared = prepared = book.prepared
        self.frozen = frozen
        self.padded = any(rule.name == "buffers" for rule in book.rules)
        self.origin = max(
            (need.before for number in alone for need in prepared.visits[number].needs), default=0
        )
        self.classes = sorted({prepared.visits[number].priority for number in alone})
        counted = {
            number: _counted(prepared.visits[number], found)
            for number, found in alone.items()
            if found
        }
        first: Counter[int] = Counter()
        users: Counter[int] = Counter()
        for number, needs in counted.items():
            for place, n in enumerate(needs):
                for resource in _resources(alone[number], n):
                    users[resource] += 1
                    first[resource] += place == 0
        contested = {resource for resource in users if 2 * first[resource] > users[resource]}
        self.of: dict[int, list[Ask]] = {}
        reach: dict[tuple[int, int], Mask] = {}
        for number, needs in counted.items():
            found, visit = alone[number], prepared.visits[number]
            attendees = [n for n, need in enumerate(visit.needs) if need.attendee]
            self.of[number] = [
                self._ask(visit, n, found, reach)
                for place, n in enumerate([*needs, *attendees])
                if place == 0 < len(needs) or not contested.isdisjoint(_resources(found, n))
                if not visit.needs[n].optional
            ]
        self.runs: dict[tuple[int, int], list[Run]] = {
            key: list(masks.spans(mask)) for key, mask in sorted(reach.items())
        }

    def day(self, resource: int, run: Run) -> int | None:
        """Return the local day in which a run lies whole; None where it spans several."""
        day_of = self.prepared.clock_of(resource).day_of
        first = int(day_of[min(max(run[0] - self.origin, 0), self.prepared.ticks - 1)])
        last = int(day_of[min(max(run[1] - 1 - self.origin, 0), self.prepared.ticks - 1)])
        return first if first == last else None

    def held(self, resource: int, run: Run) -> int:
        """Return how much of a run's lanes frozen visits hold, in ticks."""
        prepared, origin = self.prepared, self.origin
        first, end = max(run[0] - origin, 0), min(run[1] - origin, prepared.ticks)
        lanes = prepared.resources[resource].lanes
        free = end - first
        held = 0
        for uses in range(1, lanes + 1):
            full = self.frozen.full(resource, uses, padded=self.padded)
            held += (full & masks.span(first, end)).bit_count()
        return held if free > 0 else 0

    def _ask(
        self, visit: Visit, number: int, found: list[Options], reach: dict[tuple[int, int], Mask]
    ) -> Ask:
        need = visit.needs[number]
        shortest = longest = 0
        same_day = True
        starts: dict[int, Mask] = {}
        for some in found:
            first, end = need.covers(some.variant.duration)
            if first:
                ticks, day_of = masks.ticks_of(some.starts), visit.clock.day_of
                same_day = same_day and bool((day_of[ticks] == day_of[ticks + first]).all())
            if self.padded:
                first, end = first - need.before, end + need.after
            shortest = min(shortest, end - first) if shortest else end - first
            longest = max(longest, end - first)
            for resource, mask in some.by_need[number].items():
                claims = masks.shift(mask, first + self.origin)
                starts[resource] = starts.get(resource, 0) | claims
                taken = masks.covered(claims, end - first)
                for priority in self.classes:
                    if priority <= visit.priority:
                        key = resource, priority
                        reach[key] = reach.get(key, 0) | taken
        return Ask(number, need.quantity, need.uses, shortest, longest, starts, same_day)


def worked(frozen: State, resource: int, number: int, *, week: bool) -> int:
    """Return the ticks of the frozen claims that lie whole in a local day, or week."""
    prepared = frozen.prepared
    clock = prepared.clock_of(resource)

    def when(tick: int) -> int:
        day = int(clock.day_of[min(max(tick, 0), prepared.ticks - 1)])
        return int(clock.week_of_day[day]) if week else day

    return sum(
        claim.end - claim.first
        for claim in frozen.claims[resource]
        if when(claim.first) == number == when(claim.end - 1)
    )


def break_of(prepared: Prepared, resource: int, day: int) -> tuple[int, int, int] | None:
    """Return the first and the end tick of the window of a day's only break, and its length.

    None where there is no such break, or several, or one that asks for nothing on the grid.
    """
    clock = prepared.clock_of(resource)
    weekday = int(clock.weekday_of_day[day])
    pauses = [p for p in prepared.resources[resource].breaks if weekday in p.weekdays]
    if len(pauses) != 1 or prepared.horizon.by_day:
        return None
    grain, window = 60 * prepared.grain, pauses[0].window
    first = -(-int(clock.seconds(window.start_minute)[day]) // grain)
    end = int(clock.seconds(window.end_minute)[day]) // grain
    length = prepared.ticks_for(pauses[0].minutes)
    if first < 0 or end > prepared.ticks or end - first < length:
        return None
    return first, end, length


def _counted(visit: Visit, found: list[Options]) -> list[int]:
    """Return the needs that take time of what serves, the scarcest first."""
    needs = [n for n, need in enumerate(visit.needs) if not need.attendee and not need.optional]
    return sorted(needs, key=lambda n: (len(_resources(found, n)), n))


def _resources(found: list[Options], need: int) -> set[int]:
    return {resource for some in found for resource in some.by_need[need]}


def joinable(found: list[Options]) -> Iterator[int]:
    """Yield the sessions that a visit could join."""
    yield from sorted({some.variant.session for some in found} - {-1})
