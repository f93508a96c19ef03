"""A first schedule by insertion: the most urgent and the scarcest first, each at its cheapest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Placement, Visit
from allocator.rules.options import matching_options, option_spots
from allocator.rules.series_completeness import stands
from allocator.solve.bound import Alone
from allocator.solve.budget import Budget
from allocator.state.state import State
from allocator.table.costs import IMPOSSIBLE, CostTable
from allocator.table.fewer import with_fewer
from allocator.table.options import options
from allocator.table.rulebook import Rulebook

#: Placements tried for each visit of a request whose later visits find no place.
BRANCHES = 4
#: Tables worked out for one request before it is given up, at most; and how many for all of them
#: beyond those without which no visit has a place.
TABLES, MORE_TABLES = 60, 3_000
#: Resources thought of for each need of a visit.
RESOURCES = 12


def scarcity(book: Rulebook, alone: Alone, request: PreparedRequest) -> float:
    """Return how much room a request has, beside what is frozen, for each tick that it wants."""
    room = float("inf")
    for number in request.visits:
        found = alone.get(number)
        if found is None:
            continue
        needs = book.prepared.visits[number].needs
        for n, need in enumerate(needs):
            if not need.attendee:
                starts = sum(mask.bit_count() for o in found for mask in o.by_need[n].values())
                room = min(room, starts / need.quantity)
        if not found:
            return 0.0
        room = min(room, 1e6 * sum(o.starts.bit_count() for o in found))
    longest = max((o.variant.duration for v in request.visits for o in alone.get(v, ())), default=1)
    return room / (longest * len(request.visits))


def construct(
    book: Rulebook,
    state: State,
    alone: Alone,
    budget: Budget | None = None,
    priority: int | None = None,
) -> None:
    """Place requests into a state, one by one, as cheaply as each can be placed.

    What must be served comes first, whatever the budget.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is placed already; grows.
    alone
        What each visit could do beside what is frozen: the scarcest go first.
    budget
        Once it is used up, the rest is left out.
    priority
        The class whose requests are placed; None is all of them. Of one class, sessions may be
        left with too few participants: those of others may come.
    """
    prepared = book.prepared
    some = [
        request
        for request in prepared.requests
        if priority in (None, request.request.priority)
        and any(state.placements[v] is None for v in request.visits)
    ]
    order = sorted(
        some,
        key=lambda r: (
            not r.request.must,
            r.request.priority,
            scarcity(book, alone, r) / r.request.weight,
            r.index,
        ),
    )
    run_sessions(book, state, order)
    more = MORE_TABLES
    for request in order:
        if budget is not None and budget.over and not request.request.must:
            break
        few = len(request.visits)
        left = place_request(book, state, request, min(TABLES, few + more))
        more -= max(0, min(TABLES, few + more) - left - few)
    if priority is None:
        gather(book, state)


def place_request(
    book: Rulebook, state: State, request: PreparedRequest, tables: int = TABLES
) -> int:
    """Place a request whole, or as far as it may be placed in part, or not at all.

    Parameters
    ----------
    book, state
        Rules and goals in force, and what is placed; grows.
    request
        The request, of which something is not placed.
    tables
        How many tables may be worked out before it is given up.

    Returns
    -------
    int
        How many of them are left.
    """
    if request.request.options:
        _place_option(book, state, request)
        return tables
    insertion = _Insertion(book, state, request, tables)
    insertion.run()
    return insertion.tables


class _Insertion:
    """Depth-first insertion of one request's visits, by so many tables at most."""

    def __init__(self, book: Rulebook, state: State, request: PreparedRequest, tables: int) -> None:
        self.book = book
        self.state = state
        self.request = request
        self.tables = tables
        self.visits = [
            book.prepared.visits[v] for v in request.visits if state.placements[v] is None
        ]
        self.placed: list[int] = []
        self.best: list[tuple[int, Placement]] = []

    def run(self) -> None:
        """Place what can be placed; undo everything where that is not enough."""
        if not self._extend(0):
            for visit, placement in self.best:
                self.state.place(visit, placement)

    def _extend(self, at: int) -> bool:
        if at == len(self.visits):
            return True
        visit = self.visits[at]
        if self.tables <= 0:
            return False
        self.tables -= 1
        last = at == len(self.visits) - 1
        for placement in self._best(visit) if last else self._branches(visit):
            self.state.place(visit.index, placement)
            self.placed.append(visit.index)
            self._remember()
            if self._extend(at + 1):
                return True
            self.placed.pop()
            self.state.remove(visit.index)
        series = self.request.request.series
        steps = self.request.occurrence(visit.occurrence)
        begun = any(self.state.placements[v] is not None for v in steps)
        if isinstance(series, FixedSeries) and visit.occurrence in series.may_miss and not begun:
            while at < len(self.visits) and self.visits[at].occurrence == visit.occurrence:
                at += 1
            return self._extend(at)
        return False

    def _best(self, visit: Visit) -> Iterator[Placement]:
        some = [table.best() for table in self._tables(visit)]
        found = [choice for choice in some if choice is not None]
        if found:
            yield min(found, key=lambda choice: choice.cost).placement

    def _tables(self, visit: Visit) -> Iterator[CostTable]:
        """Yield what each variant of a visit costs, with some of the resources."""
        for found in options(self.book, self.state, visit):
            yield CostTable(self.book, self.state, with_fewer(self.state, found, RESOURCES))

    def _branches(self, visit: Visit) -> Iterator[Placement]:
        """Yield good placements, each on another day where there is one."""
        tables = list(self._tables(visit))
        if not tables:
            return
        lower = np.concatenate([table.lower for table in tables])
        which = np.repeat(np.arange(len(tables)), [len(table.ticks) for table in tables])
        column = np.concatenate([np.arange(len(table.ticks)) for table in tables])
        days = np.concatenate([visit.clock.day_of[table.ticks] for table in tables])
        order = np.argsort(lower, kind="stable")
        order = order[lower[order] < IMPOSSIBLE]
        firsts = np.sort(np.unique(days[order], return_index=True)[1])
        others = np.delete(np.arange(len(order)), firsts)
        tried = 0
        for place in order[np.concatenate([firsts, others])[: 2 * BRANCHES]].tolist():
            choice = tables[which[place]].best_at(int(column[place]), int(IMPOSSIBLE))
            if choice is not None:
                yield choice.placement
                tried += 1
                if tried == BRANCHES:
                    return

    def _remember(self) -> None:
        """Keep the longest part that may stand alone."""
        series = self.request.request.series
        if not isinstance(series, FlexibleSeries) or len(self.placed) <= len(self.best):
            return
        placed = {v for v in self.request.visits if self.state.placements[v] is not None}
        if stands(self.request, placed, self.book.prepared.frozen):
            self.best = [(v, self.state.placement(v)) for v in self.placed]


def _place_option(book: Rulebook, state: State, request: PreparedRequest) -> None:
    """Place the cheapest explicit option that fits what is placed of the request already."""
    prepared = book.prepared
    spots = option_spots(prepared, request)
    wishes = sorted(enumerate(request.request.options), key=lambda o: (o[1].penalty, o[0]))
    for number, _ in wishes:
        if not stands(request, spots[number].keys(), prepared.frozen):
            continue
        placed: list[int] = []
        for index in sorted(v for v in spots[number] if state.placements[v] is None):
            tick = spots[number][index][0].start
            found = None
            for some in options(book, state, prepared.visits[index]):
                table = CostTable(book, state, some)
                columns = np.flatnonzero(table.ticks == tick)
                if len(columns):
                    found = table.best_at(int(columns[0]), 2**60) or found
            if found is None:
                break
            state.place(index, found.placement)
            placed.append(index)
        here = {v: state.placements[v] for v in request.visits}
        if all(here[v] is not None for v in spots[number]) and number in matching_options(
            prepared, request, here
        ):
            return
        for index in placed:
            state.remove(index)


def run_sessions(book: Rulebook, state: State, order: Sequence[PreparedRequest]) -> None:
    """Place the group sessions where most of those who would come are free."""
    prepared = book.prepared
    asking: dict[int, list[Visit]] = {}
    for request in order:
        for number in request.visits:
            visit = prepared.visits[number]
            for session in visit.joins:
                asking.setdefault(session, []).append(visit)
    for session in sorted(asking, key=lambda s: (len(asking[s]), s)):
        if state.placements[session] is None:
            _run_session(book, state, prepared.visits[session], asking[session])


def _run_session(book: Rulebook, state: State, session: Visit, asking: list[Visit]) -> None:
    best: tuple[int, int, Placement] | None = None
    for found in options(book, state, session):
        table = CostTable(book, state, found)
        count = np.zeros(len(table.ticks), dtype=np.int64)
        for visit in asking:
            mask = _could_join(book, state, visit, session, found.starts)
            count += masks.flags(mask, book.prepared.ticks)[table.ticks]
        assert session.session is not None
        count = np.minimum(count, session.session.most)
        for column in np.lexsort((table.lower, -count))[:16]:
            if count[column] < session.session.least:
                break
            choice = table.best_at(int(column), 2**60)
            if choice is not None:
                key = (-int(count[column]), choice.cost, choice.placement)
                if best is None or key < best:
                    best = key
                break
    if best is not None:
        state.place(session.index, best[2])


def _could_join(book: Rulebook, state: State, visit: Visit, session: Visit, starts: Mask) -> Mask:
    """Return the starts at which a participant, by what is fixed about them, could come."""
    for variant in visit.variants:
        if variant.session == session.index:
            mask = starts & book.static_mask(state, visit, variant)
            for number, need in enumerate(visit.needs):
                if not need.optional:
                    resource = need.resources[0]
                    mask &= book.static_mask_with(state, visit, variant, number, resource)
                    first, end = need.covers(variant.duration)
                    busy = masks.covering(state.full(resource, need.uses), end - first)
                    mask &= ~masks.shift(busy, -first)
            return mask
    return 0


def gather(book: Rulebook, state: State) -> None:
    """Take out sessions with too few participants, the emptiest first; these may join others."""
    while few := _too_few(book.prepared, state):
        for request in _close(book.prepared, state, few[0]):
            place_request(book, state, request)


def close_sessions(prepared: Prepared, state: State) -> None:
    """Take out sessions with too few participants, and the requests of those who would come."""
    while few := _too_few(prepared, state):
        for session in few:
            _close(prepared, state, session)


def _too_few(prepared: Prepared, state: State) -> list[int]:
    """Return the sessions that are held for too few, those with the fewest first."""
    found = []
    for visit in prepared.visits:
        if visit.session is None or state.placements[visit.index] is None:
            continue
        coming = state.participants.get(visit.index, ())
        if len(coming) < visit.session.least and prepared.frozen.keys().isdisjoint(
            (visit.index, *coming)
        ):
            found.append((len(coming), visit.index))
    return [session for _, session in sorted(found)]


def _close(prepared: Prepared, state: State, session: int) -> list[PreparedRequest]:
    """Take out a session, and return the requests that are taken out with it."""
    out = []
    for number in list(state.participants.get(session, ())):
        if state.placements[number] is None:
            continue  # another visit of the same request joins it, too
        request = prepared.requests[prepared.visits[number].request_index]
        for other in request.visits:
            if state.placements[other] is not None and other not in prepared.frozen:
                state.remove(other)
        out.append(request)
    state.remove(session)
    return sorted(out, key=lambda r: (r.request.priority, r.index))
