"""Problems in which something has given way, and all that is placed is held where it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import Alike, FixedSeries, FlexibleSeries, Pin, PinKind, Request
from allocator.domain.resource import Reserve, Resource
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Need, Selector, Service, Turnaround
from allocator.domain.time import MINUTES_PER_DAY, Span
from allocator.explain import Kind, Relaxation
from allocator.rules.series_completeness import required_occurrences

SHORT = " but shorter"


def held(problem: Problem, schedule: Schedule, request: Request) -> Problem:
    """Return a problem in which all that is placed is pinned, and of the rest one request asks."""
    placed = {a.visit for a in schedule.assignments}
    asking = {r.id: r for r in problem.requests if r is request or placed & set(r.visit_ids())}
    names = {*asking, *(id for r in asking.values() for id in r.visit_ids())}
    names |= {session.id for session in problem.sessions}
    related = [
        replace(r, visits=tuple(v for v in r.visits if v in names)) for r in problem.relations
    ]
    return replace(
        problem,
        requests=tuple(asking.values()),
        relations=tuple(r for r in related if r.visits),
        precedences=tuple(p for p in problem.precedences if {p.before, p.after} <= names),
        published=(
            *schedule.assignments,
            *(a for a in problem.published if a.visit in names - placed),
        ),
        pins=(
            *(Pin(visit=visit) for visit in sorted(placed)),
            *(pin for pin in problem.pins if pin.visit in names - placed),
        ),
    )


def moved(schedule: Schedule, relaxation: Relaxation) -> Schedule:
    """Return a schedule with what a relaxation moves where it says; nothing else is placed."""
    places = {a.visit: a for a in relaxation.places}
    return Schedule(assignments=tuple(places.get(a.visit, a) for a in schedule.assignments))


def given(
    problem: Problem, request: Request, relaxation: Relaxation, amount: int | None = None
) -> Problem:
    """Return a problem in which what a relaxation names has given way, by so much."""
    by = relaxation.amount if amount is None else amount
    change = {
        Kind.SHORTER: _shorter,
        Kind.LONGER_HOURS: _longer,
        Kind.WIDER_WINDOW: _wider,
        Kind.OTHER_RESOURCE: _others,
        Kind.FEWER_VISITS: _fewer,
        Kind.MOVED: lambda problem, *_: problem,
    }[relaxation.kind]
    return change(problem, request, relaxation, by)


def _with(problem: Problem, request: Request, **more: object) -> Problem:
    requests = tuple(request if r.id == request.id else r for r in problem.requests)
    return replace(problem, requests=requests, **more)


def _shorter(problem: Problem, request: Request, relaxation: Relaxation, by: int) -> Problem:
    """Give the request services of its own, which are as the others but for their length."""
    names = {step.service for step in request.steps}
    minutes = relaxation.places[0].minutes + relaxation.amount - by

    def cut(service: Service) -> Service:
        return replace(
            service,
            id=service.id + SHORT,
            minutes=minutes,
            first_minutes=None,
            minutes_by_resource=(),
        )

    def kept(reserve: Reserve) -> Reserve:
        own = {name + SHORT for name in reserve.services & names}
        return replace(reserve, services=reserve.services | own)

    def ways(name: str | None) -> list[str | None]:
        return [name, name + SHORT] if name in names and name is not None else [name]

    def turned(one: Turnaround) -> Iterator[Turnaround]:
        for before in ways(one.before):
            for after in ways(one.after):
                yield replace(one, before=before, after=after)

    steps = tuple(replace(step, service=step.service + SHORT) for step in request.steps)
    return _with(
        problem,
        replace(request, steps=steps),
        services=(*problem.services, *(cut(s) for s in problem.services if s.id in names)),
        resources=tuple(
            replace(r, reserves=tuple(map(kept, r.reserves))) for r in problem.resources
        ),
        turnarounds=tuple(two for one in problem.turnarounds for two in turned(one)),
    )


def _longer(problem: Problem, request: Request, relaxation: Relaxation, by: int) -> Problem:
    """Give the resource a calendar of its own, which opens sooner and closes later."""
    resource = problem.resource(relaxation.object)
    assert resource.calendar is not None
    calendar = problem.calendar(resource.calendar)

    def longer(span: DailySpan) -> DailySpan:
        return DailySpan(
            start_minute=max(0, span.start_minute - by),
            end_minute=min(MINUTES_PER_DAY, span.end_minute + by),
        )

    own = Calendar(
        id=calendar.id + " but longer",
        weekly=tuple(
            replace(rule, weekdays=frozenset({day}), hours=hours)
            for rule in calendar.weekly
            for day in sorted(rule.weekdays)
            for hours in _apart(longer(rule.hours), day, rule, calendar, by)
        ),
        exceptions=tuple(
            replace(day, hours=tuple(map(longer, day.hours))) for day in calendar.exceptions
        ),
        holidays=calendar.holidays,
        blocks=calendar.blocks,
    )

    def with_it(other: Resource) -> Resource:
        return replace(other, calendar=own.id) if other.id == resource.id else other

    return replace(
        problem,
        calendars=(*problem.calendars, own),
        resources=tuple(map(with_it, problem.resources)),
    )


def _apart(
    hours: DailySpan, day: int, rule: WeeklyRule, calendar: Calendar, by: int
) -> Iterator[DailySpan]:
    """Yield longer hours of a weekday, as far as those of an earlier rule do not reach."""
    first = hours.start_minute
    for other in calendar.weekly[: calendar.weekly.index(rule)]:
        if day in other.weekdays and other.hours.start_minute <= rule.hours.start_minute:
            first = max(first, min(MINUTES_PER_DAY, other.hours.end_minute + by))
    if first < hours.end_minute:
        yield replace(hours, start_minute=first)


def _wider(problem: Problem, request: Request, _: Relaxation, days: int) -> Problem:
    more = timedelta(days=days)
    spans = tuple(Span(start=w.start - more, end=w.end + more) for w in request.windows)
    return _with(problem, replace(request, windows=spans))


def _others(problem: Problem, request: Request, relaxation: Relaxation, _: int) -> Problem:
    """Let anyone of the kind and with the skills hold it, and as many carers as it may take."""
    names = {step.service for step in request.steps}

    def open_to_all(need: Need) -> Need:
        kinds = {
            kind: s.skills
            for s in need.alternatives
            for kind in ([s.kind] if s.kind else [problem.resource(n).kind for n in s.names])
        }
        more = tuple(Selector(kind=kind, skills=skills) for kind, skills in kinds.items())
        return replace(need, alternatives=(*need.alternatives, *more))

    own = set(request.visit_ids()) | {request.id}
    series = request.series
    if isinstance(series, FlexibleSeries):
        series = replace(series, most_carers=None)
    return _with(
        problem,
        replace(request, series=series),
        services=tuple(
            replace(s, needs=tuple(map(open_to_all, s.needs))) if s.id in names else s
            for s in problem.services
        ),
        pins=tuple(
            replace(pin, kind=PinKind.TIME) if pin.visit in own else pin for pin in problem.pins
        ),
        relations=tuple(
            r
            for r in problem.relations
            if not (r.same and r.alike is Alike.RESOURCE and own & set(r.visits))
        ),
    )


def _fewer(problem: Problem, request: Request, relaxation: Relaxation, by: int) -> Problem:
    """Let the last of a flexible series be left out; of a fixed one those that have no place."""
    series = request.series
    if isinstance(series, FlexibleSeries):
        left = len(required_occurrences(request)) - by
        return _with(problem, replace(request, series=replace(series, at_least=left)))
    assert isinstance(series, FixedSeries)
    placed = {place.visit for place in relaxation.places}
    missing = {n for n in range(1, series.count + 1) if request.visit_id(n, 1) not in placed}
    assert len(missing - series.may_miss) == by
    return _with(problem, replace(request, series=replace(series, may_miss=frozenset(missing))))


def places_of(relaxation: Relaxation, schedule: Schedule) -> Schedule:
    """Return a schedule with all that a relaxation places where it says."""
    places: dict[str, Assignment] = {a.visit: a for a in schedule.assignments}
    places |= {a.visit: a for a in relaxation.places}
    return Schedule(assignments=tuple(places.values()))
