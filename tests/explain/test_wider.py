"""What gives way by degrees: opening hours and windows, no further than is needed."""

from __future__ import annotations

from dataclasses import replace

from tiny import at, calendar, practitioner, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import Span
from allocator.explain import Explainer, Kind, Relaxation, WhyNot
from allocator.solve.params import Params
from allocator.solve.solve import solve


def asked(problem: Problem, *placed: Assignment) -> WhyNot:
    return Explainer(problem, Schedule(assignments=placed)).why_not("A")


def only(why: WhyNot, kind: Kind) -> list[Relaxation]:
    return [relaxation for relaxation in why.relaxations if relaxation.kind is kind]


def served(problem: Problem) -> bool:
    result = solve(problem, Params(time_limit_seconds=5))
    return result.schedule is not None and not result.schedule.unplaced


def test_hours_may_be_longer_than_a_visit_that_no_day_holds() -> None:
    """Ann is open from 8 to 12; five hours fit once she is open an hour longer."""
    asks = problem(request("A"), services=(service(minutes=300),))
    (found,) = only(asked(asks), Kind.LONGER_HOURS)
    assert (found.object, found.amount, found.price) == ("ann", 60, 120)
    assert found.sentence == (
        "If ann were available up to 60 minutes longer: Mon 2026-03-02 07:00."
    )
    assert served(replace(asks, calendars=(calendar(first_hour=7, last_hour=13),)))


def test_hours_are_not_longer_than_two_hours_at_either_end() -> None:
    """Eight hours are four hours and two at either end; nine are too many."""
    eight = problem(request("A"), services=(service(minutes=480),))
    (found,) = only(asked(eight), Kind.LONGER_HOURS)
    assert found.amount == 120
    nine = replace(eight, services=(service(minutes=540),))
    assert not only(asked(nine), Kind.LONGER_HOURS)


def test_rule_gives_way_where_longer_hours_do_not_reach() -> None:
    """A is wanted at 20:00, when Ann is closed; she would have to come then."""
    late = problem(request("A", windows=(span(0, 20, 21),)))
    why = asked(late)
    assert not only(why, Kind.LONGER_HOURS)
    (found,) = only(why, Kind.WITHOUT)
    assert found.sentence == (
        "If ann were also available on Mon 2026-03-02 20:00 to 21:00: Mon 2026-03-02 20:00."
    )


def test_windows_are_widened_no_further_than_needed() -> None:
    """A may come on Monday only, when Ann has the day off; Tuesday is a day later."""
    asks = problem(
        request("A", windows=(span(0, 8, 12),)),
        request("B"),
        days=7,
        services=(service(minutes=240),),
    )
    booked = Assignment(
        visit="B", start=at(0, 8), end=at(0, 12), resources=(("practitioner", ("ann",)),)
    )
    (found,) = only(asked(asks, booked), Kind.WIDER_WINDOW)
    assert (found.object, found.amount, found.price) == ("A", 1, 60)
    assert [place.start for place in found.places] == [at(1, 8)]
    wide = Span(start=at(-1, 8), end=at(1, 12))
    assert served(replace(asks, requests=(request("A", windows=(wide,)), request("B"))))


def test_a_window_may_be_shorter_than_the_visit() -> None:
    """Two hours do not fit into a window of one, but into one that is a day wider."""
    asks = problem(request("A", windows=(span(1, 8, 9),)), days=3, services=(service(minutes=120),))
    (found,) = only(asked(asks), Kind.WIDER_WINDOW)
    assert found.amount == 1


def test_people_are_told_by_name() -> None:
    """Ann has a name, which is told rather than her id, whatever is written in it."""
    asks = problem(
        request("A"),
        resources=(practitioner("ann", name="Dr {Ann}"),),
        services=(service(minutes=300),),
    )
    (found,) = only(asked(asks), Kind.LONGER_HOURS)
    assert found.sentence == (
        "If Dr {Ann} were available up to 60 minutes longer: Mon 2026-03-02 07:00."
    )
