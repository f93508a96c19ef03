"""Series: at days that are left open, or at one time for all visits."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from random import Random

from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.domain.resource import Resource
from allocator.domain.service import Service
from allocator.domain.time import Span
from allocator.generate import profile
from allocator.generate.asks import Days
from allocator.generate.demand import Ask
from allocator.generate.grid import Ticks, between
from allocator.generate.world import World


def flexible_series(ask: Ask, days: Days, steps: int, rng: Random) -> FlexibleSeries:
    """Return the series that an ask for several visits means, of so many steps each."""
    gaps, count = days.gaps, len(days.gaps) + 1
    if count < profile.FREQUENT:
        return FlexibleSeries(
            count=count,
            least_days_between=max(1, round(0.6 * min(gaps))),
            most_days_between=max(gaps) + max(5, round(0.4 * max(gaps))),
        )
    least = gaps[0] if ask.regular else (1 if sum(gaps) < 5 * (count - 1) else 2)
    most = gaps[0] + 5 if ask.regular else None
    per_week = None
    if not (ask.regular and gaps[0] <= 2):
        weeks = max(1, (days.last - days.first + 1) // 7)
        per_week = min(3, max(1, ceil(1.25 * count / weeks)))
        if per_week * weeks < count:
            per_week = ceil(count / weeks)
    carers = None
    if steps == 1 and rng.random() < 0.5:
        carers = 1 if count <= 6 and rng.random() < 0.4 else 2
    return FlexibleSeries(
        count=count,
        at_least=ceil(0.75 * count) if rng.random() < 0.4 else None,
        least_days_between=least,
        most_days_between=most,
        most_per_week=per_week,
        most_carers=carers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedTime:
    """A fixed series and who has time for it; the windows are none where its start is named."""

    series: FixedSeries
    windows: tuple[Span, ...]
    carer: str


@dataclass(slots=True, kw_only=True)
class FixedTimes:
    """Finds times for fixed series; in ``kept`` are the ticks that are kept free for them."""

    world: World
    kept: dict[str, Ticks]
    _found: int = 0

    def find(
        self,
        service: Service,
        patient: Resource,
        usual: str,
        ask: Ask,
        days: Days,
        first_visit: bool,
    ) -> FixedTime | None:
        """Return a time that a practitioner has, which is kept free from now on."""
        grid, world = self.world.grid, self.world
        gap, count = days.gaps[0], len(days.gaps) + 1
        named = self._found % 2 == 0
        own = self.world.patient_ticks(patient)
        people = sorted(world.carers(service), key=lambda person: person.id != usual)
        best: tuple[int, Resource, int, int, list[int]] | None = None
        for person in people[:8]:
            starts = world.starts_with(service, person, first=first_visit) & own
            if not world.can_meet(person, service) or person.one_room_per_half_day:
                continue
            starts &= ~self.kept.get(person.id, 0)
            for day in range(days.wished, min(days.wished + 7, grid.days - gap * (count - 1))):
                for minute in sorted(
                    range(480, 1110, 30), key=lambda m: abs(m - 60 * ask.start_hour)
                ):
                    missed = [
                        turn + 1
                        for turn in range(count)
                        if not starts >> grid.tick(day + gap * turn, minute) & 1
                    ]
                    if 1 in missed or len(missed) > count // 3:
                        continue
                    if best is None or len(missed) < best[0]:
                        best = (len(missed), person, day, minute, missed)
            if best is not None and best[0] == 0:
                break
        if best is None:
            return None
        _, person, day, minute, missed = best
        self._found += 1
        self._keep(service, person, [grid.tick(day + gap * turn, minute) for turn in range(count)])
        series = FixedSeries(
            count=count,
            every_days=gap,
            start=grid.instant(day, minute) if named else None,
            may_miss=frozenset(missed),
        )
        windows = (grid.days_span(max(0, day - ask.days_before), grid.days - 1),)
        return FixedTime(series=series, windows=() if named else windows, carer=person.id)

    def _keep(self, service: Service, person: Resource, starts: list[int]) -> None:
        """Keep these starts free of bookings, with the practitioner and with one room."""
        length = self.world.grid.ticks_in(
            (service.first_minutes or service.minutes) + self.world.notes(service) + 15
        )
        ticks = 0
        for start in starts:
            ticks |= between(start, start + length)
        kept = self.kept
        kept[person.id] = kept.get(person.id, 0) | ticks
        for need in service.needs:
            if need.role == "practitioner":
                continue
            for resource in self.world.pools(service, need)[0]:
                at_home = person.mobile or resource.location == person.location
                if at_home and not kept.get(resource.id, 0) & ticks:
                    kept[resource.id] = kept.get(resource.id, 0) | ticks
                    break
