"""Scenarios drawn: differences, a waterfall, loads, a trade-off, and what an hour is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plots.svg import overlaps, rows
from scenario.test_comparison import comfort, outcome

from allocator.check.score import GoalScore
from allocator.plots import bottlenecks, differences, front, load_difference, waterfall
from allocator.plots.save import png
from allocator.scenario import Front, HourLoad, Outcome, Outcomes, Point, Shown, Worth, Worths


def two() -> Outcomes:
    """Return a base and a scenario with a cheaper comfort, which is shown, and a longer wait."""
    return Outcomes(
        (
            outcome("as it is", levels=comfort(100, 90), waiting=5.0),
            outcome("open later", levels=comfort(80, 70), waiting=6.0),
        )
    )


def with_goals(one: Outcome, **costs: int) -> Outcome:
    """Return an outcome whose comfort costs this by goal."""
    assert one.solved is not None
    goals = tuple(GoalScore(name, "comfort", "units", 1, c, c) for name, c in costs.items())
    result = replace(one.solved.result, goals=goals)
    return replace(one, solved=replace(one.solved, result=result))


def with_loads(one: Outcome, **claimed: int) -> Outcome:
    """Return an outcome with so many of 60 minutes claimed of each kind at 9."""
    assert one.solved is not None
    loads = tuple(HourLoad(kind=k, hour=9, claimed=c, open=60) for k, c in claimed.items())
    return replace(one, solved=replace(one.solved, loads=loads))


def trade_off(goals: int) -> Front:
    """Return two points on a front between some goals, and one behind it."""
    amounts = ((0, 9, 4), (5, 5, 2), (6, 6, 3))
    return Front(
        goals=("waiting", "same_carer", "overtime")[:goals],
        units=("days", "further carers", "minutes")[:goals],
        outcomes=Outcomes(()),
        points=tuple(
            Point(
                weights=(1, 2, 3)[:goals],
                amounts=some[:goals],
                on_front=number < 2,
                outcome=outcome("some"),
            )
            for number, some in enumerate(amounts)
        ),
    )


def hours() -> Worths:
    """Return two sorts of resource, of which one is short."""
    some = [
        Worth(of="physiotherapists", hours=20.0, used=0.98, gain=40.0, shown=Shown.YES),
        Worth(of="rooms", hours=50.0, used=0.4, gain=0.0, shown=Shown.SAME),
    ]
    return Worths(all=tuple(some), outcomes=two())


def test_differences_tell_better_from_worse_and_from_chance() -> None:
    """Comfort is cheaper, by bounds; of one seed's waiting nobody knows."""
    told = {row["difference"]: row for row in rows(differences(two().compare()), "verdict")}
    assert {d: row["verdict"] for d, row in told.items()} == {-20: "better", 1: "not shown"}
    worse = rows(differences(two().compare("open later")), "verdict")
    assert [row["verdict"] for row in worse] == ["worse", "not shown"]


def test_differences_of_some_figures() -> None:
    """Those named; a figure that is not there is refused, as is nothing to draw."""
    chart = differences(two().compare(), figures=["waiting"])
    assert [row["difference"] for row in rows(chart, "verdict")] == [1]
    with pytest.raises(ValueError, match="no figure 'wating'"):
        differences(two().compare(), figures=["wating"])
    same = Outcomes((outcome("one", waiting=5.0), outcome("two", waiting=5.0)))
    with pytest.raises(ValueError, match="No figure of any scenario differs from one"):
        differences(same.compare())


def test_a_waterfall_goes_from_one_cost_to_the_other() -> None:
    """Cheaper goals first; each bar starts where the one before ends; equal ones are left out."""
    before = with_goals(two()[0], soonest=60, waiting=30, overtime=10)
    after = with_goals(two()[1], soonest=20, waiting=50, overtime=10)
    told = rows(waterfall(before, after), "points")
    assert [(row["name"], row["start"], row["end"], row["kind"]) for row in told] == [
        ("soonest", 0, -40, "cheaper"),
        ("waiting", -40, -20, "dearer"),
        ("in all", 0, -20, "in all"),
    ]
    with pytest.raises(ValueError, match="no level 'priority 9'"):
        waterfall(before, after, level="priority 9")


def test_loads_differ_by_points() -> None:
    """Half an hour more of a room; a device that is there only after."""
    before = with_loads(two()[0], room=15)
    after = with_loads(two()[1], room=45, device=30)
    told = {row["kind"]: row["told"] for row in rows(load_difference(before, after), "points")}
    assert told == {"room": "+50", "device": "new"}
    failed = outcome("broken", error="MemoryError")
    with pytest.raises(ValueError, match="Scenario broken has no schedule"):
        load_difference(failed, after)


def test_a_front_tells_what_is_behind_it() -> None:
    """Between two goals a chart, between three a chart for each two."""
    told = rows(front(trade_off(2)), "who")
    assert [(row["x"], row["y"], row["who"]) for row in told] == [
        (0, 9, "on the front"),
        (5, 5, "on the front"),
        (6, 6, "worse than another"),
    ]
    assert len(rows(front(trade_off(3)), "who")) == 9


def test_the_bottleneck_is_named() -> None:
    """With the worth of an hour, and how much is used."""
    chart = bottlenecks(hours())
    told = [(row["of"], row["worth"], row["told"]) for row in rows(chart, "worth")]
    assert told == [("physiotherapists", 2.0, "98.0 % used"), ("rooms", 0.0, "40.0 % used")]
    assert chart.title.subtitle == ["The bottleneck is physiotherapists."]


@pytest.mark.parametrize(
    "chart",
    [
        lambda: differences(two().compare()),
        lambda: waterfall(
            with_goals(two()[0], soonest=60, waiting=30), with_goals(two()[1], soonest=20)
        ),
        lambda: load_difference(
            with_loads(two()[0], room=15), with_loads(two()[1], room=45, device=30)
        ),
        lambda: front(trade_off(2)),
        lambda: front(trade_off(3)),
        lambda: bottlenecks(hours()),
    ],
    ids=["differences", "waterfall", "loads", "front", "three", "bottlenecks"],
)
def test_each_is_drawn_and_can_be_read(chart) -> None:  # type: ignore[no-untyped-def]
    """No text lies on another."""
    drawn = chart()
    assert png(drawn).startswith(b"\x89PNG")
    assert overlaps(drawn) == []
