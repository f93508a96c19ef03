"""A start picked by hand: all that stands against it at once, and what it would cost."""

from __future__ import annotations

import pytest
from explain.places import Drawn
from faces import universe
from groups import group
from tiny import at, goals, need, patient, practitioner, problem, request, room, service, span

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import PreferredWindow
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer
from allocator.prepare.visit import Placement

SEEDS = range(60)
ROOMED = service(needs=(need(), need("room")))


def put(visit: str, hour: int, who: str, where: str, whom: str) -> Assignment:
    """Place a visit of an hour on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("practitioner", (who,)), ("room", (where,)), (f"attendee:{whom}", (whom,))),
    )


def clinic() -> Problem:
    """B has Ann, the den and Pia at 8; A is Pia's too, and is to lie from 9 on."""
    return problem(
        request("A", "pia", windows=(span(0, 9, 11),)),
        request("B", "pia"),
        resources=(
            practitioner("ann", name="Ann Bo"),
            practitioner("ben", name="Ben Cy"),
            room("den"),
            room("hall", name="Main hall"),
            patient("pia"),
        ),
        services=(ROOMED,),
        levels=goals(preferred_windows=10),
    )


BESIDE = Schedule(assignments=(put("B", 8, "ann", "den", "pia"),))


def test_every_reason_at_once() -> None:
    """At 8 Ann, the den and Pia are taken, and it is outside the window."""
    asked = {"practitioner": ("ann",), "room": ("den",)}
    slot = Explainer(clinic(), BESIDE).slot("A", at(0, 8), asked)
    assert not slot.free
    assert [(v.rule, v.resources) for v in slot.objections] == [
        ("windows", ()),
        ("attendees_free", ("pia",)),
        ("capacity", ("ann",)),
        ("capacity", ("den",)),
    ]
    assert slot.text().splitlines()[0] == (
        "A at Mon 2026-03-02 08:00 with Ann Bo, den and pia breaks rules:"
    )


def test_those_are_taken_against_whom_least_is_to_be_said() -> None:
    """Nobody is named: Ben and the hall are free at 8, so that only Pia and the window object."""
    slot = Explainer(clinic(), BESIDE).slot("A", at(0, 8))
    assert slot.assignment == put("A", 8, "ben", "hall", "pia")
    assert [v.rule for v in slot.objections] == ["windows", "attendees_free"]


def test_nothing_stands_against_a_free_slot() -> None:
    """At 9 everyone is free; to place A is worth its weight of 1, which is told as such."""
    slot = Explainer(clinic(), BESIDE).slot("A", at(0, 9))
    assert slot.free
    assert slot.rows() == []
    assert slot.text().splitlines() == [
        "A at Mon 2026-03-02 09:00 with Ann Bo, den and pia breaks no rule.",
        "  served:3: -1 weight left out, -2,520 points.",
    ]


def test_a_visit_that_lies_elsewhere_is_thought_of_as_moved() -> None:
    """B from 8 to 10 is not in its own way, and misses its wish to be early."""
    asks = problem(
        request("B", preferred_windows=(PreferredWindow(span=span(0, 8, 9)),)),
        levels=goals(preferred_windows=10),
    )
    lies = Assignment(
        visit="B", start=at(0, 8), end=at(0, 9), resources=(("practitioner", ("ann",)),)
    )
    schedule = Schedule(assignments=(lies,))
    slot = Explainer(asks, schedule).slot("B", at(0, 10))
    assert slot.free
    assert [(g.goal, g.amount, g.cost) for g in slot.goals] == [("preferred_windows", 1, 10)]
    assert slot.text().endswith("  preferred_windows: +1 wish, +10 points.")
    assert schedule.assignments == (lies,)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reasons_are_all_that_the_check_finds(seed: int) -> None:
    """Each visit at places drawn at random: what is newly broken, and what each goal pays more."""
    drawn = Drawn(seed)
    before = drawn.checked(drawn.placed)
    for visit in drawn.prepared.visits:
        some = [p for p in universe(drawn.book, visit) if p.session < 0]
        for placement in drawn.rng.sample(some, min(6, len(some))):
            rest = drawn.without(visit.index)
            after = drawn.checked({**rest, visit.index: placement})
            slot = drawn.explainer.slot(visit.id, *_asked(drawn, visit.index, placement))
            told = Schedule(assignments=(slot.assignment,))
            if drawn.prepared.placements(told)[visit.index] != placement:
                continue
            assert set(slot.objections) == set(after.violations) - set(before.violations)
            costs = {(g.level, g.goal): g.cost for g in before.goals}
            assert {(g.level, g.goal): g.cost for g in slot.goals if g.cost} == {
                (g.level, g.goal): g.cost - costs[g.level, g.goal]
                for g in after.goals
                if g.cost != costs[g.level, g.goal]
            }


def test_who_takes_part_in_a_session_comes_along() -> None:
    """The session moves from the den in the north to the hall, which is nowhere in particular.

    Its participant is then where the session is, so that no one is at two places.
    """
    asks = group(
        "A",
        sessions="S",
        locations=(Location(id="north"),),
        resources=(
            practitioner("ann", lanes=9, mobile=True),
            patient("a", lanes=9),
            room("den", location="north"),
            room("hall"),
        ),
        services=(service(minutes=120, needs=(need(), need("room"))),),
    )
    where = {"practitioner": ("ann",)}
    held = Assignment(
        visit="S",
        start=at(0, 8),
        end=at(0, 10),
        resources=(*where.items(), ("room", ("den",))),
    )
    comes = Assignment(
        visit="A",
        start=at(0, 8),
        end=at(0, 10),
        resources=(("attendee:a", ("a",)),),
        session="S",
    )
    explainer = Explainer(asks, Schedule(assignments=(held, comes)))
    assert explainer.slot("S", at(0, 8), {**where, "room": ("hall",)}).free


def test_without_objections_the_schedule_is_valid() -> None:
    """A at every hour of the day: it is free exactly where the whole schedule breaks nothing."""
    explainer = Explainer(clinic(), BESIDE)
    free = []
    for hour in range(24):
        slot = explainer.slot("A", at(0, hour))
        whole = Schedule(assignments=(*BESIDE.assignments, slot.assignment))
        assert slot.free is check(clinic(), whole).valid
        free += [hour] if slot.free else []
    assert free == [9, 10]


def _asked(drawn: Drawn, visit: int, placement: Placement) -> tuple[object, dict[str, object]]:
    """Return the start of a placement, and whom it takes by role."""
    found = drawn.prepared.assignment(visit, placement)
    return found.start, dict(found.resources)
