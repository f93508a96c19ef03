"""Preferred attendees: those who may be absent come all the same."""

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe, with_placements
from tiny import calendar, goals, patient, practitioner, problem, request

from allocator.check.score import score
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.goals.preferred_attendees import PreferredAttendees
from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State
from allocator.table.costs import CostTable, best_placement
from allocator.table.options import options

GOAL = [PreferredAttendees()]
RULES = [OpeningHours(), AttendeesFree()]

#: The mother is there from 10 to 12, the aunt always; the child must come.
FAMILY = (
    practitioner("ann"),
    patient("aunt"),
    patient("child"),
    patient("mother", calendar="mornings"),
)
CALENDARS = (calendar(), calendar("mornings", 10, 12))
CHILD, AUNT, MOTHER = (
    Attendee(resource="child"),
    Attendee(resource="aunt", required=False, weight=2),
    Attendee(resource="mother", required=False, weight=3),
)


def visit(id: str = "A", *who: Attendee, **more: object) -> Request:
    return request(id, attendees=who or (CHILD, AUNT, MOTHER), **more)


def family(*requests: Request, **more: object) -> Problem:
    return problem(
        *requests,
        **{
            "resources": FAMILY,
            "calendars": CALENDARS,
            "levels": goals(preferred_attendees=1),
            **more,
        },
    )


def test_each_preferred_attendee_who_is_absent_weighs() -> None:
    """The aunt weighs 2 and the mother 3; the child, who is required, weighs nothing."""
    book = book_of(family(visit()), [], GOAL)
    teams = {
        p.team[1:]: amounts(book, {0: p})["preferred_attendees"]
        for p in universe(book, book.prepared.visits[0], [10])
    }
    # Needs are those of the service, then attendees by name: aunt 1, child 2, mother 3.
    assert teams == {
        ((1,), (2,), (3,)): 0,
        ((), (2,), (3,)): 2,
        ((1,), (2,), ()): 3,
        ((), (2,), ()): 5,
    }
    assert amounts(book, {})["preferred_attendees"] == 0


def test_steps_that_do_not_concern_somebody_cost_nothing() -> None:
    """The mother is asked for at the second step only: each step misses the aunt alone, or both."""
    mother = Attendee(resource="mother", required=False, weight=3, steps=frozenset({2}))
    chain = visit("A", CHILD, AUNT, mother, steps=(Step(service="visit"), Step(service="visit")))
    book = book_of(family(chain), [], GOAL)
    alone = [
        next(p for p in universe(book, v, [9]) if sum(map(len, p.team)) == 2)
        for v in book.prepared.visits
    ]
    assert amounts(book, {0: alone[0]})["preferred_attendees"] == 2
    assert amounts(book, {1: alone[1]})["preferred_attendees"] == 5


def test_dropping_the_goal_leaves_the_mother_out() -> None:
    """Soonest is 08:00; the mother, who weighs 3, can come from 10:00 on."""
    judge = book_of(family(visit("A", CHILD, MOTHER)), [], GOAL)
    for weight, start, missed in ((1, 10, 0), (0, 8, 3)):
        levels = goals(preferred_attendees=weight)
        book = book_of(family(visit("A", CHILD, MOTHER), levels=levels), None, GOAL)
        choice = best_placement(book, State(book.prepared), book.prepared.visits[0])
        assert choice is not None and choice.placement.start == start
        assert amounts(judge, {0: choice.placement})["preferred_attendees"] == missed


def test_the_table_finds_the_cheapest_although_who_comes_is_below_nought() -> None:
    """The best of the table costs what the cheapest of all placements costs, start by start.

    The therapist may be the aunt herself, who then cannot attend: the needs share her.
    """
    aunt = practitioner("aunt")
    asked = family(visit(), resources=(FAMILY[0], aunt, *FAMILY[2:]))
    book = book_of(asked, RULES, GOAL)
    state = State(book.prepared)
    what = book.prepared.visits[0]
    for found in options(book, state, what):
        table = CostTable(book, state, found)
        for column, tick in enumerate(table.ticks.tolist()):
            costs = {
                p: score(book, with_placements(book, {0: p})).levels[-1]
                for p in universe(book, what, [tick])
                if len({r for some in p.team for r in some}) == sum(map(len, p.team))
                and (not p.team[3] or 10 <= tick < 12)
            }
            choice = table.best_at(column, 10**9)
            assert choice is not None
            assert choice.cost == costs[choice.placement] == min(costs.values())
            assert table.lower[column] <= choice.cost
        best_of_all = table.best()
        assert best_of_all is not None and best_of_all.cost == 0
        assert best_of_all.placement.start == 10


def test_the_faces_agree() -> None:
    """Table, model and score say the same, with the mother away before ten and B taking her."""
    for rules in (RULES, None):
        book = book_of(
            family(visit(), visit("B", CHILD, MOTHER, weights=(("preferred_attendees", 5),))),
            rules,
            GOAL,
        )
        where = universe(book, book.prepared.visits[1], [10])
        fixed = {1: next(p for p in where if p.team[2])}
        allowed, forbidden = one_visit_agrees(book, 0, fixed)
        assert allowed and forbidden
        near = best(book, [0, 1])
        accepted, refused = model_agrees(
            book, [0, 1], near=[near], starts={0: range(8, 13), 1: range(8, 13)}
        )
        assert accepted and refused
