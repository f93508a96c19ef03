"""Construction leaves behind only what may stand, and leaves out only what may be missed."""

from faces import book_of, with_placements
from groups import group, held, joins
from tiny import at, problem, request, service, span

from allocator.domain.request import FixedSeries, FlexibleSeries, Pin, Step
from allocator.domain.schedule import Assignment
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.construct import construct, gather
from allocator.solve.params import Params
from allocator.solve.solve import solve
from allocator.state.state import State


def chain(service: str) -> tuple[Step, Step]:
    """Return two steps, the second at once after the first."""
    return Step(service=service), Step(service=service, most_lag_minutes=0)


LONG = {"services": (service(), service("long", minutes=180))}


def test_an_occurrence_of_a_chain_is_missed_whole() -> None:
    """Two steps of three hours each a day, in Ann's four: each first step fits, no second does.

    Either day may be missed, but a first step alone is no half of a chain.
    """
    series = FixedSeries(count=2, every_days=1, may_miss=frozenset({1, 2}))
    some = problem(request("A", steps=chain("long"), series=series), days=2, **LONG)
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    assert not result.schedule.assignments


def test_a_day_that_may_be_missed_does_not_cost_the_others() -> None:
    """Every day a chain of two hours; on the second day B has three hours, which leaves one."""
    series = FixedSeries(count=3, every_days=1, may_miss=frozenset({2}))
    some = problem(
        request("A", steps=chain("visit"), series=series, priority=2),
        request("B", services="long", priority=1, windows=(span(1, 8, 12),)),
        days=3,
        **LONG,
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    placed = {a.visit for a in result.schedule.assignments}
    assert placed == {"A#1.1", "A#1.2", "A#3.1", "A#3.2", "B"}


def test_a_part_that_is_kept_for_later_may_stand() -> None:
    """A#2.1 is pinned, alone, to Monday's last hour: a broken chain that is nobody's doing.

    Beside it a first step of A#1 fits in B's shadow, and no second: it is no whole occurrence,
    though two visits are as many as an occurrence has.
    """
    series = FlexibleSeries(count=3, at_least=1, least_days_between=0)
    some = problem(
        request("A", steps=chain("visit"), series=series, priority=2),
        *(request(id, priority=1, windows=(span(0, 9, 11),)) for id in "BC"),
        published=(
            Assignment(
                visit="A#2.1",
                start=at(0, 11),
                end=at(0, 12),
                resources=(("practitioner", ("ann",)),),
            ),
        ),
        pins=(Pin(visit="A#2.1"),),
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    assert {a.visit for a in result.schedule.assignments} == {"A#2.1", "B", "C"}


def test_without_time_only_what_must_be_served_is_placed() -> None:
    """A may be left out, B may not."""
    book = book_of(problem(request("A"), request("B", must=True)))
    state = State(book.prepared)
    alone = options_alone(book, State(book.prepared, pending=range(2)))
    construct(book, state, alone, Budget(0.0))
    assert [placement is not None for placement in state.placements] == [False, True]
    construct(book, state, alone)
    assert None not in state.placements


def test_sessions_with_too_few_are_put_together() -> None:
    """A is in S and B in T, each of which needs two: one is closed, and the other is held.

    Of two in S and one in T, it is T that is closed: the emptiest first.
    """
    for names, least, where, stays in (("AB", 2, "ST", "T"), ("ABC", 3, "STS", "S")):
        book = book_of(group(names, least=least, most=3))
        hours = {"S": 8, "T": 10}
        places = held(book, "S", 8) | held(book, "T", 10)
        for name, session in zip(names, where, strict=True):
            places |= joins(book, name, session, hours[session])
        state = State(book.prepared, with_placements(book, places).placements)
        gather(book, state)
        number = book.prepared.visit_index
        for name in names:
            assert (
                state.placements[number[name]]
                == joins(book, name, stays, hours[stays])[number[name]]
            )
        assert sum(state.placements[number[some]] is not None for some in "ST") == 1
