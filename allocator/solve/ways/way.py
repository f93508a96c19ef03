"""What a way is: something that changes a schedule, and says what that costs."""

from __future__ import annotations

import random
from typing import Protocol

from allocator.solve.change import Change
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver


class Way(Protocol):
    """Something that changes a schedule.

    Attributes
    ----------
    name
        Its name.
    seconds
        What a try is taken to last before anything is known.
    """

    name: str
    seconds: float

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Change the schedule, perhaps for the worse; None where nothing was changed."""
        ...
