"""Relations: visits that share a resource, a day or a time of day, or must not."""

from dataclasses import replace
from datetime import date

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, goals, need, patient, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, Attendee, FlexibleSeries, Pin, Relation, Session, Step
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.relations import Relations
from allocator.table.rulebook import Rulebook

RULE = [Relations()]
STAFF = tuple(practitioner(name) for name in ("ann", "bob", "cas"))


def related(alike: Alike, same: bool, names: str = "A B C", **more: object) -> Problem:
    """Three requests in a relation, on three days of four ticks, with three practitioners."""
    relation = Relation(id="rel", visits=tuple(names.split()), alike=alike, same=same)
    return problem(
        *map(request, "ABC"),
        **{
            "days": 3,
            "grain": 360,
            "services": (service(minutes=360),),
            "resources": STAFF,
            "relations": (relation,),
            **more,
        },
    )


def here(start: int, *team: int, place: int = -1) -> Placement:
    return Placement(start, 1, place, -1, (team or (0,),))


@pytest.mark.parametrize(
    ("alike", "same", "right", "wrong", "message"),
    [
        (
            Alike.RESOURCE,
            True,
            [here(0, 1), here(5, 1)],
            [here(0, 1), here(5, 2)],
            "the same practitioner resource; visit A has bob and B has cas.",
        ),
        (
            Alike.RESOURCE,
            False,
            [here(0, 1), here(5, 2)],
            [here(0, 1), here(5, 1)],
            "a different practitioner resource in each visit; visit A has bob and B has bob.",
        ),
        (
            Alike.DAY,
            True,
            [here(0), here(3)],
            [here(3), here(4)],
            "the same day; visit A has Mon 2026-03-02 and B has Tue 2026-03-03.",
        ),
        (
            Alike.DAY,
            False,
            [here(3), here(4)],
            [here(0), here(3)],
            "a different day in each visit; visit A has Mon 2026-03-02 and B has Mon 2026-03-02.",
        ),
        (
            Alike.TIME,
            True,
            [here(1), here(5)],
            [here(1), here(6)],
            "the same time of day; visit A has 06:00 and B has 12:00.",
        ),
        (
            Alike.TIME,
            False,
            [here(1), here(6)],
            [here(1), here(5)],
            "a different time of day in each visit; visit A has 06:00 and B has 06:00.",
        ),
    ],
)
def test_two_visits_agree_or_differ(
    alike: Alike, same: bool, right: list[Placement], wrong: list[Placement], message: str
) -> None:
    """Each kind of relation allows the one pair and forbids the other, and says why."""
    book = book_of(related(alike, same), RULE, [])
    assert not broken(book, dict(enumerate(right)))
    assert broken(book, dict(enumerate(wrong))) == {
        ("relations", f"Relation rel asks for {message}")
    }
    # The same two at the ends, with the one between unplaced: it does not count.
    assert not broken(book, {0: right[0], 2: right[1]})
    assert broken(book, {0: wrong[0], 2: wrong[1]})


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("alike", list(Alike))
def test_the_faces_agree(alike: Alike, same: bool) -> None:
    """Mask, model and truth say the same, with fixed visits and without."""
    book = book_of(related(alike, same), RULE, [])
    for first, second in ((here(1, 1), here(1, 1)), (here(1, 1), here(6, 2))):
        fixed = {0: first, 1: second}
        allowed, forbidden = one_visit_agrees(book, 2, fixed)
        assert forbidden and (allowed or broken(book, fixed))
        model_agrees(book, [2], fixed)
    near = (
        [{0: here(1, 1), 1: here(1, 1), 2: here(1, 1)}]
        if same
        else [{0: here(1, 0), 1: here(6, 1), 2: here(11, 2)}]
    )
    accepted, refused = model_agrees(book, range(3), near=near, samples=80)
    assert accepted and refused
    accepted, refused = model_agrees(book, [0, 2], {1: near[0][1]}, near=near, samples=80)
    assert accepted and refused


def test_a_request_stands_for_its_visits_and_a_session_for_its_own() -> None:
    """A series S and a session G: all on different days; G's participant is not named."""
    some = problem(
        request("S", series=FlexibleSeries(count=2, least_days_between=0)),
        replace(request("P", "pat"), steps=(Step(sessions=frozenset({"G"})),)),
        days=4,
        grain=720,
        services=(service(minutes=720),),
        resources=(*STAFF[:1], patient("pat")),
        sessions=(Session(id="G", service="visit", most=2),),
        relations=(Relation(id="rel", visits=("S", "G"), alike=Alike.DAY, same=False),),
    )
    book = book_of(some, RULE, [])
    numbers = {name: book.prepared.visit_index[name] for name in ("G", "P", "S#1", "S#2")}
    g, p, one, two = numbers.values()
    assert one_visit_agrees(book, two, {g: here(0), one: here(2)}) == (4, 4)
    assert one_visit_agrees(book, g, {two: here(0), one: here(2)}) == (4, 4)
    joins = Placement(0, 1, -1, g, ((1,),))
    assert not broken(book, {g: here(0), p: joins, one: here(2)})
    near = [{g: here(0), one: here(2), two: here(5)}]
    accepted, refused = model_agrees(book, [g, one, two], near=near)
    assert accepted and refused


def test_teams_are_compared_as_sets() -> None:
    """A pair agrees with the same pair alone, differs where it shares nobody."""
    services = (
        service("single", minutes=360),
        service("pair", minutes=360, needs=(need(quantity=2),)),
    )
    four = (*STAFF, practitioner("dan"))
    for same in (True, False):
        some = problem(
            request("A", services="pair"),
            request("B", services="pair"),
            request("C", services="single"),
            grain=360,
            services=services,
            resources=four,
            relations=(
                Relation(id="rel", visits=("A", "B", "C"), alike=Alike.RESOURCE, same=same),
            ),
        )
        book = book_of(some, RULE, [])
        # Of six pairs one equals Ann and Bob, and one has neither; four ticks each.
        assert one_visit_agrees(book, 1, {0: here(0, 0, 1)}) == (4, 20)
        # A single person never equals a pair; two of four are not in it.
        assert one_visit_agrees(book, 2, {0: here(0, 0, 1)}) == ((0, 16) if same else (8, 8))
        near = [{0: here(0, 0, 1), 1: here(1, 0, 1)}, {0: here(0, 0, 1), 1: here(1, 2, 3)}]
        accepted, refused = model_agrees(book, range(3), near=near, samples=80)
        assert accepted and refused


def test_a_visit_without_the_role_does_not_count() -> None:
    """C has no practitioner: it may have whom it likes, at any time."""
    some = problem(
        request("A"),
        request("B"),
        request("C", services="quiet", who="pat"),
        grain=360,
        services=(service(minutes=360), service("quiet", minutes=360, needs=())),
        resources=(*STAFF, patient("pat")),
        relations=(Relation(id="rel", visits=("A", "B", "C"), alike=Alike.RESOURCE),),
    )
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 2, {0: here(0, 0), 1: here(1, 0)}) == (4, 0)
    near = [{0: here(0, 1), 1: here(1, 1), 2: here(2, 3)}]
    accepted, refused = model_agrees(book, range(3), near=near)
    assert accepted and refused


def test_attendees_who_may_stay_away_count_when_they_come() -> None:
    """Pat may not come to two visits of a relation that asks for different attendees."""
    for same in (True, False):
        some = problem(
            *(
                replace(request(name), attendees=(Attendee(resource="pat", required=False),))
                for name in "AB"
            ),
            grain=360,
            services=(service(minutes=360),),
            resources=(STAFF[0], patient("pat")),
            relations=(
                Relation(
                    id="rel",
                    visits=("A", "B"),
                    alike=Alike.RESOURCE,
                    same=same,
                    role="attendee:pat",
                ),
            ),
        )
        book = book_of(some, RULE, [])
        comes = Placement(0, 1, -1, -1, ((0,), (1,)))
        allowed, forbidden = one_visit_agrees(book, 1, {0: comes})
        assert (allowed, forbidden) == ((8, 0) if same else (4, 4))
        accepted, refused = model_agrees(book, [0, 1])
        assert accepted and bool(refused) == (not same)


def test_days_and_times_are_local_to_each_visit() -> None:
    """On Tuesday 3 March 2026, 06:00 in Berlin is midnight in New York.

    The visits of A are in New York (ticks from Monday 00:00 in Berlin, an hour each), those of
    B in Berlin. The same day as A at tick 5 (Sunday 23:00 there) is none of B's.
    """
    places = {
        "locations": (Location(id="de"), Location(id="ny", zone="America/New_York")),
        "services": (service("far", location="ny"), service("near", location="de")),
        "resources": STAFF[:1],
        "days": 2,
    }
    asked = (request("A", services="far"), request("B", services="near"))

    def book(alike: Alike, same: bool) -> Rulebook:
        relation = Relation(id="rel", visits=("A", "B"), alike=alike, same=same)
        return book_of(problem(*asked, relations=(relation,), **places), RULE, [])

    day, time = book(Alike.DAY, True), book(Alike.TIME, True)
    assert one_visit_agrees(day, 1, {0: here(5, place=1)}) == (0, 48)
    assert one_visit_agrees(day, 1, {0: here(6, place=1)}) == (24, 24)
    assert one_visit_agrees(day, 0, {1: here(6, place=0)}) == (24, 24)
    assert one_visit_agrees(day, 0, {1: here(30, place=0)}) == (18, 30)
    assert one_visit_agrees(time, 0, {1: here(9, place=0)}) == (2, 46)
    assert one_visit_agrees(time, 1, {0: here(15, place=1)}) == (2, 46)
    near = [{0: here(30, place=1), 1: here(24, place=0)}]
    for alike in (Alike.DAY, Alike.TIME):
        for same in (True, False):
            accepted, refused = model_agrees(book(alike, same), [0, 1], near=near, samples=80)
            assert accepted and refused


def test_times_are_those_on_the_wall_when_the_clocks_change() -> None:
    """10:00 is tick 10 on 28 March 2026 and tick 33 on the 29th, which has 23 hours."""
    spring = Horizon(first=date(2026, 3, 28), days=2, zone="Europe/Berlin", grain_minutes=60)
    some = related(Alike.TIME, True, "A B", horizon=spring, services=(service(),))
    book = book_of(some, RULE, [])
    assert not broken(book, {0: here(10), 1: here(33)})
    assert broken(book, {0: here(10), 1: here(34)})
    # Two starts, with three practitioners each, of 47.
    assert one_visit_agrees(book, 1, {0: here(10)}) == (2 * 3, 45 * 3)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(10), 1: here(33)}])
    assert accepted and refused


def test_what_pinned_visits_break_is_inherited() -> None:
    """A and B are pinned with Ann and Bob, though the same was asked for: C fits neither."""
    some = related(
        Alike.RESOURCE,
        True,
        published=tuple(
            Assignment(
                visit=visit,
                start=at(0, 6),
                end=at(0, 12),
                resources=(("practitioner", (name,)),),
            )
            for visit, name in (("A", "ann"), ("B", "bob"))
        ),
        pins=(Pin(visit="A"), Pin(visit="B")),
    )
    book = book_of(some, RULE, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    assert one_visit_agrees(book, 2, fixed) == (0, 36)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_all_rules_together_agree() -> None:
    """With every rule in force, in opening hours."""
    hours = {"grain": 60, "services": (service(),), "days": 2}
    for alike, same in ((Alike.RESOURCE, True), (Alike.DAY, False), (Alike.TIME, True)):
        book = book_of(related(alike, same, **hours))
        near = [{0: here(8), 1: here(32)}]
        _, refused = model_agrees(book, [0, 1], near=near, samples=40)
        assert refused


def test_dropping_the_rule_lets_visits_agree() -> None:
    """The soonest three visits are all on Monday; the relation asks for three days."""
    hours = {"grain": 60, "services": (service(),)}
    some = related(Alike.DAY, False, levels=goals(soonest=1), **hours)
    check = book_of(related(Alike.DAY, False, **hours), RULE, [])
    assert not broken(check, best(book_of(some), range(3)))
    assert broken(check, best(book_of(some, rules_but("relations")), range(3)))
