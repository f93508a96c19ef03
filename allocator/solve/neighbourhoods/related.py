"""Requests that have to do with each other."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from allocator.prepare.prepared import Prepared
from allocator.solve.neighbourhoods.neighbourhood import Neighbourhood, Picture
from allocator.solve.rivals import related


class Related(Neighbourhood):
    """A visit with those it has to do with, whatever the time: the strongest ties first.

    Ties are, from the strongest: something that both pay together, whichever goal it is of; a
    relation, an order or a group session; someone or something that neither could do without; the
    same service.
    """

    name = "related"

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return the visits of a request by chance, then others by their ties to it."""
        found = dict.fromkeys(picture.request_of(chance.choice(picture.free)))
        own = tuple(found)
        for circle in _circles(picture, own):
            some = [v for v in sorted(circle) if v in picture.movable and v not in found]
            chance.shuffle(some)
            found.update(dict.fromkeys(some))
            if len(found) >= size:
                break
        return list(found)[: max(size, len(own))]


def _circles(picture: Picture, visits: Iterable[int]) -> Iterator[set[int]]:
    """Yield those who are tied to some visits, the strongest ties first."""
    prepared = picture.prepared
    yield {other for v in visits for other in picture.together(v)}
    yield {other for v in visits for other in related(prepared, v) | _of_session(picture, v)}
    by_resource = prepared.memo("visits by what they need", lambda: _by_resource(prepared))
    yield {other for v in visits for r in _needed(prepared, v) for other in by_resource[r]}
    by_service = prepared.memo("visits by service", lambda: _by_service(prepared))
    yield {other for v in visits for other in by_service.get(_service(prepared, v), ())}


def _of_session(picture: Picture, visit: int) -> set[int]:
    """Return the group session that a visit belongs to, with all who come to it."""
    placement = picture.state.placements[visit]
    session = visit
    if placement is not None and placement.session >= 0:
        session = placement.session
    return {session, *picture.state.participants.get(session, ())}


def _needed(prepared: Prepared, visit: int) -> set[int]:
    """Return the resources that a visit cannot do without."""
    return {
        resource
        for need in prepared.visits[visit].needs
        if not need.optional and len(need.resources) == need.quantity
        for resource in need.resources
    }


def _by_resource(prepared: Prepared) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for visit in range(len(prepared.visits)):
        for resource in _needed(prepared, visit):
            found.setdefault(resource, []).append(visit)
    return found


def _service(prepared: Prepared, visit: int) -> str:
    service = prepared.visits[visit].service
    return "" if service is None else service.id


def _by_service(prepared: Prepared) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for visit in range(len(prepared.visits)):
        if prepared.visits[visit].service is not None:
            found.setdefault(_service(prepared, visit), []).append(visit)
    return found
