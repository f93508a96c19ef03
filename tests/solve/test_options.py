"""Options in construction: whole patterns, laid around what is placed already."""

import pytest
from tiny import at, problem, request

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Option, OptionPlacement, Pin
from allocator.domain.schedule import Assignment
from allocator.solve.params import Params
from allocator.solve.solve import solve

PAIR = FlexibleSeries(count=2, at_least=1, least_days_between=0)


def option(*hours: int, **more: int) -> Option:
    """Return an option that puts the occurrences at these hours, in order."""
    return Option(
        placements=tuple(
            OptionPlacement(start=at(0, hour), occurrence=n) for n, hour in enumerate(hours, 1)
        ),
        **more,
    )


def published(visit: str, hour: int) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("practitioner", ("ann",)),),
    )


def starts(some: Problem) -> dict[str, int]:
    """Return by visit the local hour at which it is placed."""
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    return {a.visit: a.start.hour + 1 for a in result.schedule.assignments}


def test_an_option_that_leaves_out_what_is_needed_is_passed_over() -> None:
    """Two visits, all or nothing: the cheap option names one alone, so the dear one is taken."""
    series = FlexibleSeries(count=2, least_days_between=0)
    some = problem(request("A", series=series, options=(option(8), option(9, 11, penalty=9))))
    assert starts(some) == {"A#1": 9, "A#2": 11}


def test_a_chain_whose_options_name_a_part_is_not_placed() -> None:
    """The only option names the first of two steps, and a chain is never placed in part."""
    assert starts(problem(request("A", services="visit visit", options=(option(8),)))) == {}


def test_an_option_that_names_a_visit_twice_is_placed_once() -> None:
    """08:00 for A, said twice."""
    twice = Option(placements=option(8).placements * 2)
    assert starts(problem(request("A", options=(twice,)))) == {"A": 8}


@pytest.mark.parametrize("pins", [(), (Pin(visit="A#1"),)], ids=["published", "pinned"])
def test_an_option_is_completed_around_what_is_published(pins: tuple[Pin, ...]) -> None:
    """A#1 is published at 09:00: of both options the second goes on from there, at 11:00."""
    some = problem(
        request("A", series=PAIR, options=(option(8, 10, penalty=1), option(9, 11))),
        published=(published("A#1", 9),),
        pins=pins,
    )
    assert starts(some) == {"A#1": 9, "A#2": 11}
