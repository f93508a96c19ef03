"""Buffers: the time that a resource needs before and after a visit overlaps no other visit."""

from faces import (
    best_of,
    book_of,
    broken,
    model_agrees,
    one_visit_agrees,
    rules_but,
    universe,
    with_placements,
)
from tiny import calendar, need, patient, practitioner, problem, request, room, service

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import Pin, Request
from allocator.domain.service import Part
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.table.rulebook import Rulebook

RULE = [Buffers(), Capacity()]
CLEANED = service("clean", needs=(need("room", after_minutes=60),))
SET_UP = service("set", needs=(need("room", before_minutes=60, after_minutes=120),))
PLAIN = service("plain", needs=(need("room"),))


def rooms(*requests: Request, lanes: int = 1, **more: object) -> Problem:
    """Visits of an hour in one room, with cleaning after, with setting up too, or plain."""
    return problem(
        *requests,
        **{"services": (CLEANED, SET_UP, PLAIN), "resources": (room("r", lanes=lanes),), **more},
    )


def starts(book: Rulebook, visit: int) -> dict[int, Placement]:
    """Return the placements of a visit that has one for each start."""
    return {p.start: p for p in universe(book, book.prepared.visits[visit])}


def test_cleaning_and_the_next_visit_may_touch() -> None:
    """A ends at 09:00 and is cleaned up until 10:00: B may start then, and not at 09:00."""
    some = rooms(request("A", services="clean"), request("B", services="plain"))
    book = book_of(some, RULE, [])
    a, b = starts(book, 0), starts(book, 1)
    assert not broken(book, {0: a[8], 1: b[10]})
    assert broken(book, {0: a[8], 1: b[9]}) == {
        (
            "buffers",
            "r serves 1 at once; with buffers, 2 are asked for by A (Mon 2026-03-02 08:00),"
            " B (Mon 2026-03-02 09:00).",
        )
    }
    assert not broken(book, {0: a[8], 1: b[7]})


def test_one_visits_after_and_the_nexts_before_do_not_share_time() -> None:
    """Cleaning takes an hour, setting up another: two hours between A and B."""
    some = rooms(request("A", services="clean"), request("B", services="set"))
    book = book_of(some, RULE, [])
    a, b = starts(book, 0), starts(book, 1)
    assert not broken(book, {0: a[8], 1: b[11]})
    assert broken(book, {0: a[8], 1: b[10]})
    assert not broken(book, {0: a[11], 1: b[8]})
    assert broken(book, {0: a[10], 1: b[8]})
    # B claims from one hour before to three after its start, A two hours: 24 less 08:00 + 5.
    assert one_visit_agrees(book, 0, {1: b[8]}) == (24 - 5, 5)


def test_what_overlaps_itself_is_the_business_of_capacity() -> None:
    """Two visits at 08:00 break capacity, and only that."""
    some = rooms(request("A", services="clean"), request("B", services="clean"))
    book = book_of(some, RULE, [])
    a = starts(book, 0)
    assert {rule for rule, _ in broken(book, {0: a[8], 1: a[8]})} == {"capacity"}


def test_buffers_belong_to_a_need() -> None:
    """Notes take Ann and cleaning the room: Bob may have another room meanwhile, Pia is free."""
    noted = service(needs=(need(after_minutes=60), need("room")))
    some = problem(
        request("A", "pia"),
        request("B", "pia"),
        services=(noted,),
        resources=(practitioner("ann"), practitioner("bob"), room("r"), patient("pia")),
    )
    book = book_of(some, RULE, [])
    ann, bob = (
        {p.start: p for p in universe(book, book.prepared.visits[0]) if p.team[0] == (r,)}
        for r in (0, 1)
    )
    assert not broken(book, {0: ann[8], 1: bob[9]})
    assert {rule for rule, _ in broken(book, {0: ann[8], 1: ann[9]})} == {"buffers"}


def test_lanes_are_counted_with_buffers() -> None:
    """A gym of two lanes: A and B are cleaned up until 10:00, C uses both lanes or one."""
    both = service("both", needs=(need("room", uses=2, before_minutes=60),))
    some = rooms(
        request("A", services="clean"),
        request("B", services="plain"),
        request("C", services="both"),
        request("D", services="set"),
        lanes=2,
        services=(CLEANED, PLAIN, SET_UP, both),
    )
    book = book_of(some, RULE, [])
    a, b, c, d = (starts(book, v) for v in range(4))
    assert not broken(book, {0: a[8], 1: b[9], 3: d[11]})
    assert not broken(book, {0: a[8], 1: b[9], 3: d[10]} | {1: b[8]})
    assert not broken(book, {0: a[8], 1: b[8], 2: c[11]})
    assert broken(book, {0: a[8], 1: b[8], 2: c[10]})
    # C claims both lanes from an hour before its start to one after it; A has 08:00 to 10:00.
    assert one_visit_agrees(book, 2, {0: a[8]}) == (24 - 3, 3)
    assert one_visit_agrees(book, 2, {0: a[8], 1: b[12]}) == (24 - 3 - 2, 5)
    assert one_visit_agrees(book, 3, {0: a[8], 1: b[9]}) == (24 - 4, 4)
    near = [{0: a[8], 1: b[8], 2: c[11], 3: d[13]}, {0: a[8], 1: b[9], 3: d[11]}]
    hours = {v: range(7, 15) for v in range(4)}
    for fixed in ({}, {0: a[8]}, {0: a[8], 1: b[9]}):
        free = [v for v in range(4) if v not in fixed]
        accepted, refused = model_agrees(book, free, fixed, near=near, starts=hours)
        assert accepted and refused


def test_a_buffer_may_lie_outside_the_horizon_when_nothing_forbids_it() -> None:
    """Without opening hours a visit at 00:00 is set up the evening before."""
    some = rooms(request("A", services="set"), request("B", services="set"))
    book = book_of(some, RULE, [])
    a, b = starts(book, 0), starts(book, 1)
    assert not broken(book, {0: a[0], 1: b[23]})
    # Starts less than four hours apart are out: 4 of them around 00:00, 4 around 23:00.
    assert one_visit_agrees(book, 1, {0: a[0]}) == (20, 4)
    assert one_visit_agrees(book, 1, {0: a[23]}) == (20, 4)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: a[0], 1: b[23]}, {0: a[0], 1: b[3]}])
    assert accepted and refused


def test_the_faces_agree_on_parts_and_lengths() -> None:
    """The doctor comes for the last half-hour, with buffers, for visits of several lengths."""
    doctor = need(
        "doctor",
        alternatives=need().alternatives,
        before_minutes=60,
        after_minutes=60,
        part=Part(minutes=60, from_end=True),
    )
    long = service(
        minutes=120,
        needs=(doctor, need("room", after_minutes=60)),
        minutes_by_resource=(("bob", 180),),
    )
    some = problem(
        *map(request, "ABC"),
        services=(long,),
        calendars=(calendar("day", 6, 20),),
        resources=(practitioner("ann"), practitioner("bob"), room("r"), room("s", lanes=2)),
    )
    book = book_of(some, RULE, [])
    where = universe(book, book.prepared.visits[0])
    fixed = {0: next(p for p in where if p.start == 9), 1: next(p for p in where if p.start == 13)}
    allowed, forbidden = one_visit_agrees(book, 2, fixed, starts=range(4, 20))
    assert allowed and forbidden
    hours = {v: range(6, 18) for v in range(3)}
    for rules in (RULE, None):
        book = book_of(some, rules, None if rules is None else [])
        accepted, refused = model_agrees(book, [1, 2], {0: fixed[0]}, starts=hours, near=[fixed])
        assert accepted and refused
        accepted, refused = model_agrees(book, [0, 1, 2], starts=hours, near=[fixed])
        assert accepted and refused


def test_what_pinned_visits_break_is_inherited() -> None:
    """A and B are pinned without the time to clean up; C finds its place beside them."""
    asked = [request(name, services="clean") for name in "ABC"]
    prepared = Prepared(rooms(*asked))
    book = book_of(rooms(*asked), RULE, [])
    a = starts(book, 0)
    published = tuple(prepared.assignment(v, a[8 + v]) for v in (0, 1))
    some = rooms(*asked, published=published, pins=(Pin(visit="A"), Pin(visit="B")))
    book = book_of(some, RULE, [])
    pinned = book.prepared.frozen
    found = violations(book, with_placements(book, pinned))
    assert [(v.rule, v.inherited) for v in found] == [("buffers", True)]
    # 08:00 to 11:00 is taken, and the hour before it, as C is cleaned up after.
    assert one_visit_agrees(book, 2, pinned) == (24 - 4, 4)
    accepted, refused = model_agrees(book, [2], pinned)
    assert accepted and refused


def test_no_visit_is_put_into_the_time_after_two_that_overlap() -> None:
    """A and B are pinned at 08:00, both: the room is cleaned up until 10:00 all the same."""
    asked = [request(name, services="clean") for name in "ABC"]
    a = starts(book_of(rooms(*asked), RULE, []), 0)
    prepared = Prepared(rooms(*asked))
    published = tuple(prepared.assignment(v, a[8]) for v in (0, 1))
    some = rooms(*asked, published=published, pins=(Pin(visit="A"), Pin(visit="B")))
    book = book_of(some, RULE, [])
    pinned = book.prepared.frozen
    assert not broken(book, pinned)
    assert {rule for rule, _ in broken(book, {**pinned, 2: a[9]})} == {"buffers"}
    assert one_visit_agrees(book, 2, pinned) == (24 - 3, 3)
    accepted, refused = model_agrees(book, [2], pinned, near=[{2: a[9]}, {2: a[10]}])
    assert accepted and refused


def test_dropping_the_rule_leaves_no_time_to_clean_up() -> None:
    """After A at 08:00 the next start is 09:00; with the rule it is 10:00."""
    some = rooms(request("A", services="clean"), request("B", services="clean"))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("buffers"), [])
    first = best_of(book)
    assert first is not None and first.start == 8
    best, allowed = best_of(without, 1, {0: first}), best_of(book, 1, {0: first})
    assert best is not None and best.start == 9
    assert {rule for rule, _ in broken(book, {0: first, 1: best})} == {"buffers"}
    assert allowed is not None and allowed.start == 10
    assert OpeningHours().name not in {rule for rule, _ in broken(book, {0: first, 1: allowed})}
