"""Work per week: how long a resource works in a local week."""

from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.resource import Location, WorkLimits
from allocator.prepare.visit import Placement
from allocator.rules.rule import Rule
from allocator.rules.work_per_week import WorkPerWeek
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [WorkPerWeek()]
HALF_DAY = 12 * 60


def clinic(limit: int, **more: object) -> Problem:
    """Ann works at most so long a week; visits and ticks last half a day, two ticks a day."""
    limits = WorkLimits(minutes_per_week=limit)
    return problem(
        *map(request, "ABCD"),
        **{
            "days": 10,
            "grain": HALF_DAY,
            "resources": (practitioner("ann", calendar=None, limits=limits),),
            "services": (service(minutes=HALF_DAY),),
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, *starts: int) -> set[tuple[str, str]]:
    return broken(book, {visit: at(book, visit, start) for visit, start in enumerate(starts)})


def test_the_limit_may_be_reached_and_not_passed() -> None:
    """Two halves of a day a week: the third is for the Monday after, tick 14."""
    book = book_of(clinic(2 * HALF_DAY), RULE, [])
    assert not says(book, 0, 13, 14, 15)
    assert says(book, 0, 13, 12) == {
        (
            "work_per_week",
            "ann works 2160 minutes in the week of 2026-03-02; at most 1440 are allowed.",
        )
    }
    assert says(book, 14, 15, 16) == {
        (
            "work_per_week",
            "ann works 2160 minutes in the week of 2026-03-09; at most 1440 are allowed.",
        )
    }


def test_weeks_are_local_to_the_resource() -> None:
    """In London the week ends an hour after Berlin's: tick 168 is still of the week before."""
    ann = practitioner(
        "ann", calendar=None, location="west", limits=WorkLimits(minutes_per_week=60)
    )
    west = Location(id="west", zone="Europe/London")
    some = clinic(
        60, grain=60, services=(service(minutes=60),), resources=(ann,), locations=(west,)
    )
    book = book_of(some, RULE, [])
    assert says(book, 8, 168) and not says(book, 8, 169)
    allowed, forbidden = one_visit_agrees(
        book, 1, {0: at(book, 0, 8)}, starts=[0, 1, 8, 167, 168, 169, 200]
    )
    assert (allowed, forbidden) == (3, 4)  # tick 0 is of the Sunday before, in London


def test_the_faces_agree() -> None:
    """Mask, model and truth say the same, with this rule and with all of them."""
    for rules in (RULE, None):
        for limit in (HALF_DAY, 2 * HALF_DAY, 2 * HALF_DAY + 1):
            book = book_of(clinic(limit), rules, [])
            fixed = {0: at(book, 0, 3), **({1: at(book, 1, 12)} if limit > HALF_DAY else {})}
            allowed, forbidden = one_visit_agrees(book, 2, fixed)
            assert allowed and forbidden
            accepted, refused = model_agrees(
                book, [1, 2, 3], {0: fixed[0]}, samples=100, near=[{1: at(book, 1, 16)}]
            )
            assert accepted and refused


def test_a_grain_of_a_day_counts_whole_days() -> None:
    """With days as ticks, a limit of two days a week is two visits."""
    some = clinic(2 * 1440, grain=1440, services=(service(minutes=1440),))
    book = book_of(some, RULE, [])
    assert not says(book, 0, 6, 7, 8) and says(book, 0, 6, 5)


def test_dropping_the_rule_lets_ann_work_on() -> None:
    """Without the rule the model accepts a second half-day, which the check refuses."""
    with_rule, without = book_of(clinic(HALF_DAY), RULE, []), book_of(clinic(HALF_DAY), [], [])
    long = {0: at(without, 0, 2), 1: at(without, 1, 5)}
    accepted, _ = model_agrees(without, [0, 1], samples=0, near=[long])
    assert accepted
    assert broken(with_rule, long)
    _, refused = model_agrees(with_rule, [0, 1], samples=0, near=[long])
    assert refused
