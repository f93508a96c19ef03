"""An instance of the meeting scheduling example, as its file has it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting: its length in grains, and the numbers of those who must and who might come."""

    topic: str
    grains: int
    required: tuple[int, ...]
    preferred: tuple[int, ...]

    @property
    def seats(self) -> int:
        """How many seats its room needs."""
        return len(self.required) + len(self.preferred)


@dataclass(frozen=True, slots=True)
class Instance:
    """Meetings to be held, rooms, and the grains of time.

    Attributes
    ----------
    name
        Of the instance.
    day_of
        For each grain the number of its day; days are in order.
    rooms
        The seats of each room.
    persons
        How many people there are.
    meetings
        What is to be held.
    """

    name: str
    day_of: tuple[int, ...]
    rooms: tuple[int, ...]
    persons: int
    meetings: tuple[Meeting, ...]

    @property
    def days(self) -> list[tuple[int, int]]:
        """The grains of each day: the first, and the one after the last."""
        found, first = [], 0
        for _, grains in groupby(self.day_of):
            end = first + len(list(grains))
            found.append((first, end))
            first = end
        return found

    def attendance(self) -> tuple[Matrix, Matrix]:
        """Return by meeting and person, 0 or 1, who must come, and who comes at all."""
        required = np.zeros((len(self.meetings), self.persons), dtype=np.int64)
        anyhow = np.zeros_like(required)
        for number, meeting in enumerate(self.meetings):
            required[number, list(meeting.required)] = 1
            anyhow[number, list(meeting.required + meeting.preferred)] = 1
        return required, anyhow
