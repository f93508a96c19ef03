"""What is published is kept where nothing speaks against it, and placed anew elsewhere if not."""

from dataclasses import replace

import pytest
from tiny import (
    at,
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

from allocator.domain.calendar import Block
from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Assignment
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.solve.params import Params
from allocator.solve.published import keep_published
from allocator.solve.solve import solve
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

BOTH = (("practitioner", ("ann",)), ("room", ("r1",)))


def published(*resources: tuple[str, tuple[str, ...]]) -> Assignment:
    return Assignment(visit="A", start=at(0, 9), end=at(0, 10), resources=resources)


@pytest.mark.parametrize(
    "was",
    [
        (("practitioner", ("ann",)),),
        (("practitioner", ("ann",)), ("room", ("r1", "r2"))),
        (("practitioner", ("ann",)), ("room", ("r1",)), ("attendee:ann", ("ann",))),
    ],
    ids=["no room", "two rooms", "Ann serves herself"],
)
def test_a_team_that_is_none_is_not_kept(was: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    """A visit published without a room, in two rooms, or with Ann in two roles, is mended."""
    some = problem(
        request("A", "ann" if len(was) == 3 else "x"),
        resources=(practitioner("ann"), practitioner("bob"), room("r1"), room("r2"), patient("x")),
        services=(service(needs=(need(), need("room"))),),
        published=(published(*was),),
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    team = dict(result.schedule["A"].resources)
    assert len(team["practitioner"]) == len(team["room"]) == 1
    assert team["practitioner"] != team.get("attendee:ann")


def test_a_visit_stays_where_it_is_published() -> None:
    """09:00 with Ann in r1 breaks nothing, so a change would only cost."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), practitioner("bob"), room("r1"), room("r2")),
        services=(service(needs=(need(), need("room"))),),
        published=(published(*BOTH),),
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    assert result.schedule["A"] == published(*BOTH)


def test_of_a_series_all_stay_but_those_who_cannot() -> None:
    """On Tuesday Ann is blocked from nine to ten: the second of three visits moves, no other.

    Where she is blocked all day, nothing completes the series, which is taken out whole.
    """
    series = FlexibleSeries(count=3, most_days_between=1)
    for blocked, kept in ((span(1, 9, 10), [True, False, True]), (span(1, 8, 12), [False] * 3)):
        some = problem(
            request("A", series=series),
            days=3,
            calendars=(replace(calendar(), blocks=(Block(span=blocked),)),),
            published=tuple(
                Assignment(
                    visit=f"A#{day + 1}",
                    start=at(day, 9),
                    end=at(day, 10),
                    resources=(("practitioner", ("ann",)),),
                )
                for day in range(3)
            ),
        )
        book = Rulebook(Prepared(some), RULES, GOALS)
        state = State(book.prepared)
        keep_published(book, state)
        told = book.prepared.published
        assert [state.placements[v] == told[v] for v in range(3)] == kept
        assert sum(p is not None for p in state.placements) == (3 if any(kept) else 0)
