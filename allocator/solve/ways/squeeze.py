"""Serve a request that is left out: make room for it, and put back what made room."""

from __future__ import annotations

import random

from allocator.prepare.prepared import PreparedRequest
from allocator.solve.blockers import blockers
from allocator.solve.change import Change, minus, plus
from allocator.solve.construct import place_request
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.rivals import rivals
from allocator.solve.ways.way import Way

#: Rivals that make room, at most, for each visit that is missing.
MOST = 8
#: How often those make room who hold what one start needs, rather than others near by.
FEW = 0.5
#: Requests tried, at most, until one is found that misses something.
TRIES = 20


class Squeeze(Way):
    """A request that is left out goes first, then those that made room, each where it fits.

    Of those that find no place any more, whole requests are left out: it depends on what they
    are worth whether that is better.

    Parameters
    ----------
    requests
        Those that may be placed.
    """

    name = "squeeze"
    seconds = 0.05

    def __init__(self, requests: list[PreparedRequest]) -> None:
        self.requests = requests

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Serve a request by chance; None where it finds no place even so."""
        state, book = work.state, work.book
        request = self._left_out(work, chance)
        if request is None:
            return None
        missing = [v for v in request.visits if state.placements[v] is None]
        had = dict.fromkeys(missing, None)
        each = max(1, chance.randint(1, MOST) * 2 // len(missing))
        few = chance.random() < FEW
        gone: list[int] = []
        for number in missing:
            visit = book.prepared.visits[number]
            if few:
                some = blockers(book, state, visit, picture.movable, chance)
            else:
                some = rivals(book, state, visit, each, chance)
            others = picture.movable.difference(gone, request.visits)
            gone += [v for v in work.by_itself(some) if v in others]
        had |= {v: state.placements[v] for v in gone}
        paid = work.lift(gone)
        state.pending = frozenset(gone)
        place_request(book, state, request)
        state.pending = frozenset()
        put = [v for v in missing if state.placements[v] is not None]
        if not put:
            work.move(had)
            return None
        added = work.paid(put)
        chance.shuffle(gone)
        out: set[int] = set()
        for place, number in enumerate(gone):
            if number in out:
                continue
            more = work.insert([number], pending=gone[place + 1 :])
            if more is None:
                whole = self._whole(work, number, picture)
                if whole is None:
                    work.move(had)
                    return None
                out |= whole
                still = [v for v in whole if state.placements[v] is not None]
                had = {v: state.placements[v] for v in still} | had
                paid = plus(paid, work.lift(still))
            else:
                added = plus(added, more)
        return Change(had, minus(added, paid))

    def _whole(self, work: Resolver, visit: int, picture: Picture) -> set[int] | None:
        """Return the visits of a visit's request, where all of them may be left out, else None."""
        request = work.book.prepared.requests[work.book.prepared.visits[visit].request_index]
        visits = set(request.visits)
        if request.request.must or visits - picture.movable or visits & work.must:
            return None
        placed = [v for v in visits if work.state.placements[v] is not None]
        return visits if len(work.by_itself(placed)) == len(placed) else None

    def _left_out(self, work: Resolver, chance: random.Random) -> PreparedRequest | None:
        """Return a request by chance that misses something, or None where hardly any does."""
        for _ in range(TRIES):
            request = chance.choice(self.requests)
            if any(work.state.placements[v] is None for v in request.visits):
                return request
        return None
