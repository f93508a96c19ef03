"""With somebody else: who was asked for by name, by place, by pin or as the same carer."""

from __future__ import annotations

from dataclasses import replace

from tiny import at, need, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, FlexibleSeries, Pin, PinKind, Relation
from allocator.domain.resource import Skill
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Selector
from allocator.explain import Explainer, Kind, Relaxation, WhyNot

ANN_BY_NAME = need(alternatives=(Selector(kind="practitioner", names=frozenset({"ann"})),))


def put(visit: str, day: int, first: int, last: int, who: str) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(day, first),
        end=at(day, last),
        resources=(("practitioner", (who,)),),
    )


def asked(problem: Problem, request: str, *placed: Assignment) -> WhyNot:
    return Explainer(problem, Schedule(assignments=placed)).why_not(request)


def others(why: WhyNot) -> list[Relaxation]:
    return [r for r in why.relaxations if r.kind is Kind.OTHER_RESOURCE]


def named(*more: str, **changes: object) -> Problem:
    """Ann is asked for by name, for four hours; A takes all of her day, B is left out."""
    people = [practitioner("ann", name="Dr Ann"), *(practitioner(id) for id in more)]
    if changes:
        people[-1] = replace(people[-1], **changes)
    return problem(
        request("A"),
        request("B"),
        resources=tuple(people),
        services=(service(minutes=240, needs=(ANN_BY_NAME,)),),
    )


def test_somebody_else_does_what_is_asked_of_one_by_name() -> None:
    """Ann is taken all day, Ben is free: with him B starts at 08:00."""
    why = asked(named("ben", name="Dr Ben"), "B", put("A", 0, 8, 12, "ann"))
    (found,) = others(why)
    assert found.sentence == ("With Dr Ben (ben) instead of Dr Ann (ann): Mon 2026-03-02 08:00.")
    assert (found.object, found.amount, found.price) == ("B", 1, 45)
    assert found.places == (put("B", 0, 8, 12, "ben"),)


def test_nobody_else_without_the_skill_or_the_kind() -> None:
    """Ben lacks the skill that is asked for beside the name, and a room is no practitioner."""
    skilled = Selector(kind="practitioner", names=frozenset({"ann"}), skills=frozenset({"knee"}))
    asks = named("ben")
    ann = practitioner("ann", skills=(Skill(name="knee"),))
    asks = replace(
        asks,
        resources=(ann, *asks.resources[1:]),
        services=(service(minutes=240, needs=(need(alternatives=(skilled,)),)),),
    )
    assert not others(asked(asks, "B", put("A", 0, 8, 12, "ann")))
    knees = replace(asks.resources[1], skills=(Skill(name="knee"),))
    able = replace(asks, resources=(ann, knees))
    assert len(others(asked(able, "B", put("A", 0, 8, 12, "ann")))) == 1
    room = replace(able, resources=(ann, replace(knees, kind="room")))
    assert not others(asked(room, "B", put("A", 0, 8, 12, "ann")))


def test_nobody_else_who_is_taken() -> None:
    """Ben is asked only where he is free."""
    why = asked(named("ben"), "B", put("A", 0, 8, 12, "ann"))
    assert len(others(why)) == 1
    base = named("ben")
    both = replace(
        base,
        requests=(*base.requests, request("C", services="any")),
        services=(*base.services, service("any", minutes=240)),
    )
    why = asked(both, "B", put("A", 0, 8, 12, "ann"), put("C", 0, 8, 12, "ben"))
    assert not others(why)


def test_his_own_length_counts() -> None:
    """Ben takes 300 minutes for it; nobody is open so long."""
    base = named("ben")
    slow = replace(base.services[0], minutes_by_resource=(("ben", 300),))
    assert not others(asked(replace(base, services=(slow,)), "B", put("A", 0, 8, 12, "ann")))
    quick = replace(base.services[0], minutes_by_resource=(("ben", 60),))
    (found,) = others(asked(replace(base, services=(quick,)), "B", put("A", 0, 8, 12, "ann")))
    assert found.places == (put("B", 0, 8, 9, "ben"),)


def test_another_carer_where_a_series_is_to_have_one() -> None:
    """Ann has the first day and Ben the second: with both, the series fits."""
    series = FlexibleSeries(count=2, least_days_between=1, most_carers=1)
    asks = problem(
        request("S", series=series),
        request("A"),
        request("B"),
        days=2,
        resources=(practitioner("ann"), practitioner("ben")),
        services=(service(minutes=240),),
    )
    why = asked(asks, "S", put("A", 1, 8, 12, "ann"), put("B", 0, 8, 12, "ben"))
    (found,) = others(why)
    assert found.sentence == (
        "With ann and ben instead of 1 practitioner: Mon 2026-03-02 08:00 to Tue 2026-03-03 08:00."
    )
    assert found.amount == 1
    assert not [r for r in why.relaxations if r.kind is Kind.WITHOUT and r.object == "S"]


def test_another_one_where_related_visits_are_to_have_the_same() -> None:
    """L is with Ann, who has no more time; R is to have the same practitioner as L."""
    same = Relation(id="same", visits=("L", "R"), alike=Alike.RESOURCE)
    asks = problem(
        request("L"),
        request("R"),
        resources=(practitioner("ann"), practitioner("ben")),
        services=(service(minutes=240),),
        relations=(same,),
    )
    (found,) = others(asked(asks, "R", put("L", 0, 8, 12, "ann")))
    assert found.places == (put("R", 0, 8, 12, "ben"),)
    assert found.sentence == "With ben instead of the same practitioner as L: Mon 2026-03-02 08:00."


def test_another_one_than_is_pinned() -> None:
    """B is pinned to Ann, who is taken all day; Ben could do it."""
    base = named("ben", name="Ben")
    free = replace(base, services=(service(minutes=240),))
    asks = replace(
        free,
        published=(put("B", 0, 8, 12, "ann"),),
        pins=(Pin(visit="B", kind=PinKind.RESOURCES),),
    )
    (found,) = others(asked(asks, "B", put("A", 0, 8, 12, "ann")))
    assert found.sentence == "With Ben (ben) instead of Dr Ann (ann): Mon 2026-03-02 08:00."
