"""A stream of requests: who asks when, how long ahead, and for how much."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from allocator.domain import measured
from allocator.domain.problem import Problem
from allocator.forecast import open_hours
from allocator.generate import stream

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def small() -> Problem:
    """Half a year of a small clinic."""
    return stream("small", 85, seed=3, weeks=26)


def test_the_same_seed_is_the_same_stream():
    """And another is another."""
    assert stream("small", 75, seed=1, weeks=2) == stream("small", 75, seed=1, weeks=2)
    assert stream("small", 75, seed=1, weeks=2) != stream("small", 75, seed=2, weeks=2)


def test_nobody_wishes_for_the_past(small: Problem):
    """Wishes lie in the window, after the asking, at opening hours of a working day."""
    for request in small.requests:
        wanted, asked, window = request.wanted, request.requested, request.windows[0]
        assert asked < wanted
        assert asked <= window.start <= wanted < window.end
        assert wanted.astimezone(BERLIN).weekday() < 5
        assert 8 <= wanted.astimezone(BERLIN).hour < 18
    assert small.horizon.first + timedelta(days=26 * 7) == date(2026, 8, 31)


@pytest.mark.parametrize("load", [50, 85, 110])
def test_the_load_is_what_is_asked_for(load: int):
    """Minutes that are wished for and not cancelled, against those open less lunch: within a tenth.

    Of practitioners, over a year, so that months make no difference.
    """
    some = stream("small", load, seed=1, weeks=52)
    last = {service.id: service for service in some.services}
    taken = {
        id: sum(
            service.minutes + need.after_minutes
            for need in service.needs
            if need.role == "practitioner"
        )
        for id, service in last.items()
    }
    asked = sum(taken[request.steps[0].service] for request in some.requests)
    opened = open_hours(some)
    people = opened[opened["kind"] == "practitioner"]
    days = set(people["day"])
    lunches = sum(
        pause.minutes * sum(day.weekday() in pause.weekdays for day in days)
        for person in some.resources
        for pause in person.breaks
    )
    kept = asked * (1 - measured.CANCELLED_SHARE)
    assert kept / (people["minutes"].sum() - lunches) == pytest.approx(load / 100, rel=0.1)


def test_lead_times_are_those_of_the_profile():
    """Of first visits, as far as a weekend or a holiday does not move them: a third on the day."""
    some = stream("medium", 85, seed=2, weeks=30)
    firsts = {}
    for request in some.requests:
        firsts.setdefault(request.attendees[0].resource, request)
    middle = [r for r in firsts.values() if r.requested > some.horizon.start + timedelta(days=28)]
    early = [r for r in middle if r.requested < some.horizon.end - timedelta(days=98)]
    days = Counter(
        (r.wanted.astimezone(BERLIN).date() - r.requested.astimezone(BERLIN).date()).days
        for r in early
    )
    shares = {bin: bin.share for bin in measured.LEAD_BINS}
    same_day = days[0] / len(early)
    far = sum(n for d, n in days.items() if d > 14) / len(early)
    assert same_day == pytest.approx(measured.LEAD_BINS[0].share, abs=0.05)
    assert far == pytest.approx(sum(s for b, s in shares.items() if b.first > 14), abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": "huge"}, "The size 'huge' is unknown; there are small, medium, large"),
        ({"load": 0}, "0 percent load; 1 to 200 are possible"),
        ({"weeks": 105}, "105 weeks; 1 to 104 are possible"),
        ({"first": date(2026, 3, 3)}, "starts on 2026-03-03, which is no Monday"),
    ],
)
def test_what_cannot_be_made_is_refused(wrong: dict, message: str):
    """With what is possible."""
    with pytest.raises(ValueError, match=message):
        stream(**wrong)
