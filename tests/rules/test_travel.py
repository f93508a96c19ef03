"""Travel: nobody is in two places without the time to get from one to the other."""

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, patient, practitioner, problem, request, room, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Location
from allocator.domain.resource import Travel as Leg
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.rule import Rule
from allocator.rules.travel import Travel
from allocator.rules.windows import Windows
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [Travel()]
WITH_BUFFERS: list[Rule] = [Capacity(), Buffers(), Travel()]

PLACES = (Location(id="north"), Location(id="south"), Location(id="west", zone="Europe/London"))
NORTH_TO_SOUTH = Leg(origin="north", destination="south", minutes=120)


def sites(*legs: Leg, of: str = "north south", **more: object) -> Problem:
    """Ann travels; A asks for a service at the first place, B for one at the second, …"""
    names = of.split()
    return problem(
        *(request(id, services=name) for id, name in zip("ABCD", names, strict=False)),
        **{
            "locations": PLACES,
            "travel": legs,
            "resources": (practitioner("ann", mobile=True, calendar=None),),
            "services": (
                *(service(place.id, location=place.id) for place in PLACES),
                service("phone"),
            ),
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, **starts: int) -> set[tuple[str, str]]:
    index = book.prepared.visit_index
    return broken(book, {index[id]: at(book, index[id], start) for id, start in starts.items()})


def test_between_two_places_there_is_time_to_travel() -> None:
    """A ends in the north at 09:00; Ann is in the south at 11:00, not at 10:00."""
    book = book_of(sites(NORTH_TO_SOUTH), RULE, [])
    assert not says(book, A=8, B=11)
    assert says(book, A=8, B=10) == {
        (
            "travel",
            "ann travels 120 minutes between visit A at north (to Mon 2026-03-02 09:00) and visit"
            " B at south (from Mon 2026-03-02 10:00); there are 60.",
        )
    }


def test_each_end_is_told_in_its_own_wall_time() -> None:
    """From the north (Berlin) to the west (London): B's 10:00 is 09:00 there."""
    leg = Leg(origin="north", destination="west", minutes=120)
    book = book_of(sites(leg, of="north west"), RULE, [])
    assert "at west (from Mon 2026-03-02 09:00)" in says(book, A=8, B=10).pop()[1]


def test_the_way_back_takes_as_long_unless_it_is_given() -> None:
    """Back from the south: 120 minutes as well, or the 60 that are given."""
    book = book_of(sites(NORTH_TO_SOUTH), RULE, [])
    assert says(book, B=8, A=10) and not says(book, B=8, A=11)
    back = Leg(origin="south", destination="north", minutes=60)
    book = book_of(sites(NORTH_TO_SOUTH, back), RULE, [])
    assert says(book, B=8, A=9) and not says(book, B=8, A=10)
    assert says(book, A=8, B=10)


def test_no_travel_given_is_no_time() -> None:
    """North and west have no leg: B follows at once, even though both are far from south."""
    legs = (NORTH_TO_SOUTH, Leg(origin="south", destination="west", minutes=60))
    book = book_of(sites(*legs, of="north west"), RULE, [])
    assert not says(book, A=8, B=9)


def test_at_one_place_or_nowhere_in_particular_there_is_no_travel() -> None:
    """Two visits in the north touch; so do a telephone call and a visit in the south."""
    book = book_of(sites(NORTH_TO_SOUTH, of="north north phone south"), RULE, [])
    assert not says(book, A=8, B=9)
    assert not says(book, C=8, D=9)


def test_a_call_in_between_does_not_shorten_the_way() -> None:
    """North until 09:00, a call until 10:00, south: not before 11:00."""
    book = book_of(sites(NORTH_TO_SOUTH, of="north south phone"), RULE, [])
    assert says(book, A=8, C=9, B=10) and not says(book, A=8, C=9, B=11)


def test_notes_are_written_before_leaving() -> None:
    """An hour of notes in the north delays Ann: 08:00, 09:00, 10:00, then two hours' way."""
    north = service("north", location="north", needs=(need(after_minutes=60),))
    some = sites(NORTH_TO_SOUTH, services=(north, service("south", location="south")))
    book = book_of(some, WITH_BUFFERS, [])
    assert says(book, A=8, B=11) and not says(book, A=8, B=12)


def test_patients_travel_too() -> None:
    """Pat has a visit with Ann in the north and one with Bob in the south."""
    some = problem(
        request("A", "pat", services="north"),
        request("B", "pat", services="south"),
        locations=PLACES,
        travel=(NORTH_TO_SOUTH,),
        resources=(
            practitioner("ann", location="north"),
            practitioner("bob", location="south"),
            patient("pat"),
        ),
        services=(
            service("north", needs=(need("practitioner"),), location="north"),
            service("south", needs=(need("practitioner"),), location="south"),
        ),
    )
    book = book_of(some, RULE, [])
    a = next(p for p in universe(book, book.prepared.visits[0]) if p.start == 8 and p.location == 0)
    b = [p for p in universe(book, book.prepared.visits[1]) if p.location == 1]
    assert broken(book, {0: a, 1: b[10]}) and not broken(book, {0: a, 1: b[11]})


def test_a_resource_with_several_lanes_does_not_travel() -> None:
    """A team with two lanes is in both places."""
    team = practitioner("ann", mobile=True, lanes=2)
    book = book_of(sites(NORTH_TO_SOUTH, resources=(team,)), RULE, [])
    assert not says(book, A=8, B=9)


def test_what_pinned_visits_alone_break_is_inherited() -> None:
    """North and south are pinned back to back: inherited, and C finds its place."""
    some = sites(NORTH_TO_SOUTH, of="north south north")
    start = some.horizon.instant
    frozen = sites(
        NORTH_TO_SOUTH,
        of="north south north",
        published=tuple(
            Assignment(
                visit=v, start=start(t), end=start(t + 1), resources=(("practitioner", ("ann",)),)
            )
            for v, t in (("A", 8), ("B", 9))
        ),
        pins=(Pin(visit="A"), Pin(visit="B")),
    )
    book = book_of(frozen, WITH_BUFFERS, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    # C in the north: not at 7 to 11, since Ann is in the south from 9 to 10, and at 8 with A.
    assert (allowed, forbidden) == (24 - 5, 5)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, WITH_BUFFERS, None])
def test_the_faces_agree(rules: list[Rule] | None) -> None:
    """Mask, model and truth say the same where a visit may take place in several places."""
    legs = (
        NORTH_TO_SOUTH,
        Leg(origin="south", destination="north", minutes=60),
        Leg(origin="west", destination="south", minutes=180),
    )
    anywhere = service(
        "any", needs=(need(after_minutes=60), need("room")), minutes_by_resource=(("bob", 120),)
    )
    some = problem(
        *(request(id, "pat" if id < "C" else "", services="any") for id in "ABCD"),
        locations=PLACES,
        travel=legs,
        resources=(
            practitioner("ann", mobile=True, calendar=None),
            practitioner("bob", mobile=True, location="north", calendar=None),
            room("n", location="north", calendar=None),
            room("s", location="south", calendar=None),
            room("w", location="west", calendar=None, lanes=2),
            patient("pat"),
        ),
        services=(anywhere,),
    )
    book = book_of(some, rules, [])
    a = [p for p in universe(book, book.prepared.visits[0], [9]) if p.location == 0]
    c = [p for p in universe(book, book.prepared.visits[2], [15]) if p.location == 1]
    fixed = {0: a[0], 2: c[0]}
    assert not broken(book, fixed)
    for visit in (1, 3):
        allowed, forbidden = one_visit_agrees(book, visit, fixed, starts=range(3, 21))
        assert allowed and forbidden
    near = {v: range(6, 15) for v in (1, 2, 3)}
    accepted, refused = model_agrees(book, [1, 2, 3], {0: a[0]}, samples=200, starts=near)
    assert accepted and refused


def test_windows_that_only_touch_are_kept_apart_too() -> None:
    """A may lie from 8 to 9, B from 9 to 12: with 120 minutes to travel B starts at 11."""
    some = problem(
        request("A", services="north", windows=(span(0, 8, 9),)),
        request("B", services="south", windows=(span(0, 9, 12),)),
        locations=PLACES,
        travel=(NORTH_TO_SOUTH,),
        resources=(practitioner("ann", mobile=True),),
        services=tuple(service(place.id, location=place.id) for place in PLACES),
    )
    book = book_of(some, [Windows(), *WITH_BUFFERS], [])
    accepted, refused = model_agrees(book, [0, 1], samples=100, starts={0: [8], 1: range(8, 13)})
    assert accepted and refused


def test_dropping_the_rule_lets_ann_be_everywhere() -> None:
    """Without the rule the model accepts the south right after the north; the check refuses."""
    with_rule = book_of(sites(NORTH_TO_SOUTH), RULE, [])
    without = book_of(sites(NORTH_TO_SOUTH), [], [])
    close = {0: at(without, 0, 8), 1: at(without, 1, 9)}
    accepted, _ = model_agrees(without, [0, 1], samples=0, near=[close])
    assert accepted
    assert broken(with_rule, close)
    _, refused = model_agrees(with_rule, [0, 1], samples=0, near=[close])
    assert refused
