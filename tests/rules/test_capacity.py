"""Capacity: a resource serves no more visits at once than it has lanes."""

from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.rules.capacity import Capacity

RULE = [Capacity()]


def two(**more: object) -> Problem:
    return problem(request("A"), request("B"), **more)


def test_two_visits_on_one_lane_may_not_overlap() -> None:
    """Ann has one lane: A and B at 08:00 clash, and touching at 09:00 is fine."""
    book = book_of(two(services=(service(minutes=120),)), RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert broken(book, {0: a[8], 1: a[8]}) == {
        (
            "capacity",
            "ann serves 1 at once; 2 are asked for by A (Mon 2026-03-02 08:00),"
            " B (Mon 2026-03-02 08:00).",
        )
    }
    assert broken(book, {0: a[8], 1: a[9]})
    assert not broken(book, {0: a[8], 1: a[10]})


def test_lanes_are_counted() -> None:
    """With two lanes two visits share an hour, and a third does not."""
    gym = practitioner("ann", lanes=2)
    book = book_of(problem(*map(request, "ABC"), resources=(gym,)), RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert not broken(book, {0: a[8], 1: a[8], 2: a[9]})
    assert broken(book, {0: a[8], 1: a[8], 2: a[8]})


def test_the_faces_agree() -> None:
    """Mask, model and truth say the same, with one lane and with two, and parts of visits."""
    half = service(minutes=240, needs=(need(), need("room", uses=2)))
    for lanes in (1, 2):
        some = problem(
            *map(request, "ABC"),
            resources=(practitioner("ann", lanes=lanes), practitioner("bob"), room("r", lanes=4)),
            services=(half,),
            days=1,
            grain=120,
        )
        book = book_of(some, RULE, [])
        where = universe(book, book.prepared.visits[0])
        fixed = {0: where[8], 1: where[9]}
        allowed, forbidden = one_visit_agrees(book, 2, fixed)
        assert allowed and forbidden
        accepted, refused = model_agrees(book, [1, 2], {0: where[8]})
        assert accepted and refused


def test_dropping_the_rule_lets_visits_overlap() -> None:
    """Without the rule the model accepts what the check refuses."""
    with_rule, without = book_of(two(), RULE, []), book_of(two(), [], [])
    a = {p.start: p for p in universe(without, without.prepared.visits[0])}
    model_agrees(without, [0, 1], near=[{0: a[8], 1: a[8]}])
    assert broken(with_rule, {0: a[8], 1: a[8]})
