"""Replays: one request after the other, each with what was free then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pandas as pd
import pytest
from tiny import MONDAY, at, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, Pin, Relation, Request
from allocator.domain.schedule import Assignment
from allocator.domain.steering import Saving, SteeringPolicy
from allocator.generate import stream
from allocator.replay import Chooser, replay

#: People who take the first suggestion, and come.
EASY = Chooser(content=1000.0, cancels=0.0)


def asks(id: str, hour: int, minute: int, wanted: int) -> Request:
    """Return somebody who asks on the Sunday before, and wants an hour of Monday."""
    return request(id, requested=at(-1, hour, minute), wanted=at(0, wanted))


@pytest.fixture(scope="module")
def clinic() -> Problem:
    """Two weeks of a small clinic."""
    return stream("small", 70, seed=4, weeks=2)


def test_who_asks_first_gets_what_they_want():
    """The second finds nine taken; the fifth finds nothing."""
    some = problem(
        asks("E", 12, 0, 9),
        asks("A", 9, 1, 9),
        asks("B", 9, 0, 9),
        asks("C", 10, 0, 9),
        asks("D", 11, 0, 9),
    )
    told = replay(some, chooser=EASY).asked.set_index("request")
    assert list(told.index) == ["B", "A", "C", "D", "E"]
    assert told["start"]["B"] == at(0, 9)
    assert told["hours_off"]["B"] == 0.0
    assert told["hours_off"]["A"] == 1.0
    assert told["outcome"].tolist() == [*["booked"] * 4, "nothing free"]
    assert told["suggested"].tolist() == [4, 3, 2, 1, 0]
    assert told["start"].isna().tolist() == [False] * 4 + [True]


def test_what_is_cancelled_is_free_again_from_then_on():
    """Everybody cancels: before the second asks, or after."""
    some = problem(asks("A", 9, 0, 9), request("B", requested=at(0, 8, 59), wanted=at(0, 9)))
    gone = replay(some, chooser=replace(EASY, cancels=1.0))
    told = gone.asked.set_index("request")
    assert told["outcome"].tolist() == ["cancelled", "cancelled"]
    assert told["start"].tolist() == [at(0, 9), at(0, 9)]
    claims = gone.claims.set_index("request")
    assert (claims["booked"]["A"], claims["start"]["A"]) == (at(-1, 9), at(0, 9))
    assert at(-1, 9) < claims["cancelled"]["A"] < at(0, 8, 59)
    assert at(0, 8, 59) < claims["cancelled"]["B"] < at(0, 9)


def test_nobody_is_offered_the_past():
    """Whoever asks at half past nine is offered ten and eleven."""
    some = problem(request("A", requested=at(0, 9, 30), wanted=at(0, 8)))
    told = replay(some, chooser=EASY).asked.iloc[0]
    assert (told["start"], told["suggested"]) == (at(0, 10), 2)


def test_what_is_published_is_taken_from_the_start():
    """Its claims are known to have been there."""
    booked = Assignment(
        visit="A", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
    )
    some = problem(
        asks("A", 8, 0, 9), asks("B", 9, 0, 9), published=(booked,), pins=(Pin(visit="A"),)
    )
    run = replay(some, chooser=EASY)
    assert run.asked["request"].tolist() == ["B"]
    assert run.asked["start"].tolist() == [at(0, 8)]
    assert run.claims[["kind", "start", "booked"]].values.tolist()[0] == [
        "practitioner",
        at(0, 9),
        at(-1, 8),
    ]


def test_relations_among_those_who_ask_are_left_out():
    """They come one after the other, so nobody knows of those after them."""
    together = Relation(id="x", visits=("A", "B"), alike=Alike.DAY)
    some = problem(asks("A", 9, 0, 9), asks("B", 9, 1, 9), relations=(together,))
    assert replay(some, chooser=EASY).asked["outcome"].tolist() == ["booked", "booked"]


def test_nothing_is_taken_twice_and_everything_is_counted(clinic: Problem):
    """Claims of a resource with one lane never overlap, but for those that were cancelled."""
    run = replay(clinic, seed=1)
    lanes = {resource.id: resource.lanes for resource in clinic.resources}
    kept = run.claims[run.claims["cancelled"].isna()]
    for resource, some in kept.groupby("resource"):
        spans = sorted(zip(some["start"], some["end"], strict=True))
        if lanes[resource] == 1:
            assert all(one[1] <= other[0] for one, other in pairwise(spans)), resource
    outcomes = run.asked["outcome"].value_counts()
    assert outcomes.sum() == len(clinic.requests)
    assert set(outcomes.index) == {"booked", "cancelled", "went away", "nothing free"}
    assert set(run.asked["request"][run.asked["start"].notna()]) == set(run.claims["request"])


def test_the_same_seed_is_the_same_replay(clinic: Problem):
    """And another seed has other people."""
    one, again, other = (replay(clinic, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.asked, again.asked)
    pd.testing.assert_frame_equal(one.claims, again.claims)
    assert not one.asked.equals(other.asked)


def test_a_policy_of_nothing_is_as_no_policy(clinic: Problem):
    """Thresholds alone move nobody, nor does a saving that nobody values and no load is below."""
    plain = replay(clinic, seed=1)
    nothing = replay(clinic, seed=1, policy=SteeringPolicy(off_peak=30, peak=40))
    pd.testing.assert_frame_equal(plain.asked, nothing.asked)
    useless = SteeringPolicy(savings=(Saving(below=60, percent=10),))
    blind = Chooser(percent_worth=0.0)
    steered = replay(clinic, seed=1, policy=useless, chooser=blind)
    besides = ["percent", "saving"]
    pd.testing.assert_frame_equal(
        replay(clinic, seed=1, chooser=blind).asked.drop(columns=besides),
        steered.asked.drop(columns=besides),
    )
    assert steered.asked["percent"].any()


def test_nobody_is_steered_before_the_day(clinic: Problem):
    """Up to it both are the same, after it they are not."""
    since = clinic.horizon.first + timedelta(days=7)
    policy = SteeringPolicy(off_peak=40, peak=90, detour_minutes=2880)
    plain, steered = (replay(clinic, seed=1, policy=p, since=since) for p in (None, policy))
    before = plain.asked["requested"].dt.tz_convert("Europe/Berlin").dt.date < since
    pd.testing.assert_frame_equal(plain.asked[before], steered.asked[before])
    assert (plain.asked["start"] != steered.asked["start"])[~before].any()


def test_a_history_teaches_what_is_busy():
    """Nine was always full and eleven empty, so whoever wants nine is shown another hour first."""
    mornings = [MONDAY - timedelta(days=7 * week) for week in range(1, 9)]
    history = pd.DataFrame(
        [
            ("practitioner", at((day - MONDAY).days, 9), at((day - MONDAY).days, 10), at(-99, 0))
            for day in mornings
        ],
        columns=["kind", "start", "end", "booked"],
    )
    for column in ("start", "end", "booked"):
        history[column] = pd.to_datetime(history[column], utc=True)
    some = problem(asks("A", 9, 0, 9))
    policy = SteeringPolicy(off_peak=20, peak=60, detour_minutes=240)
    plain = replay(some, chooser=EASY, policy=policy)
    taught = replay(some, chooser=EASY, policy=policy, history=history)
    assert plain.asked["start"].tolist() == [at(0, 9)]
    assert taught.asked["start"].tolist() == [at(0, 8)]
    assert taught.opening["day"].min() == mornings[-1]


def test_services_with_notice_keep_it():
    """Two hours before the visit at the latest."""
    some = problem(
        request("A", requested=at(0, 8), wanted=at(0, 8)),
        services=(service(notice_minutes=120),),
    )
    assert replay(some, chooser=EASY).asked["start"].tolist() == [at(0, 10)]
