"""Planted conflicts over the rules that speak of a request: its time, its shape, its company."""

from __future__ import annotations

from typing import Any

from explain.planted import TUESDAY, Planted, Planting, ann, asked, planted, put, with_ann
from tiny import at, calendar, patient, practitioner, request, service, span

from allocator.domain.request import (
    Alike,
    Apart,
    FixedSeries,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Pin,
    PinKind,
    Precedence,
    Relation,
    Session,
    Step,
)
from allocator.domain.resource import Contract, Location


def windows() -> Planted:
    """A may come from 13:00 to 14:00, when Ann is closed."""
    some = asked(request("A", windows=(span(0, 13, 14),)), who=ann(calendar="day"))
    return planted(some, core="windows A, opening_hours ann")


def pins() -> Planted:
    """A is pinned to 08:00, where B has been put since."""
    some = asked(published=(with_ann("A", 0, 8),), pins=(Pin(visit="A", kind=PinKind.TIME),))
    return planted(some, with_ann("B", 0, 8), core="pins A, capacity ann")


def freeze() -> Planted:
    """What starts before noon is frozen, and at noon Ann closes."""
    some = asked(who=ann(calendar="day"), freeze_before=at(0, 12))
    return planted(some, core="freeze A, opening_hours ann")


def options() -> Planted:
    """A lists 09:00 alone, and B is there."""
    nine = Option(placements=(OptionPlacement(start=at(0, 9)),))
    some = asked(request("A", options=(nine,)), request("B"))
    return planted(some, with_ann("B", 0, 9), core="options A, capacity ann")


def notice() -> Planted:
    """A day's notice leaves nothing of one day."""
    return planted(asked(services=(service(notice_minutes=24 * 60),)), core="notice A")


def start_grid() -> Planted:
    """Starts are at 08:00 and 12:00, four hours apart; Ann opens at 09:00 and closes at noon."""
    some = asked(
        who=ann(calendar="day"),
        calendars=(calendar(first_hour=9),),
        services=(service(start_every_minutes=240),),
    )
    return planted(some, core="start_grid A, opening_hours ann")


def one_location() -> Planted:
    """The session is held in the north, and Pia stands in the south."""
    step = Step(sessions=frozenset({"S"}))
    some = asked(
        request("A", "pia", "", steps=(step,)),
        request("B", "quin", "", steps=(step,)),
        who=(
            ann(location="north"),
            practitioner("bob", calendar=None, location="south"),
            patient("pia", location="south"),
            patient("quin"),
        ),
        locations=(Location(id="north"), Location(id="south")),
        sessions=(Session(id="S", service="visit", most=9),),
    )
    return planted(
        some,
        with_ann("S", 0, 8),
        put("B", 0, 8, session="S", quin="attendee"),
        core="one_location A",
    )


def _series(count: int, days: int = 1, **more: Any) -> Any:
    return asked(request("A", series=FlexibleSeries(count=count, **more)), request("B"), days=days)


def _wants(*hours: int | None) -> Option:
    """An option whose visits lie at these hours, one by one; without an hour one is left out."""
    return Option(
        placements=tuple(
            OptionPlacement(start=at(0, hour), occurrence=number)
            for number, hour in enumerate(hours, 1)
            if hour is not None
        )
    )


def series_completeness() -> Planted:
    """The option leaves out the second visit of three, and without it there is no third."""
    loose = FlexibleSeries(count=3, at_least=1, least_days_between=0)
    some = asked(request("A", series=loose, options=(_wants(8, None, 9),)))
    return planted(some, core="series_completeness A, option_complete A, options A")


def option_complete() -> Planted:
    """One visit would be enough, but the option has two, of which one meets B."""
    loose = FlexibleSeries(count=2, at_least=1, least_days_between=0)
    some = asked(request("A", series=loose, options=(_wants(8, 9),)), request("B"))
    return planted(some, with_ann("B", 0, 9), core="options A, option_complete A, capacity ann")


def series_gaps() -> Planted:
    """Two visits on different days do not fit into one."""
    return planted(_series(2), core="series_gaps A")


def series_pattern() -> Planted:
    """Ann is open for two hours; B takes the first of Monday and C the second of Tuesday."""
    some = asked(
        request("A", series=FixedSeries(count=2, every_days=1)),
        request("B"),
        request("C"),
        who=ann(calendar="day"),
        calendars=(calendar(last_hour=10),),
        days=2,
    )
    return planted(
        some,
        with_ann("B", 0, 8),
        with_ann("C", 1, 9),
        core="series_pattern A, opening_hours ann, capacity ann",
    )


def series_rate() -> Planted:
    """Monday and Tuesday are one week, which may have one visit."""
    return planted(_series(2, 2, most_per_week=1), core="series_rate A")


def most_carers() -> Planted:
    """Two visits on two days with one carer, where Ann leaves on Monday and Bob starts after."""
    some = asked(
        request("A", series=FlexibleSeries(count=2, most_carers=1)),
        who=(
            ann(contracts=(Contract(last=date_before(TUESDAY)),)),
            practitioner("bob", calendar=None, contracts=(Contract(first=TUESDAY),)),
        ),
        days=2,
    )
    return planted(some, core="most_carers A, series_gaps A, contracts ann, contracts bob")


def date_before(day: Any) -> Any:
    """Return the day before."""
    return day.fromordinal(day.toordinal() - 1)


def chain_lags() -> Planted:
    """A day between two steps leaves nothing of one day."""
    steps = (Step(service="visit"), Step(service="visit", least_lag_minutes=24 * 60))
    return planted(asked(request("A", "", "", steps=steps)), core="chain_lags A")


def relations() -> Planted:
    """A and B are to have different practitioners, and there is Ann alone."""
    differ = Relation(id="R", visits=("A", "B"), alike=Alike.RESOURCE, same=False)
    return planted(asked(relations=(differ,)), with_ann("B", 0, 8), core="relations A")


def precedence() -> Planted:
    """A comes after B, which ends at midnight."""
    some = asked(precedences=(Precedence(id="P", before="B", after="A"),))
    return planted(some, with_ann("B", 0, 23), core="precedence A")


def apart() -> Planted:
    """Pia would meet Ann, from whom she is kept apart."""
    some = asked(
        request("A", "pia"),
        who=(ann(), patient("pia")),
        apart=(Apart(one="ann", other="pia"),),
    )
    return planted(some, core="apart A")


def group(most: int = 9, least: int = 1, **pia: Any) -> Any:
    """A and B would join the session S with Ann; A is Pia, B is Quin."""
    step = Step(sessions=frozenset({"S"}))
    return {
        "who": (ann(), patient("pia", name="Pia", **pia), patient("quin")),
        "sessions": (Session(id="S", service="visit", least=least, most=most),),
    }, (request("A", "pia", "", steps=(step,)), request("B", "quin", "", steps=(step,)))


HELD = (with_ann("S", 0, 8), put("B", 0, 8, session="S", quin="attendee"))


def apart_in_a_session() -> Planted:
    """Pia and Quin are kept apart, and Quin takes part already."""
    more, requests = group()
    some = asked(*requests, **more, apart=(Apart(one="pia", other="quin"),))
    return planted(some, *HELD, core="apart pia")


def session_together() -> Planted:
    """The session is held at 08:00, and Pia can come from 09:00 on."""
    more, requests = group(calendar="day")
    some = asked(*requests, **more, calendars=(calendar(first_hour=9),))
    return planted(some, *HELD, core="session_together A, opening_hours pia")


def session_most() -> Planted:
    """The session has one place, which is Quin's."""
    more, requests = group(most=1)
    return planted(asked(*requests, **more), *HELD, core="session_most A")


def session_least() -> Planted:
    """The session is held with two or more, and A would be alone."""
    more, requests = group(least=2)
    some = asked(*requests, **more)
    return planted(some, core="session_together A, session_least A")


def session_least_at_two_places() -> Planted:
    """So it is where the session may be held in the south, where Pia is, or in the north."""
    more, requests = group(least=2, location="south")
    more["who"] += (practitioner("bob", calendar=None, location="south"),)
    more["who"] = (ann(location="north"), *more["who"][1:])
    some = asked(*requests, **more, locations=(Location(id="north"), Location(id="south")))
    return planted(some, core="session_together A, session_least A")


def most_changes() -> Planted:
    """A is published for 07:00, before Ann opens, and nothing may move."""
    some = asked(who=ann(calendar="day"), published=(with_ann("A", 0, 7),), most_changes=0)
    return planted(some, core="most_changes A, opening_hours ann")


BY_REQUEST: dict[str, tuple[Planting, ...]] = {
    "windows": (windows,),
    "pins": (pins,),
    "freeze": (freeze,),
    "options": (options,),
    "notice": (notice,),
    "start_grid": (start_grid,),
    "one_location": (one_location,),
    "series_completeness": (series_completeness,),
    "series_gaps": (series_gaps,),
    "series_pattern": (series_pattern,),
    "series_rate": (series_rate,),
    "most_carers": (most_carers,),
    "most_changes": (most_changes,),
    "chain_lags": (chain_lags,),
    "relations": (relations,),
    "precedence": (precedence,),
    "apart": (apart, apart_in_a_session),
    "session_together": (session_together,),
    "session_most": (session_most,),
    "option_complete": (option_complete,),
    "session_least": (session_least, session_least_at_two_places),
}
