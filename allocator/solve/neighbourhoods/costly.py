"""Requests that pay most for comfort, with others on their resources."""

from __future__ import annotations

import random

from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture


class Costly(Neighbourhood):
    """Requests that pay for comfort, those that pay more the sooner; half are their neighbours."""

    name = "costly"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return visits that pay, and such as lie on the same resources."""
        left = dict(picture.paid)
        found: dict[int, None] = {}
        while left and len(found) < size / 2:
            (visit,) = chance.choices(list(left), list(left.values()))
            found.update(dict.fromkeys(picture.request_of(visit)))
            for one in found:
                left.pop(one, None)
        resources = {r for visit in found for r in picture.resources_of(visit)}
        near = [visit for r in sorted(resources) for visit in picture.on(r) if visit not in found]
        chance.shuffle(near)
        return list(dict.fromkeys([*found, *near]))[: max(size, len(found))]
