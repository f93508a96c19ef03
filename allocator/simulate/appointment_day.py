"""A day of appointments of one practitioner, by an appointment rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Request, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import MINUTES_PER_DAY, Horizon
from allocator.simulate.simulation import KIND

DAY = date(2026, 3, 2)


def appointment_day(
    visits: int,
    minutes: int,
    *,
    every_minutes: int | None = None,
    together: int = 1,
    opens: int = 8 * 60,
    closes: int | None = None,
) -> tuple[Problem, Schedule]:
    """Return a day of one practitioner: appointments evenly apart, some together at its start.

    With two together this is the rule of Bailey and Welch ("Appointment systems in hospital
    outpatient departments", The Lancet, 1952), by which a practitioner has somebody to see when
    the first is late.

    Parameters
    ----------
    visits
        How many, at least 1; they are called ``V001`` and so on, in order.
    minutes
        How long each is planned.
    every_minutes
        From one appointment to the next; by default as long as a visit.
    together
        How many are given the first appointment.
    opens, closes
        Minutes after midnight; by default the day ends with the last visit.

    Returns
    -------
    tuple of Problem and Schedule
        For ``simulate`` and ``choose``. The service is called ``visit``, the practitioner
        ``practitioner``.
    """
    every = minutes if every_minutes is None else every_minutes
    starts = [opens + every * max(0, number - together + 1) for number in range(visits)]
    end = starts[-1] + minutes if starts else opens
    for what, number, least, most in (
        ("visits", visits, 1, MINUTES_PER_DAY),
        ("minutes from one to the next", every, 1, MINUTES_PER_DAY),
        ("visits together", together, 1, max(visits, 1)),
        ("minutes after midnight at its end", end, 1, MINUTES_PER_DAY),
    ):
        if not least <= number <= most:
            message = f"A day with {number} {what}; {least} to {most} are possible."
            raise InvalidProblem([Fault(FaultCode.WRONG_NUMBER, "day", "", message)])
    hours = DailySpan(start_minute=opens, end_minute=end if closes is None else closes)
    week = WeeklyRule(weekdays=frozenset(range(7)), hours=hours)
    need = Need(role=KIND, alternatives=(Selector(kind=KIND),))
    names = [f"V{number:03}" for number in range(1, visits + 1)]
    problem = Problem(
        horizon=Horizon(first=DAY, days=2, zone="UTC", grain_minutes=1),
        calendars=(Calendar(id="day", weekly=(week,)),),
        resources=(Resource(id=KIND, kind=KIND, calendar="day"),),
        services=(Service(id="visit", minutes=minutes, needs=(need,)),),
        requests=tuple(Request(id=name, steps=(Step(service="visit"),)) for name in names),
    )
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    return problem, Schedule(
        assignments=tuple(
            Assignment(
                visit=name,
                start=midnight + timedelta(minutes=start),
                end=midnight + timedelta(minutes=start + minutes),
                resources=((KIND, (KIND,)),),
            )
            for name, start in zip(names, starts, strict=True)
        )
    )
