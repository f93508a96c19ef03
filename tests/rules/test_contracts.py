"""Contracts: a resource works only on dates on which one of its contracts holds."""

from datetime import date

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import MONDAY, need, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.resource import Contract, Location
from allocator.domain.time import Horizon
from allocator.rules.contracts import Contracts
from allocator.rules.eligible_resources import EligibleResources

RULE = [Contracts()]
TUESDAY = date(2026, 3, 3)


def hired(*contracts: Contract, days: int = 3, **more: object) -> Problem:
    """A, four hours long on a grid of four, and Ann with these contracts."""
    return problem(
        request("A"),
        request("B"),
        **{
            "days": days,
            "grain": 240,
            "resources": (practitioner("ann", contracts=contracts),),
            "services": (service(minutes=240),),
            **more,
        },
    )


def test_a_visit_lies_between_the_first_and_the_last_date() -> None:
    """Ann is with us on Tuesday alone: from midnight to midnight, Monday and Wednesday not."""
    book = book_of(hired(Contract(first=TUESDAY, last=TUESDAY)), RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert [start for start in a if not broken(book, {0: a[start]})] == [6, 7, 8, 9, 10, 11]
    assert broken(book, {0: a[5]}) == {
        (
            "contracts",
            "ann has no contract on 2026-03-02; visit A claims 240 of its 240 minutes without"
            " one, from Mon 2026-03-02 20:00.",
        )
    }


def test_a_claim_does_not_reach_into_a_date_without_a_contract() -> None:
    """Two contracts that follow each other are one stretch; an hour's buffer counts."""
    late = service(minutes=240, needs=(need(after_minutes=240),))
    gap = hired(Contract(last=MONDAY), Contract(first=date(2026, 3, 4)), services=(late,))
    book = book_of(gap, RULE, [])
    # Of 18 starts, Tuesday's 6 are out, and Monday's last, whose buffer is on Tuesday.
    assert one_visit_agrees(book, 0, {}) == (11, 7)
    touching = hired(Contract(last=MONDAY), Contract(first=TUESDAY), services=(late,))
    book = book_of(touching, RULE, [])
    assert one_visit_agrees(book, 0, {}) == (18, 0)


def test_an_open_contract_or_none_holds_for_ever() -> None:
    """No contract means throughout, and so does one without dates beside one with."""
    assert not Contracts().relevant(book_of(hired()).prepared)
    either = hired(Contract(first=TUESDAY), Contract(minutes_per_week=600))
    assert not Contracts().relevant(book_of(either).prepared)
    assert one_visit_agrees(book_of(either, RULE, []), 0, {}) == (18, 0)


def test_dates_count_by_the_clock_of_the_resource() -> None:
    """Monday in New York lasts from 06:00 in Berlin to 06:00 on Tuesday (before both changes)."""
    place = Location(id="york", zone="America/New_York")
    ann = practitioner("ann", location="york", contracts=(Contract(first=MONDAY, last=MONDAY),))
    some = problem(request("A"), days=2, grain=60, locations=(place,), resources=(ann,))
    book = book_of(some, RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert [s for s in a if not broken(book, {0: a[s]})] == list(range(6, 30))
    assert one_visit_agrees(book, 0, {}) == (24, 24)


def test_a_day_of_23_hours_is_a_date_like_others() -> None:
    """On Sunday 2026-03-29 clocks go forward in Berlin: 23 starts of an hour, all hers."""
    sunday = date(2026, 3, 29)
    ann = practitioner("ann", contracts=(Contract(first=sunday, last=sunday),))
    spring = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(problem(request("A"), horizon=spring, resources=(ann,)), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (23, 48)


def test_the_faces_agree_with_several_resources() -> None:
    """Ann's contract ends as Bob's begins; each visit takes two practitioners or one."""
    pair = service(
        "pair",
        minutes=480,
        needs=(need("first", alternatives=need().alternatives), need(before_minutes=240)),
    )
    some = problem(
        request("A", services="pair"),
        request("B"),
        days=2,
        grain=240,
        services=(pair, service(minutes=240)),
        resources=(
            practitioner("ann", contracts=(Contract(last=MONDAY),)),
            practitioner("bob", contracts=(Contract(first=TUESDAY),)),
            practitioner("cem"),
        ),
    )
    for rules in ([Contracts(), EligibleResources()], None):
        book = book_of(some, rules, None if rules is None else [])
        allowed, forbidden = one_visit_agrees(book, 1, {})
        assert allowed and forbidden
        accepted, refused = model_agrees(book, [0, 1], near=[{}])
        assert accepted and refused


def test_dropping_the_rule_lets_ann_work_before_she_comes() -> None:
    """She comes on Tuesday; without the rule the earliest start is Monday's 08:00."""
    some = hired(Contract(first=TUESDAY))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("contracts"), [])
    best, allowed = best_of(without), best_of(book)
    assert best is not None and best.start == 2
    assert {rule for rule, _ in broken(book, {0: best})} == {"contracts"}
    assert allowed is not None and allowed.start == 8
