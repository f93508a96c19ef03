"""Repair: what is left out is served by moving others, and requests in part are made whole."""

import random

import pytest
from tiny import patient, practitioner, problem, request, span

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import Alike, FlexibleSeries, Relation, Session, Step
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.solve.asks import Asks
from allocator.solve.bound import Alone, options_alone, served_floors, served_total
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.loose import WHOLE, whole
from allocator.solve.neighbourhoods import LeftOut
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.params import Params
from allocator.solve.plan import Plan
from allocator.solve.realize import realize
from allocator.solve.repair import Repair
from allocator.solve.resolve import Resolver
from allocator.solve.rivals import related
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

EXACT = Params(workers=1, deterministic_limit=20.0)
ALL = range(1, 10)


class Case:
    """A problem with a rulebook, and nothing placed but what is frozen."""

    def __init__(self, some: Problem) -> None:
        self.prepared = Prepared(some)
        self.book = Rulebook(self.prepared, RULES, GOALS)
        visits = range(len(self.prepared.visits))
        self.placements: list[Placement | None] = [self.prepared.frozen.get(v) for v in visits]
        free = [v for v in visits if self.placements[v] is None]
        self.frozen = State(self.prepared, self.placements, pending=free)
        self.alone: Alone = options_alone(self.book, self.frozen)

    def put(self, visit: str, tick: int, *team: str, length: int = 1) -> None:
        """Place a visit at a tick, with who fills its needs."""
        number = self.prepared.visit_index[visit]
        members = tuple((self.prepared.resource_index[name],) for name in team)
        self.placements[number] = Placement(tick, length, -1, -1, members)

    def constructed(self) -> Incumbent:
        """Return what insertion comes to."""
        state = State(self.prepared, self.placements)
        construct(self.book, state, self.alone)
        return incumbent(self.book, state.placements)

    def repaired(self, params: Params = EXACT, budget: Budget | None = None) -> Incumbent:
        """Repair what is placed, to the floors."""
        budget = budget or (Budget(effort=20.0) if params.deterministic_limit else Budget(60.0))
        repair = Repair(
            self.book,
            self.placements,
            set(),
            params,
            budget,
            ALL,
            rules=RULES,
            goals=GOALS,
        )
        best = incumbent(self.book, whole(self.prepared, self.placements).placements)
        floors = served_floors(self.book, self.frozen, self.alone)
        return repair.run(self.alone, best, floors, lambda *news: None, "")


@pytest.mark.parametrize("params", [EXACT, Params(workers=2)], ids=["alone", "in company"])
def test_who_can_wait_makes_room(params: Params) -> None:
    """A lies at eight, the only hour for B; Ann's other three hours are as good for A."""
    case = Case(problem(request("A"), request("B", windows=(span(0, 8, 9),))))
    case.put("A", 8, "ann")
    best = case.repaired(params)
    assert best.costs[0] == 0
    assert all(best.placements)


def test_a_request_in_part_is_made_whole() -> None:
    """Of a series of two the second visit lacks its only hour, which B can leave."""
    series = FlexibleSeries(count=2, least_days_between=0)
    case = Case(problem(request("A", series=series, windows=(span(0, 8, 10),)), request("B")))
    case.put("A#1", 8, "ann")
    case.put("B", 9, "ann")
    best = case.repaired()
    assert all(best.placements)


def test_what_cannot_be_whole_is_not_kept() -> None:
    """Three visits in two hours: none of the three is placed in the end."""
    series = FlexibleSeries(count=3, least_days_between=0)
    case = Case(problem(request("A", series=series, windows=(span(0, 8, 10),))))
    case.put("A#1", 8, "ann")
    assert case.repaired().placements == (None, None, None)


def test_those_who_belong_together_move_together() -> None:
    """A is on Monday, where B cannot be; both have to be on the same day, which is Tuesday."""
    same = Relation(id="same", visits=("A", "B"), alike=Alike.DAY)
    case = Case(
        problem(request("A"), request("B", windows=(span(1, 8, 9),)), days=2, relations=(same,))
    )
    case.put("A", 8, "ann")
    assert related(case.prepared, 0) == {0, 1}
    assert all(case.repaired().placements)


def test_a_stopped_repair_returns_what_it_has() -> None:
    """Nothing is lost when somebody asks to stop before the first re-solve."""
    case = Case(problem(request("A"), request("B", windows=(span(0, 8, 9),))))
    case.put("A", 8, "ann")
    budget = Budget(600.0)
    budget.control.stop()
    best = case.repaired(budget=budget)
    assert [p is not None for p in best.placements] == [True, False]


def test_the_same_seed_repairs_the_same() -> None:
    """Alone, with a deterministic limit no clock decides."""
    some = clinic("small", "overloaded", seed=3, visits=40, weeks=2)
    first, second = Case(some), Case(some)
    assert first.repaired() == second.repaired()


def test_repair_is_never_worse_than_insertion() -> None:
    """An overloaded clinic: classes are served at least as well as before, in their order."""
    case = Case(clinic("small", "overloaded", seed=5, visits=60, weeks=2))
    before = case.constructed()
    case.placements = list(before.placements)
    after = case.repaired()
    assert after.costs < before.costs
    timetable = Timetable(case.prepared, after.placements)
    assert all(v.inherited for v in violations(case.book, timetable))


def test_a_plan_is_placed_without_breaking_a_rule() -> None:
    """What is placed day by day breaks nothing, but for requests that lie there in part."""
    case = Case(clinic("small", 95, seed=7, visits=80, weeks=4))
    book, before = case.book, case.constructed()
    totals = [served_total(book, n) for n in range(len(book.levels))]
    budget = Budget(effort=20.0)
    plan = Plan(book, case.frozen, case.alone, Asks(book, case.frozen, case.alone), budget)
    planned = plan.solve(2, before.costs, totals, before.placements, EXACT, budget)
    assert planned.days
    found = realize(
        book, case.frozen, planned.days, before.placements, set(), EXACT, budget, [1, 2, 3]
    )
    broken = violations(book, Timetable(case.prepared, found))
    assert {v.rule for v in broken if not v.inherited} <= WHOLE
    rest = whole(case.prepared, found)
    assert all(v.inherited for v in violations(book, Timetable(case.prepared, rest.placements)))


def test_only_what_stands_alone_is_whole() -> None:
    """Of four visits, two needed, the first two stay: the fourth does not count without the third.

    Where one of the two that are needed is missing, nothing stays.
    """
    series = FlexibleSeries(count=4, at_least=2, least_days_between=0)
    case = Case(problem(request("A", series=series), request("B", series=series), days=2))
    for number, tick in ((1, 8), (2, 9), (4, 11)):
        case.put(f"A#{number}", tick, "ann")
    case.put("B#1", 32, "ann")
    state = whole(case.prepared, case.placements)
    assert [p is not None for p in state.placements] == [True, True] + [False] * 6


def test_a_session_with_too_few_is_not_held() -> None:
    """One of at least two comes: neither the session nor the participant stays."""
    session = Session(id="s", service="visit", windows=(span(0, 8, 12),), least=2, most=4)
    case = Case(
        problem(
            request("A", "p", steps=(Step(sessions=frozenset({"s"})),)),
            resources=(practitioner("ann"), patient("p")),
            sessions=(session,),
        )
    )
    ann, p = (case.prepared.resource_index[name] for name in ("ann", "p"))
    case.placements[0] = Placement(8, 1, -1, -1, ((ann,),))
    case.placements[1] = Placement(8, 1, -1, 0, ((p,),))
    assert whole(case.prepared, case.placements).placements == [None, None]


def test_another_of_the_same_worth_is_left_out_instead() -> None:
    """A and B both want the one hour: to force B in costs nothing, and leaves A out."""
    windows = (span(0, 9, 10),)
    case = Case(problem(request("A", windows=windows), request("B", windows=windows)))
    case.put("A", 9, "ann")
    work = Resolver(case.book, case.placements, set(), 0)
    assert work.better([0, 1], 1.0, Budget()) is None
    step = work.better([0, 1], 1.0, Budget(), forced=[1])
    assert step is not None
    assert [step.places[v] is not None for v in (0, 1)] == [False, True]
    assert not any(step.change)
    assert work.state.placements == case.placements


def test_who_is_worth_more_is_not_left_out_for_another() -> None:
    """What is forced must not cost more."""
    windows = (span(0, 9, 10),)
    case = Case(problem(request("A", windows=windows, weight=2), request("B", windows=windows)))
    case.put("A", 9, "ann")
    work = Resolver(case.book, case.placements, set(), 0)
    assert work.better([0, 1], 1.0, Budget(), forced=[1]) is None


def test_who_is_left_out_is_picked_with_those_in_the_way() -> None:
    """B can lie at nine only, where A lies; C, who lies at eleven, is no rival."""
    case = Case(problem(request("A"), request("B", windows=(span(0, 9, 10),)), request("C")))
    case.put("A", 9, "ann")
    case.put("C", 11, "ann")
    picture = Picture(case.book, State(case.prepared, case.placements), [0, 1, 2])
    assert sorted(LeftOut().pick(picture, 3, random.Random(0))) == [0, 1]
    case.put("B", 10, "ann")
    picture = Picture(case.book, State(case.prepared, case.placements), [0, 1, 2])
    assert LeftOut().pick(picture, 3, random.Random(0)) == []


def test_two_who_take_turns_are_given_up() -> None:
    """A and B can have the one hour by turns for ever, which serves nobody."""
    windows = (span(0, 9, 10),)
    case = Case(problem(request("A", windows=windows), request("B", windows=windows)))
    case.put("A", 9, "ann")
    repair = Repair(case.book, case.placements, set(), EXACT, Budget(600.0), ALL, tries=3)
    placed = repair.complete()
    assert sum(place is not None for place in placed) == 1
