"""Lanes that were added to a resource for a while: suggested where asked for, after all others."""

from __future__ import annotations

from dataclasses import replace

from suggest.test_single import starts, there
from tiny import at, need, practitioner, problem, request, room, service, span

from allocator.domain.schedule import Schedule
from allocator.suggest import ExtraLanes, Index, Tag


def booked(*hours: int) -> Index:
    """Ann is there from 8 to 12, and has visits at some hours."""
    names = [f"v{hour}" for hour in hours]
    world = problem(*map(request, names))
    some = (there(n, 0, h, practitioner="ann") for n, h in zip(names, hours, strict=True))
    return Index(world, Schedule(assignments=tuple(some)))


def more(first: int, last: int, lanes: int = 1) -> dict[str, list[ExtraLanes]]:
    return {"ann": [ExtraLanes(span=span(0, first, last), lanes=lanes)]}


def crowded(found) -> list:
    """Return when the suggestions start that are in an added lane."""
    tags = {option.start: {reason.tag for reason in option.reasons} for option in found.options}
    return sorted(start for start, some in tags.items() if Tag.EXTRA_LANE in some)


def test_they_come_after_all_others():
    """All day but at 11 she has visits; from 9 to 11 she would take one more each."""
    index = booked(8, 9, 10)
    assert starts(index.suggest(request("new"))) == [at(0, 11)]
    found = index.suggest(request("new"), lanes=more(9, 11))
    assert starts(found) == [at(0, 9), at(0, 10), at(0, 11)]
    assert (found.options[0].start, found.starts) == (at(0, 11), 3)
    assert crowded(found) == [at(0, 9), at(0, 10)]
    (why,) = (r for r in found.options[1].reasons if r.tag is Tag.EXTRA_LANE)
    assert (why.text, why.tag.good) == ("beside others of ann, in a lane that was added", False)


def test_they_are_left_where_there_are_choices_enough():
    """One is asked for and one is free; then it is as if there were none."""
    index = booked(8, 9, 10)
    found = index.suggest(request("new"), lanes=more(8, 12), limit=1)
    assert (starts(found), found.starts) == ([at(0, 11)], 1)
    assert starts(index.suggest(request("new"))) == [at(0, 11)]  # nothing stays behind


def test_what_reaches_out_of_their_time_is_not_offered():
    """From 9:00 to 10:30 there is an hour at 9, and half of one at 10."""
    index = booked(8, 9, 10, 11)
    assert starts(index.suggest(request("new"), lanes={"ann": []})) == []
    half = {"ann": [ExtraLanes(span=replace(span(0, 9, 11), end=at(0, 10, 30)), lanes=1)]}
    assert starts(index.suggest(request("new"), lanes=half)) == [at(0, 9)]
    found = index.suggest(request("new"), lanes=more(8, 12))
    assert starts(found) == [at(0, hour) for hour in (8, 9, 10, 11)]


def test_no_more_than_were_added():
    """One lane more is one visit more; two are two."""
    index = booked(8, 9, 10, 11)
    for taken in range(2):
        found = index.suggest(request("new"), lanes=more(9, 10, 2))
        assert starts(found) == [at(0, 9)]
        index.book(request(f"more{taken}"), [there(f"more{taken}", 0, 9, practitioner="ann")])
    assert starts(index.suggest(request("new"), lanes=more(9, 10, 2))) == []
    assert starts(index.suggest(request("new"), lanes=more(9, 10, 3))) == [at(0, 9)]


def test_everything_else_is_still_needed():
    """Ann would take one more at any time, and the room is taken at 8 and at 9."""
    names = [f"v{hour}" for hour in (8, 9, 10, 11)]
    world = problem(
        *map(request, names),
        resources=(practitioner("ann"), room("small"), room("large")),
        services=(service(needs=(need(), need("room"))),),
    )
    rooms = ("large", "large", "small", "large")
    taken = [
        there(n, 0, h, practitioner="ann", room=r)
        for n, h, r in zip(names, (8, 9, 10, 11), rooms, strict=True)
    ]
    index = Index(world, Schedule(assignments=tuple(taken)))
    index.book(request("x"), [there("x", 0, 8, practitioner="ann", room="small")])
    found = index.suggest(request("new"), lanes=more(8, 12, 2))
    assert starts(found) == [at(0, 9), at(0, 10), at(0, 11)]


def test_buffers_lie_within_as_well():
    """Notes of half an hour follow: those of 9:30 end at 11:00, and those of 10:00 too late."""
    world = problem(
        request("v"), services=(service(minutes=60, needs=(need(after_minutes=30),)),), grain=30
    )
    index = Index(world, Schedule(assignments=(there("v", 0, 9, practitioner="ann"),)))
    plain = starts(index.suggest(request("new"), limit=50))
    found = starts(index.suggest(request("new"), lanes=more(9, 11), limit=50))
    assert sorted(set(found) - set(plain)) == [at(0, 9), at(0, 9, 30)]
