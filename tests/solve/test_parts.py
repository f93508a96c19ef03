"""Parts that have nothing to do with each other are solved apart, and come to the same."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from faces import book_of
from random_problems import random_problem
from side_by_side import marked, side_by_side
from tiny import at, goals, need, practitioner, problem, request, service, span

from allocator.check.check import check
from allocator.domain.objective import OffPeakPolicy
from allocator.domain.problem import Problem
from allocator.domain.request import (
    Alike,
    FlexibleSeries,
    Precedence,
    PreferredWindow,
    Relation,
)
from allocator.domain.schedule import Assignment
from allocator.domain.service import Selector
from allocator.goals import GOALS
from allocator.goals.goal import Amount, Goal
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.solve import parts
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.direct import Proof
from allocator.solve.incumbent import incumbent
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Result, Status
from allocator.solve.solve import solve
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

EXACT = Params(workers=1, deterministic_limit=20.0)


@pytest.fixture(autouse=True)
def _each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts are not put together here."""
    monkeypatch.setattr(parts, "TOGETHER", 0)


def only(who: str) -> Selector:
    return Selector(kind="practitioner", names=frozenset([who]))


def two(**more: object) -> Problem:
    """A and B are for Ann, C and D for Bob; a service each."""
    return problem(
        *(request(id, services="hers") for id in "AB"),
        *(request(id, services="his") for id in "CD"),
        **{
            "resources": (practitioner("ann"), practitioner("bob")),
            "services": tuple(
                service(id, needs=(need(alternatives=(only(who),)),))
                for id, who in (("hers", "ann"), ("his", "bob"))
            ),
            "levels": goals(soonest=1),
            **more,
        },
    )


def names(some: Problem, book: Rulebook | None = None) -> list[str]:
    """Return the visits of each part, by name."""
    book = book or book_of(some)
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, placement in enumerate(placements) if placement is None]
    alone = options_alone(book, State(prepared, placements, pending=free))
    found = parts.independent(book, alone, range(len(book.levels)))
    return sorted(" ".join(prepared.visits[v].id for v in part) for part in found)


def test_who_shares_nothing_is_apart() -> None:
    """Ann's visits are nothing to Bob's."""
    assert names(two()) == ["A B", "C D"]


def test_who_could_take_the_same_resource_is_not_apart() -> None:
    """E could be with either of them."""
    some = two()
    both = replace(some.services[0], id="either", needs=(need(),))
    more = replace(
        some,
        services=(*some.services, both),
        requests=(*some.requests, request("E", services="either")),
    )
    assert names(more) == ["A B C D E"]


def test_a_resource_that_nobody_can_take_joins_nobody() -> None:
    """E could be with Bob, but comes when only Ann is there: it is with her visits."""
    some = two()
    both = replace(some.services[0], id="either", needs=(need(),))
    more = replace(
        some,
        resources=(practitioner("ann"), practitioner("bob", calendar="late")),
        calendars=(*some.calendars, replace(some.calendars[0], id="late", weekly=())),
        services=(*some.services, both),
        requests=(*some.requests, request("E", services="either")),
    )
    assert names(more) == ["A B E", "C", "D"]


def test_the_visits_of_a_request_are_not_apart() -> None:
    """The steps of E are one with Ann, one with Bob."""
    some = two()
    more = replace(some, requests=(*some.requests, request("E", services="hers his")))
    assert names(more) == ["A B C D E.1 E.2"]


@pytest.mark.parametrize(
    "tied",
    [
        two(relations=(Relation(id="r", visits=("A", "C"), alike=Alike.TIME),)),
        two(precedences=(Precedence(id="p", before="A", after="D"),)),
        two(levels=goals(fair_load=1)),
        two(levels=goals(off_peak=1), off_peak=OffPeakPolicy(steps=((10, 1),))),
        two(
            most_changes=1,
            published=tuple(
                Assignment(
                    visit=visit,
                    start=at(0, 8),
                    end=at(0, 9),
                    resources=(("practitioner", (who,)),),
                )
                for visit, who in (("A", "ann"), ("C", "bob"))
            ),
        ),
    ],
    ids=["relation", "precedence", "fair load", "off-peak", "most changes"],
)
def test_what_ties_visits_that_share_nothing_keeps_them_together(tied: Problem) -> None:
    """Each of these lets one of Ann's visits depend on one of Bob's."""
    assert names(tied) == ["A B C D"]


def test_a_goal_ties_no_levels_before_its_own() -> None:
    """What is served does not depend on a fair load, which only comes after it."""
    some = two(levels=goals(fair_load=1))
    book = book_of(some)
    alone = options_alone(book, State(book.prepared, pending=range(4)))
    assert [len(part) for part in parts.independent(book, alone, range(1))] == [2, 2]
    assert [len(part) for part in parts.independent(book, alone, range(2))] == [4]


class _Unknown(Rule):
    name = "unknown"
    sentence = "Nobody knows what it ties."


class _Untold(Goal):
    name = "untold"
    sentence = "Nobody knows what it ties."
    unit = "things"

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        yield Amount(0)


def test_rules_and_goals_of_others_tie_everything() -> None:
    """What does not say that it is local, nor what it ties, might tie anything."""
    some = two(levels=goals(untold=1))
    prepared = Prepared(some)
    assert names(some, Rulebook(prepared, RULES, (*GOALS, _Untold()))) == ["A B C D"]
    some = two()
    assert names(some, Rulebook(Prepared(some), (*RULES, _Unknown()), GOALS)) == ["A B C D"]


def test_small_parts_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six visits that are each apart four are one part where four may be, and two another."""
    asked = [request(id, services=id) for id in "ABCDEF"]
    some = problem(
        *asked,
        resources=tuple(practitioner(id.lower()) for id in "ABCDEF"),
        services=tuple(
            service(id, needs=(need(alternatives=(only(id.lower()),)),)) for id in "ABCDEF"
        ),
    )
    without = replace(some, levels=goals(soonest=1))
    assert names(without) == ["A", "B", "C", "D", "E", "F"]
    monkeypatch.setattr(parts, "TOGETHER", 4)
    assert names(without) == ["A B C D", "E F"]


def sums(results: list[Result]) -> list[tuple[int, int]]:
    """Return, by level, what some results cost together, and their bounds."""
    found = []
    for levels in zip(*(result.levels for result in results), strict=True):
        bounds = [level.bound for level in levels]
        found.append((sum(level.cost for level in levels), sum(b for b in bounds if b is not None)))
        assert None not in bounds
    return found


def clinic() -> Problem:
    """Five ask for Ann's four hours, and two of those are wished for by two each."""
    wishes = [(8, 9), (8, 9), (10, 11), (10, 11), (8, 12)]
    return problem(
        *(
            request(id, preferred_windows=(PreferredWindow(span=span(0, *wish)),))
            for id, wish in zip("ABCDE", wishes, strict=True)
        ),
        request("F", series=FlexibleSeries(count=2), priority=2),
        days=2,
        levels=goals(preferred_windows=10, soonest=1),
    )


def test_clinics_side_by_side_cost_what_they_cost_alone() -> None:
    """Three clinics in one problem: what each level costs, and its bound, are the sums."""
    some = [clinic(), replace(clinic(), requests=clinic().requests[1:]), clinic()]
    together = solve(side_by_side(some), EXACT)
    alone = [solve(marked(one, number), EXACT) for number, one in enumerate(some)]
    assert [result.status for result in (together, *alone)] == [Status.OPTIMAL] * 4
    assert [(level.cost, level.bound) for level in together.levels] == sums(alone)
    assert together.visits_placed == sum(result.visits_placed for result in alone)


@pytest.mark.parametrize("large", [False, True], ids=["one model", "too large for one model"])
def test_too_many_for_one_model_are_proved_part_by_part(
    large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a model may have eight visits, two clinics of seven are proved all the same."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", 8 if large else 160)
    some = side_by_side([clinic(), clinic()])
    result = solve(some, EXACT)
    assert result.status is Status.OPTIMAL
    alone = [solve(marked(clinic(), number), EXACT) for number in range(2)]
    assert [level.cost for level in result.levels] == [cost for cost, _ in sums(alone)]


@pytest.mark.parametrize("seed", range(1_200, 1_230))
def test_parts_come_to_what_one_model_comes_to(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two random problems side by side: the same costs and bounds, whether apart or not."""
    some = side_by_side([random_problem(seed), random_problem(seed)])
    apart = solve(some, EXACT)
    monkeypatch.setattr(parts, "TOGETHER", 10_000)
    together = solve(some, EXACT)
    assert apart.status is together.status
    assert apart.levels == together.levels
    if apart.schedule is not None:
        assert check(some, apart.schedule).valid


def proofs(monkeypatch: pytest.MonkeyPatch, *bounds: tuple[int | None, ...]) -> None:
    """Let the next parts be proved to cost, with all else as it is, no less than this."""
    waiting = iter(bounds)

    def prove(book: object, fixed: object, free: object, *more: object, **_: object) -> Proof:
        return Proof(more[1], next(waiting))  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "prove", prove)


@pytest.mark.parametrize(
    ("proved", "bounds"),
    [
        (((0, 2), (0, 4)), [0, 0]),
        (((0, 6), (0, 5)), [0, 5]),
        (((0, 6), (0, None)), [0, None]),
        (((-1, 6), (0, 6)), [-1, None]),
        (((-1, 6), (-2, 6)), [-3, None]),
        (((None, 6), (0, 6)), [None, None]),
    ],
)
def test_bounds_of_parts_add_up_only_where_the_levels_before_are_proved(
    proved: tuple[tuple[int | None, ...], ...],
    bounds: list[int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The schedule costs 0 and 6. What parts could save is taken off together, level by level.

    Where a part could save in the first level, another might pay for it in the second.
    """
    book = book_of(two())
    best = replace(incumbent(book, [None] * 4), costs=(0, 6))
    proofs(monkeypatch, *proved)
    frozen = State(book.prepared, pending=range(4))
    whole = parts.Parts(book, frozen, options_alone(book, frozen), set())
    found = whole.prove(best, [None, None], Params(), Budget(), lambda *_: None, range(2), 1.0)
    assert found == (best, bounds)


def test_news_of_a_part_tell_bounds_of_the_whole() -> None:
    """No bound that is told on the way is above what the whole comes to in the end."""
    heard: list[Progress] = []
    result = solve(side_by_side([clinic(), clinic()]), EXACT, on_progress=heard.append)
    costs = [level.cost for level in result.levels]
    told = [news.bounds for news in heard if news.phase == "prove"]
    assert told
    for bounds in told:
        for cost, bound in zip(costs, bounds, strict=True):
            assert bound is None or bound <= cost


def test_the_same_seed_gives_the_same_schedule_part_by_part() -> None:
    """With one worker and a deterministic limit nothing depends on the clock."""
    some = side_by_side([clinic(), clinic()])
    assert solve(some, EXACT).schedule == solve(some, EXACT).schedule
