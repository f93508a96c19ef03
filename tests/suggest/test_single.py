"""Suggestions for one visit: feasible, ranked, spread, and the index as it was before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny import (
    at,
    calendar,
    goals,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
    span,
)

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.request import PreferredResource, Session, Step
from allocator.domain.resource import Location, Travel, WorkLimits
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.service import Need, Selector
from allocator.suggest import Index, Tag, suggest


def there(visit: str, day: int, hour: int, **filled: str) -> Assignment:
    """Return an hour's visit that is booked."""
    resources = tuple((role, (name,)) for role, name in filled.items())
    return Assignment(visit=visit, start=at(day, hour), end=at(day, hour + 1), resources=resources)


def only(name: str) -> Need:
    """Return a need for one practitioner."""
    return need(alternatives=(Selector(names=frozenset([name])),))


def starts(found) -> list:
    """Return when the first visits of suggestions start, in order of time."""
    return sorted(option.start for option in found.options)


def test_every_free_hour_is_offered():
    """Ann is there from 8 to 12 and has a visit at 9: three starts are left."""
    world = problem(request("a"))
    booked = Schedule(assignments=(there("a", 0, 9, practitioner="ann"),))
    found = suggest(world, request("new"), schedule=booked)
    assert starts(found) == [at(0, 8), at(0, 10), at(0, 11)]
    assert found.starts == 3


def test_who_takes_part_in_a_session_is_where_it_is():
    """Ann holds it at M until 9, an hour from L: Pat, who took part, is at L from 10 on."""
    world = problem(
        resources=(
            practitioner("ann"),
            practitioner("bea", location="L"),
            *(room(f"at {place}", location=place) for place in "LM"),
            patient("pat"),
        ),
        locations=(Location(id="L"), Location(id="M")),
        travel=(Travel(origin="L", destination="M", minutes=60),),
        services=(
            service(needs=(only("bea"),)),
            service("group", needs=(only("ann"), need("room"))),
        ),
        sessions=(Session(id="S", service="group", least=1, most=2),),
        published=(there("S", 0, 8, practitioner="ann", room="at M"),),
    )
    index = Index(world)
    joining = request("a", "pat", services="", steps=(Step(sessions=frozenset("S")),))
    index.book(joining, [replace(there("a", 0, 8, **{"attendee:pat": "pat"}), session="S")])
    assert starts(index.suggest(request("new", "pat"))) == [at(0, 10), at(0, 11)]


def test_five_of_many_lie_on_several_days():
    """Of twenty starts on five days no day has more than two of five."""
    found = suggest(problem(days=5), request("new"))
    assert found.starts == 20
    days = [option.start.date() for option in found.options]
    assert len(days) == 5
    assert len(set(days)) >= 4


def test_who_is_known_comes_first():
    """Pat was with Bea: Bea at 9 and later goes before Ann at 8, unless somebody is wished for."""
    world = problem(
        resources=(practitioner("ann"), practitioner("bea"), patient("pat"), patient("pam")),
        levels=goals(soonest=50),
        days=2,
    )
    index = Index(world)
    index.book(
        request("b", "pat"),
        [
            Assignment(
                visit="b",
                start=at(0, 8),
                end=at(0, 9),
                resources=(("practitioner", ("bea",)), ("attendee:pat", ("pat",))),
            )
        ],
    )
    best = index.suggest(request("n", "pat")).options[0]
    assert best.visits[0].filling("practitioner") == ("bea",)
    assert [r.text for r in best.reasons if r.tag is Tag.AS_BEFORE] == ["with bea, as before"]
    assert best.rank == 0
    moved = index.suggest("b").options[0]
    assert moved.visits[0].filling("practitioner") == ("bea",)
    wish = PreferredResource(role="practitioner", resources=frozenset(["ann"]))
    wished = index.suggest(request("n", "pat", preferred_resources=(wish,))).options[0]
    assert wished.visits[0].filling("practitioner") == ("ann",)
    stranger = index.suggest(request("n", "pam")).options[0]
    assert stranger.visits[0].filling("practitioner") == ("ann",)
    assert Tag.AS_BEFORE not in [r.tag for r in stranger.reasons]


def test_where_there_is_one_start_there_are_several_people():
    """At 8, and no other time, Ann, Bea or Cleo could be had, the one who is preferred first."""
    wish = PreferredResource(role="practitioner", resources=frozenset(["bea"]))
    world = problem(resources=tuple(practitioner(name) for name in ("ann", "bea", "cleo")))
    asked = request("n", preferred_resources=(wish,))
    found = suggest(world, asked, windows=[span(0, 8, 9)])
    assert found.starts == 1
    people = [option.visits[0].filling("practitioner")[0] for option in found.options]
    assert people[0] == "bea"
    assert sorted(people) == ["ann", "bea", "cleo"]


def test_a_request_that_is_placed_may_stay_where_it_is():
    """Its own place is free when it is to be moved, and nobody else's."""
    world = problem(request("a"), request("b"))
    booked = Schedule(
        assignments=(
            there("a", 0, 8, practitioner="ann"),
            there("b", 0, 9, practitioner="ann"),
        )
    )
    index = Index(world, booked)
    found = index.suggest("a", limit=9)
    assert starts(found) == [at(0, 8), at(0, 10), at(0, 11)]
    both = index.suggest("a", limit=9, moving=["b", "a"])
    assert starts(both) == [at(0, 8), at(0, 9), at(0, 10), at(0, 11)]
    assert starts(index.suggest(request("new"), limit=9)) == [at(0, 10), at(0, 11)]


def test_a_changed_request_takes_the_place_of_the_one_known():
    """Of the same id, now with a window: what was there is thought away, and is back after."""
    world = problem(request("a"))
    index = Index(world, Schedule(assignments=(there("a", 0, 8, practitioner="ann"),)))
    found = index.suggest(request("a", windows=(span(0, 8, 10),)))
    assert starts(found) == [at(0, 8), at(0, 9)]
    assert starts(index.suggest(request("new"), limit=9)) == [at(0, 9), at(0, 10), at(0, 11)]


def test_windows_and_now_narrow_what_is_offered():
    """A start before now, with an hour's notice, is none; the rest lies in the window."""
    world = problem(services=(service(notice_minutes=60),))
    index = Index(world)
    assert starts(index.suggest(request("n"), windows=[span(0, 8, 10)])) == [at(0, 8), at(0, 9)]
    assert starts(index.suggest(request("n"), now=at(0, 9))) == [at(0, 10), at(0, 11)]


def test_the_time_wanted_comes_first():
    """And it is said to be the time wanted."""
    found = suggest(problem(days=2), request("new"), wanted=at(1, 10))
    best = found.options[0]
    assert best.start == at(1, 10)
    assert Tag.AT_WANTED in [reason.tag for reason in best.reasons]


def test_costs_are_those_of_the_goals():
    """A wish for Bea that Ann cannot meet costs 200 points; the best suggestion is Bea's."""
    wish = PreferredResource(role="practitioner", resources=frozenset(["bea"]))
    world = problem(
        resources=(practitioner("ann"), practitioner("bea")),
        levels=goals(preferred_resources=200),
    )
    index = Index(world)
    index.book(request("b"), [there("b", 0, 8, practitioner="bea")])
    found = index.suggest(request("new", preferred_resources=(wish,)), limit=4)
    by_start = {option.start: option for option in found.options}
    assert by_start[at(0, 9)].visits[0].filling("practitioner") == ("bea",)
    assert Tag.PREFERRED_PERSON in [r.tag for r in by_start[at(0, 9)].reasons]
    at_eight = {c.goal: c.cost for c in by_start[at(0, 8)].costs}
    assert at_eight["preferred_resources"] == 200
    assert by_start[at(0, 9)].rank < by_start[at(0, 8)].rank


def test_someone_else_s_calendar_counts():
    """A person who comes later to the index is elsewhere at 8, by a claim, and is offered 9."""
    index = Index(problem())
    index.know(patient("pat"))
    claim = Claim(resource="pat", visit="x", role="any", start=at(0, 8), end=at(0, 9))
    index.add(claim)
    assert starts(index.suggest(request("n", "pat"), limit=9)) == [at(0, 9), at(0, 10), at(0, 11)]
    index.remove(claim)
    assert at(0, 8) in starts(index.suggest(request("n", "pat"), limit=9))


def test_someone_s_limit_counts_though_they_came_later():
    """One visit a day: Pat, whom the problem did not know, has one on Monday."""
    index = Index(problem(days=2))
    index.know(patient("pat", limits=WorkLimits(visits_per_day=1)))
    index.book(
        request("b", "pat"),
        [
            Assignment(
                visit="b",
                start=at(0, 8),
                end=at(0, 9),
                resources=(("practitioner", ("ann",)), ("attendee:pat", ("pat",))),
            )
        ],
    )
    found = index.suggest(request("n", "pat"), limit=9)
    assert {option.start.date() for option in found.options} == {at(1, 0).date()}


def test_two_lanes_hold_two():
    """A claim on one of two lanes leaves the hour free; two claims do not."""
    world = problem(resources=(practitioner("ann", lanes=2),))
    index = Index(world)
    claims = [
        Claim(resource="ann", visit=name, role="any", start=at(0, 8), end=at(0, 9)) for name in "xy"
    ]
    index.add(claims[0])
    assert index.suggest(request("n")).starts == 4
    index.add(claims[1])
    assert index.suggest(request("n")).starts == 3
    assert index.version == 2
    index.remove(claims[0])
    index.remove(claims[1])
    assert index.suggest(request("n")).starts == 4


def test_half_an_hour_of_a_claim_takes_the_hours_that_it_touches():
    """Claims need not lie on the grid; those outside the horizon change nothing."""
    index = Index(problem())
    half = Claim(resource="ann", visit="x", role="any", start=at(0, 8, 30), end=at(0, 9, 30))
    index.add(half)
    index.add(replace(half, start=at(-3, 8), end=at(-3, 9)))
    assert starts(index.suggest(request("n"))) == [at(0, 10), at(0, 11)]
    index.remove(replace(half, start=at(-3, 8), end=at(-3, 9)))
    with pytest.raises(KeyError):
        index.remove(replace(half, visit="other"))


def test_a_booking_comes_and_goes():
    """What is cancelled is free again, and its name may be used again."""
    index = Index(problem(resources=(practitioner("ann"), room("one"))))
    for _ in range(3):
        index.book(request("b"), [there("b", 0, 8, practitioner="ann")])
        assert index.knows("b")
        assert index.suggest(request("n")).starts == 3
        index.cancel("b")
        assert not index.knows("b")
        assert index.suggest(request("n")).starts == 4


def test_only_where_it_may_take_place():
    """Ann is in the north, with a visit at 8, Ben in the south until 10, Cleo anywhere at 11."""
    hours = (calendar(), calendar("short", 8, 10), calendar("late", 11, 12))
    world = problem(
        request("a"),
        calendars=hours,
        locations=(Location(id="north"), Location(id="south")),
        resources=(
            practitioner("ann", location="north"),
            practitioner("ben", location="south", calendar="short"),
            practitioner("cleo", calendar="late"),
        ),
    )
    index = Index(world, Schedule(assignments=(there("a", 0, 8, practitioner="ann"),)))

    def offered(*locations: str) -> set[tuple]:
        found = index.suggest(request("n"), limit=9, locations=locations)
        return {(o.start, o.visits[0].filling("practitioner")[0]) for o in found.options}

    north = {(at(0, 9), "ann"), (at(0, 10), "ann")}
    assert {one for one in offered("north") if one[0] < at(0, 11)} == north
    assert offered("south") == {(at(0, 8), "ben"), (at(0, 9), "ben"), (at(0, 11), "cleo")}
    assert offered("elsewhere") == {(at(0, 11), "cleo")}
    assert {start for start, _ in offered()} == {at(0, h) for h in (8, 9, 10, 11)}


def test_the_last_place_of_somebody_who_waits_comes_last():
    """W can only come at 8: whoever else is offered 8 hears that it would be W's last place."""
    index = Index(problem(request("w", windows=(span(0, 8, 9),))))
    found = index.suggest(request("n"), limit=9)
    assert [option.displaces for option in found.options] == [(), (), (), ("w",)]
    last = found.options[-1]
    assert last.start == at(0, 8)
    assert last.reasons[-1].text == "takes the last place of w"
    assert not last.reasons[-1].tag.good
    assert index.suggest("w").options[0].displaces == ()
    index.cancel("w")
    assert {option.displaces for option in index.suggest(request("n")).options} == {()}
    index.book(request("v", windows=(span(0, 9, 10),)), [])
    found = index.suggest(request("n"), limit=9)
    assert [o.start for o in found.options if o.displaces == ("v",)] == [at(0, 9)]


def test_what_does_not_exist_is_told_and_changes_nothing():
    """Services, resources, visits, ids that are known."""
    index = Index(problem(request("a")))
    with pytest.raises(InvalidProblem, match="service 'massage'"):
        index.suggest(request("n", services="massage"))
    with pytest.raises(InvalidSchedule, match="Request zoe is not known"):
        index.suggest("zoe")
    with pytest.raises(InvalidSchedule, match="Visit zoe is not known"):
        index.suggest("a", moving=["zoe"])
    with pytest.raises(InvalidProblem, match="the goal 'fun' does not exist"):
        index.suggest(request("n", weights=(("fun", 3),)))
    with pytest.raises(InvalidSchedule, match="'zoe' does not exist"):
        index.book(request("b"), [there("b", 0, 8, practitioner="zoe")])
    with pytest.raises(InvalidProblem, match="is known already"):
        index.book(request("a"), [])
    with pytest.raises(InvalidProblem, match="is something that services draw on"):
        index.know(practitioner("cleo", kind="practitioner"))
    assert not index.knows("b")
    assert index.version == 0
    assert index.suggest(request("n")).starts == 4
