"""Whole requests, by chance."""

from __future__ import annotations

import random

from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture


class Anyone(Neighbourhood):
    """Whole requests, by chance."""

    name = "anyone"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return visits of whole requests."""
        found: dict[int, None] = {}
        for visit in chance.sample(picture.free, min(size, len(picture.free))):
            if len(found) < size:
                found.update(dict.fromkeys(picture.request_of(visit)))
        return list(found)
