"""Most carers: a flexible series is shared by only so many people."""

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, calendar, goals, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules.most_carers import MostCarers
from allocator.rules.series_completeness import SeriesCompleteness

RULE = [MostCarers()]
STAFF = tuple(practitioner(name) for name in ("ann", "bob", "cas", "dan"))


def series(
    count: int = 3,
    most: int = 2,
    steps: str = "visit",
    role: str = "practitioner",
    **more: object,
) -> Problem:
    """At most two carers out of four, on a day with four ticks."""
    wanted = FlexibleSeries(count=count, most_carers=most, least_days_between=0, carer_role=role)
    return problem(
        request("S", services=steps, series=wanted),
        **{
            "grain": 360,
            "services": (service(minutes=360),),
            "resources": STAFF,
            **more,
        },
    )


def with_(*team: int, start: int = 0) -> Placement:
    return Placement(start, 1, -1, -1, (team,))


def test_a_third_carer_is_too_many() -> None:
    """Ann and Bob are two; Cas would be the third."""
    book = book_of(series(), RULE, [])
    assert not broken(book, {0: with_(0), 1: with_(1), 2: with_(0)})
    assert broken(book, {0: with_(0), 1: with_(1), 2: with_(2)}) == {
        ("most_carers", "Request S has 3 carers (ann, bob, cas); at most 2 are asked for.")
    }


def test_mask_and_truth_agree() -> None:
    """Beside Ann and Bob two of four remain, beside Ann alone all four."""
    book = book_of(series(), RULE, [])
    assert one_visit_agrees(book, 2, {0: with_(0), 1: with_(1)}) == (8, 8)
    assert one_visit_agrees(book, 2, {0: with_(0), 1: with_(0)}) == (16, 0)
    assert one_visit_agrees(book, 2, {}) == (16, 0)


def test_visits_with_two_carers_count_both() -> None:
    """With two carers allowed and Ann known, three of the six pairs out of four bring too many.

    The pairs with Ann bring one more; the other way round, beside Ann and Bob either may come.
    """
    some = series(
        1,
        steps="single double",
        services=(
            service("single", minutes=360),
            service("double", minutes=360, needs=(need(quantity=2),)),
        ),
    )
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 1, {0: with_(0)}) == (3 * 4, 3 * 4)
    assert one_visit_agrees(book, 0, {1: with_(0, 1)}) == (2 * 4, 2 * 4)
    accepted, refused = model_agrees(book, [0, 1], samples=100)
    assert accepted and refused
    accepted, refused = model_agrees(book, [1], {0: with_(0)}, samples=100)
    assert accepted and refused


def test_cp_sat_and_truth_agree() -> None:
    """All free, or beside fixed visits, in a series and in a series of chains."""
    book = book_of(series(), [*RULE, SeriesCompleteness()], [])
    accepted, refused = model_agrees(book, range(3), samples=150)
    assert accepted and refused
    accepted, refused = model_agrees(book, [1, 2], {0: with_(3)}, samples=150)
    assert accepted and refused
    book = book_of(series(2, steps="visit visit"), RULE, [])
    accepted, refused = model_agrees(book, range(4), samples=150)
    assert accepted and refused
    assert one_visit_agrees(book, 3, {0: with_(0), 1: with_(1)}) == (8, 8)
    near = [{0: with_(0, start=1), 1: with_(1, start=2)}]
    accepted, refused = model_agrees(book_of(series(2, 1)), [0, 1], near=near)
    assert refused


def test_only_the_role_that_is_named_counts() -> None:
    """Who is in the room's role counts when that is the carer's; practitioners change freely."""
    some = series(
        2,
        1,
        role="room",
        services=(service(minutes=360, needs=(need(), need("room"))),),
        resources=(*STAFF[:2], room("r"), room("s")),
    )
    book = book_of(some, RULE, [])
    first = Placement(0, 1, -1, -1, ((0,), (2,)))
    # Two practitioners and one of two rooms, at four ticks.
    assert one_visit_agrees(book, 1, {0: first}) == (8, 8)
    accepted, refused = model_agrees(book, [0, 1], samples=100)
    assert accepted and refused


def test_what_pinned_visits_break_alone_is_inherited() -> None:
    """Ann, Bob and Cas are pinned; a fourth visit may be with any of them, not with Dan."""
    names = ("ann", "bob", "cas")
    some = series(
        4,
        published=tuple(
            Assignment(
                visit=f"S#{n}",
                start=at(0, 0),
                end=at(0, 6),
                resources=(("practitioner", (name,)),),
            )
            for n, name in enumerate(names, 1)
        ),
        pins=tuple(Pin(visit=f"S#{n}") for n, _ in enumerate(names, 1)),
    )
    for book in (book_of(some, RULE, []), book_of(series(4), RULE, [])):
        fixed = {n: with_(n) for n in range(3)}
        assert one_visit_agrees(book, 3, fixed) == (12, 4)
        accepted, refused = model_agrees(book, [3], fixed)
        assert accepted and refused
    assert not broken(book_of(some, RULE, []), fixed)


def test_a_pair_out_of_too_many_pinned_carers_is_no_further_one() -> None:
    """Ann, Bob and Cas lie fixed, one too many: three of six pairs bring nobody new."""
    double = (service(minutes=360, needs=(need(quantity=2),)),)
    book = book_of(series(3, services=double), RULE, [])
    fixed = {0: with_(0, 1), 1: with_(1, 2)}
    assert one_visit_agrees(book, 2, fixed) == (3 * 4, 3 * 4)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_dropping_the_rule_takes_more_carers() -> None:
    """Ann, Bob and Cas are open one hour each: three visits take all three of them."""
    hours = {
        "calendars": tuple(calendar(f"c{n}", 8 + n, 9 + n) for n in range(3)),
        "resources": (
            *(practitioner(name, calendar=f"c{n}") for n, name in enumerate(("ann", "bob", "cas"))),
            patient("pat"),
        ),
        "services": (service(),),
        "grain": 60,
    }
    some = series(levels=goals(soonest=1), **hours)
    check = book_of(series(**hours), RULE, [])
    assert not broken(check, best(book_of(some), range(3)))
    assert broken(check, best(book_of(some, rules_but("most_carers")), range(3)))
