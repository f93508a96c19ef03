"""What may come otherwise than planned: lengths, lateness, who stays away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import NormalDist

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.measured import (
    CANCELLED_SHARE,
    CONSULTATION_SIGMA,
    EARLY_SHARE,
    LEAD_BINS,
    MISSED_SHARE,
)
from allocator.domain.resource import THINGS
from allocator.simulate.distributions import (
    Distribution,
    Exactly,
    Exponential,
    Lognormal,
    Normal,
    Observed,
)

#: Assumed: how early people are on average; the share of cancellations that come too late.
EARLY_MINUTES = 10.0
LATE_SHARE = 0.25

AS_PLANNED, IN_TIME = Exactly(1.0), Exactly(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShows:
    """How likely people are to stay away without a word.

    Attributes
    ----------
    by_lead_days
        Pairs of days and a probability, days ascending: it holds for visits so many days after
        they were asked for, and more, up to the next pair.
    otherwise
        The probability where it is not known when a request was asked, or where it was asked
        fewer days before than the first pair says.
    """

    by_lead_days: tuple[tuple[int, float], ...] = ()
    otherwise: float = 0.0

    def probability(self, lead_days: int | None) -> float:
        """Return the probability for a visit so many days after it was asked for."""
        found = self.otherwise
        if lead_days is not None:
            for days, probability in self.by_lead_days:
                if lead_days >= days:
                    found = probability
        return found


NOBODY_AWAY = NoShows()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """What may come otherwise than planned. By default nothing does: all goes by the plan.

    Attributes
    ----------
    length
        How long a visit lasts, as a multiple of its planned minutes. Its parts stretch with it.
    lengths
        Other distributions by service: pairs of its id and a distribution.
    lateness
        Minutes by which people come after the planned start; below 0 they are early. People of one
        visit come together; each participant of a group session comes alone. Staff is there.
    no_shows
        How likely people are to stay away.
    cancelled
        Probability that a visit is cancelled so late that nobody else can have its time.
    grace_minutes
        Who comes later than this has missed the visit, and is waited for so long; None waits for
        everybody.
    starts_early
        Whether visits begin before their time where people and all resources are there.
    buffers_worked
        Kinds of resource whose buffers are work that has to be done, such as cleaning. Buffers of
        all others are slack: they absorb delay.

    Raises
    ------
    InvalidProblem
        With everything that is wrong with it.
    """

    length: Distribution = AS_PLANNED
    lengths: tuple[tuple[str, Distribution], ...] = ()
    lateness: Distribution = IN_TIME
    no_shows: NoShows = NOBODY_AWAY
    cancelled: float = 0.0
    grace_minutes: float | None = None
    starts_early: bool = True
    buffers_worked: frozenset[str] = THINGS

    def __post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            raise InvalidProblem(faults)

    @classmethod
    def from_profile(cls) -> Uncertainty:
        """Return what was measured in real clinics, with what had to be assumed.

        Measured (``allocator.domain.measured``): how lengths of consultations vary (lognormal, the
        logarithm with a standard deviation of 0.4385, Hangu); no-shows by the days since the visit
        was asked for, from 4.65 % on the same day to 34 % after a month, and 20.19 % where nothing
        is known (Vitoria); that 84.4 % check in before their time (Milan).

        Assumed: the planned minutes are right on average; lateness is normal, 10 minutes early on
        average; of the 16.4 % of appointments that are cancelled (NHS) a quarter is cancelled too
        late to be used again, 4.1 %; people are waited for. Therapies with a fixed length vary
        less than consultations: give them ``lengths`` of their own.
        """
        return cls(
            length=Lognormal(1.0, CONSULTATION_SIGMA),
            lateness=Normal(-EARLY_MINUTES, EARLY_MINUTES / NormalDist().inv_cdf(EARLY_SHARE)),
            no_shows=NoShows(
                by_lead_days=tuple((bin.first, bin.no_show) for bin in LEAD_BINS),
                otherwise=MISSED_SHARE,
            ),
            cancelled=CANCELLED_SHARE * LATE_SHARE,
        )

    def length_of(self, service: str) -> Distribution:
        """Return how long visits of a service last, as a multiple of their planned minutes."""
        return dict(self.lengths).get(service, self.length)

    def _faults(self) -> Iterator[Fault]:
        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "uncertainty", "", f"Uncertainty: {message}")

        chances = [
            ("a late cancellation", self.cancelled),
            ("a no-show", self.no_shows.otherwise),
            *(
                (f"a no-show {days} days after asking", chance)
                for days, chance in self.no_shows.by_lead_days
            ),
        ]
        for what, chance in chances:
            if not 0 <= chance <= 1:
                message = f"the probability of {what} is {chance:g}; 0 to 1 are possible."
                yield fault(FaultCode.WRONG_NUMBER, message)
        for (one, _), (other, _) in pairwise(self.no_shows.by_lead_days):
            if one >= other:
                message = f"no-shows after {other} days stand behind those after {one}."
                yield fault(FaultCode.CONTRADICTION, message)
        if self.grace_minutes is not None and not self.grace_minutes >= 0:
            message = f"people are given {self.grace_minutes:g} minutes; at least 0."
            yield fault(FaultCode.WRONG_NUMBER, message)
        services = [service for service, _ in self.lengths]
        for service in sorted({name for name in services if services.count(name) > 1}):
            message = f"service {service} has {services.count(service)} distributions."
            yield fault(FaultCode.DUPLICATE, message)
        for what, one_of in (
            ("lateness", self.lateness),
            ("length", self.length),
            *((f"length of {service}", length) for service, length in self.lengths),
        ):
            if isinstance(one_of, Observed) and not one_of.values:
                yield fault(FaultCode.MISSING, f"nothing was observed of the {what}.")
            for name, least in _leasts(one_of, what.startswith("length")):
                wanted = "at least 0." if least < 0 and isfinite(least) else "no number to draw."
                message = f"the {name} of the {what} is {least:g}; {wanted}"
                yield fault(FaultCode.WRONG_NUMBER, message)


def _leasts(one_of: Distribution, length: bool) -> Iterator[tuple[str, float]]:
    """Yield what of a distribution cannot be drawn from, by name.

    It is below 0 where it may not be, as the mean of a lateness may; or it is not finite.
    """
    match one_of:
        case Normal(mean, deviation):
            told = [("mean", mean), ("deviation", deviation)]
        case Lognormal(mean, sigma):
            told = [("mean", mean), ("sigma", sigma)]
        case Exponential(mean):
            told = [("mean", mean)]
        case Exactly(value):
            told = [("value", value)]
        case Observed(values):
            strange = [value for value in values if not isfinite(value)]
            told = [("value", strange[0] if strange else min(values, default=0.0))]
        case _:
            told = []
    for name, value in told:
        if not isfinite(value) or (value < 0 and (length or name in ("deviation", "sigma"))):
            yield name, value
