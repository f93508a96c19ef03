"""Eligible resources: each role is filled by who may fill it."""

from datetime import date

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import (
    MONDAY,
    calendar,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
    span,
)

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Location, Skill
from allocator.domain.service import Need, Selector
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.eligible_resources import EligibleResources

RULE = [EligibleResources()]
TUESDAY = date(2026, 3, 3)


def skilled(*skills: str, role: str = "practitioner", **more: object) -> Need:
    """Return a need for practitioners with all of these skills."""
    return need(
        role, alternatives=(Selector(kind="practitioner", skills=frozenset(skills)),), **more
    )


def clinic(*requests: Request, **more: object) -> Problem:
    """Three days: Ann has laser until Monday, Bob from Tuesday on, Cem always and scope too."""
    return problem(
        *requests,
        **{
            "days": 3,
            "grain": 480,
            "calendars": (calendar("day", 0, 24),),
            "resources": (
                practitioner("ann", skills=(Skill(name="laser", last=MONDAY),)),
                practitioner("bob", skills=(Skill(name="laser", first=TUESDAY),)),
                practitioner("cem", skills=(Skill(name="laser"), Skill(name="scope"))),
                practitioner("dan"),
                room("r"),
                patient("pia"),
            ),
            "services": (service(minutes=480, needs=(skilled("laser"),)),),
            **more,
        },
    )


def placed(start: int, *team: tuple[int, ...], duration: int = 1) -> dict[int, Placement]:
    """Return a placement of the first visit."""
    return {0: Placement(start, duration, -1, -1, team)}


def test_a_skill_counts_on_the_local_day_of_the_visit() -> None:
    """Ann's last laser is Monday at 16:00, Bob's first Tuesday at 00:00; dates are inclusive."""
    book = book_of(clinic(request("A")), RULE, [])
    ann, bob, cem = (0,), (1,), (2,)
    assert not broken(book, placed(2, ann))
    assert broken(book, placed(3, ann)) == {
        (
            "eligible_resources",
            "Visit A: ann does not have the skill for practitioner on 2026-03-03.",
        )
    }
    assert broken(book, placed(2, bob))
    assert not broken(book, placed(3, bob))
    assert not any(broken(book, placed(start, cem)) for start in range(9))
    # Of 9 starts Ann has 3, Bob 6 and Cem 9; Dan is in no variant.
    assert one_visit_agrees(book, 0, {}) == (18, 9)


def test_who_lacks_a_skill_or_a_kind_is_none_of_those_who_may() -> None:
    """Dan has no laser, and a room is no practitioner."""
    book = book_of(clinic(request("A")), RULE, [])
    assert broken(book, placed(0, (3,))) == {
        (
            "eligible_resources",
            "Visit A: dan may not fill the role practitioner; 3 may.",
        )
    }
    assert broken(book, placed(0, (5,)))


def test_a_date_in_another_alternative_does_not_help() -> None:
    """Both skills, or Dan by name: Bob never has scope, and Dan may always."""
    either = (
        Selector(kind="practitioner", skills=frozenset({"laser", "scope"})),
        Selector(names=frozenset({"dan"})),
    )
    book = book_of(
        clinic(request("A"), services=(service(minutes=480, needs=(need(alternatives=either),)),)),
        RULE,
        [],
    )
    assert book.prepared.visits[0].needs[0].resources == (2, 3)
    assert one_visit_agrees(book, 0, {}) == (18, 0)


def test_alternatives_may_hold_on_different_days() -> None:
    """Ann has laser on Monday or scope from Wednesday on: all but Tuesday."""
    either = tuple(
        Selector(kind="practitioner", skills=frozenset({name})) for name in ("laser", "scope")
    )
    skills = (Skill(name="laser", last=MONDAY), Skill(name="scope", first=date(2026, 3, 4)))
    some = clinic(
        request("A"),
        services=(service(minutes=480, needs=(need(alternatives=either),)),),
        resources=(practitioner("ann", skills=skills),),
    )
    assert one_visit_agrees(book_of(some, RULE, []), 0, {}) == (6, 3)
    both = (Selector(kind="practitioner", skills=frozenset({"laser", "scope"})),)
    some = clinic(
        request("A"),
        services=(service(minutes=480, needs=(need(alternatives=both),)),),
        resources=(practitioner("ann", skills=(*skills, Skill(name="laser", first=TUESDAY))),),
    )
    # Laser always, by two skills that follow each other; scope from Wednesday on.
    assert one_visit_agrees(book_of(some, RULE, []), 0, {}) == (3, 6)


def test_as_many_as_asked_for_all_different_and_nobody_twice() -> None:
    """Two with laser and one more: Ann, Cem and Dan on Monday; each role by its own."""
    team = service(
        minutes=480,
        needs=(
            skilled("laser", role="lead", quantity=2),
            need("helper", alternatives=(Selector(kind="practitioner"),)),
        ),
    )
    book = book_of(clinic(request("A"), services=(team,)), RULE, [])
    # Roles are sorted: the helper first, then two leads.
    assert not broken(book, placed(0, (3,), (0, 2)))
    assert broken(book, placed(0, (3,), (2,))) == {
        ("eligible_resources", "Visit A needs 2 for lead; it has 1.")
    }
    assert broken(book, placed(0, (3,), (2, 2))) >= {
        ("eligible_resources", "Visit A needs 2 for lead; it has 1.")
    }
    assert broken(book, placed(0, (2,), (0, 2))) == {
        ("eligible_resources", "Visit A: cem fills 2 roles.")
    }
    assert broken(book, placed(0, (), (0, 2))) == {
        ("eligible_resources", "Visit A needs 1 for helper; it has 0.")
    }
    # Each day has one pair of leads: Ann and Cem on 3 starts, Bob and Cem on 6; 2 can help.
    assert one_visit_agrees(book, 0, {}) == (18, 9 * 3 * 4 - 18)


def test_a_preferred_attendee_may_be_absent_and_does_not_serve_as_well() -> None:
    """Pia may stay away; a colleague who attends fills no other role."""
    some = clinic(request("A", "cem"), request("B", "pia"))
    book = book_of(some, RULE, [])
    assert broken(book, placed(0, (2,), (2,))) == {
        ("eligible_resources", "Visit A: cem fills 2 roles.")
    }
    assert one_visit_agrees(book, 0, {}) == (9, 18)
    assert one_visit_agrees(book, 1, {}) == (18, 9)


def test_days_are_those_of_the_visits_place() -> None:
    """Tuesday in New York starts at 06:00 in Berlin: so does Bob's skill there."""
    some = problem(
        request("A"),
        days=2,
        locations=(Location(id="york", zone="America/New_York"),),
        resources=(
            practitioner("bob", location="york", skills=(Skill(name="laser", first=TUESDAY),)),
        ),
        services=(service(needs=(skilled("laser"),)),),
    )
    book = book_of(some, RULE, [])
    where = universe(book, book.prepared.visits[0])
    assert [p.start for p in where if not broken(book, {0: p})] == list(range(30, 48))
    assert one_visit_agrees(book, 0, {}) == (18, 30)


def test_a_date_of_23_hours_is_whole() -> None:
    """A skill for 2026-03-29 alone, when clocks go forward, holds for 23 starts."""
    sunday = date(2026, 3, 29)
    spring = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    some = problem(
        request("A"),
        horizon=spring,
        resources=(practitioner("ann", skills=(Skill(name="laser", first=sunday, last=sunday),)),),
        services=(service(needs=(skilled("laser"),)),),
    )
    assert one_visit_agrees(book_of(some, RULE, []), 0, {}) == (23, 48)


def test_the_faces_agree() -> None:
    """Two visits, one with a pair of leads and a helper, one alone, by every rule or just this."""
    team = service(
        "team",
        minutes=480,
        needs=(
            skilled("laser", role="lead", quantity=2),
            need("helper", alternatives=(Selector(kind="practitioner"),)),
        ),
    )
    one = service(minutes=480, needs=(skilled("laser"), need("room")))
    some = clinic(request("A", services="team"), request("B", "dan"), services=(team, one))
    for rules in (RULE, None):
        book = book_of(some, rules, None if rules is None else [])
        for visit in (0, 1):
            allowed, forbidden = one_visit_agrees(book, visit, {})
            assert allowed and forbidden
        near = {
            v: next(
                p
                for p in universe(book, book.prepared.visits[v], [4 * v])
                if not broken(book, {v: p})
            )
            for v in (0, 1)
        }
        accepted, refused = model_agrees(book, [0, 1], near=[near])
        assert accepted and refused


def test_dropping_the_rule_lets_a_skill_lapse() -> None:
    """On Tuesday Ann, the first by her id, has no laser any more; Bob has."""
    some = clinic(request("A", windows=(span(1, 0, 24),)))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("eligible_resources"), [])
    best, allowed = best_of(without), best_of(book)
    assert best is not None and allowed is not None
    assert {0: best} == placed(3, (0,))
    assert {rule for rule, _ in broken(book, {0: best})} == {"eligible_resources"}
    assert {0: allowed} == placed(3, (1,))
