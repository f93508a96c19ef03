"""Fewest changes: what people have been told holds as far as possible."""

from dataclasses import replace
from datetime import timedelta

from faces import amounts, best, book_of, model_agrees, one_visit_agrees
from tiny import (
    MONDAY,
    at,
    calendar,
    goals,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
)

from allocator.domain.calendar import DatedException
from allocator.domain.objective import ChangeCosts
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Pin, PinKind
from allocator.domain.schedule import Assignment
from allocator.goals.fewest_changes import FewestChanges
from allocator.goals.soonest import Soonest
from allocator.prepare.visit import Placement
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours

GOAL = [FewestChanges()]
RULES = [OpeningHours(), Capacity()]

#: 100 for a start, 10 for a practitioner, 1 for a room, and no notice: sums tell what changed.
PRICES = ChangeCosts(start=100, practitioner=10, other=1, notice_hours=0)
BOTH = service(needs=(need(), need("room", quantity=2)))
THINGS = (
    practitioner("ann"),
    practitioner("bob"),
    patient("pat"),
    room("r1"),
    room("r2"),
    room("r3"),
)


def held(visit: str, day: int, hour: int, **roles: str) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour + 1),
        resources=tuple((role, tuple(names.split())) for role, names in roles.items()),
    )


def published(*assignments: Assignment, **more: object) -> Problem:
    requests = [
        request(id, attendees=(Attendee(resource="pat", required=False),)) for id in ("A", "B")
    ]
    return problem(
        *requests,
        **{
            "resources": THINGS,
            "services": (BOTH,),
            "levels": goals(fewest_changes=1),
            "change_costs": PRICES,
            "published": assignments
            or (held("A", 0, 9, practitioner="ann", room="r1 r2", **{"attendee:pat": "pat"}),),
            **more,
        },
    )


def placement(start: int, *team: tuple[int, ...]) -> Placement:
    """Return an hour with a practitioner, two rooms and Pat (2) or nobody.

    Ann is 0, Bob is 1, the rooms are 3 to 5; needs are by role, attendees last.
    """
    return Placement(start, 1, -1, -1, team)


def test_what_is_kept_costs_nothing_and_each_change_its_price() -> None:
    """A is published for 09:00 with Ann and rooms 1 and 2; B is not published at all.

    Another room (one of two or both) costs 1 once, Bob 10, another start 100; Pat, an attendee,
    never counts, and neither does B.
    """
    book = book_of(published(), [], GOAL)
    assert book.prepared.published[0] == placement(9, (0,), (3, 4), (2,))
    for where, price in (
        (placement(9, (0,), (3, 4), (2,)), 0),
        (placement(9, (0,), (3, 4), ()), 0),
        (placement(9, (0,), (4, 5), (2,)), 1),
        (placement(9, (1,), (3, 4), (2,)), 10),
        (placement(8, (0,), (3, 4), (2,)), 100),
        (placement(8, (1,), (3, 5), ()), 111),
    ):
        assert amounts(book, {0: where})["fewest_changes"] == price
        assert amounts(book, {0: where, 1: where})["fewest_changes"] == price
    assert amounts(book, {})["fewest_changes"] == 111  # taken off: all of it has changed


def test_within_notice_changes_cost_more() -> None:
    """It is Monday 08:00, with a day's notice: Tuesday's 07:00 is within, its 08:00 is not."""
    prices = replace(PRICES, notice_hours=24, within_notice=3)
    for hour, factor in ((7, 3), (8, 1)):
        some = published(
            held("A", 1, hour, practitioner="ann", room="r1 r2"),
            horizon=replace(problem(days=2).horizon, now=at(0, 8)),
            change_costs=prices,
        )
        book = book_of(some, [], GOAL)
        moved = placement(33, (0,), (3, 5), ())
        assert amounts(book, {0: moved})["fewest_changes"] == 101 * factor
        assert amounts(book, {})["fewest_changes"] == 111 * factor
        model_agrees(book, [0])
        one_visit_agrees(book, 0, {})


def test_pinned_visits_do_not_count() -> None:
    """A is pinned whole and costs nothing, wherever; pinned in time alone it counts."""
    for kind, price in ((PinKind.ALL, None), (PinKind.TIME, 111), (PinKind.RESOURCES, 111)):
        book = book_of(published(pins=(Pin(visit="A", kind=kind),)), [], GOAL)
        assert amounts(book, {}).get("fewest_changes") == price


def test_roles_that_nobody_is_published_for_have_no_price() -> None:
    """A is published with one room where two are needed now, and with nobody to treat.

    Any two rooms are a change, and whoever treats is none.
    """
    book = book_of(published(held("A", 0, 9, room="r1")), RULES, GOAL)
    assert amounts(book, {})["fewest_changes"] == 101
    assert amounts(book, {0: placement(9, (1,), (3, 4), ())})["fewest_changes"] == 1
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden
    accepted, refused = model_agrees(book, [0, 1])
    assert accepted and refused


def test_dropping_the_goal_moves_visits() -> None:
    """A is published for Tuesday; Monday is a day sooner, and moving costs 100."""
    later = held("A", 1, 9, practitioner="ann", room="r1 r2")
    judge = book_of(published(later, days=2), [], GOAL)
    for weight, moved in ((1, False), (0, True)):
        some = published(later, days=2, levels=goals(fewest_changes=weight, soonest=1))
        found = best(book_of(some, None, [*GOAL, Soonest()]), [0, 1])
        assert (amounts(judge, found)["fewest_changes"] >= 100) == moved


def test_a_stay_is_as_good_as_it_gets() -> None:
    """Ann falls ill at 09:00 (closed from then): the cheapest change is Bob, for 10."""
    some = published(
        calendars=(calendar(), calendar("ill", 8, 9)),
        resources=(practitioner("ann", calendar="ill"), *THINGS[1:]),
    )
    book = book_of(some, None, GOAL)
    found = best(book, [0, 1])
    assert amounts(book, found)["fewest_changes"] == 10
    assert found[0] is not None and (found[0].start, found[0].team[:2]) == (9, ((1,), (3, 4)))


def test_the_faces_agree() -> None:
    """Table, model and score say the same, for roles of one and of two, near and far."""
    some = published(
        held("A", 0, 9, practitioner="ann", room="r1 r2", **{"attendee:pat": "pat"}),
        held("B", 1, 9, practitioner="bob", room="r1 r3"),
        horizon=problem(days=2).horizon,
        change_costs=replace(PRICES, notice_hours=24),
        resources=(*THINGS, room("r4")),
    )
    some = replace(
        some,
        requests=(some.requests[0], replace(some.requests[1], weights=(("fewest_changes", 7),))),
    )
    for rules in (RULES, None):
        book = book_of(some, rules, GOAL)
        fixed = {0: placement(32, (0,), (3, 4), ())}
        starts = [7, 8, 9, 31, 32, 33]
        allowed, forbidden = one_visit_agrees(book, 1, fixed, starts=starts)
        assert allowed and forbidden
        near = [best(book, [0, 1]), dict(book.prepared.published)]
        accepted, refused = model_agrees(
            book, [0, 1], near=near, starts={0: starts, 1: starts}, samples=40
        )
        assert accepted and refused
        accepted, refused = model_agrees(book, [1], fixed, near=near, starts={1: starts})
        assert accepted and refused


def series_published(**more: object) -> Problem:
    """Return a series of three, published for Monday, Tuesday and Wednesday at 09:00."""
    told = ("ann", "ann", "bob")
    return published(
        *(
            held(f"A#{day + 1}", day, 9, practitioner=who, room="r1 r2")
            for day, who in enumerate(told)
        ),
        **{
            "days": 4,
            "requests": (request("A", series=FlexibleSeries(count=3)),),
            **more,
        },
    )


def test_a_visit_where_another_of_its_series_was_published_is_no_change() -> None:
    """Tuesday's visit goes to Thursday: Wednesday's, now the second, is where it was.

    The third has moved (100). Ann in Bob's place on Wednesday is a change of 10; where nothing
    was published, the visit's own practitioner is the measure: Bob for the third.
    """
    book = book_of(series_published(), [], GOAL)
    monday, wednesday = placement(9, (0,), (3, 4)), placement(57, (1,), (3, 4))
    thursday = placement(81, (1,), (3, 4))
    for some, price in (
        ({0: monday, 1: wednesday, 2: thursday}, 100),
        ({0: monday, 1: placement(57, (0,), (3, 4)), 2: thursday}, 110),
        ({0: monday, 1: wednesday, 2: placement(81, (0,), (3, 4))}, 110),
        ({0: monday, 1: wednesday}, 111),
    ):
        assert amounts(book, some)["fewest_changes"] == price


def test_only_what_is_hit_moves_in_a_series() -> None:
    """All of Tuesday is closed: the other two days keep their times, and Thursday is new.

    The series is all or nothing. Wednesday at 09:00 with Bob stays, and the new visit costs 100.
    """
    day = calendar()
    closed = replace(day, exceptions=(DatedException(day=MONDAY + timedelta(days=1)),))
    book = book_of(series_published(calendars=(closed,)), None, GOAL)
    found = best(book, [0, 1, 2])
    assert amounts(book, found)["fewest_changes"] == 100
    placed = [p for p in found.values() if p is not None]
    assert [p.start for p in placed[:2]] == [9, 57]
    assert [p.team[0] for p in placed[:2]] == [(0,), (1,)]
    assert placed[2].start >= 80


def test_where_two_of_a_series_were_published_at_once_each_is_measured_by_itself() -> None:
    """Both are told nine o'clock on Monday, one with Ann and one with Bob: each may stay there."""
    some = series_published(
        published=(
            held("A#1", 0, 9, practitioner="ann", room="r1 r2"),
            held("A#2", 0, 9, practitioner="bob", room="r1 r2"),
        )
    )
    book = book_of(some, [], GOAL)
    both = {0: placement(9, (0,), (3, 4)), 1: placement(9, (1,), (3, 4))}
    assert amounts(book, both)["fewest_changes"] == 0
    for number, other in ((0, 1), (1, 0)):
        allowed, _ = one_visit_agrees(book, number, {other: both[other]}, starts=[9, 33])
        assert allowed
    accepted, refused = model_agrees(book, [0, 1], near=[both])
    assert accepted and not refused


def test_the_faces_agree_where_series_are_published() -> None:
    """Table, model and score say the same at starts of one's own, of the others and elsewhere."""
    for rules in (RULES, None):
        book = book_of(series_published(), rules, GOAL)
        starts = [9, 33, 57, 81]
        fixed = {0: placement(9, (0,), (3, 4))}
        allowed, forbidden = one_visit_agrees(book, 1, fixed, starts=[0, *starts])
        assert allowed and forbidden
        near = [
            dict(book.prepared.published),
            {**fixed, 1: placement(57, (1,), (3, 4)), 2: placement(81, (1,), (3, 4))},
        ]
        some = dict.fromkeys(range(3), starts)
        accepted, refused = model_agrees(book, [0, 1, 2], near=near, starts=some)
        assert accepted and refused
