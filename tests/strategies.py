"""Random small valid problems, with every field of the domain, and schedules of them.

Use them in any test::

    from strategies import problems

    @given(problems())
    def test_...(problem): ...
"""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from allocator.domain.calendar import Block, Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.matching import matching
from allocator.domain.objective import ChangeCosts, Forecast, Level, OffPeakPolicy
from allocator.domain.problem import Problem
from allocator.domain.request import (
    Alike,
    Apart,
    Attendee,
    FixedSeries,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Pin,
    PinKind,
    Precedence,
    PreferredResource,
    PreferredWindow,
    Relation,
    Request,
    Session,
    Step,
    attendee_role,
)
from allocator.domain.resource import (
    Break,
    Contract,
    Location,
    Reserve,
    Resource,
    Skill,
    Travel,
    WorkLimits,
)
from allocator.domain.schedule import Assignment, FunnelStep, Schedule, Unplaced
from allocator.domain.service import Need, Part, Selector, Service, Turnaround
from allocator.domain.time import Horizon, Span

KINDS = ("practitioner", "room", "device", "patient")
GOALS = ("soonest", "served:2", "compact_days", "preferred_windows")
#: Those that a request may weigh.
WEIGHED = ("soonest", "preferred_windows")
SKILLS = ("hand", "neuro", "first aid")
DAY = 1440


def plain_names(prefix):
    """Return a strategy for names such as T1, T2."""
    return st.integers(1, 99).map(lambda number: f"{prefix}{number}")


def odd_names(prefix):
    """Return a strategy for names that trip up notations: formulas, spaces, marks, quotes."""
    odd = st.sampled_from(
        (
            *("none", "a;b", "a=b", "a,b", '"q"', '"', " edge ", "=1+1", "-", "@x", "007", "1.0"),
            *("line\nbreak", "tab\tin", "a/b", "..", "request", "start", "role:x", "ä\u2028b"),
        )
    )
    return st.one_of(plain_names(prefix), odd, st.text(min_size=1, max_size=4))


def optional(strategy):
    return st.none() | strategy


def tuples_of(strategy, most=2, unique_by=None):
    return st.lists(strategy, max_size=most, unique_by=unique_by).map(tuple)


def sets_of(values, most=3):
    return st.frozensets(st.sampled_from(values), max_size=most) if values else st.just(frozenset())


@st.composite
def daily_spans(draw):
    start = draw(st.integers(0, DAY - 1))
    return DailySpan(start_minute=start, end_minute=draw(st.integers(start + 1, DAY)))


@st.composite
def horizons(draw):
    grain = draw(st.sampled_from([1, 5, 15, 30, 60, DAY]))
    first = draw(st.dates(date(2025, 1, 1), date(2027, 12, 31)))
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
    horizon = Horizon(first=first, days=draw(st.integers(1, 21)), zone=zone, grain_minutes=grain)
    now = draw(optional(instants(horizon)))
    return Horizon(first=first, days=horizon.days, zone=zone, grain_minutes=grain, now=now)


def instants(horizon):
    """Return a strategy for instants inside a horizon."""
    seconds = int((horizon.end - horizon.start).total_seconds()) - 1
    return st.one_of(
        st.integers(0, seconds // 3600).map(lambda n: horizon.start + timedelta(hours=n)),
        st.integers(0, seconds * 1_000_000).map(
            lambda n: horizon.start + timedelta(microseconds=n)
        ),
    )


@st.composite
def spans(draw, horizon):
    start = draw(instants(horizon))
    return Span(start=start, end=start + timedelta(minutes=draw(st.integers(1, 3000))))


@st.composite
def dates_from_to(draw):
    first = draw(optional(st.dates(date(2025, 1, 1), date(2027, 12, 31))))
    days = draw(optional(st.integers(0, 400)))
    last = None if days is None else (first or date(2026, 1, 1)) + timedelta(days=days)
    return {"first": first, "last": last}


@st.composite
def calendars(draw, id, horizon):
    weekly = []
    for days in draw(st.sampled_from([[], [range(5)], [range(3), range(3, 7)], [[0], [2, 4, 5]]])):
        weekly.append(
            WeeklyRule(
                weekdays=frozenset(days),
                hours=draw(daily_spans()),
                overtime=draw(st.booleans()),
                **draw(dates_from_to()),
            )
        )
    exceptions = draw(
        tuples_of(
            st.builds(
                DatedException,
                day=st.dates(date(2026, 1, 1), date(2026, 1, 9)),
                hours=tuples_of(daily_spans()),
            ),
            unique_by=lambda x: x.day,
        )
    )
    blocks = tuples_of(st.builds(Block, span=spans(horizon), reason=st.sampled_from(["", "leave"])))
    return Calendar(
        id=id,
        weekly=tuple(weekly),
        exceptions=exceptions,
        holidays=draw(st.sampled_from(["", "DE", "DE-BE"])),
        blocks=draw(blocks),
    )


@st.composite
def breaks(draw, grain):
    minutes = draw(st.integers(1, max(1, DAY // grain))) * grain
    start = draw(st.integers(0, DAY - minutes))
    end = draw(st.integers(start + minutes, DAY))
    weekdays = draw(st.frozensets(st.integers(0, 6)))
    window = DailySpan(start_minute=start, end_minute=end)
    return Break(minutes=minutes, window=window, weekdays=weekdays)


@st.composite
def work_limits(draw):
    number = optional(st.integers(0, 3000))
    row = draw(optional(st.tuples(st.integers(0, 600), st.integers(1, 60))))
    return WorkLimits(
        minutes_per_day=draw(number),
        minutes_per_week=draw(number),
        minutes_in_a_row=None if row is None else row[0],
        rest_minutes=None if row is None else row[1],
        visits_per_day=draw(number),
        visits_per_week=draw(number),
    )


@st.composite
def resources(draw, id, horizon, locations, calendar_ids, service_ids, labels):
    skills = st.builds(lambda name, d: Skill(name=name, **d), st.sampled_from(SKILLS),
                       st.just({}) | dates_from_to())  # fmt: skip
    contracts = st.builds(
        lambda d, m: Contract(minutes_per_week=m, **d),
        dates_from_to(),
        optional(st.integers(1, 3000)),
    )
    reserves = st.builds(
        Reserve,
        span=spans(horizon),
        services=sets_of(service_ids),
        urgent_priority=optional(st.integers(1, 9)),
        release_hours=optional(st.integers(0, 72)),
    )
    return Resource(
        id=id,
        kind=draw(st.sampled_from(KINDS)),
        name=draw(st.just("") | labels),
        location=draw(st.sampled_from([None, *locations])),
        mobile=draw(st.booleans()),
        calendar=draw(st.sampled_from([None, *calendar_ids])),
        lanes=draw(st.integers(1, 3)),
        seats=draw(optional(st.integers(1, 9))),
        skills=draw(tuples_of(skills)),
        contracts=draw(tuples_of(contracts)),
        breaks=draw(tuples_of(breaks(horizon.grain_minutes))),
        limits=draw(work_limits()),
        reserves=draw(tuples_of(reserves)),
        one_room_per_half_day=draw(st.booleans()),
    )


@st.composite
def services(draw, id, grain, world, labels, roles):
    minutes = draw(st.integers(1, 8)) * grain
    first_minutes = draw(optional(st.integers(1, 8).map(lambda n: n * grain)))
    others = draw(
        tuples_of(
            st.tuples(
                st.sampled_from([r.id for r in world.resources]),
                st.integers(1, 8).map(lambda n: n * grain),
            )
        )
        if world.resources
        else st.just(())
    )
    shortest = min(minutes, first_minutes or minutes, *(m for _, m in others)) // grain
    named = {name for name, _ in others}
    needs, drawn = [], 0
    for role in roles:
        found = draw(alternatives(world))
        need = Need(
            role=role,
            alternatives=found,
            uses=draw(st.integers(1, 2)),
            before_minutes=draw(st.integers(0, 2)) * grain,
            after_minutes=draw(st.integers(0, 2)) * grain,
            part=draw(optional(parts(shortest, grain))),
        )
        pool = {r.id for s in found for r in matching(world, s) if r.lanes >= need.uses}
        if not pool or (drawn and pool & named):
            continue
        drawn += bool(pool & named)
        quantity = draw(st.integers(1, min(2, len(pool))))
        needs.append(
            Need(
                role=role,
                alternatives=found,
                quantity=quantity,
                uses=need.uses,
                before_minutes=need.before_minutes,
                after_minutes=need.after_minutes,
                part=need.part,
            )
        )
    return Service(
        id=id,
        minutes=minutes,
        needs=tuple(needs),
        name=draw(st.just("") | labels),
        first_minutes=first_minutes,
        minutes_by_resource=others,
        start_every_minutes=draw(optional(st.integers(1, 8).map(lambda n: n * grain))),
        start_offset_minutes=draw(st.integers(0, 3)) * grain,
        notice_minutes=draw(st.integers(0, 3000)),
        hold_minutes=draw(st.integers(1, 60)),
        approval=draw(st.booleans()),
        location=draw(st.sampled_from([None, *(x.id for x in world.locations)])),
    )


@st.composite
def parts(draw, shortest, grain):
    length = draw(st.integers(1, shortest))
    offset = draw(st.integers(0, shortest - length))
    return Part(minutes=length * grain, offset_minutes=offset * grain, from_end=draw(st.booleans()))


@st.composite
def alternatives(draw, world):
    selectors = st.builds(
        Selector,
        kind=st.sampled_from(["", *KINDS]),
        skills=sets_of(SKILLS, 1),
        location=st.sampled_from([None, None, *(x.id for x in world.locations)]),
        names=sets_of([r.id for r in world.resources], 2),
    )
    return tuple(draw(st.lists(selectors, min_size=1, max_size=2)))


@st.composite
def series(draw, roles, fixed=True):
    count = draw(st.integers(1, 4))
    shape = draw(st.sampled_from(["once", "flexible", "fixed"] if fixed else ["once", "flexible"]))
    if shape == "once":
        return None
    if shape == "fixed":
        start = datetime(2026, 3, 2, 9, tzinfo=UTC)
        return FixedSeries(
            count=count,
            every_days=draw(st.integers(1, 14)),
            start=draw(st.sampled_from([None, start])),
            may_miss=draw(st.frozensets(st.integers(2, max(2, count)), max_size=int(count > 1))),
        )
    least = draw(st.integers(0, 5))
    most_carers = draw(optional(st.integers(1, 3))) if roles else None
    return FlexibleSeries(
        count=count,
        at_least=draw(optional(st.integers(1, count))),
        least_days_between=least,
        most_days_between=draw(optional(st.integers(least, 9))),
        most_per_week=draw(optional(st.integers(1, 5))),
        most_carers=most_carers,
        carer_role=draw(st.sampled_from(roles or ["", "practitioner"])),
    )


@st.composite
def requests(draw, id, horizon, world, session_ids, labels):
    steps, grouped = [], False
    for _ in range(draw(st.integers(1, 3))):
        least = draw(st.sampled_from([0, 0, 30]))
        lags = {
            "least_lag_minutes": least,
            "most_lag_minutes": draw(optional(st.integers(least, 90))),
        }
        if session_ids and draw(st.booleans()):
            grouped = True
            named = draw(st.frozensets(st.sampled_from(session_ids), min_size=1))
            steps.append(Step(sessions=named, **lags))
        else:
            steps.append(Step(service=draw(st.sampled_from(world.services)).id, **lags))
    services = [world.service(step.service) for step in steps if step.service]
    roles = sorted({need.role for service in services for need in service.needs})
    ids = [r.id for r in world.resources]
    shape = draw(series(roles, fixed=not grouped))
    occurrences = 1 if shape is None else shape.count
    instant, small = instants(horizon), st.integers(0, 9)
    requested = draw(optional(instant))
    due = draw(optional(instant))
    if requested and due and due < requested:
        requested, due = due, requested
    placements = st.builds(
        OptionPlacement,
        start=instant,
        resources=tuples_of(st.tuples(st.sampled_from(roles), st.sampled_from(ids)))
        if roles and ids
        else st.just(()),
        occurrence=st.integers(1, occurrences),
        step=st.integers(1, len(steps)),
    )
    options = st.builds(
        Option,
        placements=st.lists(placements, min_size=1, max_size=2).map(tuple),
        penalty=small,
    )
    attendees = st.builds(
        Attendee,
        resource=st.sampled_from(ids or ["?"]),
        required=st.booleans(),
        weight=st.sampled_from([1, 1, 0, 7]),
        steps=st.just(frozenset()) | st.frozensets(st.integers(1, len(steps))),
    )
    plain_attendees = st.builds(Attendee, resource=st.sampled_from(ids or ["?"]))
    wishes = st.builds(
        PreferredResource,
        role=st.sampled_from(roles or ["?"]),
        resources=sets_of(ids),
        weight=small,
    )
    return Request(
        id=id,
        steps=tuple(steps),
        series=shape,
        attendees=draw(
            tuples_of(attendees, unique_by=lambda a: a.resource)
            | tuples_of(plain_attendees, unique_by=lambda a: a.resource)
        )
        if ids
        else (),
        windows=draw(tuples_of(spans(horizon))),
        preferred_windows=draw(
            tuples_of(st.builds(PreferredWindow, span=spans(horizon), weight=small))
        ),
        preferred_resources=draw(tuples_of(wishes)) if roles else (),
        priority=draw(st.integers(1, 9)),
        weight=draw(st.integers(1, 10_000)),
        must=draw(st.booleans()),
        first_visit=draw(st.booleans()),
        wanted=draw(optional(instant)),
        requested=requested,
        due=due,
        options=draw(tuples_of(options)),
        weights=draw(tuples_of(st.tuples(st.sampled_from(WEIGHED), small))),
        label=draw(st.just("") | labels),
    )


@st.composite
def assignments(draw, visit, horizon, resource_ids, session_ids):
    tick = draw(st.integers(0, horizon.ticks - 1))
    end = draw(st.integers(tick + 1, min(horizon.ticks, tick + 12)))
    ids = tuples_of(st.sampled_from(resource_ids), 2) if resource_ids else st.just(())
    return Assignment(
        visit=visit,
        start=horizon.instant(tick),
        end=horizon.instant(end),
        resources=draw(tuples_of(st.tuples(st.sampled_from(["room", "practitioner"]), ids))),
        session=draw(st.sampled_from([None, *session_ids])),
    )


@st.composite
def problems(draw, names=plain_names):
    """Draw a small valid problem; any field may differ from its default.

    Parameters
    ----------
    names
        ``plain_names``, or ``odd_names`` for ids and labels that trip up notations.
    """
    horizon = draw(horizons())
    grain = horizon.grain_minutes
    labels = names("Name ")

    def ids(prefix, most, least=0):
        return draw(st.lists(names(prefix), min_size=least, max_size=most, unique=True))

    zones = [""] if grain == DAY else ["", "UTC", "Europe/Berlin", "America/New_York"]
    locations = tuple(Location(id=id, zone=draw(st.sampled_from(zones))) for id in ids("L", 2))
    location_ids = [location.id for location in locations]
    calendar_ids, service_ids = ids("C", 2), ids("S", 2, least=1)
    travel = draw(
        tuples_of(
            st.builds(
                Travel,
                origin=st.sampled_from(location_ids),
                destination=st.sampled_from(location_ids),
                minutes=st.integers(0, 60),
            ),
            unique_by=lambda t: (t.origin, t.destination),
        )
        if location_ids
        else st.just(())
    )
    found = tuple(
        draw(resources(id, horizon, location_ids, calendar_ids, service_ids, labels))
        for id in ids("R", 4)
    )
    world = Problem(
        horizon=horizon,
        locations=locations,
        calendars=tuple(draw(calendars(id, horizon)) for id in calendar_ids),
        resources=tuple(
            Resource(id=r.id, kind=r.kind, location=r.location, lanes=r.lanes, skills=r.skills)
            for r in found
        ),
    )
    roles = ["practitioner", "room", *(r for r in ids("role ", 1) if not r.startswith("attendee:"))]
    made = tuple(
        draw(services(id, grain, world, labels, dict.fromkeys(roles))) for id in service_ids
    )
    world = Problem(
        horizon=horizon,
        locations=locations,
        calendars=world.calendars,
        resources=world.resources,
        services=made,
    )
    session_ids, request_ids = ids("G", 2), ids("Q", 3)
    leading = [service.id for service in made if not service.minutes_by_resource]
    if not leading:
        session_ids = []
    session_ids = [id for id in session_ids if "#" not in id and "." not in id]
    request_ids = [
        id for id in request_ids if "#" not in id and ("." not in id) and id not in session_ids
    ]
    sessions = tuple(
        Session(
            id=id,
            service=draw(st.sampled_from(leading)),
            least=(least := draw(st.integers(1, 3))),
            most=draw(st.integers(least, 9)),
            windows=draw(tuples_of(spans(horizon))),
            label=draw(st.just("") | labels),
        )
        for id in session_ids
    )
    asked = tuple(
        request
        for id in request_ids
        if not (
            (request := draw(requests(id, horizon, world, session_ids, labels))).first_visit
            and isinstance(request.series, FixedSeries)
            and 1 in request.series.may_miss
        )
    )
    visits = [id for request in asked for id in request.visit_ids()] + session_ids
    resource_ids = [r.id for r in found]
    published = tuple(
        draw(assignments(visit, horizon, resource_ids, session_ids))
        for visit in draw(sets_of(visits))
    )
    relation_ids = ids("rule ", 3)
    relations = tuple(
        Relation(
            id=id,
            visits=draw(tuples_of(st.sampled_from(visits), 3)) if visits else (),
            alike=draw(st.sampled_from(Alike)),
            same=draw(st.booleans()),
            role=draw(st.sampled_from(["practitioner", "room", ""])),
        )
        for id in relation_ids[:2]
    )
    precedences = tuple(
        Precedence(
            id=id,
            before=pair[0],
            after=pair[1],
            least_lag_minutes=draw(st.integers(-30, 30)),
            most_lag_minutes=draw(optional(st.integers(30, 90))),
        )
        for id in relation_ids[2:]
        if len(visits) > 1
        for pair in [draw(st.permutations(visits))[:2]]
    )
    amounts = st.integers(0, 1_000_000)
    return Problem(
        horizon=horizon,
        name=draw(st.just("") | labels),
        locations=locations,
        travel=travel,
        calendars=world.calendars,
        resources=found,
        services=made,
        turnarounds=draw(
            tuples_of(
                st.builds(
                    Turnaround,
                    kind=st.sampled_from(KINDS),
                    minutes=st.integers(0, 60),
                    before=st.sampled_from([None, *service_ids]),
                    after=st.sampled_from([None, *service_ids]),
                )
            )
        ),
        requests=asked,
        sessions=sessions,
        relations=relations,
        precedences=precedences,
        apart=tuple(
            Apart(one=one, other=other) for one, other in [resource_ids[:2]] if draw(st.booleans())
        )
        if len(resource_ids) > 1
        else (),
        published=published,
        pins=tuple(
            Pin(visit=a.visit, kind=draw(st.sampled_from(PinKind)))
            for a in published
            if draw(st.booleans())
        ),
        freeze_before=draw(optional(instants(horizon))),
        most_changes=draw(optional(st.integers(0, 9))),
        levels=draw(
            tuples_of(
                st.builds(
                    Level, name=labels, goals=tuples_of(st.tuples(st.sampled_from(GOALS), amounts))
                ),
                unique_by=lambda level: level.name,
            )
        ),
        without_rules=draw(sets_of(["breaks", "travel", "notice"])),
        off_peak=draw(
            st.just(OffPeakPolicy())
            | st.builds(
                OffPeakPolicy,
                kinds=tuples_of(st.sampled_from(KINDS)),
                bucket_minutes=st.sampled_from([grain, 2 * grain]),
                steps=tuples_of(st.tuples(st.integers(0, 100), st.integers(0, 9))),
            )
        ),
        forecast=draw(
            tuples_of(
                st.builds(
                    Forecast,
                    kind=st.sampled_from(KINDS),
                    span=spans(horizon),
                    minutes=st.integers(0, 600),
                )
            )
        ),
        change_costs=draw(
            st.builds(
                ChangeCosts,
                **{name: st.integers(0, 99) for name in ChangeCosts.__dataclass_fields__},
            )
        ),
    )


@st.composite
def schedules(draw, problem):
    """Draw a schedule of a problem: known names, any roles of the service, no rule obeyed."""
    horizon = problem.horizon
    resource_ids = [r.id for r in problem.resources]
    visits = {
        request.visit_id(occurrence, step): (request, step)
        for request in problem.requests
        for occurrence in range(1, request.occurrences + 1)
        for step in range(1, len(request.steps) + 1)
    } | {session.id: (None, 1) for session in problem.sessions}
    placed, left = [], []
    for visit in draw(st.permutations(sorted(visits))):
        request, step = visits[visit]
        if draw(st.booleans()):
            steps = st.builds(FunnelStep, rule=st.sampled_from(["windows", "a=b"]),
                              left=st.integers(0, 9))  # fmt: skip
            left.append(
                Unplaced(
                    visit=visit,
                    request="" if request is None else request.id,
                    funnel=draw(tuples_of(steps)),
                    reason=draw(st.sampled_from(["", "nobody has time", "=x", " , ;"])),
                )
            )
            continue
        service = problem.session(visit).service if request is None else ""
        service = service or request.steps[step - 1].service
        roles = [n.role for n in problem.service(service).needs] if service else []
        filled = [(role, draw(tuples_of(st.sampled_from(resource_ids)))) for role in roles]
        came = draw(tuples_of(st.sampled_from(resource_ids))) if resource_ids else ()
        filled += [(attendee_role(id), (id,)) for id in dict.fromkeys(came)]
        if draw(st.booleans()):
            filled = [(role, ids) for role, ids in filled if ids]
        else:
            filled = draw(st.permutations(filled))
        base = draw(assignments(visit, horizon, [], [s.id for s in problem.sessions]))
        placed.append(
            Assignment(
                visit=visit,
                start=base.start,
                end=base.end,
                resources=tuple(filled),
                session=base.session,
            )
        )
    return Schedule(assignments=tuple(placed), unplaced=tuple(left))
