"""Whole series and chains: every visit of a choice is placed, or none."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from tiny import at, calendar, patient, practitioner, problem, request, room, service, span

from allocator.domain.request import Attendee, FixedSeries, FlexibleSeries, Request, Session, Step
from allocator.domain.schedule import Assignment, Schedule
from allocator.suggest import Index, Tag, suggest


def booked(visit: str, day: int, hour: int, who: str) -> Assignment:
    """Return an hour's visit of Ann's or somebody's that is booked."""
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour + 1),
        resources=(("practitioner", (who,)),),
    )


def days(option) -> list[int]:
    """Return the days of a choice's visits, counted from the Monday."""
    return [(a.start - at(0, 0)).days for a in option.visits]


def test_a_series_is_placed_whole_in_five_ways():
    """Three visits, two days apart at least; each choice has all three, and begins elsewhere."""
    index = Index(problem(days=14))
    series = FlexibleSeries(count=3, least_days_between=2)
    found = index.suggest(request("s", series=series))
    assert len(found) == 5
    for option in found.options:
        assert [a.visit for a in option.visits] == ["s#1", "s#2", "s#3"]
        first, second, third = days(option)
        assert second - first >= 2
        assert third - second >= 2
    assert len({option.start for option in found.options}) == 5


def test_a_fixed_series_keeps_its_time_on_every_day():
    """Ann is taken at 8 on the second day and at 9 on the third: 10 and 11 are left."""
    index = Index(problem(days=3))
    index.book(request("a"), [booked("a", 1, 8, "ann")])
    index.book(request("b"), [booked("b", 2, 9, "ann")])
    found = index.suggest(request("s", series=FixedSeries(count=3, every_days=1)))
    assert sorted(option.start for option in found.options) == [at(0, 10), at(0, 11)]
    assert found.starts == 2
    for option in found.options:
        assert {a.start - timedelta(days=n) for n, a in enumerate(option.visits)} == {option.start}


def test_a_series_says_who_comes_throughout_and_when():
    """Bob is there until 9 only: later it is Ann throughout, and one time of day."""
    calendars = (calendar(), calendar("early", 8, 9))
    world = problem(
        calendars=calendars,
        resources=(practitioner("ann"), practitioner("bob", calendar="early")),
        days=3,
    )
    found = suggest(world, request("s", series=FixedSeries(count=3, every_days=1)))
    said = [{reason.text for reason in option.reasons} for option in found.options]
    assert any({"with ann throughout", "each time at 09:00"} <= one for one in said)


def test_an_occurrence_that_may_be_missed_is():
    """Where the second day is full the series goes without it."""
    index = Index(problem(days=3))
    for hour in range(8, 12):
        index.book(request(f"a{hour}"), [booked(f"a{hour}", 1, hour, "ann")])
    series = FixedSeries(count=3, every_days=1, may_miss=frozenset({2}))
    found = index.suggest(request("s", series=series))
    assert {tuple(a.visit for a in option.visits) for option in found.options} == {("s#1", "s#3")}
    whole = index.suggest(request("s", series=FixedSeries(count=3, every_days=1)))
    assert not whole.options
    assert whole.why_none is not None
    assert "series_pattern" in whole.why_none.rules


def test_at_least_so_many_of_a_series():
    """Two days hold two of three visits, which is enough."""
    index = Index(problem(days=2))
    enough = request("s", series=FlexibleSeries(count=3, at_least=2))
    assert {len(option.visits) for option in index.suggest(enough).options} == {2}
    assert not index.suggest(request("s", series=FlexibleSeries(count=3))).options


def chain() -> tuple:
    """Return a problem with a visit by Ann, then one by Bob an hour later at most, and its ask."""
    world = problem(
        resources=(practitioner("ann"), room("one"), patient("pat")),
        services=(service(), service("scan", needs=())),
        days=2,
    )
    steps = (Step(service="visit"), Step(service="scan", most_lag_minutes=60))
    return world, Request(id="c", steps=steps, attendees=(Attendee(resource="pat"),))


def test_a_chain_is_never_offered_in_part():
    """The patient is elsewhere from noon: a visit at 11 would leave no time for the scan."""
    world, asked = chain()
    index = Index(world)
    index.book(
        request("other", "pat"),
        [
            Assignment(
                visit="other",
                start=at(0, 12),
                end=at(0, 13),
                resources=(("practitioner", ("ann",)), ("attendee:pat", ("pat",))),
            )
        ],
    )
    found = index.suggest(asked, windows=[span(0, 8, 13)])
    assert found.options
    for option in found.options:
        one, other = option.visits
        assert one.end <= other.start <= one.end + timedelta(hours=1)
        assert other.end <= at(0, 12)


def test_one_visit_of_a_series_is_moved():
    """The others stay, and their distance holds."""
    world = problem(days=5)
    index = Index(world)
    series = request("s", series=FlexibleSeries(count=3, least_days_between=2))
    index.book(
        series, [booked("s#1", 0, 8, "ann"), booked("s#2", 2, 8, "ann"), booked("s#3", 4, 8, "ann")]
    )
    found = index.suggest("s", moving=["s#2"], limit=9)
    assert {days(option)[0] for option in found.options} == {2}
    assert {a.visit for option in found.options for a in option.visits} == {"s#2"}
    assert found.starts == 4


def test_a_place_in_a_group_that_meets():
    """The session at 9 has two places: one is left, then none; and none unless it meets.

    It does with two at least, so that nobody alone has it held for them.
    """
    session = Session(id="g", service="visit", least=2, most=2)
    people = ("pat", "pam", "pia")
    world = problem(
        sessions=(session,), resources=(practitioner("ann"), *(patient(name) for name in people))
    )

    def joins(name: str) -> Request:
        steps = (Step(sessions=frozenset(["g"])),)
        return Request(id=f"of-{name}", steps=steps, attendees=(Attendee(resource=name),))

    def seat(name: str) -> Assignment:
        taken = ((f"attendee:{name}", (name,)),)
        return Assignment(
            visit=f"of-{name}", start=at(0, 9), end=at(0, 10), resources=taken, session="g"
        )

    apart = Index(world).suggest(joins("pat"))
    assert not apart.options
    assert apart.why_none is not None
    assert apart.why_none.rules == ("session_together", "session_least")
    index = Index(world, Schedule(assignments=(booked("g", 0, 9, "ann"),)))
    index.book(joins("pam"), [seat("pam")])
    (option,) = index.suggest(joins("pat")).options
    assert option.visits[0].session == "g"
    assert option.start == at(0, 9)
    index.book(joins("pia"), [seat("pia")])
    full = index.suggest(joins("pat"))
    assert full.why_none is not None
    assert full.why_none.rules == ("session_most",)


def test_a_session_is_held_for_the_first_who_joins():
    """At any of four hours; once Pat is in it at 9, it is there for Pam, and stays without Pat."""
    session = Session(id="g", service="visit", least=1, most=2)
    people = (patient("pat"), patient("pam"))
    index = Index(problem(sessions=(session,), resources=(practitioner("ann"), *people)))

    def joins(who: str) -> Request:
        return request(f"of-{who}", who, services="", steps=(Step(sessions=frozenset("g")),))

    found = index.suggest(joins("pat"))
    assert {option.start for option in found.options} == {at(0, hour) for hour in range(8, 12)}
    assert {option.opens for option in found.options} == {("g",)}
    nine = next(option for option in found.options if option.start == at(0, 9))
    assert [(a.visit, a.session, *a.everyone()) for a in nine.visits] == [
        ("g", None, "ann"),
        ("of-pat", "g", "pat"),
    ]
    assert [r.text for r in nine.reasons if r.tag is Tag.OPENS] == ["g would be held for it"]
    assert index.suggest(joins("pat")) == found
    assert [day.starts for day in index.days(joins("pat"))] == [4]
    assert index.days(joins("pat"), opens=False) == ()
    assert not index.suggest(joins("pat"), opens=False).options
    late = index.suggest(joins("pat"), windows=[span(0, 12, 14)])
    assert late.next_possible is None
    early = index.suggest(joins("pat"), windows=[span(0, 7, 8)])
    assert early.next_possible is not None
    assert (early.next_possible.start, early.next_possible.opens) == (at(0, 8), ("g",))
    index.book(joins("pat"), nine.visits)
    for _ in range(2):
        (seat,) = index.suggest(joins("pam")).options
        assert [day.starts for day in index.days(joins("pam"))] == [1]
        assert (seat.start, seat.opens, len(seat.visits)) == (at(0, 9), (), 1)
        if index.knows("of-pat"):
            index.cancel("of-pat")


def test_a_session_is_held_for_a_step_of_a_chain():
    """A visit at 10, then the session at 11, Ann holds both; the last look alone finds that."""
    session = Session(id="g", service="visit", least=1, most=2)
    index = Index(problem(sessions=(session,), resources=(practitioner("ann"), patient("pat"))))
    index.book(request("a"), [booked("a", 0, 8, "ann")])
    index.book(request("b"), [booked("b", 0, 9, "ann")])
    steps = (Step(service="visit"), Step(sessions=frozenset("g")))
    chain = request("c", "pat", services="", steps=steps)
    (option,) = index.suggest(chain).options
    assert [(a.visit, a.start) for a in option.visits] == [
        ("c.1", at(0, 10)),
        ("g", at(0, 11)),
        ("c.2", at(0, 11)),
    ]
    assert option.opens == ("g",)
    assert not index.suggest(chain, explain=False).options


def test_the_first_place_after_the_windows_is_told():
    """Monday is full; Tuesday at 8 is the next that there is."""
    index = Index(problem(days=3))
    for hour in range(8, 12):
        index.book(request(f"a{hour}"), [booked(f"a{hour}", 0, hour, "ann")])
    for asked, windows in (
        (request("n"), [span(0, 8, 12)]),
        (request("n", windows=(span(0, 8, 12),)), []),
    ):
        found = index.suggest(asked, windows=windows)
        assert not found.options
        assert found.next_possible is not None
        assert found.next_possible.start == at(1, 8)
        assert found.why_none is not None
        assert "ann is taken" in found.why_none.sentence
    quick = index.suggest(request("n"), windows=[span(0, 8, 12)], explain=False)
    assert quick.why_none is not None
    assert quick.why_none.sentence == "n has no start left after the rule capacity."
    assert quick.why_none.rules == ("capacity",)
    assert quick.next_possible == found.next_possible


def test_reasons_say_what_is_good():
    """Between two visits an hour's visit closes a gap."""
    index = Index(problem())
    index.book(request("a"), [booked("a", 0, 8, "ann")])
    index.book(request("b"), [booked("b", 0, 10, "ann")])
    found = index.suggest(request("n"))
    by_start = {option.start: [r.tag for r in option.reasons] for option in found.options}
    assert by_start == {
        at(0, 9): [Tag.SOONEST, Tag.CLOSES_GAP],
        at(0, 11): [Tag.SOONEST, Tag.NO_GAP],
    }


class Rising:
    """A forecast in which each tick of the first day is busier than the one before."""

    def load(self, kind: str, ticks: range) -> np.ndarray:
        """Return a share of the first day."""
        assert kind == "practitioner"
        return np.minimum(np.array(ticks) / 24, 1)


def test_days_with_starts():
    """Monday has three starts, Tuesday none, Wednesday four; in windows only Wednesday counts."""
    index = Index(problem(days=3))
    index.book(request("a"), [booked("a", 0, 8, "ann")])
    for hour in range(8, 12):
        index.book(request(f"a{hour}"), [booked(f"a{hour}", 1, hour, "ann")])
    monday, wednesday = index.days(request("n"), forecast=Rising())
    assert (monday.day, monday.starts, monday.first, monday.last) == (
        at(0, 0).date(),
        3,
        at(0, 9),
        at(0, 11),
    )
    assert monday.load == 9 / 24
    assert (wednesday.starts, wednesday.load) == (4, 1.0)
    (only,) = index.days(request("n"), windows=[span(2, 8, 10)])
    assert (only.starts, only.load) == (2, None)
    weekly = index.days(request("s", series=FixedSeries(count=2, every_days=2)))
    assert [(day.day, day.starts) for day in weekly] == [(at(0, 0).date(), 3)]
    assert index.days(request("n"), windows=[span(1, 8, 12)]) == ()


def test_a_series_of_which_one_date_fails():
    """Ann is taken all Tuesday but at 11: at any other time the series lacks that day."""
    index = Index(problem(days=3))
    for hour in range(8, 11):
        index.book(request(f"a{hour}"), [booked(f"a{hour}", 1, hour, "ann")])
    for day in (0, 2):
        index.book(request(f"b{day}"), [booked(f"b{day}", day, 11, "ann")])
    found = index.suggest(request("s", series=FixedSeries(count=3, every_days=1)))
    assert not found.options
    assert [len(one.visits) for one in found.nearly] == [2, 2]
    first = found.nearly[0]
    assert [(a.visit, a.start) for a in first.visits] == [("s#1", at(0, 8)), ("s#3", at(2, 8))]
    (failing,) = first.failing
    assert (failing.visit, failing.start) == ("s#2", at(1, 8))
    assert [(a.visit, a.start) for a in failing.instead] == [("s#2", at(1, 11))]
    assert "not Tue 2026-03-03; instead Tue 2026-03-03 11:00" in found.text()
    fixed = index.suggest(request("s", series=FixedSeries(count=3, every_days=1, start=at(0, 9))))
    assert [one.visits[0].start for one in fixed.nearly] == [at(0, 9)]
    assert index.suggest(request("n"), limit=20).starts == 7


def test_a_first_date_that_may_be_missed_is():
    """On Monday Ann is taken: the series begins on Tuesday, with its second visit."""
    index = Index(problem(days=2))
    for hour in range(8, 12):
        index.book(request(f"a{hour}"), [booked(f"a{hour}", 0, hour, "ann")])
    series = FixedSeries(count=2, every_days=1, may_miss=frozenset({1}))
    found = index.suggest(request("s", series=series))
    assert {tuple(a.visit for a in option.visits) for option in found.options} == {("s#2",)}
    assert found.starts == 4
