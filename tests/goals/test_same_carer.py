"""Same carer: a series stays with the people who know the patient."""

from faces import amounts, best, book_of, model_agrees, one_visit_agrees
from tiny import goals, need, practitioner, problem, request, room, service, span

from allocator.domain.calendar import Block, Calendar
from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Request, Step
from allocator.domain.service import Selector
from allocator.goals.preferred_resources import PreferredResources
from allocator.goals.same_carer import SameCarer
from allocator.prepare.visit import Placement
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.series_gaps import SeriesGaps

GOAL = [SameCarer()]
RULES = [OpeningHours(), SeriesGaps(), Capacity()]
STAFF = tuple(practitioner(name) for name in ("ann", "bob", "cat"))
SERIES = FlexibleSeries(count=3)


def asked(*requests: Request, **more: object) -> Problem:
    return problem(
        *requests, **{"days": 3, "resources": STAFF, "levels": goals(same_carer=1), **more}
    )


def spot(start: int, *team: tuple[int, ...]) -> Placement:
    return Placement(start, 1, -1, -1, team)


def further(some: Problem, *carers: int | None) -> int:
    """Return how many further carers a series has, with a carer on each day."""
    book = book_of(some, [], GOAL)
    placed = {v: spot(24 * v + 9, (r,)) for v, r in enumerate(carers) if r is not None}
    return amounts(book, placed)["same_carer"]


def test_each_carer_beyond_the_first_counts_once() -> None:
    """Ann, Ann, Ann is 0; Ann, Bob, Ann is 1; Ann, Bob, Cat is 2; and who is unplaced is nobody."""
    some = asked(request("A", series=SERIES))
    assert further(some, 0, 0, 0) == 0
    assert further(some, 0, 1, 0) == 1
    assert further(some, 0, 1, 2) == 2
    assert further(some, 2, None, None) == further(some) == 0


def test_fixed_series_count_and_single_visits_do_not() -> None:
    """A fixed series has carers too; two requests have nothing to do with one another."""
    assert further(asked(request("A", series=FixedSeries(count=3, every_days=1))), 0, 1, 0) == 1
    book = book_of(asked(request("A"), request("B")), [], GOAL)
    assert "same_carer" not in amounts(book, {0: spot(9, (0,)), 1: spot(9, (1,))})


def test_the_role_named_counts() -> None:
    """With the room as carer's role the practitioner does not matter."""
    series = FlexibleSeries(count=2, carer_role="room")
    book = book_of(
        asked(
            request("A", series=series),
            resources=(*STAFF, room("r1"), room("r2")),
            services=(service(needs=(need(), need("room"))),),
        ),
        [],
        GOAL,
    )
    assert amounts(book, {0: spot(9, (0,), (3,)), 1: spot(33, (1,), (3,))})["same_carer"] == 0
    assert amounts(book, {0: spot(9, (0,), (3,)), 1: spot(33, (0,), (4,))})["same_carer"] == 1


def test_every_step_of_a_chain_counts_that_has_the_role() -> None:
    """A chain of a room alone, then a carer: 2 occurrences with Ann, then Bob, are 1 further."""
    services = (service(), service("wait", needs=(need("room"),)))
    some = asked(
        request("A", steps=(Step(service="wait"), Step(service="visit")), series=SERIES),
        resources=(*STAFF, room("r1")),
        services=services,
    )
    book = book_of(some, [], GOAL)
    placed = {v: spot(8 + v, (3,) if v % 2 == 0 else (v // 2,)) for v in range(4)}
    assert amounts(book, placed)["same_carer"] == 1
    for visit in (0, 1, 4, 5):
        one_visit_agrees(book, visit, {v: p for v, p in placed.items() if v != visit})
    model_agrees(book, [1, 4, 5], {v: placed[v] for v in (0, 2, 3)}, near=[placed])


def test_teams_of_two_have_one_further_carer() -> None:
    """Two carers at once: the same two again are 1 further, another pair with Ann is 2."""
    some = asked(request("A", series=SERIES), services=(service(needs=(need(quantity=2),)),))
    book = book_of(some, [], GOAL)
    one, same, other = spot(9, (0, 1)), spot(33, (0, 1)), spot(57, (0, 2))
    assert amounts(book, {0: one})["same_carer"] == 1
    assert amounts(book, {0: one, 1: same})["same_carer"] == 1
    assert amounts(book, {0: one, 2: other})["same_carer"] == 2
    for fixed in ({}, {0: one}, {0: one, 2: other}):
        one_visit_agrees(book, 1, fixed)
        free = [v for v in range(3) if v not in fixed]
        model_agrees(book, free, fixed, near=[{1: same, 2: other}], samples=30)


def test_dropping_the_goal_changes_carers() -> None:
    """Cat comes first by the service's order, but is there on the first day alone; Bob always is.

    All with Bob are 3 steps down; with Cat first 2 steps, and one further carer, who weighs 9.
    """

    def away(id: str, *days: int) -> Calendar:
        blocks = tuple(Block(span=span(day, 0, 23)) for day in days)
        return Calendar(id=id, weekly=problem().calendars[0].weekly, blocks=blocks)

    first_cat = need(
        alternatives=(Selector(names=frozenset({"cat"})), Selector(kind="practitioner"))
    )
    judge = book_of(asked(request("A", series=SERIES)), [], GOAL)
    for weight, carers in ((9, 0), (0, 1)):
        some = asked(
            request("A", series=SERIES),
            calendars=(away("ann", 1), away("day"), away("cat", 1, 2)),
            resources=(
                practitioner("ann", calendar="ann"),
                practitioner("bob"),
                practitioner("cat", calendar="cat"),
            ),
            services=(service(needs=(first_cat,)),),
            levels=goals(same_carer=weight, preferred_resources=1),
        )
        book = book_of(some, None, [*GOAL, PreferredResources()])
        found = best(book, [0, 1, 2])
        assert (amounts(judge, found)["same_carer"] > 0) == bool(carers)


def test_the_faces_agree() -> None:
    """Table, model and score say the same, with nobody known, one and two, for two series."""
    some = asked(
        request("A", series=SERIES, weights=(("same_carer", 5),)),
        request("B", series=FlexibleSeries(count=2, at_least=1, least_days_between=0)),
    )
    spots = {0: spot(9, (0,)), 1: spot(33, (1,)), 2: spot(57, (0,))}
    starts = {v: [d * 24 + t for d in range(3) for t in (8, 9, 12)] for v in range(5)}
    for rules in (RULES, None):
        book = book_of(some, rules, GOAL)
        for known in ((), (0,), (0, 2)):
            fixed = {v: spots[v] for v in known}
            allowed, forbidden = one_visit_agrees(book, 1, fixed)
            assert allowed and forbidden
            free = [v for v in range(5) if v not in known]
            near = [best(book, free, fixed), {v: p for v, p in spots.items() if v in free}]
            accepted, refused = model_agrees(
                book, free, fixed, near=near, starts=starts, samples=30
            )
            assert accepted and refused
