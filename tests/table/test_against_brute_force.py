"""Tables and funnels of visits of random problems, against trying every placement there is."""

import random
from itertools import pairwise

import pytest
from faces import PRESENCE, book_of, broken, universe, with_placements
from random_problems import random_problem, random_schedule

from allocator.check.score import score
from allocator.prepare.visit import Placement
from allocator.rules.rule import EVERY
from allocator.state.state import State
from allocator.table.costs import best_placement, placements
from allocator.table.funnel import ALL_STARTS, funnel
from allocator.table.rulebook import Rulebook


def blended(book: Rulebook, placed: dict[int, Placement]) -> int:
    """Return what placements cost on the one scale by which a visit picks its place."""
    parts = score(book, with_placements(book, placed)).amounts
    return sum(a.amount * book.blended(n, a.request) for n, some in enumerate(parts) for a in some)


def everything(book: Rulebook, rest: dict[int, Placement], visit: int) -> dict[Placement, int]:
    """Return all that a visit may do beside the rest, with what it adds, by checks and scores."""
    before = {b for b in broken(book, rest) if b[0] not in PRESENCE}
    base = blended(book, rest)
    return {
        placement: blended(book, after) - base
        for placement in universe(book, book.prepared.visits[visit])
        for after in [{**rest, visit: placement}]
        if not {b for b in broken(book, after) if b[0] not in PRESENCE} - before
    }


def each_visit(seed: int) -> list[tuple[Rulebook, State, int, dict[Placement, int]]]:
    """Return each visit that moves in a random schedule, the rest, and all that it may do."""
    book = book_of(random_problem(seed, most_visits=5))
    schedule = random_schedule(book, random.Random(seed))
    found = []
    for visit in book.prepared.visits:
        if visit.index not in book.prepared.frozen:
            rest = {v: p for v, p in schedule.items() if v != visit.index}
            state = State(book.prepared, [rest.get(v.index) for v in book.prepared.visits])
            found.append((book, state, visit.index, everything(book, rest, visit.index)))
    return found


@pytest.mark.parametrize("seed", range(700, 720))
def test_the_best_placement_is_the_cheapest_of_all(seed: int) -> None:
    """What the table picks is allowed, and nothing that is allowed adds less."""
    for book, state, visit, allowed in each_visit(seed):
        choice = best_placement(book, state, book.prepared.visits[visit])
        if not allowed:
            assert choice is None
            continue
        assert choice is not None
        assert choice.cost == allowed[choice.placement] == min(allowed.values())


@pytest.mark.parametrize("seed", range(720, 740))
def test_good_placements_come_cheapest_first(seed: int) -> None:
    """Each has the cost that re-scoring gives, no start comes twice from one way to hold it."""
    for book, state, visit, allowed in each_visit(seed):
        found = placements(book, state, book.prepared.visits[visit])
        assert [choice.cost for choice in found] == [allowed[c.placement] for c in found]
        assert [choice.cost for choice in found] == sorted(choice.cost for choice in found)
        assert len({choice.placement[:4] for choice in found}) == len(found)


@pytest.mark.parametrize("seed", range(740, 770))
def test_a_funnel_ends_with_the_starts_that_are_left(seed: int) -> None:
    """Its numbers only fall, from all starts in the horizon to those that break nothing."""
    for book, state, visit, allowed in each_visit(seed):
        steps = funnel(book, state, book.prepared.visits[visit])
        left = [step.left for step in steps]
        assert steps[0].rule == ALL_STARTS
        assert all(later < earlier for earlier, later in pairwise(left))
        assert left[-1] == len({placement.start for placement in allowed})
        known = {rule.name for rule in book.rules}
        assert known.issuperset(step.rule for step in steps[1:])


@pytest.mark.parametrize("seed", range(770, 800))
def test_rules_that_do_not_concern_a_visit_leave_it_every_start(seed: int) -> None:
    """Whatever is placed, a rule that is not asked would not have minded."""
    for book, state, number, _ in each_visit(seed):
        visit = book.prepared.visits[number]
        for rule in book.rules:
            if rule.concerns(book.prepared, visit):
                continue
            for variant in visit.variants:
                assert rule.starts(state, visit, variant) == EVERY
                for need, choices in enumerate(variant.choices):
                    for resource in choices:
                        assert rule.starts_with(state, visit, variant, need, resource) == EVERY


@pytest.mark.parametrize("seed", range(770, 800))
def test_visits_alike_have_the_same_starts_beside_what_a_resource_holds(seed: int) -> None:
    """What is worked out once for a kind of visits holds for each of them."""
    for book, state, _, _ in each_visit(seed):
        masks: dict[tuple[int, int], int] = {}
        for visit in book.prepared.visits:
            for variant in visit.variants:
                for need, kind in enumerate(book.kinds(visit, variant)):
                    for resource in variant.choices[need]:
                        mask = book.claims_mask(state, visit, variant, need, resource)
                        assert masks.setdefault((kind.claims, resource), mask) == mask


def test_who_does_not_mind_a_team_has_nothing_to_say_of_it() -> None:
    """No team adds to a goal, or is forbidden by a rule, that says so of the visit; some do say."""
    said = set()
    for seed in range(800, 860):
        for book, state, number, allowed in each_visit(seed):
            visit = book.prepared.visits[number]
            for placement in allowed:
                for _, goal in book.team_goals:
                    if not goal.minds_team(book.prepared, visit):
                        assert goal.team_cost(state, visit, placement) == 0
                        said.add(goal.name)
                for rule in book.team_rules:
                    if not rule.minds_team(book.prepared, visit):
                        assert rule.team_allowed(state, visit, placement)
                        said.add(rule.name)
    assert said == {"off_peak", "fair_load", "option_penalty", "options", "most_carers"}
