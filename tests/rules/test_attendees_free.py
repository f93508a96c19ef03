"""Attendees free: nobody is asked to be in two visits at once."""

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import calendar, patient, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Session, Step
from allocator.prepare.visit import Placement
from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.capacity import Capacity
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.session_together import SessionTogether
from allocator.table.rulebook import Rulebook

RULE = [AttendeesFree()]


def clinic(*requests: Request, **more: object) -> Problem:
    """Ann and Bob, and who comes: Pia, Quin, and a family that can be in two visits at once."""
    return problem(
        *requests,
        **{
            "resources": (
                practitioner("ann"),
                practitioner("bob"),
                patient("pia"),
                patient("quin"),
                patient("ross", lanes=2),
            ),
            "services": (service(minutes=120),),
            **more,
        },
    )


def where(book: Rulebook, visit: int, start: int, *names: str) -> Placement:
    """Return the placement of a visit at a start whose team is exactly these."""
    team = sorted(book.prepared.resource_index[name] for name in names)
    return next(
        p
        for p in universe(book, book.prepared.visits[visit], [start])
        if sorted(r for some in p.team for r in some) == team
    )


def test_visits_of_one_person_may_touch_but_not_overlap() -> None:
    """Pia is with Ann from 08:00 to 10:00: with Bob from 10:00 on or until 08:00."""
    book = book_of(clinic(request("A", "pia"), request("B", "pia")), RULE, [])
    a = where(book, 0, 8, "ann", "pia")
    assert not broken(book, {0: a, 1: where(book, 1, 10, "bob", "pia")})
    assert not broken(book, {0: a, 1: where(book, 1, 6, "bob", "pia")})
    assert broken(book, {0: a, 1: where(book, 1, 9, "bob", "pia")}) == {
        (
            "attendees_free",
            "pia serves 1 at once; 2 are asked for by A (Mon 2026-03-02 08:00),"
            " B (Mon 2026-03-02 09:00).",
        )
    }
    # Of 23 starts of two hours with each of two practitioners 07:00, 08:00 and 09:00 are out.
    assert one_visit_agrees(book, 1, {0: a}) == (2 * 20, 2 * 3)


def test_a_preferred_attendee_who_is_busy_stays_away() -> None:
    """At 09:00 Pia is with Ann: Bob sees Quin without her, and not with her."""
    both = request(
        "B", attendees=(Attendee(resource="pia", required=False), Attendee(resource="quin"))
    )
    book = book_of(clinic(request("A", "pia"), both), RULE, [])
    a = where(book, 0, 8, "ann", "pia")
    assert not broken(book, {0: a, 1: where(book, 1, 9, "bob", "quin")})
    assert broken(book, {0: a, 1: where(book, 1, 9, "bob", "pia", "quin")})
    assert one_visit_agrees(book, 1, {0: a}) == (2 * 23 + 2 * 20, 2 * 3)
    hours = {0: range(6, 12), 1: range(6, 12)}
    near = [{0: a, 1: where(book, 1, 9, "bob", "quin")}]
    accepted, refused = model_agrees(book, [0, 1], starts=hours, near=near)
    assert accepted and refused


def test_who_has_two_lanes_comes_to_two_visits() -> None:
    """The Ross family sends one to A and one to B, and nobody to C."""
    book = book_of(clinic(*(request(name, "ross") for name in "ABC")), RULE, [])
    a, b = where(book, 0, 8, "ann", "ross"), where(book, 1, 9, "bob", "ross")
    assert not broken(book, {0: a, 1: b})
    assert broken(book, {0: a, 1: b, 2: where(book, 2, 9, "ann", "ross")})
    # Only 09:00 to 10:00 is taken twice: 08:00 and 09:00 are out.
    assert one_visit_agrees(book, 2, {0: a, 1: b}) == (2 * 21, 2 * 2)
    hours = {v: range(6, 12) for v in range(3)}
    for fixed in ({}, {0: a}):
        free = [v for v in range(3) if v not in fixed]
        accepted, refused = model_agrees(book, free, fixed, starts=hours, near=[{1: b}])
        assert accepted and refused


def test_a_colleague_who_attends_is_the_business_of_capacity() -> None:
    """Bob serves in some visits, so his lanes are those of capacity, in whatever role."""
    some = clinic(request("A", "bob"), request("B"))
    rules = [AttendeesFree(), Capacity(), EligibleResources()]
    book = book_of(some, rules, [])
    a = where(book, 0, 8, "ann", "bob")
    assert {rule for rule, _ in broken(book, {0: a, 1: where(book, 1, 8, "bob")})} == {"capacity"}
    allowed, forbidden = one_visit_agrees(book, 1, {0: a})
    assert (allowed, forbidden) == (2 * 20, 2 * 3)
    accepted, refused = model_agrees(book, [0, 1], starts={0: range(6, 12), 1: range(6, 12)})
    assert accepted and refused


def test_who_joins_a_session_is_busy_for_all_of_it() -> None:
    """Pia joins S at 08:00 and sees Bob from 10:00 on; Quin may join two sessions in turn."""
    joins = [
        Request(
            id=id,
            steps=(Step(sessions=frozenset({"S", "T"})),),
            attendees=(Attendee(resource=name),),
        )
        for id, name in (("A", "pia"), ("B", "quin"), ("C", "quin"))
    ]
    some = clinic(
        *joins,
        request("D", "pia"),
        sessions=tuple(Session(id=id, service="visit", most=5) for id in "ST"),
    )
    book = book_of(some, [AttendeesFree(), SessionTogether()], [])
    index = book.prepared.visit_index
    s, t = where(book, index["S"], 8, "ann"), where(book, index["T"], 9, "bob")
    later = where(book, index["T"], 10, "bob")

    def joining(name: str, session: str, start: int) -> Placement:
        return next(
            p
            for p in universe(book, book.prepared.visits[index[name]], [start])
            if p.session == index[session]
        )

    held = {index["S"]: s, index["A"]: joining("A", "S", 8)}
    assert one_visit_agrees(book, index["D"], held) == (2 * 20, 2 * 3)
    held = {index["S"]: s, index["T"]: t, index["B"]: joining("B", "S", 8)}
    # Quin's second request: S is joined at 08:00 too, T at 09:00 overlaps it.
    assert one_visit_agrees(book, index["C"], held) == (0, 46)
    held = {**held, index["T"]: later}
    assert one_visit_agrees(book, index["C"], held) == (1, 45)
    hours = {v: [8, 9, 10] for v in index.values()}
    good = {**held, index["C"]: joining("C", "T", 10)}
    accepted, refused = model_agrees(book, list(index.values()), starts=hours, near=[good])
    assert accepted and refused
    free = [index["B"], index["C"], index["D"]]
    fixed = {index["S"]: s, index["T"]: later}
    accepted, refused = model_agrees(book, free, fixed, starts=hours, near=[good])
    assert accepted and refused


def test_the_faces_agree_with_every_rule() -> None:
    """Pia's two visits, and Quin's with her own hours."""
    some = clinic(
        request("A", "pia"),
        request("B", "pia quin"),
        calendars=(calendar(), calendar("quin", 9, 14)),
        resources=(
            practitioner("ann"),
            practitioner("bob", calendar="quin"),
            patient("pia"),
            patient("quin", calendar="quin"),
        ),
    )
    book = book_of(some)
    a = where(book, 0, 8, "ann", "pia")
    allowed, forbidden = one_visit_agrees(book, 1, {0: a})
    assert allowed and forbidden
    hours = {0: range(7, 14), 1: range(7, 14)}
    near = [{0: a, 1: where(book, 1, 10, "bob", "pia", "quin")}]
    accepted, refused = model_agrees(book, [0, 1], starts=hours, near=near)
    assert accepted and refused


def test_dropping_the_rule_asks_pia_to_be_in_two_places() -> None:
    """Bob is free at 08:00, when she is with Ann; with the rule he sees her at 10:00."""
    some = clinic(request("A", "pia"), request("B", "pia"))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("attendees_free"), [])
    first = best_of(book)
    assert first == where(book, 0, 8, "ann", "pia")
    best, allowed = best_of(without, 1, {0: first}), best_of(book, 1, {0: first})
    assert best == where(book, 1, 8, "bob", "pia")
    assert {rule for rule, _ in broken(book, {0: first, 1: best})} == {"attendees_free"}
    assert allowed is not None and allowed.start == 10
