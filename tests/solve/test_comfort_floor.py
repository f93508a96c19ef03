"""What comfort costs at least, each visit by itself: never more than what it costs."""

import random
from dataclasses import replace

import pytest
from faces import book_of
from random_problems import random_problem, random_schedule
from tiny import at, calendar, goals, problem, request, span

from allocator.check.score import score
from allocator.domain.calendar import Block
from allocator.domain.objective import COMFORT, Level
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, PreferredWindow
from allocator.domain.schedule import Assignment
from allocator.goals.served import PARTS
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.comfort_floor import comfort_floor
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def floor(
    some: Problem | Rulebook, level: int, *reached: int, budget: Budget | None = None
) -> int | None:
    """Return what a level costs at least, where those before cost so much."""
    book = some if isinstance(some, Rulebook) else book_of(some)
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, placement in enumerate(placements) if placement is None]
    frozen = State(prepared, placements, pending=free)
    alone = options_alone(book, frozen)
    return comfort_floor(book, frozen, alone, level, reached, budget or Budget())


def wish(hour: int) -> tuple[PreferredWindow, ...]:
    return (PreferredWindow(span=span(0, hour, hour + 1)),)


def three(**more: object) -> Problem:
    """A wishes for 8, B and C for 7, at which nobody is there; C is worth as much as three."""
    return problem(
        request("A", preferred_windows=wish(8)),
        request("B", preferred_windows=wish(7)),
        request("C", preferred_windows=wish(7), weight=3),
        levels=goals(preferred_windows=10),
        **more,
    )


def test_who_is_served_costs_what_one_misses_alone() -> None:
    """All three served: A may have its wish, B and C have none, which is 20 points."""
    assert floor(three(), 1, 0) == 20


def test_of_what_is_left_out_the_dearest_is_taken_to_be() -> None:
    """A is served for nothing; of the others C is the cheaper by what it is worth.

    With 1 of 5 missed these two are enough, and with 4 missed A is. With 3 missed it takes a third
    of C, which is 4 points where costs are whole.
    """
    assert floor(three(), 1, PARTS) == 10
    assert floor(three(), 1, 4 * PARTS) == 0
    assert floor(three(), 1, 3 * PARTS) == 4


def test_a_series_costs_by_occurrence() -> None:
    """Ann is away on the first of four days: each of three visits is a day late, at least.

    Each is worth a third of the series, so that with a third missed two days are left.
    """
    away = replace(calendar(), blocks=(Block(span=span(0, 0, 24)),))
    some = problem(
        request("A", series=FlexibleSeries(count=3)),
        days=4,
        calendars=(away,),
        levels=goals(soonest=10),
    )
    assert [floor(some, 1, missed * PARTS // 3) for missed in range(4)] == [30, 20, 10, 0]


def test_without_time_nothing_is_known() -> None:
    """Nothing is proved where no time is left."""
    assert floor(three(), 1, 0, budget=Budget(0.0)) is None


def test_what_is_published_costs_what_it_must_and_no_more() -> None:
    """A is published at 7, where Ann is not there: its start changes, which is 3 points.

    Twice as much, as it is soon. She need not change, and nothing of B; left out would cost more.
    """
    some = problem(
        *map(request, "AB"),
        published=tuple(
            Assignment(
                visit=visit,
                start=at(0, hour),
                end=at(0, hour + 1),
                resources=(("practitioner", ("ann",)),),
            )
            for visit, hour in (("A", 7), ("B", 9))
        ),
        levels=goals(fewest_changes=1),
    )
    assert floor(some, 1, 0) == floor(some, 1, 2 * PARTS) == 6


@pytest.mark.parametrize("goal", [name for name, _ in COMFORT])
def test_no_schedule_costs_less(goal: str) -> None:
    """Of random schedules of random problems none costs less, by any goal, for what it serves."""
    tried = 0
    for seed in range(1_300, 1_330):
        some = random_problem(seed, most_visits=6, published=0.5)
        some = replace(
            some, levels=(*some.objective[:-1], Level(name="comfort", goals=((goal, 3),)))
        )
        book = book_of(some)
        for chance in range(4):
            placements = [None] * len(book.prepared.visits)
            for visit, place in random_schedule(book, random.Random(chance)).items():
                placements[visit] = place
            costs = score(book, Timetable(book.prepared, placements)).levels
            for level in range(len(costs)):
                if not book.serves(level):
                    least = floor(book, level, *costs[:level])
                    assert least is not None and least <= costs[level]
                    tried += 1
    assert tried


@pytest.mark.parametrize("seed", range(1_330, 1_360))
def test_no_optimum_is_below(seed: int) -> None:
    """All goals at once: what is proved to be the best costs no less."""
    some = random_problem(seed, most_visits=6, published=0.5)
    result = solve(some, Params(workers=1, deterministic_limit=20.0))
    if result.schedule is None:
        return
    assert result.status is Status.OPTIMAL
    costs = [level.cost for level in result.levels]
    book = book_of(some)
    for level, cost in enumerate(costs):
        if not book.serves(level):
            least = floor(book, level, *costs[:level])
            assert least is not None and least <= cost


def test_a_problem_too_large_for_one_model_has_a_bound_of_comfort(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of three has what it can have: the bound is met, and that is a proof."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", -1)
    result = solve(three(), Params(workers=1, deterministic_limit=5.0))
    assert [(level.cost, level.bound) for level in result.levels] == [(0, 0), (20, 20)]
    assert result.status is Status.OPTIMAL
