"""Who stands in the way of a request, what they are worth, and whether one of them is enough."""

from __future__ import annotations

import random

import pytest
from explain.places import Drawn
from tiny import at, need, patient, practitioner, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, PinKind
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer, InTheWay, WhyNot

SEEDS = range(15)


def put(visit: str, first: int, last: int) -> Assignment:
    """Place a visit with Ann on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, first),
        end=at(0, last),
        resources=(("practitioner", ("ann",)),),
    )


def asked(asks: Problem, *placed: Assignment) -> WhyNot:
    """Explain why X is left out."""
    return Explainer(asks, Schedule(assignments=placed)).why_not("X")


def test_who_alone_leaves_room_and_who_does_not() -> None:
    """Ann has 8 to 12 and X takes two hours: A has two of them, B and C an hour each.

    Without A there are two hours in a row; without B, or C, only one.
    """
    asks = problem(
        request("X", services="long"),
        request("A", services="long", weight=4),
        request("B", weight=5, priority=1),
        request("C", weight=2),
        services=(service(), service("long", minutes=120)),
    )
    why = asked(asks, put("B", 8, 9), put("A", 9, 11), put("C", 11, 12))
    assert why.in_the_way == (
        InTheWay("A", ("A",), 3, 4, False, True),
        InTheWay("C", ("C",), 3, 2, False, False),
        InTheWay("B", ("B",), 1, 5, False, False),
    )
    told = why.text()
    assert "  In the way: A (class 3, weight 4). Without it there would be a place." in told
    assert (
        "  In the way, of which none leaves enough if it alone goes: C (class 3, weight 2);"
        " B (class 1, weight 5)." in told
    )


def test_who_has_moved_leaves_the_change_to_another_once_he_is_back() -> None:
    """One may move, and A has: published for 8, it lies at 9. X is published for 7, when Ann is not
    there. Put back to 8, A lets X move, though X cannot lie there; no hour of Ann's is lacking.
    """
    asks = problem(*map(request, "XA"), published=(put("X", 7, 8), put("A", 8, 9)), most_changes=1)
    why = asked(asks, put("A", 9, 10))
    assert why.in_the_way == (InTheWay("A", ("A",), 3, 1, False, True),)
    text = why.text()
    assert "no more published visits may change" in text
    assert "With A moved from Mon 2026-03-02 09:00 to Mon 2026-03-02 08:00" in text
    assert "If one more published visit could change" in text


def test_who_is_booked_is_said_to_be() -> None:
    """A has Ann all day and is pinned there: its leaving would be enough, but no solve moves it."""
    asks = problem(
        request("X"),
        request("A", services="day"),
        services=(service(), service("day", minutes=240)),
        published=(put("A", 8, 12),),
        pins=(Pin(visit="A", kind=PinKind.ALL),),
    )
    why = asked(asks, put("A", 8, 12))
    assert why.in_the_way == (InTheWay("A", ("A",), 3, 1, True, True),)
    assert "A (class 3, weight 1, booked)." in why.text()


def test_who_lies_elsewhere_is_not_in_the_way() -> None:
    """X may start at 8 only: A has Ann then, B has her later, and C has Ben, who only helps."""
    asks = problem(
        request("X", windows=(span(0, 8, 9),)),
        request("A"),
        request("B"),
        request("C", services="help"),
        resources=(practitioner("ann"), practitioner("ben", kind="helper")),
        services=(service(), service("help", needs=(need("helper"),))),
    )
    ben = Assignment(visit="C", start=at(0, 8), end=at(0, 9), resources=(("helper", ("ben",)),))
    why = asked(asks, put("A", 8, 9), put("B", 10, 11), ben)
    assert [rival.object for rival in why.in_the_way] == ["A"]


def test_all_visits_of_a_request_leave_together() -> None:
    """The series has every hour; one hour is enough for X, and the series is told once."""
    asks = problem(request("X"), request("S", series=FlexibleSeries(count=4)))
    why = asked(asks, *(put(f"S#{n}", 7 + n, 8 + n) for n in range(1, 5)))
    assert why.in_the_way == (InTheWay("S", ("S#1", "S#2", "S#3", "S#4"), 3, 1, False, True),)


def test_in_brief_nobody_is_told() -> None:
    """Who stands in the way is left out where all are explained at once."""
    explainer = Explainer(
        problem(
            request("X"),
            request("A", services="day"),
            services=(service(), service("day", minutes=240)),
        ),
        Schedule(assignments=(put("A", 8, 12),)),
    )
    assert explainer.why_not("X").in_the_way
    assert not explainer.why_not("X", brief=True).in_the_way


def crowded(seed: int) -> Problem:
    """Nine requests of one to three hours for Ann and Ben, who have four hours each, and Pia."""
    rng = random.Random(seed)
    return problem(
        *(
            request(
                f"R{n}",
                rng.choice(["", "", "pia"]),
                services=f"{rng.choice((1, 1, 2, 2, 3))}h",
                windows=rng.choice([(), (span(0, 8, 10),), (span(0, 9, 12),)]),
                priority=rng.choice([1, 2, 3]),
                weight=rng.choice([1, 2, 5]),
            )
            for n in range(9)
        ),
        resources=(practitioner("ann"), practitioner("ben"), patient("pia")),
        services=tuple(
            service(f"{hours}h", 60 * hours, needs=(need(after_minutes=rng.choice((0, 0, 60))),))
            for hours in (1, 2, 3)
        ),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_without_those_named_there_is_a_place(seed: int) -> None:
    """Each is taken out of a random schedule, and the places left are counted by enumeration.

    Whoever would be enough alone is named, the first, as far as names go.
    """
    drawn = Drawn(seed, crowded(seed))
    index = drawn.prepared.visit_index
    for name in drawn.explainer.unserved:
        why = drawn.explainer.why_not(name)
        enough = {
            drawn.prepared.visits[v].id
            for v in drawn.placed
            if drawn.allowed(index[name], drawn.without(v))
        }
        if why.core is None:
            assert drawn.allowed(index[name], drawn.placed)
            continue
        assert {rival.object for rival in why.in_the_way if rival.alone} == enough
        assert [r.alone for r in why.in_the_way] == sorted(
            (r.alone for r in why.in_the_way), reverse=True
        )
        for rival in why.in_the_way:
            asks = drawn.prepared.requests[drawn.prepared.request_index[rival.object]].request
            assert (rival.priority, rival.weight) == (asks.priority, asks.weight)
            assert rival.visits == (rival.object,)
            assert index[rival.object] in drawn.placed


def test_there_are_many_such_requests() -> None:
    """The random schedules leave out requests with some rivals that are enough and some not."""
    alone = [
        rival.alone
        for seed in SEEDS
        for explainer in [Drawn(seed, crowded(seed)).explainer]
        for name in explainer.unserved
        for rival in explainer.why_not(name).in_the_way
    ]
    assert alone.count(True) > 20
    assert alone.count(False) > 20
