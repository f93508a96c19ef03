"""From a plan to starts and resources by insertion: quick, whatever the size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allocator.goals.goal import Goal
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule
from allocator.solve.as_before import demanded
from allocator.solve.bound import Alone
from allocator.solve.budget import Budget
from allocator.solve.catch_up import caught_up
from allocator.solve.construct import (
    TABLES,
    construct,
    gather,
    place_request,
    run_sessions,
)
from allocator.solve.params import Params
from allocator.solve.published import keep_published
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Tables worked out for a request on its days, beside one for each visit.
MORE_TABLES = 5
#: Share of the time left that it may take to serve a class no worse than before.
CATCH_UP = 0.2


class OnDays(Rule):
    """The days on which visits are to be placed for the moment, by their own clocks."""

    name = "on_days"
    sentence = "A visit is placed on the day that is planned for it."
    moving = True

    def __init__(self, planned: Mapping[int, int]) -> None:
        self.planned = planned

    def concerns(self, prepared: object, visit: Visit) -> bool:
        """Say whether a day is planned for the visit."""
        return visit.index in self.planned

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts on the day."""
        day = self.planned.get(visit.index)
        return EVERY if day is None else visit.clock.day_mask(day)


def insert_on_days(
    book: Rulebook,
    frozen: State,
    alone: Alone,
    planned: Mapping[int, int],
    best: Sequence[Placement | None],
    must: set[int],
    params: Params,
    budget: Budget,
    rent: Goal | None = None,
) -> Sequence[Placement | None]:
    """Return placements of as many planned requests as find room on their days.

    What is published stays where it is, as far as it can. Those who can start on their day at the
    fewest times come first. Comfort does not count yet.
    Who finds no room there is placed on any day, where time is worth the least, before a class that
    is less urgent. Sessions come before all classes: one to which too few come would take the more
    urgent of them along when it is closed. A class that comes to less than in the schedule that
    there is is repaired; where that is in vain, all up to that class lies as it does there.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    planned
        The plan: local days by visit.
    best
        That schedule; what has to be placed lies as it does there, too.
    must
        Visits that have to be placed.
    params, budget
        Settings, and what may be used up: once that is over, the rest is left out.
    rent
        What time is worth; None where that is not known.
    """
    goals = [weighed for weighed in book.weighed if book.serves(weighed[1])]
    comfort = [level for level in range(len(book.levels)) if not book.serves(level)]
    paid = [(rent, comfort[0], 1)] if rent is not None and comfort else []
    anywhere = book.changed(book.prepared, book.rules, [*goals, *paid])
    on_days = book.changed(book.prepared, [*book.rules, OnDays(planned)], goals)
    requests = book.prepared.requests
    classes = sorted({request.request.priority for request in requests})

    def insert(work: State, priority: int, *, sessions: bool = False) -> None:
        """Place those of a class who wait; or of them only those who come to sessions."""
        mine = [
            r
            for r in requests
            if r.request.priority == priority
            and any(work.placements[v] is None for v in r.visits)
            and (not sessions or book.prepared.visits[r.visits[0]].joins)
        ]
        mine.sort(key=lambda r: (_fewest_starts(book, alone, planned, r), r.index))
        for request in mine:
            if not budget.over and any(v in planned for v in request.visits):
                place_request(on_days, work, request, len(request.visits) + MORE_TABLES)
        for request in mine:
            if not budget.over and any(work.placements[v] is None for v in request.visits):
                place_request(anywhere, work, request, TABLES)

    def begin(work: State) -> None:
        """Place what is published, and hold the sessions to which enough come."""
        keep_published(book, work)
        run_sessions(on_days, work, requests)
        for priority in classes:
            insert(work, priority, sessions=True)
        gather(anywhere, work)

    work = demanded(book, frozen, best, must)
    begin(work)
    for priority in classes:
        insert(work, priority)
        if priority != classes[-1]:
            part = budget.part(CATCH_UP)
            tried = caught_up(book, work, frozen, best, must, params, part, priority)
            if tried is not work:
                work = tried
                begin(work)
    construct(book, work, alone, budget)
    return work.placements


def _fewest_starts(
    book: Rulebook, alone: Alone, planned: Mapping[int, int], request: PreparedRequest
) -> int:
    """Return at how many times the visit that has the fewest could start on its day."""
    fewest = book.prepared.ticks
    for number in request.visits:
        if number in planned and number in alone:
            day = book.prepared.visits[number].clock.day_mask(planned[number])
            starts = 0
            for found in alone[number]:
                starts |= found.starts & day
            fewest = min(fewest, starts.bit_count())
    return fewest
