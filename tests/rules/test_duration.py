"""Duration: a visit lasts as long as its service does with the practitioner who holds it."""

import pytest
from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, patient, practitioner, problem, request, room, service

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Request, Session, Step
from allocator.domain.resource import Location
from allocator.prepare.visit import Placement
from allocator.rules.duration import Duration
from allocator.rules.eligible_resources import EligibleResources
from allocator.table.rulebook import Rulebook

RULE = [Duration(), EligibleResources()]


def paced(*requests: Request, **more: object) -> Problem:
    """An hour by default, a first visit half an hour longer, and with Bob a quarter shorter."""
    return problem(
        *requests,
        **{
            "grain": 15,
            "resources": (practitioner("ann"), practitioner("bob"), patient("pia")),
            "services": (service(first_minutes=90, minutes_by_resource=(("bob", 45),)),),
            **more,
        },
    )


def minutes(book: Rulebook, visit: str) -> dict[str, set[int]]:
    """Return how long the ways to hold a visit last, by their teams."""
    prepared = book.prepared
    found: dict[str, set[int]] = {}
    for p in universe(book, prepared.visits[prepared.visit_index[visit]], [32]):
        names = " ".join(prepared.resources[r].id for some in p.team for r in some)
        found.setdefault(names, set()).add(p.duration * prepared.grain)
    return found


def test_the_practitioner_and_a_first_visit_decide() -> None:
    """Ann takes 60 minutes and Bob 45; for the first visit of a patient 90 and 75."""
    series = FlexibleSeries(count=2)
    some = paced(request("A"), request("B", series=series, first_visit=True), days=2)
    book = book_of(some, RULE, [])
    assert minutes(book, "A") == minutes(book, "B#2") == {"ann": {60}, "bob": {45}}
    assert minutes(book, "B#1") == {"ann": {90}, "bob": {75}}
    ann, bob = ((0,),), ((1,),)
    assert broken(book, {0: Placement(32, 3, -1, -1, ann)}) == {
        ("duration", "Visit A lasts 45 minutes; it should last 60 minutes with ann.")
    }
    assert broken(book, {1: Placement(32, 4, -1, -1, bob)}) == {
        ("duration", "Visit B#1 lasts 60 minutes; it should last 75 minutes with bob.")
    }
    for visit in range(3):
        assert all(
            not broken(book, {visit: p}) for p in universe(book, book.prepared.visits[visit])
        )


def test_without_exceptions_it_is_the_services_length() -> None:
    """A first visit is no longer where the service says nothing about it."""
    book = book_of(problem(request("A", first_visit=True)), RULE, [])
    assert {p.duration for p in universe(book, book.prepared.visits[0])} == {1}
    assert broken(book, {0: Placement(8, 2, -1, -1, ((0,),))}) == {
        ("duration", "Visit A lasts 120 minutes; it should last 60 minutes.")
    }


def test_two_practitioners_of_different_pace_do_not_hold_a_visit_together() -> None:
    """Ann with Cem lasts an hour, Bob with Dan 45 minutes; Ann with Bob is no way to hold it."""
    pair = service(needs=(need(quantity=2),), minutes_by_resource=(("bob", 45), ("dan", 45)))
    staff = tuple(practitioner(name) for name in ("ann", "bob", "cem", "dan"))
    book = book_of(paced(request("A"), services=(pair,), resources=staff), RULE, [])
    assert minutes(book, "A") == {"ann cem": {60}, "bob dan": {45}}
    assert broken(book, {0: Placement(32, 4, -1, -1, ((0, 1),))}) == {
        (
            "duration",
            "Visit A lasts 60 minutes; it should last 45 minutes with bob and 60 minutes with ann.",
        )
    }


def test_attendees_and_other_roles_do_not_decide() -> None:
    """Bob sits in on Ann's visit; rooms have no pace; where there are sites, it is one of each."""
    some = paced(
        request("A", "bob"),
        resources=(
            practitioner("ann"),
            practitioner("bob"),
            room("r", location="north"),
            room("s", location="south"),
        ),
        locations=(Location(id="north"), Location(id="south")),
        services=(service(needs=(need(), need("room")), minutes_by_resource=(("bob", 45),)),),
    )
    book = book_of(some, RULE, [])
    # Bob cannot fill both roles: those teams are there to be refused.
    assert minutes(book, "A") == {
        "ann r bob": {60},
        "ann s bob": {60},
        "bob r bob": {45},
        "bob s bob": {45},
    }
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed == forbidden - 2 * 1  # Bob's visits are shorter: one more start at each site
    accepted, refused = model_agrees(book, [0])
    assert accepted and refused


def test_who_joins_a_session_stays_for_all_of_it() -> None:
    """A session of an hour is an hour for its participants, first visit or not."""
    joins = Request(
        id="A",
        steps=(Step(sessions=frozenset({"S"})),),
        attendees=(Attendee(resource="pia"),),
        first_visit=True,
    )
    some = paced(
        joins,
        services=(service(first_minutes=90),),
        sessions=(Session(id="S", service="visit", most=3),),
    )
    book = book_of(some, RULE, [])
    a, s = book.prepared.visit_index["A"], book.prepared.visit_index["S"]
    pia = book.prepared.resource_index["pia"]
    assert minutes(book, "A") == {"pia": {60}}
    assert broken(book, {a: Placement(32, 6, -1, s, ((pia,),))}) == {
        ("duration", "Visit A lasts 90 minutes; it should last 60 minutes.")
    }
    assert not broken(book, {a: Placement(32, 4, -1, s, ((pia,),))})


def test_the_faces_agree() -> None:
    """With every rule, as the length decides where a visit still fits."""
    some = paced(request("A", "pia"), request("B", "pia", first_visit=True))
    book = book_of(some)
    fixed = best_of(book, 0)
    assert fixed is not None
    allowed, forbidden = one_visit_agrees(book, 1, {0: fixed}, starts=range(30, 50))
    assert allowed and forbidden
    starts = {0: range(32, 48, 2), 1: range(32, 48, 2)}
    later = next(
        p for p in universe(book, book.prepared.visits[1]) if not broken(book, {0: fixed, 1: p})
    )
    accepted, refused = model_agrees(book, [0, 1], starts=starts, near=[{0: fixed, 1: later}])
    assert accepted and refused


def test_the_rule_cannot_be_switched_off() -> None:
    """It is part of what a visit is."""
    with pytest.raises(InvalidProblem, match="without the rule 'duration', which is part of"):
        book_of(paced(request("A"), without_rules=frozenset({"duration"})))


def test_two_ways_of_one_length_are_one() -> None:
    """A first visit, an hour shorter: with Ann 15 minutes instead of 75, with Bob, who takes 30
    otherwise, not less than a tick. CP-SAT must not have to tell the two apart.
    """
    quick = service(minutes=75, first_minutes=15, minutes_by_resource=(("bob", 30),))
    some = paced(request("A", first_visit=True), services=(quick,))
    book = book_of(some)
    assert minutes(book, "A") == {"ann": {15}, "bob": {15}}
    assert len(book.prepared.visits[0].variants) == 1
    near = [{0: p} for p in universe(book, book.prepared.visits[0], [32, 40])]
    accepted, refused = model_agrees(book, [0], near=near, starts={0: range(28, 52)})
    assert accepted and refused
