"""Scenarios: pure, composable, undone, saved and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import MONDAY, at, patient, practitioner, problem, request, room

from allocator import (
    Assignment,
    FaultCode,
    FlexibleSeries,
    InvalidProblem,
    Pin,
    PinKind,
    Problem,
    WorkLimits,
)
from allocator.scenario import (
    Ask,
    Capacity,
    Carers,
    Change,
    Close,
    Demand,
    Extend,
    Hire,
    Leave,
    Lengths,
    Limits,
    Open,
    Pins,
    Publish,
    Rules,
    Scenario,
    Skills,
    Stay,
    Weigh,
    Withdraw,
    read_scenarios,
    scenarios_from_json,
    scenarios_to_json,
    write_scenarios,
)
from allocator.scenario.changes import CHANGES

PEOPLE = ("P1", "P2", "P3", "P4")
HANDS = ("ann", "ben")


def base() -> Problem:
    """Return a week of four requests, two practitioners and a room; two visits are pinned."""
    return problem(
        *(request(f"R{n}", f"P{n}", series=FlexibleSeries(count=2)) for n in range(1, 5)),
        published=tuple(
            Assignment(
                visit=f"R{n}#1",
                start=at(n, 8),
                end=at(n, 9),
                resources=((f"attendee:P{n}", (f"P{n}",)), ("practitioner", (who,))),
            )
            for n, who in enumerate(HANDS, 1)
        ),
        pins=(Pin(visit="R1#1"), Pin(visit="R2#1")),
        days=7,
        resources=(
            *(practitioner(id) for id in HANDS),
            room("gym"),
            *(patient(id) for id in PEOPLE),
        ),
    )


WEEKDAYS = st.frozensets(st.integers(0, 6), min_size=1)
SOME = st.lists(st.sampled_from([*HANDS, "gym"]), min_size=1, unique=True).map(tuple)
MINUTES = st.integers(0, 23).map(lambda hour: 60 * hour)
#: Changes that can be made to any week like the one above, in any order.
ANY: st.SearchStrategy[Change] = st.one_of(
    st.builds(Close, resources=SOME, weekdays=WEEKDAYS, start_minute=MINUTES),
    st.builds(
        Open,
        resources=SOME,
        weekdays=WEEKDAYS,
        start_minute=MINUTES,
        end_minute=st.just(24 * 60),
        overtime=st.booleans(),
    ),
    st.builds(Extend, resources=SOME, minutes=st.sampled_from((60, 120)), overtime=st.booleans()),
    st.builds(Leave, resources=SOME, first=st.none() | st.dates(MONDAY, date(2026, 3, 10))),
    st.builds(Skills, resources=SOME, learn=st.just(("hands",)), lose=st.just(("yoga",))),
    st.builds(Capacity, resources=SOME, lanes=st.integers(1, 3)),
    st.builds(
        Limits,
        resources=SOME,
        limits=st.builds(WorkLimits, minutes_per_day=st.none() | st.integers(0, 9)),
    ),
    st.builds(Demand, percent=st.integers(-40, 60), seed=st.integers(0, 9)),
    st.builds(Carers, most=st.none() | st.integers(1, 3)),
    st.builds(Lengths, services=st.just(("visit",)), minutes=st.sampled_from((60, 120))),
    st.builds(Weigh, goal=st.sampled_from(("soonest", "same_carer")), weight=st.integers(0, 9)),
    st.builds(Rules, off=st.just(("breaks",))) | st.builds(Rules, on=st.just(("breaks",))),
    st.builds(Stay, most_changes=st.integers(0, 5), weight=st.none() | st.integers(0, 9)),
    st.builds(
        Ask,
        requests=st.just((request("more", "P9"),)),
        resources=st.just((patient("P9"),)),
    ),
    st.builds(Pins, release=st.sampled_from((("R1",), ("R2#1",)))),
    st.builds(Pins, hold=st.just(("R1",)), kind=st.sampled_from(PinKind)),
)
MANY = st.lists(ANY, max_size=4, unique_by=lambda change: isinstance(change, Ask) or id(change))


@given(MANY)
def test_changes_are_made_in_order(changes: list[Change]) -> None:
    """A scenario's problem is its base with each change applied to what the one before left."""
    found = base()
    for change in changes:
        found = change.apply(found)
    scenario = Scenario(name="some", base=base(), changes=tuple(changes))
    assert scenario.problem == found
    assert Scenario(name="some", base=base()).then(*changes) == scenario
    assert scenario.base == base()


@given(MANY, st.integers(0, 6))
def test_undo_takes_back_what_then_has_done(changes: list[Change], count: int) -> None:
    """As many changes as are asked; undoing all of them leaves the base."""
    scenario = Scenario(name="some", base=base()).then(*changes)
    kept = changes[: max(0, len(changes) - count)]
    assert scenario.undo(count) == Scenario(name="some", base=base(), changes=tuple(kept))
    assert scenario.undo(len(changes)).problem == base()
    for change in changes:
        assert change not in scenario.without(change).changes or changes.count(change) > 1


@given(MANY)
def test_scenarios_are_saved_and_read_again(changes: list[Change]) -> None:
    """Names, changes, and so the problem."""
    some = (
        Scenario(name="as it is", base=base()),
        Scenario(name="some", base=base(), changes=tuple(changes)),
    )
    read = scenarios_from_json(scenarios_to_json(some), base())
    assert read == some
    assert [one.problem for one in read] == [one.problem for one in some]


@given(st.tuples(ANY, ANY).filter(lambda pair: type(pair[0]) is not type(pair[1])))
def test_changes_of_different_things_may_come_in_any_order(pair: tuple[Change, Change]) -> None:
    """Hours, people, demand, weights and rules do not touch each other's."""
    one, other = pair
    apart = {Ask, Demand, Carers, Lengths}  # all of these are about requests
    hours = {Close, Extend, Open}  # what is opened may be blocked, and the order of rules differs
    pins = {Close, Leave, Pins, Demand}  # who is away keeps none, and what is pinned is settled
    for group in (apart, hours, pins):
        if {type(one), type(other)} <= group:
            return
    first = other.apply(one.apply(base()))
    second = one.apply(other.apply(base()))
    assert first == second


def test_every_change_is_saved_by_a_name_of_its_own() -> None:
    """Those that no strategy above makes are read as they were written, too."""
    names = [cls.__name__.lower() for cls in CHANGES]
    assert len({*names}) == len(names)
    some = (
        Hire(like="ann", id="eve", percent=50),
        Publish(
            assignments=(
                Assignment(
                    visit="R1#1",
                    start=at(0, 8),
                    end=at(0, 9),
                    resources=(("attendee:P1", ("P1",)), ("practitioner", ("ann",))),
                ),
            )
        ),
        Pins(release=("R1",), kind=PinKind.TIME),
        Withdraw(requests=("R2",)),
    )
    scenario = Scenario(name="some", base=base(), changes=some)
    assert scenarios_from_json(scenarios_to_json([scenario]), base()) == (scenario,)


def test_a_change_that_cannot_be_made_is_named() -> None:
    """With the scenario, the number of the change, and what it was to do."""
    scenario = Scenario(name="smaller", base=base())
    with pytest.raises(InvalidProblem) as error:
        scenario.then(Carers(most=1), Withdraw(requests=("R1x",)))
    assert str(error.value) == (
        "Scenario smaller, change 2 (request R1x withdrawn): Request R1x does not exist;"
        " did you mean R1?"
    )
    assert scenario.problem == base()


def test_a_scenario_says_what_it_changes() -> None:
    """Each change in turn; none is the base."""
    scenario = Scenario(name="late", base=base())
    assert scenario.text() == "late: as it is."
    more = scenario.then(Carers(most=None), Demand(percent=15), name="busy and late")
    assert more.text() == "busy and late: series with any number of carers; demand +15 %."
    assert more.named("busy").name == "busy"
    with pytest.raises(ValueError, match="does not have the change 'series with at most 1 carers'"):
        more.without(Carers(most=1))
    with pytest.raises(ValueError, match="-1 changes cannot be undone; at least 0"):
        more.undo(-1)
    with pytest.raises(InvalidProblem, match="A scenario has no name"):
        more.named("")


def test_what_a_planner_writes_is_taken_as_data() -> None:
    """Lists and sets, and NumPy's numbers; it is saved, and taken back, as if written properly."""
    loose: Any = Close(resources=["gym"], weekdays={4}, start_minute=np.int64(60))
    found = Scenario(name="loose", base=base(), changes=[loose])  # type: ignore[arg-type]
    strict = Close(resources=("gym",), weekdays=frozenset({4}), start_minute=60)
    assert found == Scenario(name="loose", base=base(), changes=(strict,))
    assert scenarios_from_json(scenarios_to_json([found]), base()) == (found,)
    assert found.without(loose).changes == ()
    assert len(repr(found)) < 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            Close(resources="gym"),  # type: ignore[arg-type]
            "Close): resources is 'gym'; several are expected, such as resources=['gym'].",
        ),
        (
            Close(resources=("gym",), weekdays=4),  # type: ignore[arg-type]
            "Close): weekdays is 4; several are expected, such as weekdays={4}.",
        ),
        (Hire(like="ann", id="eve", percent=0.5), "percent is 0.5; a whole number is expected."),  # type: ignore[arg-type]
        (Weigh(goal="waiting", weight=float("nan")), "weight is nan; a whole number is expected."),  # type: ignore[arg-type]
        (Leave(resources=("ann",), first=at(0, 8)), "Leave): first is datetime.datetime("),
        (Leave(resources=("ann",), first="2026-03-02"), "'2026-03-02'; a date is expected."),  # type: ignore[arg-type]
        (Capacity(resources=(7,), lanes=1), "resources is 7; text is expected."),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_data_is_refused(change: Change, said: str) -> None:
    """By the field, before it does something else than was meant."""
    with pytest.raises(InvalidProblem) as error:
        Scenario(name="odd", base=base()).then(change)
    assert said in str(error.value)


def test_a_file_of_scenarios_is_told_all_its_faults(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Each with its place; a file that is right is read as it was written."""
    path = tmp_path / "what-if.json"
    some = (Scenario(name="busy", base=base(), changes=(Demand(percent=15),)),)
    write_scenarios(some, path)
    assert read_scenarios(path, base()) == some
    path.write_text(
        '{"format": "allocator-scenarios", "version": 1, "scenarios": ['
        '{"name": "busy", "changes": [{"type": "demnd", "percent": 15}]},'
        '{"name": "late", "changes": [{"type": "carers", "most": "two"}]}, {"changes": []}]}'
    )
    with pytest.raises(InvalidProblem) as error:
        read_scenarios(path, base())
    assert [(fault.code, fault.where) for fault in error.value.faults] == [
        (FaultCode.WRONG_TYPE, "what-if.json scenarios[0].changes[0].type"),
        (FaultCode.WRONG_TYPE, "what-if.json scenarios[1].changes[0].most"),
        (FaultCode.WRONG_TYPE, "what-if.json scenarios[2]"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        Weigh(goal="waiting", weight=4, level="priority 3"),
        Weigh(goal="served:3", weight=2),
    ],
)
def test_a_solve_is_asked_for_weights_of_comfort_alone(change: Change) -> None:
    """The service would weigh them as comfort, which is not what the scenario has solved."""
    scenario = Scenario(name="first", base=base()).then(change)
    with pytest.raises(InvalidProblem) as error:
        scenario.asked()
    assert str(error.value) == (
        "Scenario first weighs otherwise in level priority 3; a solve can be asked for other"
        " weights in level comfort alone."
    )


def test_a_key_that_nobody_knows_is_told_and_so_is_every_scenario_that_cannot_be_made() -> None:
    """Without that a scenario would silently change nothing."""
    document = {"format": "allocator-scenarios", "version": 1}
    changs = {"name": "late", "changs": [{"type": "carers", "most": 2}]}
    with pytest.raises(InvalidProblem) as error:
        scenarios_from_json({**document, "scenarios": [changs]}, base())
    assert str(error.value) == ("scenarios[0]: The key 'changs' is unknown; did you mean changes?")
    wrong = [
        {"name": name, "changes": [{"type": "withdraw", "requests": [request]}]}
        for name, request in (("one", "X"), ("right", "R1"), ("two", "Y"))
    ]
    with pytest.raises(InvalidProblem) as error:
        scenarios_from_json({**document, "scenarios": wrong}, base())
    assert [fault.where[:22] for fault in error.value.faults] == [
        "Scenario one, change 1",
        "Scenario two, change 1",
    ]


def test_what_may_move_in_the_problem_may_move_in_the_solve() -> None:
    """A problem that was taken away with bookings that may move has some that are not pinned."""
    assert "may_move" not in Scenario(name="held", base=base()).asked()
    loose = Scenario(name="loose", base=replace(base(), pins=base().pins[:1]))
    assert loose.asked()["may_move"] is True
