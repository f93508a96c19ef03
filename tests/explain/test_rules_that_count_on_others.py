"""Where a rule gives way, those that left something to it see to that themselves."""

from __future__ import annotations

from explain.planted import ann, asked
from tiny import at, need, request, service, span

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Option, OptionPlacement
from allocator.domain.schedule import Schedule
from allocator.domain.service import Turnaround
from allocator.explain import Explainer, Kind


def broken_without(problem: Problem) -> list[set[str]]:
    """Return the rules that are broken, for each rule that may give way, where A then lies."""
    why = Explainer(problem, Schedule()).why_not("A")
    assert why.core is not None and why.core.confirmed
    return [
        {found.rule for found in check(problem, Schedule(assignments=r.places)).violations}
        for r in why.relaxations
        if r.kind is Kind.WITHOUT
    ]


def test_turnaround_is_kept_where_buffers_give_way() -> None:
    """Ann has two hours for two visits, and needs an hour between them for two reasons.

    That she could do without her notes would not help: turning around takes an hour as well.
    """
    twice = FlexibleSeries(count=2, least_days_between=0)
    some = asked(
        request("A", series=twice, windows=(span(0, 9, 11),)),
        services=(service(needs=(need(after_minutes=60),)),),
        turnarounds=(Turnaround(kind="practitioner", minutes=60),),
    )
    assert broken_without(some) == []


def test_notes_give_way_where_there_is_no_turnaround() -> None:
    """The same without turning around: the two visits lie side by side."""
    twice = FlexibleSeries(count=2, least_days_between=0)
    some = asked(
        request("A", series=twice, windows=(span(0, 9, 11),)),
        services=(service(needs=(need(after_minutes=60),)),),
    )
    assert broken_without(some) == [{"buffers"}]


def test_the_order_is_kept_where_a_part_of_the_visits_would_do() -> None:
    """The option leaves out the second of three visits, and has the third before the first.

    Completeness alone gives way in vain, since visits are numbered by their starts.
    """
    loose = FlexibleSeries(count=3, at_least=1, least_days_between=0)
    backwards = Option(
        placements=(
            OptionPlacement(start=at(0, 10), occurrence=1),
            OptionPlacement(start=at(0, 9), occurrence=3),
        )
    )
    some = asked(request("A", series=loose, options=(backwards,)), who=ann())
    assert broken_without(some) == [{"option_complete"}, {"options"}]
