"""What the rules and goals of several sets ask, of a problem and of a model."""

from __future__ import annotations

from allocator.prepare.prepared import Prepared
from allocator.state.verbs import Verbs

#: The kind of a resource that is a room, in every set that has rooms.
ROOM = "room"


def all_rooms(prepared: Prepared) -> frozenset[int]:
    """Return the numbers of all rooms as resources."""
    return frozenset(n for n, r in enumerate(prepared.resources) if r.kind == ROOM)


def placeable(model: Verbs) -> list[int]:
    """Return the free visits that can be placed."""
    return [visit.index for visit in model.free if model.candidates(visit.index)]
