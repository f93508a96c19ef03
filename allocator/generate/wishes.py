"""What a patient would like: a part of the day, an instant, a practitioner."""

from __future__ import annotations

from datetime import datetime
from random import Random

from allocator.domain.request import PreferredResource, PreferredWindow
from allocator.domain.time import Span
from allocator.generate.asks import Days
from allocator.generate.demand import Ask
from allocator.generate.world import World

NOON, EVENING = 12 * 60, 16 * 60


def wishes_of(
    world: World, ask: Ask, days: Days, count: int, rng: Random
) -> tuple[tuple[PreferredWindow, ...], datetime | None]:
    """Return the part of the day that the patient prefers, or an instant to be near to."""
    grid = world.grid
    turn = rng.random()
    hour = min(max(ask.start_hour, 8), 18)
    if turn < 0.25:
        return (), None
    if count == 1 and turn < 0.5 and ask.lead_days >= 2:
        day = days.wished
        while day < days.last and not grid.works(day, world.region):
            day += 1
        return (), grid.instant(day, 60 * hour)
    if turn > (0.85 if count == 1 else 0.6):
        return (), None
    start, end = (480, NOON) if hour < 12 else (NOON, EVENING) if hour < 16 else (EVENING, 1140)
    weight = rng.choice((1, 1, 1, 2, 3))
    wishes = tuple(
        PreferredWindow(
            span=Span(start=grid.instant(day, start), end=grid.instant(day, end)),
            weight=weight,
        )
        for day in range(days.first, days.last + 1)
        if grid.works(day, world.region)
    )
    return wishes, None


def usual_carer(usual: str, rng: Random) -> PreferredResource:
    """Return the wish for the practitioner whom the patient knows, more or less strong."""
    return PreferredResource(
        role="practitioner", resources=frozenset({usual}), weight=rng.choice((1, 1, 2, 3))
    )
