"""Turnaround: the time that a resource needs between two services."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Visit
from allocator.rules.transition import Reach, Transition
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs

#: Kinds of use beside the services that turnarounds name: any other service, and a group
#: session's participant, who has no service of their own.
UNNAMED, PARTICIPANT = ("any other",), ("participant",)


class Turnaround(Transition):
    """Sequence-dependent setup times by pair of services, from part to part of their visits.

    The largest turnaround that fits the pair counts. It does not add to buffers, which are
    claims of their own: the larger of the two counts. A participant of a group session has no
    service, so only a turnaround between any two applies to them.
    """

    name = "turnaround"
    sentence = (
        "Between two visits a resource has the time that turning from one to the other takes."
    )
    padded = False
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any turnaround takes time."""
        return any(t.minutes > 0 for t in prepared.problem.turnarounds)

    def gaps(self, prepared: Prepared, resource: int) -> dict[tuple[Hashable, Hashable], int]:
        """Return the ticks between two services on a resource of this kind."""
        thing = prepared.resources[resource]
        if thing.lanes > 1:
            return {}
        return prepared.memo(("turnaround", thing.kind), lambda: _by_pair(prepared, thing.kind))

    def use(self, prepared: Prepared, visit: Visit, location: int) -> Hashable:
        """Return the service, where a turnaround names it."""
        if visit.service is None:
            return PARTICIPANT
        return visit.service.id if visit.service.id in _named(prepared) else UNNAMED

    def ways(
        self, model: Verbs, visit: Visit, need: int, resource: int
    ) -> Iterator[tuple[Hashable, Literal | None]]:
        """Yield the one service of a visit."""
        yield self.use(model.prepared, visit, -1), None

    def message(self, timetable: Timetable, one: TickClaim, other: TickClaim, gap: int) -> str:
        """Name both visits, the time between them and the time that is needed."""
        prepared = timetable.prepared
        clock = prepared.clock_of(one.resource)
        here, there = prepared.visits[one.visit], prepared.visits[other.visit]
        return (
            f"{prepared.who(one.resource)} needs {gap * prepared.grain} minutes between visit"
            f" {here.id} (to {prepared.local(one.part_end, clock)}) and visit {there.id} (from"
            f" {prepared.local(other.part_first, clock)});"
            f" it has {max(0, other.part_first - one.part_end) * prepared.grain}."
        )

    def given(self, model: Verbs, one: tuple[Visit, int], other: tuple[Visit, int]) -> Reach:
        """Return the buffers between two parts, where their rule is in force."""
        if "buffers" in model.prepared.problem.without_rules:
            return 0, 0
        here, there = one[0].needs[one[1]], other[0].needs[other[1]]
        return here.after + there.before, there.after + here.before


def _named(prepared: Prepared) -> frozenset[str]:
    """Return the services that turnarounds name."""
    return prepared.memo(
        "turnaround services",
        lambda: frozenset(
            name
            for turnaround in prepared.problem.turnarounds
            for name in (turnaround.before, turnaround.after)
            if name is not None
        ),
    )


def _by_pair(prepared: Prepared, kind: str) -> dict[tuple[Hashable, Hashable], int]:
    """Return the largest turnaround, above 0, of each pair of services."""
    services: list[Hashable] = [*sorted(_named(prepared)), UNNAMED]
    found: dict[tuple[Hashable, Hashable], int] = {}
    for turnaround in prepared.problem.turnarounds:
        ticks = prepared.ticks_for(turnaround.minutes)
        if turnaround.kind != kind or not ticks:
            continue
        befores: list[Hashable] = [turnaround.before] if turnaround.before else [*services]
        afters: list[Hashable] = [turnaround.after] if turnaround.after else [*services]
        if turnaround.before is None and turnaround.after is None:
            befores = afters = [*services, PARTICIPANT]
        for before in befores:
            for after in afters:
                found[before, after] = max(ticks, found.get((before, after), 0))
    return found
