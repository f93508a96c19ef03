"""Off-peak steering: what a tenant does so that people come in quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from allocator.domain.faults import Fault, FaultCode, InvalidProblem

#: The most that detours and distances may be, in minutes and in days.
MOST_MINUTES, MOST_DAYS = 14 * 24 * 60, 366


class Band(Enum):
    """How busy an hour is, by the thresholds of a steering policy."""

    OFF_PEAK = "quiet: its expected load is below the threshold for off-peak"
    BETWEEN = "neither quiet nor busy"
    PEAK = "busy: its expected load is at the threshold for peak, or above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What somebody saves who comes in a quiet hour: a share of the price, or an amount.

    Attributes
    ----------
    below
        The expected load, in percent, below which it is offered.
    percent
        Of the price.
    cents
        In hundredths of the policy's currency.
    """

    below: int
    percent: int = 0
    cents: int = 0

    def text(self, currency: str = "") -> str:
        """Say what is saved."""
        if self.percent:
            return f"{self.percent} % off"
        return f"{self.cents / 100:.2f} {currency}".rstrip() + " off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeringPolicy:
    """When hours are quiet or busy, and what is offered to whoever comes in quiet ones.

    A policy without a detour and without savings steers nobody.

    Attributes
    ----------
    kinds
        Kinds of resource whose load counts; of those that a visit draws on, the busiest.
    off_peak, peak
        Expected loads in percent: below the first an hour is quiet, from the second on it is busy.
    detour_minutes
        How much farther from the time wanted a start in a quiet hour may lie than one in a busy
        hour, and still be suggested before it. Between quiet and busy it is in proportion.
    savings
        What is offered for quiet hours; of those that apply, the one for the least load.
    most_minutes, most_days
        How far from the time of day wanted, and from the day wanted, a saving is offered.
    currency
        In which ``cents`` are, such as ``"EUR"``.

    Raises
    ------
    InvalidProblem
        With everything that is wrong with it.
    """

    kinds: tuple[str, ...] = ("practitioner",)
    off_peak: int = 60
    peak: int = 85
    detour_minutes: int = 0
    savings: tuple[Saving, ...] = ()
    most_minutes: int = 240
    most_days: int = 7
    currency: str = ""

    def __post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            raise InvalidProblem(faults)

    @property
    def steers(self) -> bool:
        """Whether it changes anything."""
        return bool(self.detour_minutes or self.savings)

    def band(self, load: float) -> Band:
        """Return how busy an hour with this expected load (0 to 1) is."""
        if 100 * load < self.off_peak:
            return Band.OFF_PEAK
        return Band.PEAK if 100 * load >= self.peak else Band.BETWEEN

    def saving(self, load: float, minutes_off: float = 0, days_off: int = 0) -> Saving | None:
        """Return what is saved in an hour, so far from the time of day and the day wanted."""
        if minutes_off > self.most_minutes or days_off > self.most_days:
            return None
        some = [saving for saving in self.savings if 100 * load < saving.below]
        return min(some, key=lambda saving: saving.below, default=None)

    def _faults(self) -> Iterator[Fault]:
        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "steering", "", f"Steering policy: {message}")

        if not self.kinds:
            yield fault(FaultCode.MISSING, "no kind of resource is named whose load counts.")
        if len(set(self.kinds)) < len(self.kinds):
            twice = next(kind for kind in self.kinds if self.kinds.count(kind) > 1)
            yield fault(FaultCode.DUPLICATE, f"the kind {twice} is named twice.")
        if not 0 <= self.off_peak <= self.peak <= 100:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"off-peak is below {self.off_peak} % and peak from {self.peak} % on; 0 to 100 are"
                " possible, and peak is not below off-peak.",
            )
        for name, number, most in (
            ("detour_minutes", self.detour_minutes, MOST_MINUTES),
            ("most_minutes", self.most_minutes, MOST_MINUTES),
            ("most_days", self.most_days, MOST_DAYS),
        ):
            if not 0 <= number <= most:
                yield fault(
                    FaultCode.WRONG_NUMBER, f"{name} is {number}; 0 to {most} are possible."
                )
        for saving in self.savings:
            yield from self._saving_faults(saving)
        yield from self._order_faults()

    def _saving_faults(self, saving: Saving) -> Iterator[Fault]:
        where = f"Steering policy: the saving below {saving.below} %"

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "steering", "", f"{where} {message}")

        if not 0 < saving.below <= self.off_peak:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"is no saving for quiet hours, which are those below {self.off_peak} %.",
            )
        if bool(saving.percent) == bool(saving.cents):
            yield fault(
                FaultCode.CONTRADICTION,
                f"is {saving.percent} % and {saving.cents} cents; it is the one or the other.",
            )
        if not 0 <= saving.percent <= 100 or saving.cents < 0:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"is {saving.percent} % and {saving.cents} cents; 0 to 100 % and cents from 0 are"
                " possible.",
            )
        if saving.cents and not self.currency:
            yield fault(FaultCode.MISSING, f"is {saving.cents} cents of no currency.")

    def _order_faults(self) -> Iterator[Fault]:
        ordered = sorted(self.savings, key=lambda saving: saving.below)
        for less, more in pairwise(ordered):
            if less.below == more.below:
                message = f"two savings are offered below {less.below} %."
                yield Fault(FaultCode.DUPLICATE, "steering", "", f"Steering policy: {message}")
            elif bool(less.percent) != bool(more.percent):
                yield Fault(
                    FaultCode.CONTRADICTION,
                    "steering",
                    "",
                    f"Steering policy: below {less.below} % and below {more.below} % one saving is"
                    " a share and the other an amount; they are all the one or the other.",
                )
            elif (less.percent, less.cents) < (more.percent, more.cents):
                yield Fault(
                    FaultCode.CONTRADICTION,
                    "steering",
                    "",
                    f"Steering policy: {less.text(self.currency)} below {less.below} % is less than"
                    f" {more.text(self.currency)} below {more.below} %; a quieter hour saves no"
                    " less.",
                )
