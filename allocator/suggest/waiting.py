"""Who waits, and would lose the last place there is for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from allocator.prepare import masks
from allocator.prepare.visit import Visit
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.suggest.plans import Plan
from allocator.table.options import options
from allocator.table.rulebook import Rulebook

#: A request is looked after whose windows have so much time at most; others find another place.
TIGHT = timedelta(hours=36)
#: Visits that are looked at for one question, those with the tightest windows first.
MOST = 24
#: Starts with which a visit is in no danger.
SAFE = 24


class Waiting:
    """Visits that are not placed, of requests that can only lie in a few hours."""

    def __init__(self, requests: Iterable[PreparedRequest]) -> None:
        self._tight: dict[int, tuple[timedelta, tuple[int, ...]]] = {}
        for prep in requests:
            self.admit(prep)

    def admit(self, prep: PreparedRequest) -> None:
        """Look after a request, if its windows are tight."""
        windows = prep.request.windows
        hours = sum((w.end - w.start for w in windows), timedelta())
        if windows and hours <= TIGHT:
            self._tight[prep.index] = hours, prep.visits

    def dismiss(self, prep: PreparedRequest) -> None:
        """Look after a request no more."""
        self._tight.pop(prep.index, None)

    def in_danger(self, book: Rulebook, state: State, but: PreparedRequest) -> list[Visit]:
        """Return visits that have a place, and few of them; those of one request left out."""
        found = []
        some = sorted((hours, index) for index, (hours, _) in self._tight.items())
        looks = 0
        for _, index in some:
            if book.prepared.requests[index].request.id == but.request.id:
                continue
            for number in self._tight[index][1]:
                if state.placements[number] is None:
                    looks += 1
                    visit = book.prepared.visits[number]
                    if 0 < _starts(book, state, visit).bit_count() <= SAFE:
                        found.append(visit)
            if looks >= MOST:
                break
        return found


def displaced(book: Rulebook, state: State, danger: Iterable[Visit], plan: Plan) -> tuple[str, ...]:
    """Return the ids of the requests of which a visit has no place any more beside a plan."""
    near = [visit for visit in danger if _near(book, state, visit, plan)]
    if not near:
        return ()
    with state.having(plan):
        gone = [visit for visit in near if not _starts(book, state, visit)]
    return tuple(sorted({visit.request.id for visit in gone if visit.request is not None}))


def _starts(book: Rulebook, state: State, visit: Visit) -> masks.Mask:
    starts = 0
    for found in options(book, state, visit):
        starts |= found.starts
    return starts


def _near(book: Rulebook, state: State, visit: Visit, plan: Plan) -> bool:
    """Say whether a plan takes time in which a visit could lie."""
    taken = 0
    for number, placement in plan.items():
        for claim in book.prepared.visits[number].claims(placement):
            taken |= masks.span(claim.first, claim.end)
    longest = max(variant.duration for variant in visit.variants)
    return bool(masks.covered(_starts(book, state, visit), longest) & taken)
