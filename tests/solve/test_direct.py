"""The whole as one model: levels in order, bounds, the gap, news and an early end."""

import math
import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from faces import book_of
from random_problems import best_by_exhaustion, combinations_of, random_problem
from tiny import at, goals, practitioner, problem, request, room, service, span

from allocator.check.check import check
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PreferredWindow, Request
from allocator.domain.schedule import Assignment
from allocator.generate.clinics import clinic
from allocator.goals.served import PARTS
from allocator.prepare.prepared import Prepared
from allocator.solve import direct
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget, Control
from allocator.solve.construct import construct
from allocator.solve.direct import Proof, prove
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import LevelResult, Status
from allocator.solve.solve import solve
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

ONE = Params(workers=1)


def wishing(id: str, hour: int, weight: int, **more: object) -> Request:
    """Return a request that would rather start at an hour."""
    wish = PreferredWindow(span=span(0, hour, hour + 1), weight=weight)
    return request(id, preferred_windows=(wish,), **more)


def proof_of(
    book: Rulebook,
    params: Params = ONE,
    *,
    start: Incumbent | None = None,
    floors: tuple[int | None, ...] | None = None,
    budget: Budget | None = None,
    heard: list[str] | None = None,
) -> Proof:
    """Prove a problem of which nothing is frozen."""
    visits = range(len(book.prepared.visits))

    def tell(best: Incumbent | None, bounds: object, level: str) -> None:
        if heard is not None:
            heard.append(level)

    return prove(
        book,
        [None for _ in visits],
        visits,
        (),
        start,
        floors or tuple(None for _ in book.levels),
        params,
        budget or Budget(60.0),
        tell,
    )


def test_every_level_is_proved_without_a_schedule_to_begin_with() -> None:
    """Four hours for five visits of a class: one is left out, and comfort is proved below that.

    Each visit rather has the first hour, where one of them fits: three wishes are missed.
    """
    some = problem(*(wishing(name, 8, 10) for name in "ABCDE"), levels=goals(preferred_windows=1))
    proof = proof_of(book_of(some))
    assert proof.best is not None
    assert proof.best.costs == (PARTS, 30)
    assert proof.bounds == proof.best.costs
    assert not proof.infeasible


#: Seeds of problems of which everything can be tried in a moment.
TRIED = [s for s in range(500, 560) if combinations_of(book_of(random_problem(s)))[0] <= 1_000]


@pytest.mark.parametrize("seed", TRIED)
def test_the_proof_is_what_trying_everything_finds(seed: int) -> None:
    """On tiny problems of every shape each bound ends at the cost of the best of all schedules."""
    some = random_problem(seed)
    expected = best_by_exhaustion(book_of(some))
    result = solve(some, Params(workers=1, time_limit_seconds=60.0))
    if expected is None:
        assert result.status is Status.INFEASIBLE
        return
    assert tuple(level.cost for level in result.levels) == expected[0]
    assert tuple(level.bound for level in result.levels) == expected[0]


def test_levels_of_comfort_may_come_before_what_is_served() -> None:
    """Where quiet comes first, nothing is placed outside a wish, however many stay out."""
    levels = (
        Level(name="quiet", goals=(("preferred_windows", 1),)),
        Level(name="served", goals=(("served:3", 1),)),
        Level(name="soon", goals=(("soonest", 1),)),
    )
    some = problem(*(wishing(name, 8, 10) for name in "AB"), levels=levels, days=2)
    proof = proof_of(book_of(some))
    assert proof.best is not None
    # One visit fits into the wish of both.
    assert proof.best.costs == (0, PARTS, 0)
    assert proof.bounds == (0, PARTS, 0)


def test_a_level_at_its_floor_is_not_solved() -> None:
    """Where the first schedule reaches a known bound, the model is not asked about that level."""
    some = problem(*(wishing(name, 8, 10) for name in "AB"), levels=goals(preferred_windows=1))
    book = book_of(some)
    whole = proof_of(book).best
    assert whole is not None
    heard: list[str] = []
    proof = proof_of(book, start=whole, floors=(0, None), heard=heard)
    assert set(heard) == {"comfort"}
    # Only one of two visits has the hour that both wish for.
    assert proof.bounds == (0, 10)


def test_served_requests_are_proved_by_a_model_of_their_own() -> None:
    """The levels are heard of in their order, each with its name."""
    some = problem(
        *(wishing(name, 8, 10, priority=n) for n, name in ((1, "A"), (2, "B"), (2, "C"))),
        *(wishing(name, 8, 10, priority=2) for name in "DE"),
    )
    book = book_of(some)
    heard: list[str] = []
    proof = proof_of(book, heard=heard)
    names = [level.name for level in book.levels]
    assert [name for n, name in enumerate(heard) if name not in heard[:n]] == names
    assert proof.best is not None
    assert proof.best.costs == proof.bounds


def test_what_cannot_be_is_proved_impossible() -> None:
    """Two visits pinned to Ann's only free hour cannot both be placed; no schedule comes back."""
    hour = tuple(
        Assignment(
            visit=name, start=at(0, 8), end=at(0, 9), resources=(("practitioner", ("ann",)),)
        )
        for name in "AB"
    )
    book = book_of(problem(request("A"), request("B"), published=hour))
    proof = prove(
        book,
        [None, None],
        [0, 1],
        [0, 1],
        None,
        [None] * len(book.levels),
        ONE,
        Budget(60.0),
        lambda best, bounds, level: None,
    )
    assert proof.best is not None  # At different hours both can be placed.
    single = book_of(
        problem(*(request(name, windows=(span(0, 8, 9),)) for name in "AB"), published=hour)
    )
    refused = prove(
        single,
        [None, None],
        [0, 1],
        [0, 1],
        None,
        [None] * len(single.levels),
        ONE,
        Budget(60.0),
        lambda best, bounds, level: None,
    )
    assert (refused.best, refused.infeasible) == (None, True)


def test_nothing_to_place_is_a_proof_at_once() -> None:
    """Without free visits the schedule is the fixed ones alone, and every level costs nothing."""
    book = book_of(problem())
    proof = proof_of(book)
    assert proof.best is not None
    assert proof.best.costs == tuple(0 for _ in book.levels)


def crowded(seed: int = 0) -> Problem:
    """Return a clinic whose comfort takes longer to prove than any test may."""
    return clinic(visits=100, weeks=2, booked=False, seed=seed)


def test_the_gap_is_kept_on_each_level() -> None:
    """With a gap of half, every level ends within half of its bound, and says so."""
    some = crowded(1)
    result = solve(some, Params(gap=0.5, time_limit_seconds=120.0))
    assert result.status in (Status.FEASIBLE, Status.OPTIMAL)
    for level in result.levels:
        assert level.gap is not None
        assert level.gap <= 0.5
    assert result.gap == max(level.gap or 0.0 for level in result.levels)


def test_a_schedule_within_the_gap_is_left_as_it_is() -> None:
    """A start that is near enough to its bound is not worked on."""
    some = problem(*(wishing(name, 8, 10) for name in "ABCDE"), levels=goals(preferred_windows=1))
    book = book_of(some)
    best = proof_of(book).best
    assert best is not None
    near = LevelResult("", 30, 20).gap
    assert near == pytest.approx(1 / 3)
    heard: list[str] = []
    floors = (best.costs[0], 20)
    proof = proof_of(book, replace(ONE, gap=0.34), start=best, floors=floors, heard=heard)
    assert (heard, proof.best, proof.bounds) == ([], best, floors)
    proved = proof_of(book, replace(ONE, gap=0.33), start=best, floors=floors, heard=heard)
    assert heard
    assert proved.bounds == best.costs


def test_news_never_take_anything_back() -> None:
    """Each schedule that is heard of is at least as good as the last; bounds only rise."""
    news: list[Progress] = []
    result = solve(
        crowded(2), Params(time_limit_seconds=6.0), on_progress=lambda one: news.append(one)
    )
    heard = [one for one in news if one.costs]
    assert heard
    assert all(one.costs >= other.costs for one, other in pairwise(heard))
    for level in range(len(result.levels)):
        bounds = [b for one in heard if (b := one.bounds[level]) is not None]
        assert bounds == sorted(bounds)
    assert tuple(level.cost for level in result.levels) == heard[-1].costs


def test_a_solve_that_is_stopped_returns_what_it_has() -> None:
    """Stopped from another thread at work on comfort, it returns a schedule that breaks nothing."""
    some = crowded()
    control = Control()
    working = threading.Event()

    def hear(news: Progress) -> None:
        if news.phase == "prove" and news.level:
            working.set()

    def stop() -> None:
        working.wait()
        control.stop()

    other = threading.Thread(target=stop)
    other.start()
    result = solve(some, Params(time_limit_seconds=600.0), on_progress=hear, control=control)
    other.join()
    assert control.stopped
    assert result.schedule is not None
    assert result.visits_placed > 0.9 * result.visits
    assert not [v for v in check(some, result.schedule).violations if not v.inherited]


def test_a_solve_that_is_stopped_beforehand_still_constructs() -> None:
    """Without any time for a proof there is the constructed schedule, whose bounds hold."""
    budget = Budget(60.0)
    budget.control.stop()
    book = book_of(problem(request("A"), request("B")))
    start = incumbent(book, [None, None])
    proof = proof_of(book, start=start, budget=budget)
    assert proof.best is start
    assert not proof.infeasible


def test_rooms_that_are_pooled_are_named_in_the_schedule() -> None:
    """Three visits at once in three equal rooms: each has a room of its own, and all is proved."""
    some = problem(
        *(request(name, windows=(span(0, 8, 9),)) for name in "ABC"),
        pins=(),
        resources=(room("one"), room("two"), room("three"), practitioner("ann")),
        services=(service(needs=(replace(service().needs[0], role="room"),)),),
    )
    rooms = replace(
        some.services[0].needs[0],
        alternatives=(replace(some.services[0].needs[0].alternatives[0], kind="room"),),
    )
    some = replace(some, services=(replace(some.services[0], needs=(rooms,)),))
    result = solve(some, ONE)
    assert result.status is Status.OPTIMAL
    assert result.schedule is not None
    taken = [name for a in result.schedule.assignments for _, who in a.resources for name in who]
    assert sorted(taken) == ["one", "three", "two"]


def test_pinned_visits_are_no_part_of_the_proof() -> None:
    """What is pinned stays, and the free hours around it are filled to the proof."""
    held = Assignment(
        visit="A", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
    )
    some = problem(*(request(name) for name in "ABCDE"), published=(held,), pins=(Pin(visit="A"),))
    assert Prepared(some).frozen
    result = solve(some, ONE)
    assert result.status is Status.OPTIMAL
    assert (result.visits, result.visits_placed) == (4, 3)


@pytest.mark.parametrize(("hopeless", "given_up"), [(0.25, True), (math.inf, False)])
def test_a_proof_that_is_far_after_its_trial_is_given_up(
    hopeless: float, given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the time is left to others; a schedule as good as the start is given back."""
    monkeypatch.setattr(direct, "HOPELESS", hopeless)
    book = book_of(clinic(visits=150, weeks=4, booked=False, seed=1))
    free = list(range(len(book.prepared.visits)))
    state = State(book.prepared)
    construct(book, state, options_alone(book, State(book.prepared, pending=free)))
    start = incumbent(book, state.placements)
    comfort = len(book.levels) - 1
    budget = Budget(90.0 if given_up else 4.0)
    proof = prove(
        book,
        [None] * len(free),
        free,
        (),
        start,
        [*start.costs[:comfort], 1],
        Params(workers=1),
        budget,
        lambda *news: None,
        [comfort],
        trial=0.02 if given_up else 0.5,
    )
    assert (budget.left > 30) == given_up
    assert proof.best is not None
    assert proof.best.costs <= start.costs
