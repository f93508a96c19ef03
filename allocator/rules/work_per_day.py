"""Work per day: how long a resource works in a local day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Literal, Verbs

if TYPE_CHECKING:
    from allocator.domain.resource import WorkLimits


class WorkInPeriod(Rule):
    """Work counted over claims, buffers included, each in the period of its first tick.

    Claims in several lanes at once count each for itself.
    """

    moving = True
    of_claims = True
    period: str  #: What people call it.

    def most(self, limits: WorkLimits) -> int | None:
        """Return the most minutes in a period."""
        raise NotImplementedError

    def numbers(self, clock: Clock) -> npt.NDArray[np.int32]:
        """Return, for each date, the number of its period."""
        raise NotImplementedError

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has such a limit."""
        return bool(self._limits(prepared))

    def _limits(self, prepared: Prepared) -> dict[int, int]:
        """Return the limits in ticks, by resource."""
        return prepared.memo(
            (self.name, "limits"),
            lambda: {
                number: most // prepared.grain
                for number, resource in enumerate(prepared.resources)
                if (most := self.most(resource.limits)) is not None
            },
        )

    def _periods(self, prepared: Prepared, clock: Clock) -> npt.NDArray[np.int32]:
        """Return the period of each tick."""
        return prepared.memo(
            (self.name, "periods", clock.zone), lambda: self.numbers(clock)[clock.day_of]
        )

    def _period(self, prepared: Prepared, clock: Clock, number: int) -> Mask:
        """Return the ticks of a period."""
        return prepared.memo(
            (self.name, "period", clock.zone, number),
            lambda: masks.from_flags(self._periods(prepared, clock) == number),
        )

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the periods with more work than the limit."""
        prepared = timetable.prepared
        for resource, most in self._limits(prepared).items():
            clock = prepared.clock_of(resource)
            numbers = self.numbers(clock)
            found: defaultdict[int, list[TickClaim]] = defaultdict(list)
            for claim in timetable.claims[resource]:
                day = clock.day_of[min(max(claim.first, 0), prepared.ticks - 1)]
                found[int(numbers[day])].append(claim)
            for number, claims in sorted(found.items()):
                work = sum(c.end - c.first for c in claims)
                if work > most:
                    first = clock.dates[int(np.argmax(numbers == number))]
                    yield violation(
                        self,
                        timetable,
                        f"{prepared.who(resource)} works {work * prepared.grain} minutes in the"
                        f" {self.period} of {first};"
                        f" at most {self.most(prepared.resources[resource].limits)} are allowed.",
                        [c.visit for c in claims],
                        [resource],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts whose claim begins in a period with time for it."""
        most = self._limits(state.prepared).get(resource)
        if most is None:
            return EVERY
        first, end = _covers(visit, need, variant.duration)
        if end - first > most:
            return 0
        if not state.claims[resource]:
            return EVERY
        return state.memo(
            resource,
            (self.name, first, end),
            lambda: self._starts(state, resource, first, most - (end - first)),
        )

    def _starts(self, state: State, resource: int, first: int, left: int) -> Mask:
        work = self._work(state, resource)
        if work.max() <= left:
            return EVERY
        prepared = state.prepared
        periods = self._periods(prepared, prepared.clock_of(resource))
        allowed = masks.shift(masks.from_flags((work <= left)[periods]), -first)
        if first < 0 and work[periods[0]] <= left:
            allowed |= masks.span(0, -first)  # claims that begin before the horizon
        return allowed

    def _work(self, state: State, resource: int) -> npt.NDArray[np.int64]:
        """Return the work of a resource, in ticks, by period."""

        def compute() -> npt.NDArray[np.int64]:
            prepared = state.prepared
            periods = self._periods(prepared, prepared.clock_of(resource))
            claims = state.claims[resource]
            firsts = np.clip([c.first for c in claims], 0, prepared.ticks - 1)
            lengths = np.array([c.end - c.first for c in claims], dtype=np.int64)
            work = np.zeros(int(periods.max()) + 1, dtype=np.int64)
            if claims:
                np.add.at(work, periods[firsts], lengths)
            return work

        return state.memo(resource, (self.name, "work"), compute)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those whose work is limited."""
        return frozenset(
            number
            for number, resource in enumerate(prepared.resources)
            if self.most(resource.limits) is not None
        )

    def constrain(self, model: Verbs) -> None:
        """Limit the load of each period: a cumulative constraint whose time is the periods."""
        numbers: dict[tuple[object, ...], tuple[Expression, dict[int, Mask]]] = {}
        for resource, most in self._limits(model.prepared).items():
            if not model.users(resource):
                continue
            zone = model.prepared.clock_of(resource).zone
            work = self._work(model.state, resource)
            parts: list[tuple[Literal, Expression, int]] = []
            total: defaultdict[int, int] = defaultdict(int)
            for visit, need in model.users(resource):
                longest: defaultdict[int, int] = defaultdict(int)
                for duration in model.durations(visit.index):
                    first, end = _covers(visit, need, duration)
                    key = (visit.index, first, zone)
                    if key not in numbers:
                        numbers[key] = self._number(model, visit, resource, first)
                    number, shares = numbers[key]
                    takes = model.takes(visit.index, need, resource)
                    lasts = model.lasts(visit.index, duration)
                    parts.append((model.all_of([takes, lasts]), number, end - first))
                    for period in shares:
                        longest[period] = max(longest[period], end - first)
                for period, length in longest.items():
                    total[period] += length
            left = {period: most - int(work[period]) for period in total}
            if any(total[period] > left[period] for period in total):
                fixed = {period: int(work[period]) for period in total}
                model.limit_load(parts, fixed, most)

    def _number(
        self, model: Verbs, visit: Visit, resource: int, first: int
    ) -> tuple[Expression, dict[int, Mask]]:
        """Return the period in which the claim of a free visit begins, and its starts by period."""
        shares = self._share(model, visit, resource, first)
        if len(shares) == 1:
            return next(iter(shares)), shares
        number = model.integer(min(shares), max(shares), f"{self.period} of {visit.id}")
        total = sum(n * model.at(visit.index, starts) for n, starts in shares.items())
        model.equal(number, total, when=[model.present(visit.index)])
        return number, shares

    def _share(self, model: Verbs, visit: Visit, resource: int, first: int) -> dict[int, Mask]:
        """Return a free visit's starts by the period in which its claim begins."""
        prepared = model.prepared
        clock = prepared.clock_of(resource)
        periods = self._periods(prepared, clock)
        starts = model.candidates(visit.index)
        begins = np.clip(masks.ticks_of(starts) + first, 0, prepared.ticks - 1)
        found = {}
        for number in np.unique(periods[begins]).tolist():
            within = masks.shift(self._period(prepared, clock, number), -first)
            if first < 0 and number == periods[0]:
                within |= masks.span(0, -first)
            found[number] = within & starts
        return found


class WorkPerDay(WorkInPeriod):
    """Most work in a local day of the resource's clock."""

    name = "work_per_day"
    sentence = "Nobody works longer in a local day than their limit, buffers included."
    local = True
    period = "day"

    def most(self, limits: WorkLimits) -> int | None:
        """Return the most minutes in a day."""
        return limits.minutes_per_day

    def numbers(self, clock: Clock) -> npt.NDArray[np.int32]:
        """Return the number of each date."""
        return np.arange(len(clock.dates), dtype=np.int32)


def _covers(visit: Visit, need: int, duration: int) -> tuple[int, int]:
    """Return where the claim lies: ticks from the visit's start to its first and its end."""
    what = visit.needs[need]
    first, end = what.covers(duration)
    return first - what.before, end + what.after
