"""Turnaround: the time that a resource needs between two services."""

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, practitioner, problem, request, room, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Pin, Session, Step
from allocator.domain.schedule import Assignment
from allocator.domain.service import Part
from allocator.domain.service import Turnaround as Entry
from allocator.prepare.visit import Placement
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.rule import Rule
from allocator.rules.turnaround import Turnaround
from allocator.rules.windows import Windows
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [Turnaround()]
WITH_BUFFERS: list[Rule] = [Capacity(), Buffers(), Turnaround()]

ROOM = (need("room"),)
WET_TO_DRY = Entry(kind="room", minutes=120, before="wet", after="dry")


def pool(*entries: Entry, of: str = "wet dry", **more: object) -> Problem:
    """One room, hours of grain; A asks for the first service, B for the second, and so on."""
    names = of.split()
    return problem(
        *(request(id, services=name) for id, name in zip("ABCD", names, strict=False)),
        **{
            "resources": (room("r"),),
            "services": tuple(service(name, needs=ROOM) for name in sorted(set(names))),
            "turnarounds": entries,
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, **starts: int) -> set[tuple[str, str]]:
    index = book.prepared.visit_index
    return broken(book, {index[id]: at(book, index[id], start) for id, start in starts.items()})


def test_the_time_counts_from_the_end_of_one_to_the_start_of_the_next() -> None:
    """A ends at 09:00; with 120 minutes to dry, B may start at 11:00 and not at 10:00."""
    book = book_of(pool(WET_TO_DRY), RULE, [])
    assert not says(book, A=8, B=11)
    assert says(book, A=8, B=10) == {
        (
            "turnaround",
            "r needs 120 minutes between visit A (to Mon 2026-03-02 09:00) and visit B (from"
            " Mon 2026-03-02 10:00); it has 60.",
        )
    }


def test_the_order_of_the_services_counts() -> None:
    """From dry to wet no time is needed: B at 08:00 and A at 09:00 touch."""
    book = book_of(pool(WET_TO_DRY), RULE, [])
    assert not says(book, B=8, A=9)


def test_the_largest_entry_counts_and_none_is_any_service() -> None:
    """Any to any takes 60, wet to any 30: 60 count from wet to dry, and from dry to wet."""
    entries = (Entry(kind="room", minutes=60), Entry(kind="room", minutes=30, before="wet"))
    book = book_of(pool(*entries), RULE, [])
    assert says(book, A=8, B=9) and not says(book, A=8, B=10)
    assert says(book, B=8, A=9) and not says(book, B=8, A=10)
    book = book_of(pool(Entry(kind="room", minutes=60, after="dry")), RULE, [])
    assert says(book, A=8, B=9) and not says(book, B=8, A=9)


def test_a_service_that_no_entry_names_is_any_service() -> None:
    """Wet to any takes 60: also to C's service, which no entry names; from C's none is needed."""
    book = book_of(pool(Entry(kind="room", minutes=60, before="wet"), of="wet dry plain"), RULE, [])
    assert says(book, A=8, C=9) and not says(book, A=8, C=10)
    assert not says(book, C=8, A=9)


def test_other_kinds_and_resources_with_several_lanes_have_no_turnaround() -> None:
    """The entry is for rooms: none for a device, and none for a room with two lanes."""
    book = book_of(pool(Entry(kind="device", minutes=60)), RULE, [])
    assert not says(book, A=8, B=9)
    book = book_of(pool(WET_TO_DRY, resources=(room("r", lanes=2),)), RULE, [])
    assert not says(book, A=8, B=9)


def test_minutes_are_rounded_up_to_the_grain() -> None:
    """With hours of grain 61 minutes take two of them."""
    book = book_of(pool(Entry(kind="room", minutes=61)), RULE, [])
    assert says(book, A=8, B=10) and not says(book, A=8, B=11)


def test_parts_count_and_buffers_do_not_add_up() -> None:
    """A holds the room for its first hour only, with an hour's buffer after it.

    The part ends at 09:00, the claim at 10:00. Turnaround of two hours: B may start at 11:00,
    not at 12:00 as it would if the buffer came on top.
    """
    part = need("room", part=Part(minutes=60), after_minutes=60)
    wet = service("wet", minutes=180, needs=(part, need()))
    some = pool(
        WET_TO_DRY,
        resources=(room("r"), practitioner("ann")),
        services=(wet, service("dry", needs=ROOM)),
    )
    book = book_of(some, WITH_BUFFERS, [])
    assert says(book, A=8, B=10) and not says(book, A=8, B=11)


def test_only_the_rooms_that_are_shared_matter() -> None:
    """In another room B may follow at once."""
    book = book_of(pool(WET_TO_DRY, resources=(room("r"), room("s"))), RULE, [])
    a, b = (universe(book, book.prepared.visits[v]) for v in (0, 1))
    here = next(p for p in a if p.start == 8 and p.team == ((0,),))
    assert broken(book, {0: here, 1: next(p for p in b if p.start == 9 and p.team == ((0,),))})
    assert not broken(book, {0: here, 1: next(p for p in b if p.start == 9 and p.team == ((1,),))})


def test_between_every_two_visits_not_only_neighbours() -> None:
    """A short visit in between does not make up for the 120 minutes from wet to dry."""
    book = book_of(pool(WET_TO_DRY, of="wet dry plain"), RULE, [])
    assert says(book, A=8, C=9, B=10)
    assert not says(book, A=8, C=9, B=11)


def test_what_pinned_visits_alone_break_is_inherited() -> None:
    """Wet and dry are pinned back to back: listed as inherited, and C goes anywhere else."""
    some = pool(WET_TO_DRY, of="wet dry plain")
    start = some.horizon.instant
    published = tuple(
        Assignment(visit=v, start=start(t), end=start(t + 1), resources=(("room", ("r",)),))
        for v, t in (("A", 8), ("B", 9))
    )
    frozen = pool(
        WET_TO_DRY,
        of="wet dry plain",
        published=published,
        pins=(Pin(visit="A"), Pin(visit="B")),
    )
    book = book_of(frozen, WITH_BUFFERS, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert (allowed, forbidden) == (22, 2)  # 24 hours without the two that are taken
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, WITH_BUFFERS, None])
def test_the_faces_agree(rules: list[Rule] | None) -> None:
    """Mask, model and truth say the same: buffers below and above, two rooms, parts, durations."""
    wet = service(
        "wet",
        minutes=120,
        needs=(need("room", part=Part(minutes=60, from_end=True)), need()),
        minutes_by_resource=(("ann", 180),),
    )
    dry = service("dry", minutes=60, needs=(need("room"), need()))
    entries = (
        Entry(kind="room", minutes=180, before="wet", after="dry"),
        Entry(kind="room", minutes=60),
        Entry(kind="practitioner", minutes=60, before="dry", after="dry"),
    )
    some = problem(
        *(
            request(id, services=name)
            for id, name in zip("ABCD", ("wet", "dry", "dry", "wet"), strict=True)
        ),
        calendars=(),
        resources=(
            room("r", calendar=None),
            room("s", calendar=None),
            practitioner("ann", calendar=None),
            practitioner("bob", calendar=None, lanes=2),
        ),
        services=(wet, dry),
        turnarounds=entries,
    )
    book = book_of(some, rules, [])
    a, b, c, _ = (universe(book, v, range(6, 14)) for v in book.prepared.visits)
    fixed = {0: a[5], 2: c[20]}
    assert not broken(book, fixed)
    for visit in (1, 3):
        allowed, forbidden = one_visit_agrees(book, visit, fixed, starts=range(4, 20))
        assert allowed and forbidden
    near = range(7, 14)
    accepted, refused = model_agrees(
        book,
        [1, 2, 3],
        {0: a[5]},
        samples=200,
        starts={v: near for v in (1, 2, 3)},
        near=[{1: b[28]}],
    )
    assert accepted and refused


def test_the_faces_agree_where_buffers_give_some_of_it() -> None:
    """Buffers of an hour, turnarounds of none to three: the larger counts, in each order."""
    wet = service("wet", needs=(need("room", after_minutes=60),))
    dry = service("dry", needs=(need("room", before_minutes=60),))
    for minutes in (0, 60, 120, 180):
        some = problem(
            *(
                request(id, services=name)
                for id, name in zip("ABC", ("wet", "dry", "dry"), strict=True)
            ),
            resources=(room("r", calendar=None),),
            services=(wet, dry),
            turnarounds=(
                Entry(kind="room", minutes=minutes, after="dry"),
                Entry(kind="room", minutes=60, before="dry", after="wet"),
            ),
        )
        book = book_of(some, WITH_BUFFERS, [])
        fixed = {0: at(book, 0, 12)}
        allowed, forbidden = one_visit_agrees(book, 1, fixed)
        assert allowed and forbidden
        near = {v: range(8, 18) for v in (0, 1, 2)}
        accepted, refused = model_agrees(book, [0, 1, 2], samples=150, starts=near)
        assert accepted and refused


def test_windows_that_only_touch_are_kept_apart_too() -> None:
    """A may lie from 8 to 9, B from 9 to 12: with 120 minutes in between B starts at 11."""
    some = problem(
        request("A", services="wet", windows=(span(0, 8, 9),)),
        request("B", services="dry", windows=(span(0, 9, 12),)),
        resources=(room("r"),),
        services=(service("dry", needs=ROOM), service("wet", needs=ROOM)),
        turnarounds=(WET_TO_DRY,),
    )
    book = book_of(some, [Windows(), *WITH_BUFFERS], [])
    accepted, refused = model_agrees(book, [0, 1], samples=100, starts={0: [8], 1: range(8, 13)})
    assert accepted and refused


def test_the_faces_agree_for_participants_of_sessions() -> None:
    """A patient turns around only by an entry between any two services."""
    for entry in (
        Entry(kind="patient", minutes=120),
        Entry(kind="patient", minutes=120, before="visit"),
    ):
        some = problem(
            request("A", "pat"),
            request("B", "pat", services="", steps=(Step(sessions=frozenset(["S"])),)),
            resources=(practitioner("ann"), practitioner("pat", kind="patient", calendar=None)),
            sessions=(Session(id="S", service="visit", most=5),),
            turnarounds=(entry,),
        )
        book = book_of(some, RULE, [])
        index = book.prepared.visit_index
        fixed = {index["S"]: at(book, index["S"], 12), index["B"]: at(book, index["B"], 12)}
        _, forbidden = one_visit_agrees(book, index["A"], fixed)
        # Any to any: the hour itself and two before and after. Otherwise nothing.
        assert forbidden == (5 if entry.before is None else 0)
        near = {index["A"]: range(9, 16), index["B"]: [12]}  # B can only be where S is
        accepted, _ = model_agrees(
            book, [index["A"], index["B"]], {index["S"]: fixed[index["S"]]}, starts=near
        )
        assert accepted


def test_dropping_the_rule_lets_dry_follow_at_once() -> None:
    """Without the rule the model accepts B right after A, which the check refuses."""
    with_rule, without = book_of(pool(WET_TO_DRY), RULE, []), book_of(pool(WET_TO_DRY), [], [])
    close = {0: at(without, 0, 8), 1: at(without, 1, 9)}
    accepted, _ = model_agrees(without, [0, 1], samples=0, near=[close])
    assert accepted
    assert broken(with_rule, close)
    _, refused = model_agrees(with_rule, [0, 1], samples=0, near=[close])
    assert refused
