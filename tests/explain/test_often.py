"""What recurs in the reasons of many requests is counted once for each of them."""

from __future__ import annotations

from pathlib import Path

from tiny import at, goals, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer, Kind, most_often
from allocator.frames import read_problem
from allocator.solve import Params, solve


def crowded(left: int) -> Problem:
    """Ann's four hours are taken by A; so many others are left out."""
    return problem(
        request("A", services="long"),
        *(request(f"X{n:02}") for n in range(left)),
        services=(service("long", 240), service()),
        levels=goals(),
    )


FULL = Schedule(
    assignments=(
        Assignment(
            visit="A", start=at(0, 8), end=at(0, 12), resources=(("practitioner", ("ann",)),)
        ),
    )
)


def test_reasons_and_ways_out_are_counted_by_request() -> None:
    """Each of three misses Ann's hours, and would be placed if she worked longer."""
    explainer = Explainer(crowded(3), FULL)
    whys = list(explainer.why_not_all())
    often = most_often(explainer.prepared, whys)
    assert often.requests == 3
    for rule, object, some in often.reasons:
        own = [
            why
            for why in whys
            if why.core is not None
            and any(
                f.rule == rule and object == ("" if f.object == why.request else f.object)
                for f in why.core.facts
            )
        ]
        assert some == len(own) > 0
    assert ("capacity", "ann", 3) in often.reasons
    assert (Kind.LONGER_HOURS, "ann", 3) in often.helps
    assert often.hopeless == 0
    assert [some for *_, some in often.reasons] == sorted(
        (some for *_, some in often.reasons), reverse=True
    )


def test_it_is_told_by_names() -> None:
    """Resources by what people call them, with how many requests."""
    asked = crowded(2)
    explainer = Explainer(asked, FULL)
    text = most_often(explainer.prepared, explainer.why_not_all()).text()
    ann = explainer.prepared.who(explainer.prepared.resource_index["ann"])
    assert f"capacity of {ann} (2)" in text
    assert f"longer hours of {ann} (2)" in text


def test_nothing_left_out_says_nothing() -> None:
    """No reasons, no ways out, no text."""
    explainer = Explainer(crowded(0), FULL)
    often = most_often(explainer.prepared, explainer.why_not_all())
    assert (often.requests, often.reasons, often.helps, often.hopeless) == (0, (), (), 0)
    assert often.text() == ""


def test_those_without_a_way_out_are_counted() -> None:
    """R6 of the handmade clinic cannot be helped by any one change."""
    asked = read_problem(Path(__file__).parents[2] / "data" / "handmade")
    schedule = solve(asked, Params(workers=1)).schedule
    assert schedule is not None
    explainer = Explainer(asked, schedule)
    often = most_often(explainer.prepared, explainer.why_not_all())
    assert (often.requests, often.helps, often.hopeless) == (1, (), 1)
    assert often.text().endswith("For 1 request nothing was found.")
