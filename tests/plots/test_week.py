"""The timetable: holds every booking, in the resource's wall time, and can be read."""

from dataclasses import replace
from datetime import date

import pytest
from pictures import placed
from plots.svg import drawn, labels, overlaps, rows, texts
from plots.weeks import bookings, clinic
from tiny import calendar, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Location
from allocator.domain.schedule import Schedule
from allocator.domain.service import Selector
from allocator.plots import week
from allocator.plots.save import png
from allocator.plots.week import COLOURS

SIZES = (0, 1, 5, 30, 200)


def resource_of(label: str, some: Problem) -> str:
    """Return the id of the resource whose row has this label, further lanes included."""
    [id] = [r.id for r in some.resources if label.partition(" · ")[0] == r.label]
    return id


@pytest.mark.parametrize("resources", SIZES)
def test_every_booking_of_the_week_is_a_bar_on_each_of_its_resources(resources: int):
    """And none of another: the rows of the data are counted, and the bars of the picture."""
    some, schedule = clinic(resources, each=2 if resources == 200 else 6)
    chart = week(some, schedule)
    expected = bookings(schedule)
    told = rows(chart, "visit", "time")
    assert {(row["visit"], resource_of(row["row"], some)) for row in told} == expected
    assert len(told) == len(expected)
    bars = [bar for bar in labels(drawn(chart), "bar") if "visit" in bar]
    assert sorted((bar["visit"], bar["row"]) for bar in bars) == sorted(
        (row["visit"], row["row"]) for row in told
    )


@pytest.mark.parametrize("resources", SIZES)
@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_labels_do_not_overlap(resources: int, view: str):
    """At the usual sizes, whatever the number of rows, and each resource has its label."""
    some, schedule = clinic(resources, each=1 if resources == 200 else 6)
    chart = week(some, schedule, view=view, first=date(2026, 3, 2))
    assert overlaps(chart) == []
    there = {text.words for text in texts(drawn(chart))}
    assert {resource.label for resource in some.resources} <= there


@pytest.mark.parametrize("width", [600, 960, 1600])
def test_narrow_and_wide_pictures_can_be_read(width: int):
    """Times and dates are left out where there is no room for them."""
    some, schedule = clinic(5, days=7)
    for view in ("day", "week", "month"):
        assert overlaps(week(some, schedule, view=view, width=width)) == []


@pytest.mark.parametrize("resources", [0, 5, 200])
def test_it_is_a_png_of_its_size(resources: int):
    """Two pixels for each, and as high as there are rows."""
    some, schedule = clinic(resources, days=1, each=1)
    picture = png(week(some, schedule, view="day"))
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert width > 2 * 900
    assert height > 2 * 14 * resources


def test_a_day_holds_its_own_bookings_alone():
    """Tuesday's two, of ten in the week."""
    some, schedule = clinic(1, each=2)
    told = rows(week(some, schedule, view="day", first=date(2026, 3, 3)), "visit", "time")
    assert sorted(row["visit"] for row in told) == ["p1-2.1", "p1-2.2"]


def test_by_default_it_is_the_week_of_the_first_new_visit():
    """A visit that is booked before lies in an earlier week."""
    some = problem(request("A"), request("B"), days=14)
    schedule = placed(some, "A mon 9:00, B mon9 9:00")
    assert week(some, schedule).title.text == "2 to 8 March 2026"
    frozen = tuple(a for a in schedule.assignments if a.visit == "A")
    some = replace(some, published=frozen, pins=(Pin(visit="A"),))
    assert week(some, schedule).title.text == "9 to 15 March 2026"


def test_times_are_wall_times_at_the_resource():
    """Nine in the morning in New York is three in the afternoon in Berlin."""
    some = problem(
        request("A"),
        request("B"),
        resources=(
            practitioner("ann", location="new-york"),
            practitioner("bob", location="berlin"),
        ),
        locations=(Location(id="new-york", zone="America/New_York"), Location(id="berlin")),
        calendars=(calendar("day", 8, 18),),
    )
    chart = week(some, placed(some, "A 15:00 ann, B 15:00 bob"), view="day")
    told = {row["visit"]: row for row in rows(chart, "visit", "time")}
    assert told["A"]["time"] == "Mon 2 Mar 2026, 09:00–10:00"
    assert told["B"]["time"] == "Mon 2 Mar 2026, 15:00–16:00"
    assert told["B"]["x"] - told["A"]["x"] == 6
    assert "local to each resource" in chart.title.subtitle[0]


def test_a_bar_begins_under_the_time_at_which_it_starts():
    """Its left edge, and the text above."""
    some = problem(request("A"))
    picture = drawn(week(some, placed(some, "A 10:00"), view="day"))
    [ten] = [text for text in texts(picture) if text.words == "10:00"]
    [name] = [text for text in texts(picture) if text.words == "A"]
    assert 0 <= name.left - (ten.left + ten.right) / 2 <= 6


@pytest.mark.parametrize(
    ("first", "wall"), [((2026, 3, 29), "01:00–04:00"), ((2026, 10, 25), "01:00–02:00")]
)
def test_a_visit_across_a_change_of_the_clocks_is_as_long_as_it_lasts(first, wall: str):
    """Two hours from one o'clock: on the wall they end at four in spring, at two in autumn."""
    some = problem(
        request("A"),
        services=(service(minutes=120),),
        calendars=(calendar("day", 0, 24),),
    )
    some = replace(some, horizon=replace(some.horizon, first=date(*first)))
    [told] = rows(week(some, placed(some, "A 1:00"), view="day"), "visit", "time")
    assert told["time"].endswith(wall)
    assert told["x2"] - told["x"] == (3 if first[1] == 3 else 2)


def test_what_serves_several_at_once_has_a_row_for_each_lane():
    """Two visits at nine, in a room with three lanes, of which two are used."""
    some = problem(
        request("A"),
        request("B"),
        resources=(practitioner("ann"), practitioner("bob"), room("gym", lanes=3)),
        services=(service(needs=(need(), need("room"))),),
    )
    chart = week(some, placed(some, "A 9:00 ann gym, B 9:00 bob gym"), view="day")
    told = [row["row"] for row in rows(chart, "visit", "time") if "gym" in row["row"]]
    assert sorted(told) == ["gym", "gym · 2"]


def test_open_hours_and_buffers_are_drawn():
    """Ann is open from 8 to 12, and needs an hour for her notes after the visit."""
    some = problem(request("A"), services=(service(needs=(need(after_minutes=60),)),))
    chart = week(some, placed(some, "A 9:00"), view="day")
    assert [(row["x"], row["x2"]) for row in rows(chart, "fill")] == [(0, 4)]
    [buffer] = [row for row in rows(chart, "state") if "visit" not in row]
    assert (buffer["x"], buffer["x2"]) == (1, 3)
    assert {row["with buffers"] for row in rows(chart, "visit")} == {"09:00–11:00"}


def test_those_who_only_attend_have_no_row_but_those_who_are_idle_have():
    """Bob is open, and nobody asks for him; Pat comes to a visit."""
    some = problem(
        request("A", "pat"),
        resources=(practitioner("ann"), practitioner("bob"), patient("pat")),
        services=(service(needs=(need(alternatives=(Selector(names=frozenset({"ann"})),)),)),),
    )
    there = {text.words for text in texts(drawn(week(some, placed(some, "A 9:00 ann"))))}
    assert there & {"ann", "bob", "pat"} == {"ann", "bob"}
    assert week(some, Schedule(), resources=["pat"]).height > 0


def test_rooms_are_in_the_order_of_their_numbers():
    """Room 2 comes before room 10, and people before rooms."""
    some = problem(
        services=(service(needs=(need(), need("room"))),),
        resources=(room("x", name="Room 10"), room("y", name="Room 2"), practitioner("z")),
    )
    names = [text.words for text in texts(drawn(week(some, Schedule())))]
    assert [name for name in names if name in {"Room 10", "Room 2", "z"}] == [
        "z",
        "Room 2",
        "Room 10",
    ]


def test_resources_of_the_same_name_have_rows_of_their_own():
    """Their ids tell them apart."""
    some = problem(resources=(practitioner("a", name="Ann"), practitioner("b", name="Ann")))
    assert {"Ann", "Ann (b)"} <= {text.words for text in texts(drawn(week(some, Schedule())))}


def test_each_state_has_a_colour_and_the_legend_names_those_there_are():
    """A is published and kept, B was moved, C is new."""
    some = problem(request("A"), request("B"), request("C"))
    before = placed(some, "A 8:00, B 9:00").assignments
    some = replace(some, published=before)
    chart = week(some, placed(some, "A 8:00, B 10:00, C 11:00"), view="day")
    told = {row["visit"]: row["state"] for row in rows(chart, "visit", "time")}
    assert told == {"A": "published, as it was", "B": "published, moved", "C": "new"}
    assert set(told.values()) < set(COLOURS)
    assert set(told.values()) <= {text.words for text in texts(drawn(chart))}
    assert "booked before" not in {text.words for text in texts(drawn(chart))}


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"view": "year"}, "The view is 'year'; day, week and month are possible."),
        ({"resources": ["bob"]}, "The resource 'bob' does not exist."),
        (
            {"kind": "room"},
            "No resource of the kind 'room' is to be shown; kinds are: practitioner.",
        ),
    ],
)
def test_what_is_not_there_cannot_be_drawn(wish: dict[str, object], says: str):
    """The message names it, and what there is."""
    with pytest.raises(ValueError) as told:
        week(problem(), Schedule(), **wish)
    assert str(told.value) == says


def test_a_name_that_looks_like_an_expression_is_only_a_name():
    """Quotes and backslashes in a name of a resource do not end the expression that uses it."""
    some = problem(resources=(practitioner("ann", name="A\"'\\n"), practitioner("b", name="1 + 1")))
    assert {"A\"'\\n", "1 + 1"} <= {text.words for text in texts(drawn(week(some, Schedule())))}


def test_a_horizon_of_one_day_at_night_is_drawn():
    """From ten in the evening to midnight, which belongs to the day."""
    some = problem(request("A"), calendars=(calendar("day", 22, 24),))
    [told] = rows(week(some, placed(some, "A 23:00"), view="day"), "visit", "time")
    assert told["time"] == "Mon 2 Mar 2026, 23:00–24:00"
