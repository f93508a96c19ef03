"""Clinics of which everything can be served."""

import pytest

from allocator.check.check import check
from allocator.domain.schedule import Schedule
from allocator.generate.planted import Planted, planted


@pytest.fixture(scope="module")
def small() -> Planted:
    """Return one of some 600 visits."""
    return planted(600, seed=3)


def test_the_planted_schedule_breaks_nothing_and_serves_everything(small: Planted) -> None:
    """Every rule holds, and no class of requests misses anything."""
    found = check(small.problem, small.schedule)
    assert found.valid
    assert list(found.objective.values())[:-1] == [0, 0]


def test_nothing_of_it_is_known_beforehand(small: Planted) -> None:
    """Nothing is published or pinned: without its schedule nobody is served."""
    assert not small.problem.published and not small.problem.pins
    missed = list(check(small.problem, Schedule()).objective.values())[:-1]
    assert all(cost > 0 for cost in missed)


def test_it_has_about_as_many_visits_as_asked_for(small: Planted) -> None:
    """Within a tenth; every one of them is in the schedule."""
    visits = sum(request.visit_count for request in small.problem.requests)
    assert visits == len(small.schedule)
    assert 540 <= visits <= 660


def test_same_seed_same_planted_clinic() -> None:
    """Made twice it is the same, and another seed makes another."""
    assert planted(30, seed=1) == planted(30, seed=1)
    assert planted(30, seed=1) != planted(30, seed=2)
