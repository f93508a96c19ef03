"""How people choose."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import at

from allocator.domain.schedule import Assignment
from allocator.domain.steering import Saving
from allocator.replay import Chooser
from allocator.replay.choice import distance
from allocator.suggest import Suggestion

ZONE = "Europe/Berlin"
#: Nobody is content at once, and nobody goes away: all look at everything.
ALL = Chooser(content=-1000.0, walk_away=1000.0)


def option(hour: int, day: int = 0, percent: int = 0) -> Suggestion:
    """Return a suggestion that starts then."""
    start = at(day, hour)
    visit = Assignment(visit="R", start=start, end=start + timedelta(hours=1))
    saving = Saving(below=50, percent=percent) if percent else None
    return Suggestion(visits=(visit,), saving=saving)


def chosen(chooser: Chooser, *options: Suggestion, people: int = 400) -> Counter[int | None]:
    """Return how many of these people, who want nine o'clock, take which hour."""
    taken = (
        chooser.choose(options, at(0, 9), ZONE, f"R{number}", seed=1) for number in range(people)
    )
    return Counter(None if one is None else one.start.hour for one in taken)


def test_a_distance_is_told_by_time_of_day_and_by_days():
    """Tomorrow at the same time is no hour off, and a day."""
    assert distance(at(1, 9), at(0, 9), ZONE) == (0.0, 1)
    assert distance(at(-1, 7, 30), at(0, 9), ZONE) == (1.5, 1)
    assert distance(at(3, 9), None, ZONE) == (0.0, 0)
    # The clocks go forward on 29 March: nine is nine.
    assert distance(at(28, 9), at(26, 9), ZONE) == (0.0, 2)


def test_nearer_suggestions_are_taken_more_often():
    """Of all that they see; the order does not matter to those who look at everything."""
    counted = chosen(ALL, option(9), option(11), option(15))
    assert counted[9] > counted[11] > counted[15] > 0
    assert counted == chosen(ALL, option(15), option(11), option(9))


def test_whoever_is_content_takes_the_first():
    """An hour off is good enough for many, though nine itself comes next."""
    content = chosen(Chooser(), option(10), option(9))
    look = chosen(replace(Chooser(), content=-1000.0), option(10), option(9))
    assert content[10] > look[10]
    assert chosen(Chooser(content=1000.0), option(10), option(9)) == {10: 400}


def test_some_go_away_where_all_is_far():
    """And everybody where there is nothing."""
    counted = chosen(Chooser(), option(17, day=6))
    assert 0 < counted[None] < 400
    assert counted[None] > chosen(Chooser(), option(11))[None]
    assert chosen(Chooser()) == {None: 400}


def test_people_are_the_same_whatever_else_is_suggested():
    """Who takes eleven out of three takes it out of two as well: the same person, the same luck."""
    for number in range(200):
        three = ALL.choose(
            (option(9), option(11), option(15)), at(0, 9), ZONE, f"R{number}", seed=3
        )
        two = ALL.choose((option(11), option(15)), at(0, 9), ZONE, f"R{number}", seed=3)
        assert three is not None
        assert three.start.hour == 9 or three == two


@given(percent=st.integers(1, 100), seed=st.integers(0, 2**31), number=st.integers(0, 99))
def test_a_saving_never_keeps_anybody_away(percent: int, seed: int, number: int):
    """Who takes it at the full price takes it for less."""
    plain = Chooser().choose((option(9), option(12)), at(0, 9), ZONE, f"R{number}", seed)
    saved = Chooser().choose(
        (option(9), option(12, percent=percent)), at(0, 9), ZONE, f"R{number}", seed
    )
    if plain is not None and plain.start.hour == 12:
        assert saved is not None
        assert saved.start.hour == 12


def test_savings_are_worth_what_the_numbers_say():
    """Ten percent, and two and a half units."""
    assert Chooser().value(None) == 0
    assert Chooser().value(Saving(below=50, percent=10)) == pytest.approx(1.0)
    assert Chooser(unit_worth=2).value(Saving(below=50, cents=250)) == pytest.approx(5.0)


def test_as_many_cancel_as_the_share_says():
    """At any time between booking and visit."""
    found = [Chooser(cancels=0.25).cancelled(f"R{number}", seed=1) for number in range(2000)]
    gone = [share for share in found if share is not None]
    assert len(gone) == pytest.approx(500, rel=0.1)
    assert sum(gone) / len(gone) == pytest.approx(0.5, abs=0.05)
