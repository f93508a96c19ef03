"""Reserves: a stretch is kept for its services and for urgent requests until it is released."""

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import at, horizon, need, practitioner, problem, request, room, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Session, Step
from allocator.domain.resource import Reserve
from allocator.rules.reserves import Reserves

RULE = [Reserves()]


def kept(*requests: Request, now: int = 0, **reserve: object) -> Problem:
    """Requests on a Tuesday on which Ann is reserved from 09:00 to 11:00; it is ``now`` o'clock."""
    held = Reserve(**{"span": span(1, 9, 11), **reserve})
    return problem(
        *requests,
        horizon=horizon(days=2, now=at(0, now)),
        resources=(practitioner("ann", reserves=(held,)),),
        services=(service(), service("urgent"), service("long", minutes=180)),
    )


def test_a_visit_may_touch_a_reserve_but_not_reach_into_it() -> None:
    """08:00 to 09:00 and 11:00 to 12:00 are fine, 10:00 to 11:00 is not."""
    book = book_of(kept(request("A")), RULE, [])
    a = {p.start - 24: p for p in universe(book, book.prepared.visits[0])}
    assert not broken(book, {0: a[8]})
    assert not broken(book, {0: a[11]})
    assert broken(book, {0: a[10]}) == {
        (
            "reserves",
            "ann is reserved from Tue 2026-03-03 09:00 for 120 minutes; visit A claims 60 of them"
            " from Tue 2026-03-03 10:00.",
        )
    }
    assert one_visit_agrees(book, 0, {}) == (46, 2)


def test_it_is_open_to_its_services_and_to_urgent_requests() -> None:
    """The service ``urgent`` may use it, and so may anything of the priority 2 or 1."""
    asked = [
        request("A", services="urgent"),
        request("B", priority=2),
        request("C", priority=3),
        request("D", services="urgent", priority=9),
    ]
    some = kept(*asked, services=frozenset({"urgent"}), urgent_priority=2)
    book = book_of(some, RULE, [])
    counts = [one_visit_agrees(book, visit, {}) for visit in range(4)]
    assert counts == [(48, 0), (48, 0), (46, 2), (48, 0)]


def test_it_is_released_so_many_hours_before_its_start() -> None:
    """With 24 hours it opens on Monday at 09:00 sharp, an hour before it is still kept."""
    early = kept(request("A"), now=8, release_hours=24)
    assert one_visit_agrees(book_of(early, RULE, []), 0, {}) == (46, 2)
    sharp = book_of(kept(request("A"), now=9, release_hours=24), RULE, [])
    assert not Reserves().relevant(sharp.prepared)
    assert one_visit_agrees(sharp, 0, {}) == (48, 0)
    never = kept(request("A"), now=23)
    assert one_visit_agrees(book_of(never, RULE, []), 0, {}) == (46, 2)


def test_buffers_count_and_reserves_add_up() -> None:
    """Two reserves that touch keep three hours; an hour's buffer before reaches into the last."""
    held = (Reserve(span=span(0, 9, 10)), Reserve(span=span(0, 10, 12), urgent_priority=1))
    some = problem(
        request("A"),
        request("B", priority=1),
        services=(service(needs=(need(before_minutes=60),)),),
        resources=(practitioner("ann", reserves=held),),
    )
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 0, {}) == (20, 4)  # not 09:00 to 12:00 sharp
    assert one_visit_agrees(book, 1, {}) == (22, 2)  # urgent: not 09:00 and 10:00


def test_a_session_goes_by_its_service_and_who_joins_it_by_their_priority() -> None:
    """Ann may not lead an ordinary group there; Pia's own time there is for urgent ones only."""
    held = Reserve(span=span(0, 9, 10), urgent_priority=1, services=frozenset({"open"}))
    joins = [
        Request(
            id=id,
            steps=(Step(sessions=frozenset({"S", "T"})),),
            attendees=(Attendee(resource="pia"),),
            priority=priority,
        )
        for id, priority in (("A", 1), ("B", 2))
    ]
    some = problem(
        *joins,
        request("C", priority=1),
        sessions=(
            Session(id="S", service="visit", most=3),
            Session(id="T", service="open", most=3),
        ),
        services=(service(), service("open")),
        resources=(
            practitioner("ann", reserves=(held,)),
            practitioner("pia", kind="patient", reserves=(held,)),
        ),
    )
    book = book_of(some, RULE, [])
    index = book.prepared.visit_index
    counts = {id: one_visit_agrees(book, index[id], {}) for id in "STABC"}
    # A and B have 24 starts in each of two sessions.
    assert counts == {"S": (23, 1), "T": (24, 0), "A": (48, 0), "B": (46, 2), "C": (24, 0)}


def test_the_faces_agree_with_several_resources() -> None:
    """Ann's reserve is for urgent requests, the room's for long visits."""
    both = (need(), need("room", after_minutes=60))
    some = problem(
        request("A"),
        request("B", services="long"),
        services=(service(needs=both), service("long", minutes=120, needs=both)),
        resources=(
            practitioner("ann", reserves=(Reserve(span=span(0, 8, 10), urgent_priority=1),)),
            practitioner("bob"),
            room("r", reserves=(Reserve(span=span(0, 9, 10), services=frozenset({"long"})),)),
        ),
    )
    for rules in (RULE, None):
        book = book_of(some, rules, None if rules is None else [])
        for visit in (0, 1):
            allowed, forbidden = one_visit_agrees(book, visit, {})
            assert allowed and forbidden
        near = [p for p in universe(book, book.prepared.visits[0]) if not broken(book, {0: p})]
        accepted, refused = model_agrees(book, [0, 1], near=[{0: near[0]}])
        assert accepted and refused


def test_dropping_the_rule_fills_the_reserve() -> None:
    """All of Monday and Tuesday until 11:00 is reserved; without the rule A takes Monday 08:00."""
    some = kept(request("A"), span=span(0, 0, 35))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("reserves"), [])
    best, allowed = best_of(without), best_of(book)
    assert best is not None and best.start == 8
    assert {rule for rule, _ in broken(book, {0: best})} == {"reserves"}
    assert allowed is not None and allowed.start == 24 + 11
