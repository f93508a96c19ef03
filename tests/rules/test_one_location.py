"""One location: all resources of a visit that do not travel stand at one location."""

import pytest
from faces import (
    best_of,
    book_of,
    broken,
    model_agrees,
    one_visit_agrees,
    universe,
    with_placements,
)
from tiny import at, calendar, need, patient, practitioner, problem, request, room, service

from allocator.check.violations import violations
from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Pin, Request, Session, Step
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment, Schedule
from allocator.prepare.visit import Placement
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.one_location import OneLocation
from allocator.rules.session_together import SessionTogether
from allocator.table.rulebook import Rulebook

RULE = [OneLocation(), EligibleResources()]
GROUP = [*RULE, SessionTogether()]
PLACES = (Location(id="north"), Location(id="south"))
ROOMED = service(minutes=480, needs=(need(), need("room")))


def two_sites(*requests: Request, **more: object) -> Problem:
    """Ann is tied to the north, Bob to the south, and Cem travels; a room at each site."""
    return problem(
        *requests,
        **{
            "grain": 480,
            "locations": PLACES,
            "calendars": (calendar("day", 0, 24),),
            "services": (ROOMED,),
            "resources": (
                practitioner("ann", location="north"),
                practitioner("bob", location="south"),
                practitioner("cem", location="south", mobile=True),
                room("r", location="north"),
                room("s", location="south"),
                *map(patient, ("pia", "quin")),
            ),
            **more,
        },
    )


def teams(book: Rulebook, visit: str) -> dict[tuple[str, str], list[str]]:
    """Return the teams that a visit may have, by the place of the visit."""
    prepared = book.prepared
    found: dict[tuple[str, str], list[str]] = {}
    for p in universe(book, prepared.visits[prepared.visit_index[visit]], [0]):
        place = prepared.locations[p.location] if p.location >= 0 else ""
        names = " ".join(prepared.resources[r].id for some in p.team for r in some)
        found.setdefault((place, str(p.duration)), []).append(names)
    return found


def test_a_visit_is_where_its_fixed_resources_are() -> None:
    """Ann works in r, Bob in s, Cem in either; Ann in s would be at two locations."""
    book = book_of(two_sites(request("A")), RULE, [])
    assert teams(book, "A") == {
        ("north", "1"): ["ann r", "cem r"],
        ("south", "1"): ["bob s", "cem s"],
    }
    ann, s = book.prepared.resource_index["ann"], book.prepared.resource_index["s"]
    assert broken(book, {0: Placement(0, 1, 0, -1, ((ann,), (s,)))}) == {
        (
            "one_location",
            "Visit A at north has 2 resources that do not travel; 1 stand elsewhere: s at south.",
        )
    }


def test_an_attendee_who_does_not_travel_is_visited() -> None:
    """Pia is tied to the south: only Bob and Cem come to her; where Quin is does not matter."""
    people = (patient("pia", location="south"), patient("quin", location="north", mobile=True))
    some = two_sites(request("A", "pia quin"), resources=two_sites().resources[:5] + people)
    book = book_of(some, RULE, [])
    assert teams(book, "A") == {("south", "1"): ["bob s pia quin", "cem s pia quin"]}
    accepted, refused = model_agrees(book, [0])
    assert accepted
    assert not refused


def home_visit(preferred: bool, **more: object) -> Problem:
    """Cem's home visits, from the north; Dan is tied to the north and Pia to the south."""
    cem = practitioner("cem", mobile=True)
    some = request("A", attendees=(Attendee(resource="pia", required=not preferred),))
    return two_sites(
        some,
        request("B"),
        **{
            "resources": (
                cem,
                practitioner("dan", location="north"),
                patient("pia", location="south"),
            ),
            "services": (service(minutes=480),),
            **more,
        },
    )


def test_who_may_come_decides_the_place_only_by_coming() -> None:
    """Without Pia a visit of Cem is nowhere in particular; with her it is in the south."""
    book = book_of(home_visit(True), RULE, [])
    assert teams(book, "A") == {
        ("", "1"): ["cem"],
        ("north", "1"): ["dan"],
        ("south", "1"): ["cem pia"],
    }
    whole = book_of(home_visit(True))
    for some in (book, whole):
        prepared = some.prepared
        cem, pia = prepared.resource_index["cem"], prepared.resource_index["pia"]
        south = Placement(0, 1, prepared.location_index["south"], -1, ((cem,), ()))
        assert broken(some, {0: south}) >= {
            ("one_location", "Visit A is placed at south; its resources say at no location.")
        }
        # Neither the table nor the model puts Cem alone in the south.
        for visit in (0, 1):
            choice = best_of(some, visit)
            assert choice is not None
            assert choice.location == prepared.location_of(prepared.visits[visit], choice.team)
        near: list[dict[int, Placement | None]] = [
            {0: south},
            {0: south._replace(team=((cem,), (pia,)))},
            {0: south._replace(location=-1)},
        ]
        accepted, refused = model_agrees(some, [0, 1], near=near)
        assert accepted and refused
    required = book_of(home_visit(False), RULE, [])
    assert teams(required, "A") == {("south", "1"): ["cem pia"]}


def test_a_service_says_where_when_its_resources_do_not() -> None:
    """With the service in the south Cem's visits are there; Dan's are still in the north."""
    here = service(minutes=480, location="south")
    book = book_of(home_visit(True, services=(here,)), RULE, [])
    assert teams(book, "A") == {("north", "1"): ["dan"], ("south", "1"): ["cem", "cem pia"]}
    assert one_visit_agrees(book, 0, {}) == (9, 0)


def group(**more: object) -> Problem:
    """A session that may be held at either site; Pia is tied to the south, Quin to none."""
    joins = (Step(sessions=frozenset({"S"})),)
    return two_sites(
        Request(id="A", steps=joins, attendees=(Attendee(resource="pia"),)),
        Request(id="B", steps=joins, attendees=(Attendee(resource="quin"),)),
        **{
            "sessions": (Session(id="S", service="visit", most=3),),
            "resources": (
                *two_sites().resources[:5],
                patient("pia", location="south"),
                patient("quin"),
            ),
            **more,
        },
    )


def test_who_takes_part_is_where_the_session_is() -> None:
    """Pia joins in the south only; Quin at either site, which is the session's."""
    book = book_of(group(), GROUP, [])
    index, prepared = book.prepared.visit_index, book.prepared
    s, a, b = index["S"], index["A"], index["B"]
    assert {place for place, _ in teams(book, "A")} == {"south"}
    assert {place for place, _ in teams(book, "B")} == {"north", "south"}
    north, south = (
        next(p for p in universe(book, prepared.visits[s], [0]) if p.location == place)
        for place in (0, 1)
    )
    quin = {p.location: p for p in universe(book, prepared.visits[b], [0])}
    (pia,) = universe(book, prepared.visits[a], [0])
    assert broken(book, {s: north, b: quin[1]}) == {
        ("one_location", "Visit B is placed at south; session S is at north.")
    }
    # Of three starts and two places of Quin's one is the session's.
    assert one_visit_agrees(book, b, {s: north}) == (1, 5)
    assert one_visit_agrees(book, b, {s: south}) == (1, 5)
    assert one_visit_agrees(book, a, {s: south, b: quin[1]}) == (1, 2)
    assert one_visit_agrees(book, a, {s: north, b: quin[0]}) == (0, 3)
    # Of 12 ways to hold the session two are at Quin's start and site.
    assert one_visit_agrees(book, s, {b: quin[0]}) == (2, 10)
    for free, fixed in (([s, a, b], {}), ([a, b], {s: south}), ([b], {s: north})):
        near = [{s: south, a: pia, b: quin[1]}, {s: north, b: quin[0]}, {b: quin[1]}]
        accepted, refused = model_agrees(book, free, fixed, near=near)
        assert accepted and refused
    accepted, refused = model_agrees(
        book_of(group()), [s, a, b], near=[{s: south, a: pia, b: quin[1]}, {s: north}]
    )
    assert accepted and refused


def test_a_schedule_that_is_read_puts_participants_with_their_session() -> None:
    """An assignment of B does not say where S is held; the schedule does: in the south."""
    book = book_of(group(), GROUP, [])
    start, end = at(0, 0), at(0, 8)
    held = Assignment(
        visit="S", start=start, end=end, resources=(("practitioner", ("bob",)), ("room", ("s",)))
    )
    joined = Assignment(
        visit="B", start=start, end=end, resources=(("attendee:quin", ("quin",)),), session="S"
    )
    placements = book.prepared.placements(Schedule(assignments=(joined, held)))
    found = {v: p for v, p in enumerate(placements) if p is not None}
    assert {p.location for p in found.values()} == {1}
    assert not violations(book, with_placements(book, found))
    published = book_of(group(published=(joined, held)), GROUP, []).prepared.published
    assert {p.location for p in published.values()} == {1}
    pinned = book_of(group(published=(held,), pins=(Pin(visit="S"),)), GROUP, []).prepared
    (alone,) = [p for p in pinned.placements(Schedule(assignments=(joined,))) if p is not None]
    assert alone.location == 1


def test_the_rule_cannot_be_switched_off() -> None:
    """It is part of what a visit is."""
    with pytest.raises(InvalidProblem, match="cannot be switched off") as caught:
        book_of(two_sites(request("A"), without_rules=frozenset({"one_location"})))
    assert [fault.code for fault in caught.value.faults] == [FaultCode.CONTRADICTION]
