"""Resources: anything whose time is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from allocator.domain.calendar import DailySpan
from allocator.domain.faults import Fault, FaultCode
from allocator.domain.time import Span

MAX_BREAKS = 8
#: Kinds of resource that are no people, as a rule.
THINGS = frozenset({"room", "device"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place with a clock of its own; ``zone`` is the horizon's where it is empty."""

    id: str
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Minutes to get from one location to another; both ways unless the way back is given."""

    origin: str
    destination: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill with the local dates (inclusive) between which it holds."""

    name: str
    first: date | None = None
    last: date | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether the skill holds on this date."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Local dates (inclusive) in which a resource is with us, and its minutes a week.

    ``minutes_per_week`` is what the resource is meant to work: the measure of a fair load.
    None means: as long as it is open.
    """

    first: date | None = None
    last: date | None = None
    minutes_per_week: int | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether the contract holds on this date."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A pause that floats inside a window, every day (or on the weekdays named)."""

    minutes: int
    window: DailySpan
    weekdays: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLimits:
    """Most work, counted over claims (buffers included); None is no limit.

    Attributes
    ----------
    minutes_per_day, minutes_per_week
        In a local day; in a local Monday week.
    minutes_in_a_row, rest_minutes
        Work in one go: a stretch of claims with no pause of ``rest_minutes`` between them
        lasts at most ``minutes_in_a_row`` from its first start to its last end.
    visits_per_day, visits_per_week
        Limits of a person: how many visits.
    """

    minutes_per_day: int | None = None
    minutes_per_week: int | None = None
    minutes_in_a_row: int | None = None
    rest_minutes: int | None = None
    visits_per_day: int | None = None
    visits_per_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """A stretch kept for certain services or urgent requests until a release time.

    Attributes
    ----------
    span
        The stretch.
    services
        Services that may use it at any time.
    urgent_priority
        Requests of this priority class or a more urgent one may use it; None: none may.
    release_hours
        It opens for everybody this many hours before its start; None: never.
    """

    span: Span
    services: frozenset[str] = frozenset()
    urgent_priority: int | None = None
    release_hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Anything whose time is taken: a practitioner, a room, a device, a patient.

    Attributes
    ----------
    id
        Unique among resources.
    kind
        Any word; ``"practitioner"``, ``"room"``, ``"device"`` and ``"patient"`` as a rule.
    name
        What people call it; the id where empty.
    location
        Where it stands or is based; None is anywhere.
    mobile
        Whether it travels between locations. What does not travel ties its visits to its
        location.
    calendar
        Id of its calendar; None is always open.
    lanes
        Visits that it can serve at once, at least 1.
    seats
        People that fit into one visit; None is any number.
    skills, contracts, breaks, limits, reserves
        See their types. Without a contract a resource is there throughout.
    one_room_per_half_day
        Whether it stays in one room from midnight to noon, and from noon to midnight.
    """

    id: str
    kind: str
    name: str = ""
    location: str | None = None
    mobile: bool = False
    calendar: str | None = None
    lanes: int = 1
    seats: int | None = None
    skills: tuple[Skill, ...] = ()
    contracts: tuple[Contract, ...] = ()
    breaks: tuple[Break, ...] = ()
    limits: WorkLimits = WorkLimits()
    reserves: tuple[Reserve, ...] = ()
    one_room_per_half_day: bool = False

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id

    def has_skill(self, name: str, day: date) -> bool:
        """Say whether it has a skill on a date."""
        return any(skill.name == name and skill.holds_on(day) for skill in self.skills)

    def faults(self, grain_minutes: int, zone: str) -> Iterator[Fault]:
        """Yield what is wrong with the resource itself; instants are told in the zone."""

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "resource", self.id, f"Resource {self.id}: {message}")

        if not self.kind:
            yield fault(FaultCode.MISSING, "it has no kind.")
        if not 1 <= self.lanes <= 1000:
            yield fault(FaultCode.WRONG_NUMBER, f"{self.lanes} lanes; 1 to 1000 are possible.")
        if self.seats is not None and self.seats < 1:
            yield fault(FaultCode.WRONG_NUMBER, f"{self.seats} seats; at least 1 is needed.")
        for what, dated in (("skill", self.skills), ("contract", self.contracts)):
            for item in dated:
                if item.first and item.last and item.first > item.last:
                    yield fault(
                        FaultCode.EMPTY_SPAN,
                        f"a {what} holds from {item.first} to {item.last}, which leaves nothing.",
                    )
        for contract in self.contracts:
            if contract.minutes_per_week is not None and contract.minutes_per_week < 1:
                yield fault(
                    FaultCode.WRONG_NUMBER,
                    f"a contract of {contract.minutes_per_week} minutes a week;"
                    " at least 1 is needed.",
                )
        for pause in self.breaks:
            yield from pause.window.faults("resource", self.id, "the window of a break")
            room = pause.window.end_minute - pause.window.start_minute
            if not 0 < pause.minutes <= room:
                yield fault(
                    FaultCode.CONTRADICTION,
                    f"a break of {pause.minutes} minutes in a window of {room}.",
                )
            elif pause.minutes % grain_minutes:
                yield fault(
                    FaultCode.OFF_GRID,
                    f"a break of {pause.minutes} minutes; the grain is {grain_minutes}.",
                )
        most = max(sum(day in pause.weekdays for pause in self.breaks) for day in range(7))
        if most > MAX_BREAKS:
            yield fault(
                FaultCode.TOO_LARGE,
                f"{most} breaks on one day; at most {MAX_BREAKS} are allowed.",
            )
        for name in WorkLimits.__dataclass_fields__:
            value = getattr(self.limits, name)
            if value is not None and value < 0:
                yield fault(FaultCode.WRONG_NUMBER, f"{name} is {value}; it may not be below 0.")
        if (self.limits.minutes_in_a_row is None) != (self.limits.rest_minutes is None):
            yield fault(
                FaultCode.MISSING,
                "minutes_in_a_row and rest_minutes belong together; only one is given.",
            )
        if self.limits.rest_minutes is not None and self.limits.rest_minutes < 1:
            yield fault(FaultCode.WRONG_NUMBER, "rest_minutes is 0; at least 1 is needed.")
        for reserve in self.reserves:
            yield from reserve.span.faults("resource", self.id, "a reserve", zone)
            if reserve.release_hours is not None and reserve.release_hours < 0:
                yield fault(
                    FaultCode.WRONG_NUMBER,
                    f"a reserve is released {reserve.release_hours} hours before it starts;"
                    " it may not be below 0.",
                )
