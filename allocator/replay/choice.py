"""How people choose among suggestions: an assumption, with its numbers in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np

from allocator.domain.measured import CANCELLED_SHARE
from allocator.domain.steering import Saving
from allocator.domain.time import zone_of
from allocator.suggest import Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """How people choose: they take the first suggestion that is good enough, or else the best.

    A suggestion is worth ``− impatience · (hour_cost · hours off the time of day wanted +
    day_cost · days off the day wanted) + what is saved + chance``; going away is worth
    ``− walk_away + chance``. Whoever finds a suggestion worth ``− content`` or more takes it, and
    does not look at those after it (satisficing: Simon, "A behavioral model of rational choice",
    1955; suggestions made one after the other: Liu, van de Ven and Zhang, "Managing appointment
    booking under customer choices", Management Science 65, 2019). Of people who are never content
    the best is taken, a multinomial logit: chance is Gumbel's (McFadden, "Conditional logit
    analysis of qualitative choice behavior", 1974; for appointments: Feldman, Liu, Topaloglu and
    Ziya, "Appointment scheduling under patient preference and no-show behavior", Operations
    Research 62, 2014). Impatience is lognormal about 1: some come whenever it may be, others at
    their time or not at all. The numbers are assumed: the model compares policies under the same
    people, and foretells nobody.

    Attributes
    ----------
    hour_cost, day_cost
        Of an hour off the time of day, and of a day off the day.
    percent_worth
        Of each percent that is saved.
    unit_worth
        Of each unit of currency that is saved.
    walk_away
        What going away costs.
    content
        What a suggestion may lack for somebody to be content with it.
    unlike
        How unlike people are: the standard deviation of the logarithm of impatience.
    shown
        Suggestions that they see.
    cancels
        Share of those who book and cancel, at any moment between booking and visit (NHS Hospital
        Outpatient Activity 2023-24, ``allocator.domain.measured``).
    """

    hour_cost: float = 0.5
    day_cost: float = 0.6
    percent_worth: float = 0.1
    unit_worth: float = 0.1
    walk_away: float = 6.0
    content: float = 1.5
    unlike: float = 0.7
    shown: int = 5
    cancels: float = CANCELLED_SHARE

    def choose(
        self,
        options: Sequence[Suggestion],
        wanted: datetime | None,
        zone: str,
        request: str,
        seed: int,
    ) -> Suggestion | None:
        """Return what somebody takes, or None where they go away.

        The same person has the same impatience and the same luck with the same start, whatever
        else is suggested, so that policies are compared under the same chance.

        Parameters
        ----------
        options
            What is suggested.
        wanted
            The time that they want; None is any.
        zone
            Zone of the local clock.
        request, seed
            Who they are.
        """
        person = crc32(request.encode())
        impatience = float(np.exp(self.unlike * np.random.default_rng([seed, person]).normal()))
        best, most = None, -self.walk_away + _luck(seed, person, 0)
        for option in options:
            hours, days = distance(option.start, wanted, zone)
            worth = -impatience * (self.hour_cost * hours + self.day_cost * days)
            worth += self.value(option.saving)
            worth += _luck(seed, person, int(option.start.timestamp()) // 60)
            if worth >= -self.content:
                return option
            if worth > most:
                best, most = option, worth
        return best

    def value(self, saving: Saving | None) -> float:
        """Return what a saving is worth."""
        if saving is None:
            return 0.0
        return self.percent_worth * saving.percent + self.unit_worth * saving.cents / 100

    def cancelled(self, request: str, seed: int) -> float | None:
        """Return the share of the time to the visit after which somebody cancels; None is never."""
        first, second = np.random.default_rng([seed, crc32(request.encode()), 1]).random(2)
        return float(second) if first < self.cancels else None


def distance(start: datetime, wanted: datetime | None, zone: str) -> tuple[float, int]:
    """Return how many hours of the time of day, and how many days, a start is off."""
    if wanted is None:
        return 0.0, 0
    there, wished = start.astimezone(zone_of(zone)), wanted.astimezone(zone_of(zone))
    minutes = 60 * (there.hour - wished.hour) + there.minute - wished.minute
    return abs(minutes) / 60, abs((there.date() - wished.date()).days)


def _luck(seed: int, person: int, start: int) -> float:
    return float(np.random.default_rng([seed, person, 2, start]).gumbel())
