"""A request that is left out, with those who lie where it could."""

from __future__ import annotations

import random

from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture
from allocator.solve.rivals import rivals


class LeftOut(Neighbourhood):
    """A request that misses something, and its rivals; of one of a lesser class, all its visits."""

    name = "left_out"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return the visits of a request by chance, and rivals of those that are missing."""
        here, visits = picture.state.placements, picture.prepared.visits
        left = [
            r
            for r in picture.prepared.requests
            if picture.movable.issuperset(r.visits) and any(here[v] is None for v in r.visits)
        ]
        if not left:
            return []
        request = chance.choice(left)
        missing = [v for v in request.visits if here[v] is None]
        found = dict.fromkeys(request.visits)
        each = max(2, (size - len(request.visits)) // len(missing))
        for number in missing:
            for rival in rivals(picture.book, picture.state, visits[number], each, chance):
                if visits[rival].priority > request.request.priority:
                    found.update(dict.fromkeys(picture.request_of(rival)))
                elif rival in picture.movable:
                    found[rival] = None
        return list(found)
