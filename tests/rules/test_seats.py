"""Seats: everyone who comes to a visit has a seat in its room."""

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
from tiny import at, need, patient, practitioner, problem, request, room, service

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Pin, Request, Session, Step
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules.seats import Seats
from allocator.rules.session_together import SessionTogether
from allocator.table.rulebook import Rulebook

RULE = [Seats()]
GROUP = [Seats(), SessionTogether()]
PEOPLE = ("pia", "quin", "rosa", "sam")
ROOMED = service(needs=(need(), need("room")))


def talk(*requests: Request, **more: object) -> Problem:
    """Requests for Ann in a room: the nook has one seat, the den two, the hall any number."""
    return problem(
        *requests,
        **{
            "services": (ROOMED,),
            "resources": (
                practitioner("ann"),
                room("den", seats=2),
                room("hall"),
                room("nook", seats=1),
                *map(patient, PEOPLE),
            ),
            **more,
        },
    )


def where(book: Rulebook, visit: int, start: int, *names: str) -> Placement:
    """Return the placement of a visit at a start whose team is Ann and exactly these."""
    index = book.prepared.resource_index
    team = sorted(index[name] for name in ("ann", *names))
    return next(
        p
        for p in universe(book, book.prepared.visits[visit], [start])
        if sorted(r for some in p.team for r in some) == team
    )


def preferring(id: str, required: str, preferred: str) -> Request:
    """Return a request with attendees who must come and some who come if they can."""
    return request(
        id,
        attendees=(
            *(Attendee(resource=name) for name in required.split()),
            *(Attendee(resource=name, required=False) for name in preferred.split()),
        ),
    )


def test_as_many_people_as_seats_and_no_more() -> None:
    """Two people fill the den, three do not fit, and the hall takes any number."""
    book = book_of(talk(request("A", "pia quin"), request("B", "pia quin rosa")), RULE, [])
    assert not broken(book, {0: where(book, 0, 8, "den", "pia", "quin")})
    assert broken(book, {1: where(book, 1, 8, "den", "pia", "quin", "rosa")}) == {
        ("seats", "Visit B needs 3 seats; den holds 2.")
    }
    assert not broken(book, {1: where(book, 1, 8, "hall", "pia", "quin", "rosa")})


def test_who_serves_needs_no_seat_and_preferred_attendees_do_if_they_come() -> None:
    """One patient fits into the nook with Ann; Quin, who may come, would be one too many."""
    book = book_of(talk(preferring("A", "pia", "quin")), RULE, [])
    assert not broken(book, {0: where(book, 0, 8, "nook", "pia")})
    assert broken(book, {0: where(book, 0, 8, "nook", "pia", "quin")}) == {
        ("seats", "Visit A needs 2 seats; nook holds 1.")
    }


def test_an_attendees_own_seats_mean_nothing() -> None:
    """The van that is brought along has one seat; three attend all the same."""
    van = practitioner("van", kind="vehicle", seats=1)
    people = (practitioner("ann"), room("hall"), van, *map(patient, PEOPLE))
    book = book_of(talk(request("A", "pia quin van"), resources=people), RULE, [])
    assert not broken(book, {0: where(book, 0, 8, "hall", "pia", "quin", "van")})
    assert one_visit_agrees(book, 0, {}) == (24, 0)


def test_the_faces_agree_for_required_and_preferred_attendees() -> None:
    """Every team and room of a visit with one required and three preferred attendees."""
    rooms = (room("den", seats=2), room("hall"), room("nook", seats=1))
    some = talk(
        preferring("A", "pia", "quin rosa sam"),
        preferring("B", "quin rosa", "sam"),
        resources=(practitioner("ann"), *rooms, *map(patient, PEOPLE)),
    )
    book = book_of(some, RULE, [])
    # Of 8 sets of preferred attendees: the hall takes 8, the den 1 + 3, the nook 1.
    assert one_visit_agrees(book, 0, {}, starts=[8, 9]) == (2 * 13, 2 * 11)
    # Of 2 sets: the hall takes 2, the den 1, the nook none.
    assert one_visit_agrees(book, 1, {}, starts=[8, 9]) == (2 * 3, 2 * 3)
    pools = {0: [8, 9], 1: [8, 9]}
    accepted, refused = model_agrees(book, [0, 1], starts=pools)
    assert accepted and refused
    whole = book_of(some)
    allowed, forbidden = one_visit_agrees(whole, 0, {}, starts=[7, 8])
    assert allowed and forbidden
    near = {0: where(whole, 0, 8, "den", "pia"), 1: where(whole, 1, 9, "den", "quin", "rosa")}
    accepted, refused = model_agrees(whole, [0, 1], starts=pools, near=[near])
    assert accepted and refused


def group(**more: object) -> Problem:
    """Sessions S and T in a room of their own; A brings two, B one, C one and may bring Sam."""

    def joins(id: str, required: str, preferred: str = "") -> Request:
        plain = preferring(id, required, preferred)
        return Request(
            id=id, attendees=plain.attendees, steps=(Step(sessions=frozenset({"S", "T"})),)
        )

    return talk(
        joins("A", "pia quin"),
        joins("B", "rosa"),
        joins("C", "", "sam"),
        **{
            "sessions": (
                Session(id="S", service="visit", most=9),
                Session(id="T", service="visit", most=9),
            ),
            "resources": (
                practitioner("ann"),
                room("den", seats=2),
                room("trio", seats=3),
                *map(patient, PEOPLE),
            ),
            **more,
        },
    )


def joining(book: Rulebook, name: str, session: str, *who: str) -> dict[int, Placement]:
    """Return the placement of a participant at 08:00, by their visit."""
    index = book.prepared.visit_index
    team = sorted(book.prepared.resource_index[some] for some in who)
    return {
        index[name]: next(
            p
            for p in universe(book, book.prepared.visits[index[name]], [8])
            if p.session == index[session] and sorted(r for some in p.team for r in some) == team
        )
    }


def held(book: Rulebook, session: str, place: str) -> dict[int, Placement]:
    """Return the placement of a session at 08:00 in a room, by its visit."""
    index = book.prepared.visit_index
    return {index[session]: where(book, index[session], 8, place)}


def test_all_participants_of_a_session_count() -> None:
    """Pia, Quin and Rosa fill the trio; in the den they are one too many, and so is Sam."""
    book = book_of(group(), RULE, [])
    three = joining(book, "A", "S", "pia", "quin") | joining(book, "B", "S", "rosa")
    four = three | joining(book, "C", "S", "sam")
    assert not broken(book, held(book, "S", "trio") | three)
    assert broken(book, held(book, "S", "den") | three) == {
        ("seats", "Visit S needs 3 seats; den holds 2.")
    }
    assert broken(book, held(book, "S", "trio") | four) == {
        ("seats", "Visit S needs 4 seats; trio holds 3.")
    }
    apart = joining(book, "A", "S", "pia", "quin") | joining(book, "B", "T", "rosa")
    assert not broken(book, held(book, "S", "den") | held(book, "T", "den") | apart)


def test_the_faces_agree_for_sessions() -> None:
    """Whoever moves, the session or a participant, the seats are those that are left."""
    book = book_of(group(), GROUP, [])
    index = book.prepared.visit_index
    a, b = joining(book, "A", "S", "pia", "quin"), joining(book, "B", "S", "rosa")
    c = joining(book, "C", "S", "sam")
    den, trio = held(book, "S", "den"), held(book, "S", "trio")
    # The session around three people: one room of two, one start of 24.
    assert one_visit_agrees(book, index["S"], a | b) == (1, 47)
    # C alone, at 08:00 of S (T is not held): with and without Sam.
    assert one_visit_agrees(book, index["C"], den | a) == (1, 95)
    assert one_visit_agrees(book, index["C"], trio | a) == (2, 94)
    assert one_visit_agrees(book, index["B"], den | a) == (0, 48)
    assert one_visit_agrees(book, index["B"], trio | a | c) == (0, 48)
    assert one_visit_agrees(book, index["B"], trio | a) == (1, 47)
    starts = {visit: [8, 9] for visit in index.values()}
    whole = den | a | b | c
    for free, fixed in (
        ("STABC", {}),
        ("ABC", den),
        ("BC", trio | a),
        ("TAC", den | b),
    ):
        accepted, refused = model_agrees(
            book,
            [index[name] for name in free],
            fixed,
            starts=starts,
            samples=40,
            near=[whole, trio | a | b, trio | b | c, den | b | c, den | a],
        )
        assert accepted and refused


def test_the_faces_agree_for_sessions_with_every_rule() -> None:
    """Numbers of participants, people's own time and seats together."""
    book = book_of(group())
    index = book.prepared.visit_index
    a, b = joining(book, "A", "S", "pia", "quin"), joining(book, "B", "S", "rosa")
    c, none = joining(book, "C", "S", "sam"), joining(book, "C", "S")
    den, trio = held(book, "S", "den"), held(book, "S", "trio")
    for moving, fixed in (("C", den | a), ("S", a | b), ("B", trio | a | none)):
        allowed, forbidden = one_visit_agrees(book, index[moving], fixed, starts=[7, 8, 9])
        assert allowed and forbidden
    accepted, refused = model_agrees(
        book,
        [index[name] for name in "SABC"],
        starts={visit: [8, 9] for visit in index.values()},
        near=[trio | a | b | none, den | b | c, den | a | c],
    )
    assert accepted and refused


def pinned(*pins: str) -> Problem:
    """S is published at 08:00 in the den with A and B, one person too many; some are pinned."""
    start, end = at(0, 8), at(0, 9)

    def published(visit: str, session: str | None = None, **roles: str) -> Assignment:
        resources = tuple((role, (name,)) for role, name in sorted(roles.items()))
        return Assignment(visit=visit, start=start, end=end, resources=resources, session=session)

    guests = [(f"attendee:{name}", name) for name in PEOPLE]
    return group(
        published=(
            published("S", practitioner="ann", room="den"),
            published("A", "S", **dict(guests[:2])),
            published("B", "S", **dict(guests[2:3])),
        ),
        pins=tuple(Pin(visit=visit) for visit in pins),
    )


def test_what_pinned_participants_break_is_inherited() -> None:
    """All three pinned, the den is too small already: C may not come with Sam, but alone."""
    book = book_of(pinned("S", "A", "B"), GROUP, [])
    frozen = book.prepared.frozen
    assert [v.inherited for v in violations(book, with_placements(book, frozen))] == [True]
    c = book.prepared.visit_index["C"]
    assert one_visit_agrees(book, c, frozen) == (1, 95)
    near = [joining(book, "C", "S"), joining(book, "C", "S", "sam")]
    accepted, refused = model_agrees(book, [c], frozen, near=near, starts={c: [8, 9]})
    assert accepted and refused


def test_a_session_finds_a_room_for_pinned_participants() -> None:
    """A and B are pinned, S is not: it moves to the trio, where C may come, but not with Sam."""
    book = book_of(pinned("A", "B"), GROUP, [])
    frozen, index = book.prepared.frozen, book.prepared.visit_index
    assert one_visit_agrees(book, index["S"], frozen) == (1, 47)
    trio, alone = held(book, "S", "trio"), joining(book, "C", "S")
    accepted, refused = model_agrees(
        book,
        [index["S"], index["C"]],
        frozen,
        near=[trio, trio | alone, trio | joining(book, "C", "S", "sam")],
        starts={index["S"]: [8, 9], index["C"]: [8, 9]},
    )
    assert accepted and refused


def test_dropping_the_rule_overfills_the_den() -> None:
    """The den is the first room by its id; with the rule three people are sent to the hall."""
    some = talk(request("A", "pia quin rosa"))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("seats"), [])
    best, allowed = best_of(without), best_of(book)
    assert best == where(book, 0, 8, "den", "pia", "quin", "rosa")
    assert {rule for rule, _ in broken(book, {0: best})} == {"seats"}
    assert allowed == where(book, 0, 8, "hall", "pia", "quin", "rosa")
