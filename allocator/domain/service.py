"""Services: bookable kinds of visit, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allocator.domain.faults import Fault, FaultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One alternative for a need: resources that meet all of what is said here.

    Attributes
    ----------
    kind
        Their kind, or ``""`` for any.
    skills
        Skills that each must have on the day of the visit.
    location
        Where they stand, or None for anywhere.
    names
        Ids of resources; empty for any.
    """

    kind: str = ""
    skills: frozenset[str] = frozenset()
    location: str | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a visit that a need covers.

    Attributes
    ----------
    minutes
        Its length.
    offset_minutes
        Minutes between the visit's start and the part's start or, where ``from_end``,
        between the part's end and the visit's end.
    from_end
        Whether the offset is counted from the end.
    """

    minutes: int
    offset_minutes: int = 0
    from_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One role that a visit must fill.

    Attributes
    ----------
    role
        Name of the role, unique in the service.
    alternatives
        Selectors in order of preference; one suffices. The order costs by the goal
        ``preferred_resources``.
    quantity
        How many distinct resources.
    uses
        Lanes taken of each.
    before_minutes, after_minutes
        Buffers: claimed beside the part, for this need alone.
    part
        The part of the visit that it covers; None is all of it.
    """

    role: str
    alternatives: tuple[Selector, ...]
    quantity: int = 1
    uses: int = 1
    before_minutes: int = 0
    after_minutes: int = 0
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A bookable kind of visit.

    Attributes
    ----------
    id, name
        Unique among services; what people call it.
    minutes
        How long a visit lasts, by default.
    first_minutes
        How long a first visit lasts (see ``Request.first_visit``); None: as any other.
    minutes_by_resource
        Other lengths by practitioner: pairs of resource id and minutes. At most one need of
        the service may draw on the resources named.
    needs
        Roles to fill, all of them.
    start_every_minutes, start_offset_minutes
        Grid of starts in local wall time: minutes after midnight are the offset plus a
        multiple of this. None: any tick.
    notice_minutes
        Least time between now and the start.
    hold_minutes, approval
        For bookings over the service: how long a hold lasts; whether a reviewer approves.
    location
        Where visits take place whose resources do not say.
    """

    id: str
    minutes: int
    needs: tuple[Need, ...] = ()
    name: str = ""
    first_minutes: int | None = None
    minutes_by_resource: tuple[tuple[str, int], ...] = ()
    start_every_minutes: int | None = None
    start_offset_minutes: int = 0
    notice_minutes: int = 0
    hold_minutes: int = 10
    approval: bool = False
    location: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id

    def faults(self, grain_minutes: int) -> Iterator[Fault]:
        """Yield what is wrong with the service itself."""

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "service", self.id, f"Service {self.id}: {message}")

        def length(what: str, minutes: int, least: int = 1) -> Iterator[Fault]:
            if minutes < least:
                yield fault(
                    FaultCode.WRONG_NUMBER, f"{what} is {minutes} minutes; at least {least}."
                )
            elif minutes % grain_minutes:
                yield fault(
                    FaultCode.OFF_GRID,
                    f"{what} is {minutes} minutes; the grain is {grain_minutes}.",
                )

        lengths = [self.minutes, *(minutes for _, minutes in self.minutes_by_resource)]
        yield from length("its duration", self.minutes)
        if self.first_minutes is not None:
            lengths.append(self.first_minutes)
            yield from length("the duration of a first visit", self.first_minutes)
        for resource, minutes in self.minutes_by_resource:
            yield from length(f"its duration with {resource}", minutes)
        if self.start_every_minutes is not None:
            yield from length("its grid of starts", self.start_every_minutes)
        yield from length("the offset of its grid of starts", self.start_offset_minutes, 0)
        for what, minutes, least in (
            ("its notice", self.notice_minutes, 0),
            ("its hold", self.hold_minutes, 1),
        ):
            if minutes < least:
                yield fault(
                    FaultCode.WRONG_NUMBER, f"{what} is {minutes} minutes; at least {least}."
                )
        roles = [need.role for need in self.needs]
        for role in sorted({role for role in roles if roles.count(role) > 1}):
            yield fault(FaultCode.DUPLICATE, f"the role {role} stands {roles.count(role)} times.")
        for need in self.needs:
            what = f"the need {need.role}"
            if not need.role:
                yield fault(FaultCode.MISSING, "a need has no role.")
            if need.role.startswith("attendee:"):
                yield fault(FaultCode.CONTRADICTION, f"{what} has a name kept for attendees.")
            if not need.alternatives:
                yield fault(FaultCode.MISSING, f"{what} names no resources.")
            if need.quantity < 1:
                yield fault(FaultCode.WRONG_NUMBER, f"{what} asks for {need.quantity}; at least 1.")
            if need.uses < 1:
                yield fault(FaultCode.WRONG_NUMBER, f"{what} uses {need.uses} lanes; at least 1.")
            yield from length(f"the buffer before {what}", need.before_minutes, 0)
            yield from length(f"the buffer after {what}", need.after_minutes, 0)
            if need.part is not None:
                yield from length(f"the part of {what}", need.part.minutes)
                yield from length(f"the offset of {what}", need.part.offset_minutes, 0)
                reach = need.part.offset_minutes + need.part.minutes
                if reach > min(lengths):
                    yield fault(
                        FaultCode.CONTRADICTION,
                        f"{what} reaches {reach} minutes into a visit that may last"
                        f" {min(lengths)}.",
                    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnaround:
    """Least minutes on one resource between the end of one service's part and the next's start.

    It does not add to buffers: the larger of the two counts.

    Attributes
    ----------
    kind
        Kind of resource that needs it.
    before, after
        Ids of the services, in this order; None is any.
    minutes
        How long.
    """

    kind: str
    minutes: int
    before: str | None = None
    after: str | None = None
