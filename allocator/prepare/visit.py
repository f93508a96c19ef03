"""Visits as rules, goals and solvers see them: in ticks and small integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from allocator.domain.request import Request, Session
    from allocator.domain.service import Service
    from allocator.prepare.clock import Clock

Team = tuple[tuple[int, ...], ...]

#: The location of what happens nowhere in particular.
ANYWHERE = -1


@dataclass(frozen=True, slots=True)
class VisitNeed:
    """A role of a visit with the resources that could fill it.

    Attributes
    ----------
    role
        Its name; attendees have roles of their own.
    resources
        Numbers of the resources that match by kind, place, name and (on some date) skill.
    rank
        For each of them the number of the first alternative that it meets, from 0.
    skills
        For each of them the sets of skills of which one must hold on the day.
    quantity, uses, before, after
        As in ``Need``; buffers in ticks.
    part
        Length, offset and whether from the end, in ticks; None is the whole visit.
    attendee, optional
        Whether this is an attendee, and whether they may be absent.
    weight
        What the absence of an optional attendee weighs.
    """

    role: str
    resources: tuple[int, ...]
    rank: tuple[int, ...]
    skills: tuple[tuple[frozenset[str], ...], ...]
    quantity: int = 1
    uses: int = 1
    before: int = 0
    after: int = 0
    part: tuple[int, int, bool] | None = None
    attendee: bool = False
    optional: bool = False
    weight: int = 0

    def covers(self, duration: int) -> tuple[int, int]:
        """Return where the part lies: ticks from the visit's start to its start and its end."""
        if self.part is None:
            return 0, duration
        length, offset, from_end = self.part
        first = duration - offset - length if from_end else offset
        return first, first + length


class Variant(NamedTuple):
    """A way to hold a visit in which its needs no longer depend on each other.

    Attributes
    ----------
    duration
        Its length in ticks.
    location
        Number of the location, or -1 for none.
    session
        Number of the session's visit that it joins, or -1.
    choices
        For each need the resources that this variant admits.
    """

    duration: int
    location: int
    session: int
    choices: Team


class Placement(NamedTuple):
    """Where a visit lies: its start and length in ticks, its place, its team by need."""

    start: int
    duration: int
    location: int
    session: int
    team: Team


class TickClaim(NamedTuple):
    """What a placed visit takes of a resource; ``first`` and ``end`` include buffers."""

    first: int
    end: int
    part_first: int
    part_end: int
    visit: int
    need: int
    resource: int
    uses: int


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One occurrence to be placed.

    Attributes
    ----------
    index, id
        Its number in ``Prepared.visits``, and its name.
    request, session
        What it belongs to: exactly one is given.
    request_index
        Number of the request, or -1 for a session's visit.
    occurrence, step
        Which visit of its request it is, from 1.
    service
        Its service; None for a participant of a group session.
    needs, variants
        What it takes, and in which ways.
    joins
        Numbers of the sessions' visits that it may join.
    clock
        The local clock by which its days, weeks and wall times count.
    priority
        Its request's class; 1 for a session.
    """

    index: int
    id: str
    request: Request | None
    session: Session | None
    request_index: int
    occurrence: int
    step: int
    service: Service | None
    needs: tuple[VisitNeed, ...]
    variants: tuple[Variant, ...]
    joins: tuple[int, ...]
    clock: Clock
    priority: int

    def claims(self, placement: Placement) -> list[TickClaim]:
        """Return what the visit takes when it lies there."""
        claims = []
        # Of the many claims of an index most begin and end with their visit: one number for all.
        start, end = placement.start, placement.start + placement.duration
        for number, (need, members) in enumerate(zip(self.needs, placement.team, strict=True)):
            if members:
                first, last = need.covers(placement.duration)
                part_first = start + first if first else start
                part_end = start + last if last != placement.duration else end
                held_first = part_first - need.before if need.before else part_first
                held_end = part_end + need.after if need.after else part_end
                for resource in members:
                    claims.append(
                        TickClaim(
                            held_first,
                            held_end,
                            part_first,
                            part_end,
                            self.index,
                            number,
                            resource,
                            need.uses,
                        )
                    )
        return claims

    @property
    def series_key(self) -> tuple[int, int]:
        """Its place among the visits of its request."""
        return self.occurrence, self.step
