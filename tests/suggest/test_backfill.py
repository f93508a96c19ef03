"""Who could use time that came free: by priority, gain and patience, and why the others cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tiny import at, calendar, goals, need, patient, practitioner, problem, request, room, service
from tiny import span as hours

from allocator.domain.request import FlexibleSeries, PreferredResource, Session, Step
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import Span
from allocator.suggest import Backfill, BackfillTerms, Index, Tag, WaitlistEntry

#: What the clinic is when it is asked: two days before its week.
NOW = at(-2, 8)


def waits(id: str, days: int = 0, **more: Any) -> WaitlistEntry:
    """Return somebody who has waited so many days."""
    own = ("offers", "refused", "before", "moving")
    named = {name: more.pop(name) for name in own if name in more}
    return WaitlistEntry(request=request(id, **more), since=NOW - timedelta(days=days), **named)


def names(found: Backfill) -> list[str]:
    return [taker.waiting.request.id for taker in found.takers]


def test_the_class_comes_first_then_patience():
    """Priority 1 goes before a month of waiting; in a class whoever has waited longer is first."""
    index = Index(problem())
    waiting = [waits("a", 30), waits("b", 1, priority=1), waits("c", 31), waits("d", 2, priority=1)]
    found = index.backfill(waiting, freed={"ann": [hours(0, 9, 10)]}, now=NOW)
    assert names(found) == ["d", "b", "c", "a"]
    assert {taker.place.start for taker in found.takers} == {at(0, 9)}
    assert found.takers[0].reasons[0].text == "of priority 1"
    assert found.takers[0].reasons[1].text == "has waited 2 days"


def test_only_what_came_free_is_offered():
    """Ann is free all day, but 9 to 10 came free: nobody is offered another hour."""
    found = Index(problem()).backfill([waits("a")], freed={"ann": [hours(0, 9, 10)]}, now=NOW)
    assert [taker.place.start for taker in found.takers] == [at(0, 9)]
    whatever = Index(problem()).backfill([waits("a")], now=NOW)
    assert [taker.place.start for taker in whatever.takers] == [at(0, 8)]


def test_whoever_fills_the_gap_comes_before_who_fills_half_of_it():
    """Two hours came free: a visit of two hours gains 600 points more than one of an hour."""
    world = problem(services=(service(), service("long", 120)), levels=goals(soonest=50))
    freed = {"ann": [hours(0, 9, 11)]}
    waiting = [waits("short"), waits("long", services="long")]
    found = Index(world).backfill(waiting, freed=freed, now=NOW)
    assert names(found) == ["long", "short"]
    long, short = found.takers
    assert (long.filled_minutes, short.filled_minutes) == (120, 60)
    assert Tag.FILLS.value in [reason.text for reason in long.reasons]
    assert "fills 60 of 120 minutes" in [reason.text for reason in short.reasons]
    assert long.points - short.points == 10 * 60
    # Thirteen days more of waiting are 650 points.
    patient = [waits("short", 13), waits("long", services="long")]
    assert names(Index(world).backfill(patient, freed=freed, now=NOW)) == ["short", "long"]


def test_wishes_count():
    """Ben came free: whoever would rather have Ann comes after whoever does not mind."""
    wish = PreferredResource(role="practitioner", resources=frozenset(["ann"]))
    world = problem(
        resources=(practitioner("ann"), practitioner("ben")), levels=goals(preferred_resources=200)
    )
    waiting = [waits("a", preferred_resources=(wish,)), waits("b")]
    found = Index(world).backfill(waiting, freed={"ben": [hours(0, 9, 10)]}, now=NOW)
    assert names(found) == ["b", "a"]
    assert [t.place.visits[0].filling("practitioner") for t in found.takers] == [("ben",)] * 2
    assert found.takers[0].points - found.takers[1].points == 200


def test_whoever_was_offered_places_comes_later_and_not_to_the_same():
    """A start that was not taken is not offered again; each costs as two days of waiting do."""
    index = Index(problem())
    freed = {"ann": [hours(0, 9, 11)]}
    waiting = [waits("a", 1, offers=1, refused=(at(0, 9),)), waits("b")]
    found = index.backfill(waiting, freed=freed, now=NOW)
    assert names(found) == ["b", "a"]
    assert [taker.place.start for taker in found.takers] == [at(0, 9), at(0, 10)]
    assert found.takers[1].reasons[-1].text == "was offered 1 place and did not take it"
    both = [waits("a", refused=(at(0, 9), at(0, 10)))]
    assert names(index.backfill(both, freed=freed, now=NOW)) == []


def test_notice_and_services_are_kept():
    """Two hours before, a service with three hours' notice and one that takes no part are not."""
    world = problem(services=(service(), service("slow"), service("rare")))
    terms = BackfillTerms(
        services=frozenset({"visit", "slow"}),
        notice_minutes=120,
        notice_by_service=(("slow", 180),),
    )
    waiting = [waits("a"), waits("b", services="slow"), waits("c", services="rare")]
    freed = {"ann": [hours(0, 9, 10)]}
    found = Index(world).backfill(waiting, freed=freed, terms=terms, now=at(0, 7))
    assert names(found) == ["a"]
    assert [one.request for one in found.passed_over] == ["b", "c"]
    assert found.passed_over[1].sentence == "The service rare takes no part."
    later = Index(world).backfill(waiting, freed=freed, terms=terms, now=at(0, 7, 1))
    assert names(later) == []


def test_the_notice_of_a_service_is_kept_as_well():
    """The service asks for three hours, the terms for one: at 7 nobody is offered 9."""
    world = problem(services=(service(notice_minutes=180),))
    terms = BackfillTerms(notice_minutes=60)
    for hour, expected in ((6, ["a"]), (7, [])):
        found = Index(world).backfill(
            [waits("a")], freed={"ann": [hours(0, 9, 10)]}, terms=terms, now=at(0, hour)
        )
        assert names(found) == expected


def test_whoever_is_booked_and_would_come_earlier_comes_last():
    """An earlier place only, beside the old one; nobody who has nothing yet waits for them."""
    world = problem(
        request("mine", "pat"),
        days=2,
        resources=(practitioner("ann"), patient("pat")),
        services=(service(needs=(need(after_minutes=60),)),),
    )
    there = Assignment(
        visit="mine",
        start=at(1, 10),
        end=at(1, 11),
        resources=(("practitioner", ("ann",)), ("attendee:pat", ("pat",))),
    )
    index = Index(world, Schedule(assignments=(there,)))
    earlier = WaitlistEntry(
        request=request("again", "pat"), since=at(-9, 8), before=at(1, 10), moving=("mine",)
    )
    freed = {"ann": [hours(0, 9, 10), hours(1, 8, 12)]}
    found = index.backfill([earlier, waits("new", priority=9)], freed=freed, now=NOW)
    assert names(found) == ["new", "again"]
    assert found.takers[1].place.start == at(0, 9)
    assert "1 day earlier than booked" in [reason.text for reason in found.takers[1].reasons]
    # On the day itself there is 8: at 9 the hour of cleaning would reach into the old place.
    only = index.backfill([earlier], freed={"ann": [hours(1, 8, 12)]}, now=NOW)
    assert [taker.place.start for taker in only.takers] == [at(1, 8)]
    assert "some hours earlier than booked" in [r.text for r in only.takers[0].reasons]
    monday = replace(earlier, windows=(hours(0, 8, 9),))
    assert [t.place.start for t in index.backfill([monday], now=NOW).takers] == [at(0, 8)]
    refused = replace(monday, refused=(at(0, 8),))
    assert names(index.backfill([refused], now=NOW)) == []
    late = replace(earlier, windows=(hours(1, 10, 12),))
    assert names(index.backfill([late], now=NOW)) == []
    soon = replace(earlier, before=at(0, 9))
    assert names(index.backfill([soon], freed=freed, now=NOW)) == []


def test_two_of_a_need_may_be_the_one_that_came_free_and_another():
    """A visit needs two practitioners: Cleo came free, whoever is with her is free anyway."""
    world = problem(
        resources=tuple(practitioner(id) for id in ("ann", "ben", "cleo")),
        services=(service(needs=(need(quantity=2),)),),
    )
    found = Index(world).backfill([waits("a")], freed={"cleo": [hours(0, 9, 10)]}, now=NOW)
    (taker,) = found.takers
    assert taker.place.start == at(0, 9)
    assert "cleo" in taker.place.visits[0].filling("practitioner")


def test_a_series_may_have_any_of_its_visits_there():
    """Two visits a day apart: Tuesday came free, and either of them lies on it."""
    series = FlexibleSeries(count=2, least_days_between=1)
    index = Index(problem(days=3))
    found = index.backfill([waits("s", series=series)], freed={"ann": [hours(1, 8, 9)]}, now=NOW)
    (taker,) = found.takers
    assert at(1, 8) in [visit.start for visit in taker.place.visits]
    assert len(taker.place.visits) == 2
    alone = Index(problem()).backfill(
        [waits("s", series=series)], freed={"ann": [hours(0, 8, 9)]}, now=NOW
    )
    assert names(alone) == []


def test_a_seat_that_came_free_is_for_who_waits_for_the_session():
    """Of two group sessions one has a free seat again."""
    sessions = tuple(Session(id=id, service="visit", least=1, most=2) for id in ("one", "two"))
    world = problem(
        request("x", steps=(Step(sessions=frozenset({"one"})),)),
        resources=(practitioner("ann"), patient("pat")),
        sessions=sessions,
    )
    held = tuple(
        Assignment(
            visit=id,
            start=at(0, hour),
            end=at(0, hour + 1),
            resources=(("practitioner", ("ann",)),),
        )
        for id, hour in (("one", 9), ("two", 10))
    )
    index = Index(world, Schedule(assignments=held))
    waiting = [
        waits("a", who="pat", steps=(Step(sessions=frozenset({"one"})),)),
        waits("b", who="pat", steps=(Step(sessions=frozenset({"two"})),)),
    ]
    found = index.backfill(waiting, freed={}, sessions=["two"], now=NOW)
    assert names(found) == ["b"]
    assert found.takers[0].place.visits[0].session == "two"
    terms = BackfillTerms(services=frozenset({"other"}))
    none = index.backfill(waiting, freed={}, sessions=["two"], terms=terms, now=NOW)
    assert {one.sentence for one in none.passed_over} == {"The service visit takes no part."}


def test_what_cannot_be_meant_is_passed_over_with_its_reason():
    """A service that is not there any more keeps nobody else from being asked."""
    found = Index(problem()).backfill([waits("a", services="gone"), waits("b")], now=NOW)
    assert names(found) == ["b"]
    (passed,) = found.passed_over
    assert "'gone'" in passed.sentence


def test_who_came_free_and_is_unknown_is_nobody():
    """A resource that the problem does not have, and a session, change nothing."""
    index = Index(problem())
    freed = {"zoe": [hours(0, 8, 9)]}
    found = index.backfill([waits("a")], freed=freed, sessions=["none"], now=NOW)
    assert names(found) == []
    assert index.backfill([waits("a")], now=NOW).takers


def test_it_says_so_in_words():
    """A line for each."""
    world = problem(calendars=(calendar(),), services=(service(), service("rare")))
    terms = BackfillTerms(services=frozenset({"visit"}))
    waiting = [waits("a", 3), waits("c", services="rare")]
    found = Index(world).backfill(waiting, freed={"ann": [hours(0, 9, 10)]}, terms=terms, now=NOW)
    assert found.text() == (
        "1. a: Mon 2026-03-02 09:00  (of priority 3; has waited 3 days; fills what came free;"
        " on the first day that is possible)\n"
        "-  c: The service rare takes no part."
    )


def test_time_of_a_room_is_as_good():
    """Anybody may use a room that came free; the practitioner is whoever is there."""
    both = (need(), need("room"))
    world = problem(
        resources=(practitioner("ann"), room("one"), room("two")), services=(service(needs=both),)
    )
    freed = {"two": [Span(start=at(0, 9, 30), end=at(0, 9, 45))]}
    (taker,) = Index(world).backfill([waits("a")], freed=freed, now=NOW).takers
    assert taker.place.start == at(0, 9)
    assert taker.place.visits[0].filling("room") == ("two",)
    assert taker.filled_minutes == 15
