"""Preferred resources: visits get the resources that people would rather have."""

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import calendar, goals, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, PreferredResource, Session, Step
from allocator.domain.service import Selector
from allocator.goals.preferred_resources import PreferredResources
from allocator.rules.capacity import Capacity
from allocator.state.state import State
from allocator.table.costs import best_placement

GOAL = [PreferredResources()]
RANKED = need(
    alternatives=(
        Selector(names=frozenset({"cat"})),
        Selector(names=frozenset({"bob", "cat"})),
        Selector(kind="practitioner"),
    )
)
STAFF = tuple(practitioner(name) for name in ("ann", "bob", "cat"))


def wish(*names: str, role: str = "practitioner", weight: int = 1) -> PreferredResource:
    return PreferredResource(role=role, resources=frozenset(names), weight=weight)


def some(*requests, **more: object) -> Problem:
    return problem(
        *requests,
        **{
            "resources": STAFF,
            "services": (service(needs=(RANKED,)),),
            "levels": goals(preferred_resources=1),
            **more,
        },
    )


def missed(book, who: str, visit: int = 0) -> int:
    number = book.prepared.resource_index[who]
    placement = next(
        p for p in universe(book, book.prepared.visits[visit], [9]) if (number,) in p.team
    )
    return amounts(book, {visit: placement})["preferred_resources"]


def test_the_first_choice_costs_nothing_and_each_further_one_a_step() -> None:
    """Cat is named first, Bob second, and Ann is any practitioner at all."""
    book = book_of(some(request("A")), [], GOAL)
    assert [missed(book, who) for who in ("cat", "bob", "ann")] == [0, 1, 2]


def test_a_wish_weighs_for_whoever_it_does_not_name() -> None:
    """A wishes for Ann or Bob with weight 5, and for Ann alone with weight 2.

    Cat: rank 0 and both wishes missed; Bob: rank 1 and the second; Ann: rank 2 and neither.
    """
    asked = request("A", preferred_resources=(wish("ann", "bob", weight=5), wish("ann", weight=2)))
    book = book_of(some(asked), [], GOAL)
    assert [missed(book, who) for who in ("cat", "bob", "ann")] == [7, 3, 2]


def test_each_of_several_resources_counts() -> None:
    """Two rooms out of three, r1 wished for: r1 with r2 misses once, r2 with r3 twice."""
    asked = request("A", preferred_resources=(wish("r1", role="room", weight=3),))
    book = book_of(
        some(
            asked,
            resources=tuple(room(f"r{n}") for n in (1, 2, 3)),
            services=(service(needs=(need("room", quantity=2),)),),
        ),
        [],
        GOAL,
    )
    by_team = {
        p.team[0]: amounts(book, {0: p})["preferred_resources"]
        for p in universe(book, book.prepared.visits[0], [9])
    }
    assert by_team == {(0, 1): 3, (0, 2): 3, (1, 2): 6}


def test_attendees_have_no_rank_and_sessions_have() -> None:
    """A group session led by the third choice costs two steps, in nobody's name."""
    book = book_of(
        some(
            request("A", "pat", services="", steps=(Step(sessions=frozenset({"S"})),)),
            resources=(*STAFF, patient("pat")),
            sessions=(Session(id="S", service="visit", most=5),),
        ),
        [],
        GOAL,
    )
    lead = {p.team: p for p in universe(book, book.prepared.visits[0], [9])}
    joined = next(iter(universe(book, book.prepared.visits[1], [9])))
    assert amounts(book, {0: lead[((0,),)], 1: joined})["preferred_resources"] == 2
    accepted, _ = model_agrees(book, [0])
    assert accepted


def test_dropping_the_goal_takes_the_wrong_one() -> None:
    """Among equals without the goal the first by name is taken: Ann, who costs two steps."""
    for goal, who, steps in ((1, "cat", 0), (0, "ann", 2)):
        asked = some(request("A"), levels=goals(preferred_resources=goal))
        book = book_of(asked, [], GOAL)
        state = State(book.prepared)
        choice = best_placement(book, state, book.prepared.visits[0])
        assert choice is not None
        assert choice.placement.team == ((book.prepared.resource_index[who],),)
        judge = book_of(some(request("A")), [], GOAL)
        assert amounts(judge, {0: choice.placement})["preferred_resources"] == steps


def test_the_best_answer_shares_the_favourite() -> None:
    """There is one hour, 09:00 to 10:00, and one Cat, for two who would both have her.

    A pays 1 + 5 without her (Bob's rank and the wish), B pays 1: so A has her.
    """
    asked = some(
        request("A", preferred_resources=(wish("cat", weight=5),)),
        request("B"),
        calendars=(calendar(first_hour=9, last_hour=10),),
    )
    book = book_of(asked, None, GOAL)
    found = best(book, [0, 1])
    assert found[0] is not None and found[0].team == ((2,),)
    assert found[1] is not None and found[1].team == ((1,),)
    assert amounts(book, found)["preferred_resources"] == 1


def test_the_faces_agree() -> None:
    """Table, model and score say the same, for ranks and wishes, several needs and visits.

    With Bob a visit lasts two hours, so there are two variants; B's steps weigh seven times.
    """
    asked = some(
        request("A", "pat", preferred_resources=(wish("ann", weight=4), wish("r2", role="room"))),
        request(
            "B",
            series=FlexibleSeries(count=2, least_days_between=0),
            preferred_resources=(wish("bob"),),
            weights=(("preferred_resources", 7),),
        ),
        resources=(*STAFF, *(room(f"r{n}") for n in (1, 2, 3, 4)), patient("pat")),
        services=(
            service(needs=(RANKED, need("room", quantity=2)), minutes_by_resource=(("bob", 120),)),
        ),
    )
    for rules in ([Capacity()], None):
        book = book_of(asked, rules, GOAL)
        where = universe(book, book.prepared.visits[0], [8])
        allowed, forbidden = one_visit_agrees(book, 1, {0: where[0]}, starts=range(7, 12))
        assert allowed and forbidden
        near = best(book, [1, 2], {0: where[0]})
        starts = {1: range(8, 12), 2: range(8, 12)}
        accepted, refused = model_agrees(book, [1, 2], {0: where[0]}, near=[near], starts=starts)
        assert accepted and refused
