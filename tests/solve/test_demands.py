"""What has to be placed is placed with all that it depends on, however late that is seen."""

from dataclasses import replace

from groups import group
from tiny import at, goals, problem, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, PinKind
from allocator.domain.schedule import Assignment
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Status
from allocator.solve.solve import solve


def published(visit: str, hour: int, hours: int = 1) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + hours),
        resources=(("practitioner", ("ann",)),),
    )


def placed(some: Problem) -> set[str]:
    """Return the visits of the best schedule, which is proved to be the best."""
    result = solve(some, Params(workers=1))
    assert result.status is Status.OPTIMAL
    assert result.schedule is not None
    return {a.visit for a in result.schedule.assignments}


def test_a_session_that_has_to_be_held_finds_its_participants() -> None:
    """Session S keeps Ann, so it has to be held, and by its window that is at 10:00.

    T is pinned at 08:00, which A would like better; nobody there is inherited.
    """
    some = group(
        "A",
        published=(published("S", 6, 2), published("T", 8, 2)),
        pins=(Pin(visit="S", kind=PinKind.RESOURCES), Pin(visit="T")),
        levels=goals(soonest=1),
    )
    late = tuple(replace(s, windows=(span(0, 10, 12),)) for s in some.sessions if s.id == "S")
    assert placed(replace(some, sessions=(*some.sessions[1:], *late))) == {"A", "S", "T"}


def test_a_visit_that_has_to_be_placed_brings_its_series() -> None:
    """A#1 keeps Ann, and A is all or nothing: A#2 has to be placed, though B wants the place."""
    series = FlexibleSeries(count=2, least_days_between=0)
    some = problem(
        request("A", series=series, priority=9),
        *(request(name, priority=1) for name in "BCD"),
        published=(published("A#1", 6),),
        pins=(Pin(visit="A#1", kind=PinKind.RESOURCES),),
    )
    # Four hours: two of them are A's, whatever its class.
    assert {"A#1", "A#2"} < placed(some)


def test_demands_that_cannot_be_met_even_alone_are_told() -> None:
    """Ann works from 8 to 12: P is pinned at 20:00, and R would come in the afternoon.

    Q must be served, too, and could be.
    """
    some = problem(
        request("P"),
        request("Q", must=True),
        request("R", must=True, windows=(span(0, 13, 15),)),
        published=(published("P", 20),),
        pins=(Pin(visit="P", kind=PinKind.TIME),),
    )
    result = solve(some, Params(workers=1))
    assert result.status is Status.INFEASIBLE
    assert result.notes == (
        "Visit P is pinned; even alone, visit P has no start left after the rule opening_hours.",
        "Request R must be served; even alone, visit R has no start left after the rule"
        " opening_hours.",
    )


def test_demands_that_exclude_each_other_are_each_no_matter_of_its_own() -> None:
    """Five hours of what must be served do not fit into Ann's four: no one of them is to blame."""
    result = solve(problem(*(request(n, must=True) for n in "ABCDE")), Params(workers=1))
    assert (result.status, result.notes) == (Status.INFEASIBLE, ())


def test_what_is_published_stays_beside_demands_that_take_a_model() -> None:
    """M must be served and can only come at 8, where A is published; B and C are at 9 and 10.

    The first schedule already has B and C where they were, and A at 11: one start is new, which
    costs 3 points, and twice as much so soon.
    """
    some = problem(
        *map(request, "ABC"),
        request("M", must=True, windows=(span(0, 8, 9),)),
        published=tuple(published(visit, hour) for hour, visit in enumerate("ABC", 8)),
        levels=goals(fewest_changes=1),
    )
    heard: list[Progress] = []
    solve(some, Params(workers=1, deterministic_limit=5.0), on_progress=heard.append)
    first = next(news for news in heard if news.visits_placed == 4)
    assert (first.phase, first.costs) == ("demands", (0, 6))
