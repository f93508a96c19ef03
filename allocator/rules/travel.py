"""Travel: nobody is in two places without the time to get from one to the other."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import ANYWHERE, TickClaim, Visit
from allocator.rules.transition import Transition
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class Travel(Transition):
    """Sequence-dependent setup times by pair of locations, from claim to claim.

    Claims include buffers: notes are written, and things cleaned, on site. A visit that takes
    place nowhere in particular needs no travel, and does not shorten that between its
    neighbours. Travel given one way takes as long both ways; locations that no travel is given
    for are next door to each other (0 minutes), and a detour is never worked out.
    """

    name = "travel"
    sentence = "Between visits at two locations a resource has the time to travel."
    padded = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any travel takes time."""
        return any(t.minutes > 0 for t in prepared.problem.travel)

    def gaps(self, prepared: Prepared, resource: int) -> dict[tuple[Hashable, Hashable], int]:
        """Return the ticks between two locations."""
        if prepared.resources[resource].lanes > 1:
            return {}
        return prepared.memo("travel", lambda: _by_leg(prepared))

    def use(self, prepared: Prepared, visit: Visit, location: int) -> Hashable:
        """Return the location."""
        return location if location != ANYWHERE else None

    def ways(
        self, model: Verbs, visit: Visit, need: int, resource: int
    ) -> Iterator[tuple[Hashable, Literal | None]]:
        """Yield the locations at which a visit may take a resource."""
        for location in sorted(
            {v.location for v in visit.variants if resource in v.choices[need]} - {ANYWHERE}
        ):
            yield location, model.located(visit.index, location)

    def message(self, timetable: Timetable, one: TickClaim, other: TickClaim, gap: int) -> str:
        """Name both visits and places, the time between them and the time that is needed."""
        prepared = timetable.prepared
        ends = []
        for claim, word, tick in ((one, "to", one.end), (other, "from", other.first)):
            placement = timetable.placements[claim.visit]
            assert placement is not None
            place = prepared.locations[placement.location]
            when = prepared.local(tick, prepared.clock(place))
            ends.append(f"visit {prepared.visits[claim.visit].id} at {place} ({word} {when})")
        return (
            f"{prepared.who(one.resource)} travels {gap * prepared.grain} minutes between"
            f" {ends[0]} and {ends[1]};"
            f" there are {max(0, other.first - one.end) * prepared.grain}."
        )


def _by_leg(prepared: Prepared) -> dict[tuple[Hashable, Hashable], int]:
    """Return the ticks, above 0, from one location to another."""
    index = prepared.location_index
    given = {
        (index[leg.origin], index[leg.destination]): prepared.ticks_for(leg.minutes)
        for leg in prepared.problem.travel
        if leg.origin != leg.destination
    }
    both = {(there, here): ticks for (here, there), ticks in given.items()} | given
    return {leg: ticks for leg, ticks in both.items() if ticks}
