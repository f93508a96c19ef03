"""Insertion on planned days: quick, whole, and what has to be placed stays placed."""

from dataclasses import replace

from groups import group
from tiny import at, patient, practitioner, problem, request, span

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, PinKind, Step
from allocator.domain.schedule import Assignment
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.solve.asks import Asks
from allocator.solve.bound import Alone, options_alone, served_total
from allocator.solve.budget import Budget
from allocator.solve.catch_up import caught_up
from allocator.solve.on_days import insert_on_days
from allocator.solve.params import Params
from allocator.solve.prices import Prices, Rent, planned_days
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

EXACT = Params(workers=1, deterministic_limit=20.0)


def parts_of(some: Problem) -> tuple[Rulebook, State, Alone]:
    """Return a rulebook, the state of what is frozen, and what the others could do beside it."""
    prepared = Prepared(some)
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    book = Rulebook(prepared, RULES, GOALS)
    free = [v for v, p in enumerate(placements) if p is None]
    frozen = State(prepared, placements, pending=free)
    return book, frozen, options_alone(book, frozen)


def test_visits_are_inserted_on_the_days_that_are_planned() -> None:
    """Most lie there, nothing is broken, and nothing lies there in part."""
    some = clinic("small", "overloaded", seed=7, visits=80, weeks=4)
    book, frozen, alone = parts_of(some)
    totals = [served_total(book, n) for n in range(len(book.levels))]
    prices = Prices(book, frozen, alone, Asks(book, frozen, alone))
    prices.floor(2, [total or 0 for total in totals], totals, Budget(effort=20.0))
    planned = planned_days(prices, Budget(effort=20.0))
    before = frozen.placements
    found = insert_on_days(book, frozen, alone, planned, before, set(), EXACT, Budget(effort=20.0))
    assert all(v.inherited for v in violations(book, Timetable(book.prepared, found)))
    days = {
        v: int(book.prepared.visits[v].clock.day_of[p.start])
        for v, p in enumerate(found)
        if p is not None and v in planned
    }
    assert sum(day == planned[v] for v, day in days.items()) > 0.8 * len(planned)
    assert planned_days(prices, Budget(effort=20.0)) == planned


def test_a_request_of_which_something_has_to_be_placed_is_not_torn() -> None:
    """The second visit of A is pinned to eleven; urgent B, C and D could take the other hours.

    A lies there whole, as it did, though it is the least urgent: one of the others is left out.
    """
    held = Assignment(
        visit="A#2", start=at(0, 11), end=at(0, 12), resources=(("practitioner", ("ann",)),)
    )
    some = problem(
        request("A", series=FlexibleSeries(count=2, least_days_between=0)),
        *(request(id, priority=1) for id in "BCD"),
        published=(held,),
        pins=(Pin(visit="A#2", kind=PinKind.TIME),),
    )
    book, frozen, alone = parts_of(some)
    number = book.prepared.visit_index
    best: list[Placement | None] = [None] * len(book.prepared.visits)
    for visit, tick in (("A#1", 10), ("A#2", 11), ("B", 8), ("C", 9)):
        best[number[visit]] = Placement(tick, 1, -1, -1, ((0,),))
    planned = {number[id]: 0 for id in "BCD"}
    for budget in (Budget(), Budget(0.0)):
        found = insert_on_days(book, frozen, alone, planned, best, {number["A#2"]}, EXACT, budget)
        assert not list(violations(book, Timetable(book.prepared, found)))
        assert found[number["A#2"]] == best[number["A#2"]]
    placed = insert_on_days(book, frozen, alone, planned, best, {number["A#2"]}, EXACT, Budget())
    assert sum(p is not None for p in placed) == 4


def test_a_class_that_would_be_served_worse_lies_as_before() -> None:
    """Without any time nothing is inserted: urgent A and B lie as they did, and C is left out."""
    some = problem(*(request(id, priority=1) for id in "AB"), request("C"))
    book, frozen, alone = parts_of(some)
    best: list[Placement | None] = [Placement(tick, 1, -1, -1, ((0,),)) for tick in (9, 11, 8)]
    found = insert_on_days(book, frozen, alone, {0: 0, 1: 0, 2: 0}, best, set(), EXACT, Budget(0.0))
    assert list(found) == [*best[:2], None]


def test_insertion_on_planned_days_keeps_what_is_published() -> None:
    """A is published on Monday at nine and planned for Tuesday: it stays, and B lies as planned.

    The same where the class of B is served worse than before, and lies as it did.
    """
    told = Assignment(
        visit="A", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
    )
    some = problem(request("A"), request("B", priority=1), days=2, published=(told,))
    book, frozen, alone = parts_of(some)
    best = [None, Placement(10, 1, -1, -1, ((0,),))]
    found = insert_on_days(book, frozen, alone, {0: 1, 1: 1}, best, set(), EXACT, Budget())
    assert found[0] == book.prepared.published[0]
    assert found[1] is not None and found[1].start >= 24
    late = insert_on_days(book, frozen, alone, {0: 1, 1: 1}, best, set(), EXACT, Budget(0.0))
    assert list(late) == [book.prepared.published[0], best[1]]


def test_who_has_no_day_lies_where_time_is_worth_the_least() -> None:
    """A can come on both days; six others want Monday's four hours, nobody Tuesday's."""
    early = (request(id, windows=(span(0, 8, 12),)) for id in "BCDEFG")
    book, frozen, alone = parts_of(problem(request("A"), *early, days=2))
    totals = [served_total(book, n) for n in range(len(book.levels))]
    prices = Prices(book, frozen, alone, Asks(book, frozen, alone))
    level = next(n for n, total in enumerate(totals) if total)
    prices.floor(level, [total or 0 for total in totals], totals, Budget(effort=20.0))
    nothing = frozen.placements
    for rent, day in ((None, 0), (Rent(prices), 1)):
        found = insert_on_days(
            book, frozen, alone, {}, nothing, set(), EXACT, Budget(effort=20.0), rent
        )
        assert found[0] is not None
        assert book.prepared.visits[0].clock.day_of[found[0].start] == day


def test_a_class_that_would_be_served_worse_is_repaired() -> None:
    """A lies in the one hour of B, which is urgent too: A makes room, and C comes as well.

    The schedule so far has A and B alone: more is found than lies there.
    """
    some = problem(
        request("A", priority=1),
        request("B", priority=1, windows=(span(0, 9, 10),)),
        request("C", priority=1),
        request("D"),
    )
    book, frozen, _ = parts_of(some)
    before = [*(Placement(tick, 1, -1, -1, ((0,),)) for tick in (8, 9)), None, None]
    work = State(book.prepared, frozen.placements)
    work.place(0, Placement(9, 1, -1, -1, ((0,),)))
    found = caught_up(book, work, frozen, before, set(), EXACT, Budget(effort=20.0), 1)
    assert [p is not None for p in found.placements] == [True, True, True, False]
    as_well = caught_up(book, found, frozen, before, set(), EXACT, Budget(effort=20.0), 1)
    assert as_well is found
    given_up = caught_up(book, work, frozen, before, set(), EXACT, Budget(0.0), 1)
    assert given_up.placements == before


def test_who_comes_to_sessions_is_known_before_all_else() -> None:
    """S needs two: urgent A, and B, for whom C, urgent, would lie at the same time if C came first.

    Then S would be closed, and A with it. Where nothing is inserted, B lies as before beside A.
    """
    step = Step(sessions=frozenset("S"))
    some = replace(
        group("", least=2, sessions="S"),
        resources=(practitioner("ann", lanes=9), patient("a"), patient("b")),
        requests=(
            request("A", "a", services="", steps=(step,), priority=1),
            request("B", "b", services="", steps=(step,)),
            request("C", "b", priority=1),
        ),
    )
    book, frozen, alone = parts_of(some)
    nothing, free = frozen.placements, range(len(book.prepared.visits))
    found = insert_on_days(
        book, frozen, alone, dict.fromkeys(free, 0), nothing, set(), EXACT, Budget()
    )
    assert None not in found
    late = insert_on_days(book, frozen, alone, {}, found, set(), EXACT, Budget(0.0))
    assert late == found
