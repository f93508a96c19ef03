"""What follows each other on one resource."""

from __future__ import annotations

import random

from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture


class OneResource(Neighbourhood):
    """Visits that follow each other on one resource, such as a carer or a room."""

    name = "one_resource"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return visits in a row on the resources of a visit; the busiest of them come up most."""
        placed = [v for v in picture.free if picture.state.placements[v] is not None]
        if not placed:
            return []
        rows = [picture.on(r) for r in sorted(picture.resources_of(chance.choice(placed)))]
        if not any(rows):
            return []
        (row,) = chance.choices(rows, [len(row) for row in rows])
        first = chance.randrange(max(1, len(row) - size + 1))
        return row[first : first + size]
