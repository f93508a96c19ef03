"""Option penalty: of the patterns that would do, those that people mind least."""

from dataclasses import replace
from typing import Any

from faces import amounts, best, book_of, model_agrees, one_visit_agrees
from tiny import at, goals, need, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Option, OptionPlacement, Pin
from allocator.domain.schedule import Assignment
from allocator.goals.option_penalty import OptionPenalty
from allocator.prepare.visit import Placement
from allocator.rules.capacity import Capacity
from allocator.rules.option_complete import OptionComplete
from allocator.rules.options import Options
from allocator.state.state import State
from allocator.table.costs import best_placement

GOAL = [OptionPenalty()]
RULES = [Options(), Capacity(), OptionComplete()]
PAIR = FlexibleSeries(count=2, at_least=1, least_days_between=0)


def put(hour: int, occurrence: int = 1, **roles: str) -> OptionPlacement:
    return OptionPlacement(start=at(0, hour), occurrence=occurrence, resources=tuple(roles.items()))


def option(penalty: int, *placements: OptionPlacement) -> Option:
    return Option(placements=placements, penalty=penalty)


def asked(*options: Option, **more: Any) -> Problem:
    """Request A with these options, and B with none; Ann (0), Bob (1) and two rooms (2, 3)."""
    one = request("A", options=options, **{k: more.pop(k) for k in ("series",) if k in more})
    return problem(
        one,
        request("B"),
        **{
            "resources": (practitioner("ann"), practitioner("bob"), room("r1"), room("r2")),
            "services": (service(needs=(need(), need("room"))),),
            "levels": goals(option_penalty=1),
            **more,
        },
    )


def spot(start: int, who: int = 0, where: int = 2) -> Placement:
    return Placement(start, 1, -1, -1, ((who,), (where,)))


def paid(some: Problem, *placed: Placement | None) -> int:
    return amounts(book_of(some, [], GOAL), dict(enumerate(placed)))["option_penalty"]


def test_the_option_that_is_matched_costs_its_penalty() -> None:
    """08:00 costs 3, 09:00 with Bob 1; nothing placed costs nothing, and no match the dearest."""
    some = asked(option(3, put(8)), option(1, put(9, practitioner="bob")))
    assert paid(some) == 0
    assert paid(some, spot(8)) == paid(some, spot(8, 1)) == 3
    assert paid(some, spot(9, 1)) == 1
    assert paid(some, spot(9, 0)) == paid(some, spot(10)) == 3


def test_the_cheapest_of_several_counts() -> None:
    """08:00 costs 5, with Ann 2, and with Ann in room 2 4, which is as well 08:00 with Ann."""
    some = asked(
        option(5, put(8)),
        option(2, put(8, practitioner="ann")),
        option(4, put(8, practitioner="ann", room="r2")),
    )
    assert paid(some, spot(8, 1)) == 5
    assert paid(some, spot(8, 0, 2)) == paid(some, spot(8, 0, 3)) == 2


def test_a_whole_option_counts_before_one_in_part() -> None:
    """08:00 and 10:00 cost nothing, 08:00 alone 5: at 08:00 alone it is 5, with 10:00 nothing.

    At 09:00 alone there is a part of the third option, which costs 7.
    """
    some = asked(
        option(0, put(8), put(10, 2)),
        option(5, put(8)),
        option(7, put(9), put(11, 2)),
        series=PAIR,
    )
    assert paid(some, spot(8)) == 5
    assert paid(some, spot(8), spot(10)) == 0
    assert paid(some, None, spot(10)) == 0
    assert paid(some, spot(9)) == paid(some, spot(9), spot(11)) == 7


def test_the_table_takes_the_dearer_start_for_the_cheaper_team() -> None:
    """At 08:00 Bob costs 1 and Ann 9; Bob is away then, and at 09:00 anybody costs 2."""
    some = asked(
        option(9, put(8, practitioner="ann")),
        option(1, put(8, practitioner="bob")),
        option(2, put(9)),
    )
    book = book_of(some, None, GOAL)
    state = State(book.prepared)
    state.place(1, spot(8, 1, 3))
    choice = best_placement(book, state, book.prepared.visits[0])
    assert choice is not None and choice.cost == 2 and choice.placement.start == 9


def test_dropping_the_goal_takes_the_first() -> None:
    """08:00 costs 3 and 09:00 nothing; without the goal the earliest is taken."""
    some = asked(option(3, put(8)), option(0, put(9)))
    for weight, amount in ((1, 0), (0, 3)):
        book = book_of(replace(some, levels=goals(option_penalty=weight)), None, GOAL)
        choice = best_placement(book, State(book.prepared), book.prepared.visits[0])
        assert choice is not None and paid(some, choice.placement) == amount


def test_the_faces_agree_on_single_visits() -> None:
    """Table, model and score say the same for options that share starts and people."""
    some = asked(
        option(5, put(8)),
        option(2, put(8, practitioner="ann")),
        option(1, put(8, practitioner="ann", room="r2")),
        option(2, put(9, room="r1")),
        option(0, put(11, practitioner="bob")),
        option(0, put(25)),
    )
    for rules in ([], RULES, None):
        book = book_of(some, rules, GOAL)
        fixed = {1: spot(8, 0, 2)}
        allowed, forbidden = one_visit_agrees(book, 0, fixed)
        assert allowed and (forbidden or not rules)
        near = [{0: spot(8, 1), 1: spot(9)}, {0: spot(8, 0, 3)}, best(book, [0, 1])]
        starts = {0: [8, 9, 10, 11], 1: [8, 9]}
        accepted, refused = model_agrees(book, [0, 1], near=near, starts=starts)
        assert accepted and (refused or not rules)
        accepted, _ = model_agrees(book, [0], fixed, near=near, starts=starts)
        assert accepted


def test_the_faces_agree_on_patterns() -> None:
    """Table, model and score say the same for series, whole and in part, with one visit fixed."""
    some = asked(
        option(4, put(8), put(10, 2)),
        option(6, put(8), put(10, 2, practitioner="bob")),
        option(5, put(8)),
        option(1, put(9), put(11, 2, practitioner="bob")),
        option(3, put(9, practitioner="bob"), put(11, 2)),
        series=PAIR,
    )
    starts = {0: [8, 9], 1: [10, 11], 2: [8, 10]}
    pairs = [
        {0: spot(8), 1: spot(10)},
        {0: spot(9, 1), 1: spot(11)},
        {0: spot(9), 1: spot(11, 1)},
        {0: spot(8)},
        {1: spot(11)},
    ]
    for rules in ([], RULES, None):
        book = book_of(some, rules, GOAL)
        for known in ({}, {0: spot(8)}, {0: spot(9)}, {1: spot(11, 1)}, {1: spot(10)}):
            free = [v for v in (0, 1, 2) if v not in known]
            near = [{v: p for v, p in pair.items() if v in free} for pair in pairs]
            accepted, refused = model_agrees(
                book, free, known, near=near, starts=starts, samples=24
            )
            assert accepted and (refused or not rules)
            for visit in (v for v in free if v < 2):
                one_visit_agrees(book, visit, known)


def test_what_is_pinned_against_all_options_costs_the_dearest_anyway() -> None:
    """The first visit is pinned at noon, which no option has: what the second does is no matter."""
    pinned = Assignment(
        visit="A#1",
        start=at(0, 12),
        end=at(0, 13),
        resources=(("practitioner", ("ann",)), ("room", ("r1",))),
    )
    some = asked(
        option(4, put(8), put(14, 2)),
        option(1, put(9)),
        series=PAIR,
        published=(pinned,),
        pins=(Pin(visit="A#1"),),
    )
    assert paid(some, spot(12)) == paid(some, spot(12), spot(14)) == 4
    for rules in ([], RULES):
        book = book_of(some, rules, GOAL)
        accepted, _ = model_agrees(book, [1, 2], {0: spot(12)}, starts={1: [14, 15], 2: [8]})
        assert accepted
        one_visit_agrees(book, 1, {0: spot(12)})
