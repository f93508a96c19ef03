"""What a timetable draws: each claim of a schedule as a bar, in wall time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from allocator.domain.time import zone_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, TickClaim, Visit

#: What a visit is, and the word for it.
BOOKED, KEPT, MOVED, NEW = "booked before", "published, as it was", "published, moved", "new"


@dataclass(frozen=True, slots=True)
class Bar:
    """What one visit takes of one resource.

    Attributes
    ----------
    resource, visit
        Numbers of both.
    first, end
        Ticks that are claimed, buffers included.
    start, stop
        Wall time of the part that the need covers, at the resource.
    claimed_from, claimed_to
        Wall time of the claim.
    minutes
        How long the part lasts.
    uses
        Lanes taken.
    state
        What the visit is: the key of its colour.
    told
        What a pointer on the bar is told.
    """

    resource: int
    visit: int
    first: int
    end: int
    start: datetime
    stop: datetime
    claimed_from: datetime
    claimed_to: datetime
    minutes: int
    uses: int
    state: str
    told: dict[str, str]


class Walls:
    """Wall times at ticks, remembered."""

    def __init__(self, prepared: Prepared) -> None:
        self._horizon = prepared.horizon
        self._known: dict[tuple[int, str], datetime] = {}

    def __call__(self, tick: int, zone: str) -> datetime:
        """Return the wall time at which a tick starts."""
        key = tick, zone
        if key not in self._known:
            local = self._horizon.instant(tick).astimezone(zone_of(zone))
            self._known[key] = local.replace(tzinfo=None)
        return self._known[key]


class Bars:
    """Makes bars of placements.

    Parameters
    ----------
    prepared
        The problem.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.wall = Walls(prepared)

    def of(
        self, visit: Visit, placement: Placement, state: str, shown: Iterable[int]
    ) -> Iterator[Bar]:
        """Yield a bar for each claim of a visit on a resource that is shown."""
        wanted = frozenset(shown)
        claims = [claim for claim in visit.claims(placement) if claim.resource in wanted]
        if claims:
            told = self._told(visit, placement) | {"state": state}
            for claim in claims:
                yield self._bar(visit, placement, claim, state, told)

    def _bar(
        self,
        visit: Visit,
        placement: Placement,
        claim: TickClaim,
        state: str,
        told: dict[str, str],
    ) -> Bar:
        zone = self.prepared.clock_of(claim.resource).zone
        start, stop = self.wall(claim.part_first, zone), self.wall(claim.part_end, zone)
        claimed_from, claimed_to = self.wall(claim.first, zone), self.wall(claim.end, zone)
        begins = self.wall(placement.start, zone)
        ends = self.wall(placement.start + placement.duration, zone)
        buffers = claim.first < claim.part_first or claim.end > claim.part_end
        return Bar(
            resource=claim.resource,
            visit=visit.index,
            first=claim.first,
            end=claim.end,
            start=start,
            stop=stop,
            claimed_from=claimed_from,
            claimed_to=claimed_to,
            minutes=(claim.part_end - claim.part_first) * self.prepared.grain,
            uses=claim.uses,
            state=state,
            told=told
            | {
                "resource": self.prepared.who(claim.resource),
                "time": when(begins, ends),
                "with buffers": clock(claimed_from, claimed_to) if buffers else "none",
            },
        )

    def _told(self, visit: Visit, placement: Placement) -> dict[str, str]:
        service = visit.service
        if service is None and placement.session >= 0:
            service = self.prepared.visits[placement.session].service
        asked = visit.request or visit.session
        assert asked is not None
        request = "group session" if visit.request is None else visit.request.id
        if asked.label:
            request += f" ({asked.label})"
        people = dict.fromkeys(member for members in placement.team for member in members)
        return {
            "visit": visit.id,
            "request": request,
            "service": "" if service is None else service.label,
            "resources": ", ".join(map(self.prepared.who, people)),
        }


def state_of(prepared: Prepared, visit: int, placement: Placement) -> str:
    """Say what a placed visit is: booked before, published and kept or moved, or new."""
    if visit in prepared.frozen:
        return BOOKED
    before = prepared.published.get(visit)
    if before is None:
        return NEW
    return KEPT if before == placement else MOVED


def when(start: datetime, end: datetime) -> str:
    """Write a stretch of wall time with its date."""
    return f"{start:%a} {start.day} {start:%b %Y}, {clock(start, end)}"


def clock(start: datetime, end: datetime) -> str:
    """Write a stretch of wall time without its date, but for an end on another one."""
    midnight = not (end.hour or end.minute) and end.date() == start.date() + timedelta(days=1)
    if midnight:
        return f"{start:%H:%M}–24:00"
    other = "" if end.date() == start.date() else f"{end:%a} {end.day} {end:%b} "
    return f"{start:%H:%M}–{other}{end:%H:%M}"
