"""Serve other requests than before: some go as a whole, and what is free then is filled again."""

from __future__ import annotations

import random
from collections.abc import Iterable

from allocator.prepare.prepared import PreparedRequest
from allocator.solve.change import Change, minus
from allocator.solve.construct import place_request
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.rivals import rivals
from allocator.solve.ways.way import Way
from allocator.solve.ways.whole import left_out, may_go

#: Requests that go, at least and at most.
LEAST, MOST = 2, 8
#: Requests that are left out and may come, at most.
COMING = 6
#: By what factor, at most, the order in which they are placed is blurred.
BLUR = 4.0
#: Tables worked out for a request that is placed, beyond one for each of its visits.
MORE = 4


class Refill(Way):
    """Requests around one that is left out go whole; they and others come back as they fit.

    More urgent requests come first, and of a class those that are worth most for their time; the
    order is blurred by chance. The way of ruin and recreate, for whole requests (Schrimpf and
    others 2000, Journal of Computational Physics 159).

    Parameters
    ----------
    requests
        Those that may be placed.
    """

    name = "refill"
    seconds = 0.1

    def __init__(self, requests: list[PreparedRequest]) -> None:
        self.requests = requests

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Let some requests go and others come; None where nobody is left out."""
        state = work.state
        coming = left_out(self.requests, work, COMING, chance)
        if not coming:
            return None
        going = self._going(work, picture, coming[0], chance)
        asked = [*coming, *going]
        had = {v: state.placements[v] for request in asked for v in request.visits}
        paid = work.lift(v for request in going for v in request.visits)
        stay = [v for v in had if state.placements[v] is not None]
        for request in self._in_order(asked, chance):
            place_request(work.book, state, request, len(request.visits) + MORE)
        put = [v for v in had if state.placements[v] is not None and v not in stay]
        return Change(had, minus(work.paid(put), paid))

    def _going(
        self, work: Resolver, picture: Picture, coming: PreparedRequest, chance: random.Random
    ) -> list[PreparedRequest]:
        """Return requests that lie where one that is left out could, and may be left out whole."""
        prepared, state = work.book.prepared, work.state
        missing = [v for v in coming.visits if state.placements[v] is None]
        visit = prepared.visits[chance.choice(missing)]
        most = chance.randint(LEAST, MOST)
        some = [
            prepared.visits[v].request_index
            for v in rivals(work.book, state, visit, 2 * most, chance)
        ]
        found = [prepared.requests[index] for index in dict.fromkeys(some) if index >= 0]
        return [request for request in found if may_go(work, picture, request)][:most]

    def _in_order(
        self, requests: Iterable[PreparedRequest], chance: random.Random
    ) -> list[PreparedRequest]:
        """Return requests by class and by what they are worth for each visit, blurred by chance."""
        order = [
            (
                request.request.priority,
                len(request.visits) / request.request.weight * chance.uniform(1.0, BLUR),
                request.index,
                request,
            )
            for request in requests
        ]
        return [request for *_, request in sorted(order, key=lambda some: some[:3])]
