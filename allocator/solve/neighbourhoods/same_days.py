"""What lies on one day and those next to it."""

from __future__ import annotations

import random

from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture


class SameDays(Neighbourhood):
    """Visits near a day: first those that share a resource with one of them, then others."""

    name = "same_days"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return visits in order of their distance in days."""
        days = {v: day for v in picture.free if (day := picture.day_of(v)) is not None}
        if not days:
            return []
        centre = chance.choice(list(days))
        resources = picture.resources_of(centre)

        def distance(visit: int) -> tuple[int, bool, float]:
            apart = abs(days[visit] - days[centre])
            return apart, not resources & picture.resources_of(visit), chance.random()

        return sorted(days, key=distance)[:size]
