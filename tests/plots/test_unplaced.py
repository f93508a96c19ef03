"""Reasons and funnels: every visit that was left out is counted."""

import pytest
from plots.svg import drawn, overlaps, rows, texts

from allocator.domain.schedule import FunnelStep, Schedule, Unplaced
from allocator.plots import funnel, unplaced
from allocator.plots.save import png
from allocator.rules import RULES
from allocator.solve import Result, Status


def left(visit: str, *steps: tuple[str, int], reason: str = "") -> Unplaced:
    """Return a visit of a request of its own, with its funnel."""
    some = tuple(FunnelStep(rule=rule, left=number) for rule, number in steps)
    return Unplaced(visit=visit, request=visit.partition("#")[0], funnel=some, reason=reason)


CAPACITY = (("starts", 100), ("windows", 3), ("capacity", 0))
SOME = Schedule(
    unplaced=(
        left("A#1", *CAPACITY),
        left("A#2", *CAPACITY),
        left("B", ("starts", 100), ("windows", 0)),
        left("C", ("starts", 100), ("windows", 2), reason="2 starts left; the search ended."),
        left("D", ("starts", 9), reason="9 for this visit alone, none for all together."),
        left("E", reason="Its session has too few participants."),
    )
)


def test_every_visit_is_counted_under_its_reason():
    """The rule that took the last start, or why a start that is left was not used."""
    told = {
        row["reason"]: (row["visits"], row["requests"]) for row in rows(unplaced(SOME), "reason")
    }
    assert told == {
        "capacity": (2, 1),
        "windows": (1, 1),
        "the search ended": (1, 1),
        "not with the others of its request": (1, 1),
        "Its session has too few participants.": (1, 1),
    }
    assert unplaced(SOME).title.text == "6 visits left out"


def test_the_most_frequent_reason_is_on_top_and_figures_stand_beside_the_bars():
    """Two for capacity, one for each of the others."""
    some = texts(drawn(unplaced(SOME)))
    names = [text for text in some if text.words in {"capacity", "windows"}]
    assert [text.words for text in sorted(names, key=lambda text: text.top)] == [
        "capacity",
        "windows",
    ]
    assert sorted(text.words for text in some if text.words.isdecimal()) == list("11112")


def test_the_rule_is_told_in_its_own_sentence():
    """To whoever points at the bar."""
    [sentence] = [rule.sentence for rule in RULES if rule.name == "capacity"]
    told = {row["reason"]: row["rule"] for row in rows(unplaced(SOME), "reason")}
    assert told["capacity"] == sentence


def test_a_result_does_as_well_as_a_schedule_unless_it_has_none():
    """Then the message says so."""
    result = Result(status=Status.FEASIBLE, schedule=SOME)
    assert unplaced(result).to_dict() == unplaced(SOME).to_dict()
    with pytest.raises(ValueError, match=r"The result has no schedule\."):
        unplaced(Result(status=Status.UNKNOWN, schedule=None))


@pytest.mark.parametrize("number", [0, 1, len(RULES)])
def test_few_and_many_reasons_can_be_read(number: int):
    """One for each rule there is."""
    some = [left(rule.name, ("starts", 9), (rule.name, 0)) for rule in RULES[:number]]
    chart = unplaced(Schedule(unplaced=tuple(some)))
    assert overlaps(chart) == []
    assert png(chart).startswith(b"\x89PNG")
    assert {rule.name for rule in RULES[:number]} <= {text.words for text in texts(drawn(chart))}


def test_a_funnel_has_a_bar_for_each_step_with_what_it_took():
    """From a hundred starts to three, to none."""
    chart = funnel(SOME.unplaced[0])
    told = [(row["rule"], row["left"], row["taken"]) for row in rows(chart, "taken")]
    assert told == [("starts", 100, 0), ("windows", 3, 97), ("capacity", 0, 3)]
    written = [text.words for text in texts(drawn(chart))]
    assert {"100", "3  (−97)", "0  (−3)"} <= set(written)
    assert overlaps(chart) == []


def test_a_funnel_without_steps_is_drawn_too():
    """Of a visit whose reason is not one of starts."""
    chart = funnel(SOME.unplaced[-1])
    assert rows(chart, "taken") == []
    assert png(chart).startswith(b"\x89PNG")
