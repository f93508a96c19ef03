"""Shorter visits: cut no further than is needed, and to half of their length at most."""

from __future__ import annotations

from explain.planted import asked
from explain.planted_by_request import group
from tiny import calendar, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.explain import Explainer, Kind, Relaxation


def shorter(problem: Problem, schedule: Schedule | None = None) -> list[Relaxation]:
    why = Explainer(problem, schedule or Schedule()).why_not("A")
    assert why.core is not None
    return [r for r in why.relaxations if r.kind is Kind.SHORTER]


def long(minutes: int) -> Problem:
    """A asks for so much of Ann, who has four hours."""
    return problem(request("A"), services=(service(minutes=minutes),))


def test_a_visit_is_cut_to_what_fits() -> None:
    """Six hours become four."""
    (found,) = shorter(long(360))
    assert (found.object, found.amount, found.price) == ("A", 120, 120)
    assert found.sentence == "240 minutes instead of 360: Mon 2026-03-02 08:00."


def test_a_visit_is_cut_to_half_of_its_length_at_most() -> None:
    """Eight hours become four; of nine more than half would be left."""
    (found,) = shorter(long(480))
    assert found.amount == 240
    assert not shorter(long(540))


def test_visits_of_different_lengths_are_not_cut() -> None:
    """What a visit lasts depends on who holds it: there is no one length to cut."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service(minutes=300, minutes_by_resource=(("bob", 360),)),),
    )
    assert not shorter(some)


def test_who_takes_part_in_a_session_stays_to_its_end() -> None:
    """Pia has one of the two hours from 08:00 on: that she left early is not offered."""
    more, requests = group(calendar="day")
    some = asked(
        *requests,
        **more,
        calendars=(calendar(last_hour=9),),
        services=(service(minutes=120),),
    )
    assert not shorter(some)
