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
from allocator.solve.ways.whole import left_out, may_go

#: Rivals that make room, at most, for each visit that is missing.
MOST = 8
#: How often those make room who hold what one start needs, rather than others near by.
FEW = 0.5


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
        found = left_out(self.requests, work, 1, chance)
        if not found:
            return None
        request = found[0]
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
                other = book.prepared.requests[book.prepared.visits[number].request_index]
                if not may_go(work, picture, other):
                    work.move(had)
                    return None
                out.update(other.visits)
                still = [v for v in other.visits if state.placements[v] is not None]
                had = {v: state.placements[v] for v in still} | had
                paid = plus(paid, work.lift(still))
            else:
                added = plus(added, more)
        return Change(had, minus(added, paid))
