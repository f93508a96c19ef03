"""Candidates under the same chance: buffers, overbooking, appointment rules."""

from __future__ import annotations

import numpy as np
import pytest
from simulate.days import longer, placed, run, schedule, three, waits
from tiny import at, need, patient, practitioner, problem, request, room, service

from allocator.domain.calendar import DailySpan
from allocator.domain.faults import InvalidProblem
from allocator.domain.request import FlexibleSeries, Session, Step
from allocator.domain.resource import Break
from allocator.simulate import (
    Lognormal,
    NoShows,
    Prices,
    Uncertainty,
    appointment_day,
    choose,
    choose_buffer,
    choose_overbooking,
    overbooked,
    with_buffer,
)

PRICES = Prices(waiting=1, overtime=3, idle=2)


def starts(plan) -> dict[str, object]:
    """Return by visit where it begins."""
    return {a.visit: a.start for a in plan.assignments}


def test_costs_are_minutes_by_their_prices():
    """Half as long again: 30 minutes of waiting, 30 of overtime, none idle."""
    found = run(*three(), longer(1.5))
    assert PRICES.cost(found).tolist() == [1 * 30 + 3 * 30] * 2
    assert Prices(waiting=0, overtime=0, idle=0, held=5).cost(found).tolist() == [-15, -15]
    exact = run(*three(), Uncertainty())
    assert PRICES.cost(exact).tolist() == [2 * 60] * 2


def test_prices_below_nothing_are_refused():
    """By their name."""
    with pytest.raises(InvalidProblem, match="Prices: idle costs -1; at least 0"):
        Prices(waiting=1, overtime=1, idle=-1)


def test_the_cheapest_candidate_is_named_with_its_difference():
    """C a quarter of an hour earlier: 15 minutes less idle, and less overtime where A is slow."""
    some, plan = three()
    earlier = schedule(plan["A"], plan["B"], placed("C", 0, 10.75, 60, practitioner="ann"))
    found = choose(
        {"as it is": (some, plan), "earlier": (some, earlier)}, PRICES, longer(1), runs=2
    )
    told = found.frame.set_index("candidate")
    assert told["cost"].tolist() == [120, 90]
    assert told["difference"].tolist() == [0, -30]
    assert told["shown"].tolist() == [False, True]
    assert found.cheapest == "earlier"
    assert list(found.simulations) == ["as it is", "earlier"]


def test_the_same_candidate_twice_makes_no_difference():
    """Under the same chance nothing is left of it, however few runs there are."""
    some, plan = three()
    found = choose({"one": (some, plan), "same": (some, plan)}, PRICES, runs=5, seed=1)
    assert found.frame["difference"].tolist() == [0, 0]
    assert found.frame["shown"].tolist() == [False, False]
    with pytest.raises(ValueError, match="0 candidates; at least 1"):
        choose({}, PRICES)


def test_a_buffer_pushes_visits_until_a_gap_takes_it_up():
    """15 minutes after A put B at 9:15; after B there is an hour, so C stays."""
    some, plan = three()
    assert starts(with_buffer(some, plan, 15)) == {
        "A": at(0, 8),
        "B": at(0, 9, 15),
        "C": at(0, 11),
    }
    assert with_buffer(some, plan, 0) == plan
    wider = with_buffer(some, plan, 75)
    assert starts(wider) == {"A": at(0, 8), "B": at(0, 10, 15), "C": at(0, 12, 30)}
    with pytest.raises(InvalidProblem, match="buffer of 10 minutes; a multiple of the grain, 15"):
        with_buffer(some, plan, 10)


def test_a_buffer_pushes_all_that_a_visit_needs():
    """B moves for Ann, and C with it: it has the same room. Those who take part in a group move."""
    some = problem(
        request("A"),
        request("B", services="roomy"),
        request("C", services="only"),
        request("P", "pat", steps=(Step(sessions=frozenset({"G"})),)),
        grain=15,
        resources=(practitioner("ann"), room("r"), patient("pat")),
        services=(
            service(),
            service("roomy", needs=(need(), need("room"))),
            service("only", 30, needs=(need("room"),)),
        ),
        sessions=(Session(id="G", service="visit", most=5),),
    )
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"),
        placed("B", 0, 9, 60, practitioner="ann", room="r"),
        placed("C", 0, 10, 30, room="r"),
        placed("G", 0, 10, 60, practitioner="ann"),
        placed("P", 0, 10, 60, attendee__pat="pat", session="G"),
    )
    assert starts(with_buffer(some, plan, 15)) == {
        "A": at(0, 8),
        "B": at(0, 9, 15),
        "C": at(0, 10, 15),
        "G": at(0, 10, 30),
        "P": at(0, 10, 30),
    }


def test_a_buffer_keeps_breaks():
    """The break has room at 9:00 to 9:30; with 15 minutes after A it is from 9:15 to 9:45."""
    window = DailySpan(start_minute=9 * 60, end_minute=11 * 60)
    ann = practitioner("ann", breaks=(Break(minutes=30, window=window),))
    some = problem(request("A"), request("B"), grain=15, resources=(ann,))
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"), placed("B", 0, 9.5, 60, practitioner="ann")
    )
    assert starts(with_buffer(some, plan, 15))["B"] == at(0, 9, 45)


def test_buffers_are_chosen_by_prices():
    """Where waiting alone costs, the widest wins; where overtime alone does, none."""
    day = appointment_day(12, 15)
    chance = Uncertainty(length=Lognormal(1.0, 0.4385))
    for prices, best in (
        (Prices(waiting=1, overtime=0, idle=0), "10 minutes"),
        (Prices(waiting=0, overtime=1, idle=0), "0 minutes"),
    ):
        found = choose_buffer(*day, prices, chance, minutes=(0, 5, 10), runs=50, seed=1)
        assert found.cheapest == best
    told = found.frame
    assert told["candidate"].tolist() == ["0 minutes", "5 minutes", "10 minutes"]
    assert told["waiting"].is_monotonic_decreasing
    assert told["overtime"].is_monotonic_increasing
    assert told["shown"].tolist() == [False, True, True]


def test_the_riskiest_visit_of_a_day_is_overbooked():
    """B was asked for long ago, A and C today. The second has its start, staff and risk."""
    some = problem(
        request("A", "pat", requested=at(0, 7)),
        request("B", "pia", requested=at(-20, 7)),
        request("C", "pit", requested=at(-10, 7)),
        grain=15,
        resources=(practitioner("ann"), *(patient(name) for name in ("pat", "pia", "pit"))),
    )
    plan = schedule(
        *(
            placed(name, 0, hour, 60, practitioner="ann", **{f"attendee__{who}": who})
            for name, hour, who in (("A", 8, "pat"), ("B", 9, "pia"), ("C", 11, "pit"))
        )
    )
    chance = Uncertainty(no_shows=NoShows(by_lead_days=((0, 0.0), (10, 0.3), (20, 0.4))))
    more, second = overbooked(some, plan, chance, risk=0.3)
    [added] = [a for a in second.assignments if a.visit not in plan]
    assert added == placed("B+", 0, 9, 60, practitioner="ann")
    assert more.request("B+").requested == at(-20, 7)
    assert waits(run(more, second, Uncertainty())) == {"A": 0, "B": 0, "B+": 60, "C": 0}
    _, two = overbooked(some, plan, chance, risk=0.3, most_per_day=2)
    assert [a.visit for a in two.assignments if a.visit not in plan] == ["B+", "C+"]
    assert overbooked(some, plan, chance, risk=0.5) == (some, plan)
    with pytest.raises(InvalidProblem, match=r"risk of 1.5 are overbooked; 0 to 1"):
        overbooked(some, plan, chance, risk=1.5)


def test_a_later_visit_that_is_riskier_comes_first():
    """B, at 9, was asked for long before A, at 8: the one second visit of the day is for B."""
    some = problem(request("A", requested=at(-10, 7)), request("B", requested=at(-20, 7)), grain=15)
    plan = schedule(
        placed("A", 0, 8, 60, practitioner="ann"), placed("B", 0, 9, 60, practitioner="ann")
    )
    chance = Uncertainty(no_shows=NoShows(by_lead_days=((10, 0.3), (20, 0.4))))
    _, second = overbooked(some, plan, chance, risk=0.3)
    assert [a.visit for a in second.assignments if a.visit not in plan] == ["B+"]


def test_a_difference_that_may_be_chance_is_not_shown():
    """A quarter of an hour later changes little beside lengths that vary widely, in five runs."""
    some, plan = three()
    later = schedule(plan["A"], plan["B"], placed("C", 0, 11.25, 60, practitioner="ann"))
    wide = Uncertainty(length=Lognormal(1.0, 1.0))
    found = choose({"as it is": (some, plan), "later": (some, later)}, PRICES, wide, runs=5)
    last = found.frame.iloc[1]
    assert last["low"] < 0 < last["high"]
    assert last["difference"] != 0
    assert not last["shown"]


def test_second_visits_of_a_series_have_names_of_their_own():
    """S-1+ is there already, and a "#" would number visits."""
    some = problem(
        request("S", series=FlexibleSeries(count=2)),
        request("S-1+"),
        grain=15,
        days=2,
    )
    plan = schedule(
        placed("S#1", 0, 8, 60, practitioner="ann"), placed("S#2", 1, 8, 60, practitioner="ann")
    )
    chance = Uncertainty(no_shows=NoShows(otherwise=0.5))
    _, more = overbooked(some, plan, chance, risk=0.5)
    assert [a.visit for a in more.assignments] == ["S#1", "S#2", "S-1++", "S-2+"]


def test_overbooking_pays_where_visits_are_worth_it():
    """With a third away, a second visit is worth more than the waits it makes, or not."""
    day = appointment_day(12, 15)
    chance = Uncertainty(no_shows=NoShows(otherwise=0.33))
    for held, best in ((100, "from 30 %"), (0, "none")):
        prices = Prices(waiting=1, overtime=1, idle=0, held=held)
        found = choose_overbooking(*day, prices, chance, risks=(0.3,), runs=100, seed=1)
        assert found.cheapest == best
    assert found.frame["visits"].tolist() == [12, 13]
    assert found.frame["held"].is_monotonic_increasing


def test_a_day_has_appointments_evenly_apart_and_some_together_at_its_start():
    """The rule of Bailey and Welch: two at 8:00, then one each 20 minutes."""
    _, plan = appointment_day(4, 15, every_minutes=20, together=2)
    at_minutes = [a.start.hour * 60 + a.start.minute for a in plan.assignments]
    assert at_minutes == [480, 480, 500, 520]
    found = run(*appointment_day(4, 15, every_minutes=20, together=2), Uncertainty())
    np.testing.assert_array_equal(found.waiting[:, 0], [0, 15, 10, 5])
    assert found.workdays["open"].tolist() == [55]
    with pytest.raises(InvalidProblem, match="A day with 0 visits; 1 to 1440"):
        appointment_day(0, 15)
    with pytest.raises(InvalidProblem, match="A day with 3 visits together; 1 to 2"):
        appointment_day(2, 15, together=3)
    with pytest.raises(InvalidProblem, match="A day with 1980 minutes after midnight at its end"):
        appointment_day(100, 15)
