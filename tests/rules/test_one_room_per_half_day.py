"""One room per half-day: a practitioner does not move house between two visits."""

from datetime import date

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import calendar, horizon, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import Pin, Request
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment
from allocator.domain.service import Selector
from allocator.domain.time import Horizon
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.one_room_per_half_day import OneRoomPerHalfDay
from allocator.table.rulebook import Rulebook

RULE = [OneRoomPerHalfDay()]
ANN = practitioner("ann", one_room_per_half_day=True)
ROOMED = service(needs=(need(), need("room")))
T = Selector(names=frozenset({"t"}))


def settled(*requests: Request, grain: int = 240, **more: object) -> Problem:
    """Visits of Ann, who stays in one room each half-day; there are the rooms r, s and t."""
    return problem(
        *requests,
        **{
            "grain": grain,
            "resources": (ANN, *map(room, "rst")),
            "services": (service(minutes=240, needs=ROOMED.needs), service("talk", minutes=240)),
            **more,
        },
    )


def where(book: Rulebook, visit: str, start: int, *names: str) -> dict[int, Placement]:
    """Return the placement of a visit at a start whose team is exactly these, by its visit."""
    index = book.prepared.visit_index[visit]
    team = sorted(book.prepared.resource_index[name] for name in names)
    return {
        index: next(
            p
            for p in universe(book, book.prepared.visits[index], [start])
            if sorted(r for some in p.team for r in some) == team
        )
    }


def test_one_room_before_noon_and_one_from_noon_on() -> None:
    """With ticks of four hours: 08:00 in r and 12:00 in s is fine, 04:00 and 08:00 is not."""
    book = book_of(settled(request("A"), request("B")), RULE, [])
    at_eight = where(book, "A", 2, "ann", "r")
    assert not broken(book, at_eight | where(book, "B", 1, "ann", "r"))
    assert not broken(book, at_eight | where(book, "B", 3, "ann", "s"))
    assert broken(book, at_eight | where(book, "B", 1, "ann", "s")) == {
        (
            "one_room_per_half_day",
            "ann stays in 1 room each half-day; on 2026-03-02 before noon there are 2: A in r,"
            " B in s.",
        )
    }


def test_the_start_decides_and_visits_without_a_room_do_not_count() -> None:
    """A visit that starts at 08:00 and lasts until 16:00 is one of the morning."""
    some = settled(
        request("A", services="long"),
        request("B"),
        request("C", services="talk"),
        services=(
            service(minutes=240, needs=ROOMED.needs),
            service("long", minutes=480, needs=ROOMED.needs),
            service("talk", minutes=240),
        ),
    )
    book = book_of(some, RULE, [])
    morning = where(book, "A", 2, "ann", "r")
    assert not broken(book, morning | where(book, "B", 3, "ann", "s"))
    assert broken(book, morning | where(book, "B", 1, "ann", "s"))
    assert not broken(book, morning | where(book, "C", 1, "ann"))


def test_who_does_not_mind_moves() -> None:
    """Bob is in two rooms in one morning."""
    some = settled(request("A"), request("B"), resources=(practitioner("ann"), *map(room, "rs")))
    book = book_of(some, RULE, [])
    assert not book.rules
    assert one_visit_agrees(book, 1, where(book, "A", 1, "ann", "r")) == (12, 0)


def test_the_faces_agree_with_several_people_roles_and_rooms() -> None:
    """Ann and Bea stay, Cem moves; ``pair`` takes two of them and two rooms, ``talk`` none."""
    staff = (ANN, practitioner("bea", one_room_per_half_day=True), practitioner("cem"))
    two = (need(quantity=2), need("room", quantity=2))
    either = Selector(kind="room"), Selector(kind="field")
    out = (need(), need("room", alternatives=either))
    some = settled(
        request("A"),
        request("B", services="pair"),
        request("C", services="out"),
        request("D", services="talk"),
        resources=(*staff, *map(room, "rst"), room("yard", kind="field")),
        services=(
            service(minutes=240, needs=ROOMED.needs),
            service("pair", minutes=240, needs=two),
            service("out", minutes=240, needs=out),
            service("talk", minutes=240),
        ),
    )
    book = book_of(some, RULE, [])
    nowhere = where(book, "C", 1, "ann", "yard") | where(book, "D", 2, "ann")
    assert one_visit_agrees(book, 0, nowhere) == (54, 0)  # 6 starts, 3 people, 3 rooms
    for free, fixed in (
        ("A", where(book, "B", 1, "ann", "bea", "r", "s")),
        ("A", where(book, "C", 1, "ann", "s") | where(book, "D", 2, "ann")),
        ("B", where(book, "A", 1, "ann", "r")),
        ("B", where(book, "A", 1, "ann", "r") | where(book, "C", 2, "bea", "r")),
        ("C", where(book, "A", 1, "ann", "r") | where(book, "B", 4, "ann", "cem", "s", "t")),
        ("C", where(book, "A", 1, "ann", "r") | where(book, "B", 2, "ann", "cem", "s", "t")),
    ):
        visit = book.prepared.visit_index[free]
        allowed, forbidden = one_visit_agrees(book, visit, fixed)
        assert allowed and forbidden
    for rules in (RULE, None):
        book = book_of(some, rules, None if rules is None else [])
        nobody = {v: None for v in range(4)}
        good = (
            where(book, "A", 2, "ann", "r") | where(book, "C", 2, "bea", "s"),
            where(book, "B", 2, "ann", "bea", "r", "s") | where(book, "D", 2, "cem"),
        )
        for fixed in ({}, where(book, "A", 2, "ann", "r")):
            free = [v for v in range(4) if v not in fixed]
            accepted, refused = model_agrees(
                book,
                free,
                fixed,
                starts={v: [1, 2, 3] for v in free},
                samples=100,
                near=[{**nobody, **some} for some in good],
            )
            assert accepted and refused
        pair = where(book, "B", 2, "ann", "bea", "r", "s")
        accepted, refused = model_agrees(
            book, [0, 2], pair, starts={0: [1, 2], 2: [1, 2]}, samples=100, near=[{}]
        )
        assert accepted and refused


def test_only_the_rooms_that_a_visit_could_have_are_tried() -> None:
    """B takes only room t: a morning in r is closed to it before any team is looked at."""
    only = service("only", minutes=240, needs=(need(), need("room", alternatives=(T,))))
    some = settled(
        request("A"), request("B", services="only"), services=(*settled().services, only)
    )
    book = book_of(some, RULE, [])
    fixed = where(book, "A", 1, "ann", "r")
    # Of the 6 starts of the day the three before noon are closed.
    assert one_visit_agrees(book, 1, fixed) == (3, 3)
    accepted, refused = model_agrees(book, [0, 1])
    assert accepted and refused


def test_a_visit_with_two_rooms_shares_a_half_day_with_its_like_only() -> None:
    """A takes room t and B any two: with t among them A would not have the other."""
    only = service("only", minutes=240, needs=(need(), need("room", alternatives=(T,))))
    pair = service("pair", minutes=240, needs=(need(), need("room", quantity=2)))
    asked = (
        request("A", services="only"),
        request("B", services="pair"),
        request("C", services="pair"),
    )
    book = book_of(settled(*asked, services=(only, pair)), RULE, [])
    a, b = where(book, "A", 1, "ann", "t"), where(book, "B", 2, "ann", "s", "t")
    c = where(book, "C", 0, "ann", "s", "t")
    assert broken(book, a | b)
    assert not broken(book, b | c)
    near = [a | b, b | c, a | c, a | b | c, a | where(book, "B", 4, "ann", "s", "t")]
    accepted, refused = model_agrees(book, [0, 1, 2], near=near)
    assert accepted and refused
    accepted, refused = model_agrees(book, [0, 2], b, near=near)
    assert accepted and refused


def test_half_days_are_local_to_the_practitioner() -> None:
    """Noon in New York is 18:00 in Berlin: 16:00 and 20:00 are different halves there."""
    york = Location(id="york", zone="America/New_York")
    there = practitioner("ann", one_room_per_half_day=True, location="york", mobile=True)
    some = settled(
        request("A"),
        request("B"),
        grain=120,
        locations=(york,),
        resources=(there, *map(room, "rs")),
        services=(service(minutes=120, needs=ROOMED.needs),),
    )
    book = book_of(some, RULE, [])
    afternoon = where(book, "A", 8, "ann", "r")  # 16:00 in Berlin, 10:00 in New York
    assert not broken(book, afternoon | where(book, "B", 9, "ann", "s"))
    assert broken(book, afternoon | where(book, "B", 7, "ann", "s"))
    # Ticks 3 to 8 (06:00 to 18:00 in Berlin) are that half-day: in it only room r will do.
    assert one_visit_agrees(book, 1, afternoon) == (2 * 6 + 6, 6)


def test_a_morning_of_eleven_hours_ends_at_noon() -> None:
    """On 2026-03-29 clocks go forward in Berlin: noon is 11 hours after midnight."""
    spring = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    some = settled(request("A"), request("B"), horizon=spring, services=(ROOMED,))
    book = book_of(some, RULE, [])
    early = where(book, "A", 0, "ann", "r")
    assert broken(book, early | where(book, "B", 10, "ann", "s"))
    assert not broken(book, early | where(book, "B", 11, "ann", "s"))
    assert one_visit_agrees(book, 1, early) == (3 * 12 + 11, 2 * 11)


def test_what_pinned_visits_break_is_inherited() -> None:
    """Two pinned visits of one morning are in r and s: no third joins them, in any room."""
    asked = (
        request("A"),
        request("B"),
        request("C"),
        request("D", services="talk"),
        request("E", services="out"),
    )
    either = Selector(kind="room"), Selector(kind="field")
    more: dict[str, object] = {
        "services": (
            *settled().services,
            service("out", minutes=240, needs=(need(), need("room", alternatives=either))),
        ),
        "resources": (ANN, *map(room, "rst"), room("yard", kind="field")),
    }
    plain = Prepared(settled(*asked, **more))
    book = book_of(settled(*asked, **more), RULE, [])
    pinned = where(book, "A", 1, "ann", "r") | where(book, "B", 2, "ann", "s")
    published: tuple[Assignment, ...] = tuple(plain.assignment(v, p) for v, p in pinned.items())
    pins = (Pin(visit="A"), Pin(visit="B"))
    book = book_of(settled(*asked, published=published, pins=pins, **more), RULE, [])
    assert not broken(book, pinned)
    assert one_visit_agrees(book, 2, pinned) == (9, 9)
    assert one_visit_agrees(book, 3, pinned) == (6, 0)
    assert one_visit_agrees(book, 4, pinned) == (9 + 6, 9)  # out in the yard it may be
    accepted, refused = model_agrees(book, [2, 3, 4], pinned)
    assert accepted and refused


def test_dropping_the_rule_sends_ann_to_the_first_free_room() -> None:
    """Room r is taken by Bob at 09:00; Ann, in s at 08:00, would be sent to q."""
    some = settled(
        request("A"),
        request("B"),
        grain=60,
        services=(ROOMED,),
        horizon=horizon(grain=60),
        calendars=(calendar(), calendar("late", 9, 12)),
        resources=(ANN, room("q", calendar="late"), room("s"), patient("pia")),
    )
    book, without = book_of(some, goals=[]), book_of(some, rules_but(RULE[0].name), [])
    early = where(book, "A", 8, "ann", "s")
    best, allowed = best_of(without, 1, early), best_of(book, 1, early)
    assert best is not None and allowed is not None
    assert {1: best} == where(book, "B", 9, "ann", "q")
    assert {rule for rule, _ in broken(book, early | {1: best})} == {"one_room_per_half_day"}
    assert {1: allowed} == where(book, "B", 9, "ann", "s")


def test_roles_do_not_matter() -> None:
    """Ann, who stays, attends B of Bob: still in her room of the morning."""
    some = settled(
        request("A"),
        request("B", "ann", services="bobs"),
        resources=(ANN, practitioner("bob"), *map(room, "rs")),
        services=(
            service(minutes=240, needs=ROOMED.needs),
            service(
                "bobs",
                minutes=240,
                needs=(
                    need(alternatives=(Selector(names=frozenset({"bob"})),)),
                    need("room"),
                ),
            ),
        ),
    )
    book = book_of(some, [OneRoomPerHalfDay(), EligibleResources()], [])
    fixed = where(book, "A", 1, "ann", "r")
    assert one_visit_agrees(book, 1, fixed) == (3 + 6, 3)
    accepted, refused = model_agrees(book, [0, 1])
    assert accepted and refused
