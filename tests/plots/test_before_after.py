"""Before and after: what became of each visit."""

from dataclasses import replace
from datetime import date

import pytest
from pictures import placed
from plots.svg import drawn, labels, overlaps, rows, texts
from plots.weeks import clinic
from tiny import need, practitioner, problem, request, room, service

from allocator.domain.schedule import Schedule
from allocator.plots import before_after
from allocator.plots.before_after import COLOURS
from allocator.plots.save import png

FOUR = problem(*map(request, "ABCD"), days=9, resources=(practitioner("ann"), practitioner("bob")))
BEFORE = placed(FOUR, "A 8:00 ann, B 9:00 ann, C 10:00 ann")
AFTER = placed(FOUR, "A 8:00 ann, B 9:00 bob, D 10:00 bob")


def fates(chart: object) -> list[tuple[str, str, str]]:
    """Return visit, row and what became of it, of each bar."""
    return sorted((r["visit"], r["row"], r["state"]) for r in rows(chart, "visit", "time"))


def test_every_visit_is_kept_moved_added_or_dropped():
    """A stays, B goes from Ann to Bob, C is dropped, D is added."""
    chart = before_after(FOUR, BEFORE, AFTER)
    assert fates(chart) == [
        ("A", "ann", "as before"),
        ("B", "ann", "moved away"),
        ("B", "bob", "moved here"),
        ("C", "ann", "dropped"),
        ("D", "bob", "added"),
    ]
    assert chart.title.subtitle[0] == (
        "In the whole horizon 1 moved, 1 added, 1 dropped, 1 as before."
    )
    assert len([bar for bar in labels(drawn(chart), "bar") if "visit" in bar]) == 5
    words = [text.words for text in texts(drawn(chart))]
    assert [words.count(state) for state in COLOURS] == [1] * len(COLOURS)


def test_what_keeps_its_time_for_a_visit_that_moves_is_as_before():
    """A goes from Ann to Bob, and stays in the room, which has no change of its own."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), practitioner("bob"), room("gym")),
        services=(service(needs=(need(), need("room"))),),
    )
    before, after = (placed(some, f"A 8:00 {who} gym") for who in ("ann", "bob"))
    chart = before_after(some, before, after)
    assert fates(chart) == [("A", "ann", "moved away"), ("A", "bob", "moved here")]
    asked = before_after(some, before, after, resources=["gym", "bob"])
    assert fates(asked) == [("A", "bob", "moved here"), ("A", "gym", "as before")]
    later = before_after(some, before, placed(some, "A 9:00 bob gym"))
    assert [(row, state) for _, row, state in fates(later)] == [
        ("ann", "moved away"),
        ("bob", "moved here"),
        ("gym", "moved away"),
        ("gym", "moved here"),
    ]


def test_without_a_schedule_before_it_is_what_was_published():
    """The same picture."""
    some = replace(FOUR, published=BEFORE.assignments)
    assert fates(before_after(some, None, AFTER)) == fates(before_after(FOUR, BEFORE, AFTER))


def test_only_resources_with_a_change_are_shown_unless_asked_for():
    """Bob has nothing to do with it."""
    fewer = Schedule(assignments=BEFORE.assignments[1:])
    assert {row for _, row, _ in fates(before_after(FOUR, BEFORE, fewer))} == {"ann"}
    asked = before_after(FOUR, BEFORE, AFTER, resources=["bob"])
    assert {row for _, row, _ in fates(asked)} == {"bob"}


def test_it_shows_the_week_of_the_first_change():
    """Nothing changes in the first one."""
    later = placed(FOUR, "A 8:00 ann, B 9:00 ann, C mon9 10:00 bob")
    before = placed(FOUR, "A 8:00 ann, B 9:00 ann, C mon9 10:00 ann")
    assert before_after(FOUR, before, later).title.text == "What changes, 9 to 15 March 2026"


def test_no_change_is_said():
    """And the picture is drawn all the same."""
    chart = before_after(FOUR, BEFORE, BEFORE)
    assert chart.title.subtitle[1] == "Nothing changes in these days."
    assert png(chart).startswith(b"\x89PNG")


@pytest.mark.parametrize("resources", [0, 5, 200])
@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_labels_do_not_overlap(resources: int, view: str):
    """Every second visit is dropped, so everyone has a change."""
    some, schedule = clinic(resources, each=2)
    fewer = Schedule(assignments=schedule.assignments[::2])
    chart = before_after(some, schedule, fewer, view=view, first=date(2026, 3, 2))
    assert overlaps(chart) == []
