"""Parts of series that are placed anew: their order, the days in between, what keeps its start."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Request,
    Series,
    Step,
)
from allocator.domain.time import Horizon, Span
from api.solving.anew import parts, whole

HORIZON = Horizon(first=date(2030, 1, 7), days=28, zone="UTC")
FIRST = datetime(2030, 1, 7, 9, tzinfo=UTC)


def visit(occurrence: int, day: int, step: int = 1) -> Any:
    """A visit at nine of a day, counted from the horizon's first; an hour later for each step."""
    start = FIRST + timedelta(days=day, hours=step - 1)
    return SimpleNamespace(
        uid=f"v{occurrence}.{step}",
        occurrence=occurrence,
        step=step,
        start=start,
        finish=start + timedelta(minutes=45),
        resources={"practitioner": ["anna"]},
        session=None,
    )


def request(series: Series | None = None, steps: int = 1, **more: Any) -> Request:
    return Request(id="B", steps=(Step(service="physio"),) * steps, series=series, **more)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2030, 1, 7, hour, minute, tzinfo=UTC) + timedelta(days=day)


def test_a_single_visit_may_lie_anywhere_near_where_it_was() -> None:
    """In its own windows where it has some."""
    (part,) = parts(request(), [visit(1, 3)], [visit(1, 3)], HORIZON)
    assert (part.request.id, part.request.wanted) == ("B", at(3, 9))
    assert part.request.windows == (Span(start=HORIZON.start, end=HORIZON.end),)
    window = Span(start=at(2), end=at(5))
    (part,) = parts(request(windows=(window,)), [visit(1, 3)], [visit(1, 3)], HORIZON)
    assert part.request.windows == (window,)
    assert [(m.owner, m.visit, m.uid) for m in part.visits] == [("B", "B", "v1.1")]


def test_visits_in_a_row_are_one_part_between_their_neighbours() -> None:
    """Two days apart: from two days after the first to two days before the fourth."""
    there = [visit(n, 3 * n) for n in (1, 2, 3, 4, 5)]
    series = FlexibleSeries(count=5, least_days_between=2)
    (part,) = parts(request(series), [there[1], there[2]], there, HORIZON)
    assert part.request.id == "B:2"
    assert part.request.series == FlexibleSeries(count=2, at_least=1, least_days_between=2)
    assert part.request.windows == (Span(start=at(5), end=at(11)),)  # days 5 to 10
    assert [(a.visit, a.start) for a in part.published] == [
        ("B:2#1", at(6, 9)),
        ("B:2#2", at(9, 9)),
    ]
    assert [m.visit for m in part.visits] == ["B#2", "B#3"]


def test_visits_apart_are_parts_of_their_own() -> None:
    """The second and the fourth; after the last there is no bound but the horizon."""
    there = [visit(n, 3 * n) for n in (1, 2, 3, 4)]
    found = list(parts(request(FlexibleSeries(count=4)), [there[1], there[3]], there, HORIZON))
    assert [part.request.id for part in found] == ["B:2", "B:4"]
    assert [part.request.windows for part in found] == [
        (Span(start=at(4), end=at(9)),),
        (Span(start=at(10), end=HORIZON.end),),
    ]


def test_the_most_days_between_hold_for_one_visit() -> None:
    """Four at most: from day 3 + 1 to 3 + 4, and no earlier than 9 - 4."""
    there = [visit(1, 3), visit(2, 6), visit(3, 9)]
    series = FlexibleSeries(count=3, least_days_between=1, most_days_between=4)
    (part,) = parts(request(series), [there[1]], there, HORIZON)
    assert part.request.windows == (Span(start=at(5), end=at(8)),)


def test_on_one_day_a_visit_stays_between_the_hours_of_its_neighbours() -> None:
    """Where no days lie in between."""
    there = [visit(1, 3), visit(2, 4), visit(3, 4, step=1)]
    there[2].start += timedelta(hours=3)
    there[2].finish += timedelta(hours=3)
    series = FlexibleSeries(count=3, least_days_between=0)
    (part,) = parts(request(series), [there[1]], there, HORIZON)
    assert part.request.windows == (Span(start=at(3, 9, 45), end=at(4, 12)),)


@pytest.mark.parametrize(
    "asked",
    [
        request(FixedSeries(count=2, every_days=7)),
        request(options=(Option(placements=(OptionPlacement(start=at(3, 9)),)),)),
    ],
)
def test_a_pattern_keeps_its_start(asked: Request) -> None:
    """Of a fixed series and of listed options only the resources are free."""
    (part,) = parts(asked, [visit(1, 3)], [visit(1, 3), visit(2, 10)], HORIZON)
    assert part.request.windows == (Span(start=at(3, 9), end=at(3, 9, 45)),)
    assert (part.request.series, part.request.options) == (None, ())


def test_where_no_time_is_left_there_is_no_part() -> None:
    """The request's window is over before the day after its neighbour."""
    there = [visit(1, 3), visit(2, 4)]
    series = FlexibleSeries(count=2)
    asked = request(series, windows=(Span(start=at(0), end=at(4)),))
    assert list(parts(asked, [there[1]], there, HORIZON)) == []


def test_a_chain_comes_whole() -> None:
    """With its steps, under their names in the booking."""
    there = [visit(1, 3), visit(1, 3, 2), visit(2, 6), visit(2, 6, 2)]
    (part,) = parts(request(FlexibleSeries(count=2), steps=2), there[2:], there, HORIZON)
    assert [a.visit for a in part.published] == ["B:2#1.1", "B:2#1.2"]
    assert [m.visit for m in part.visits] == ["B#2.1", "B#2.2"]
    assert part.request.windows[0].start == at(4)


def test_the_first_visit_is_the_first_still() -> None:
    """It lasts as long as a first visit does; the others do not."""
    there = [visit(1, 3), visit(2, 6)]
    asked = request(FlexibleSeries(count=2), first_visit=True)
    (first, second) = (
        next(iter(parts(asked, [one], there, HORIZON))).request.first_visit for one in there
    )
    assert (first, second) == (True, False)


def test_a_booking_that_may_move_asks_for_what_is_booked() -> None:
    """Of a flexible series two of three, all or nothing; a fixed one with a hole stays."""
    rows = [visit(1, 3), visit(2, 6)]
    part = whole(request(FlexibleSeries(count=3, at_least=1)), rows)
    assert part is not None
    assert part.request.series == FlexibleSeries(count=2)
    assert [a.visit for a in part.published] == ["B#1", "B#2"]
    assert whole(request(FixedSeries(count=3, every_days=3)), rows) is None
    assert whole(request(FixedSeries(count=2, every_days=3)), rows) is not None
