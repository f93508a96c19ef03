"""The index: what is taken, kept in memory and in step, so that questions cost milliseconds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import RLock

from allocator.domain.faults import Fault, FaultCode, InvalidProblem, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, Request
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import Span, zone_of
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.assignments import place_of, read_all
from allocator.prepare.growing import Growing
from allocator.prepare.visit import ANYWHERE, Placement
from allocator.prepare.visits import PreparedRequest
from allocator.rules import RULES
from allocator.rules.rule import Rule
from allocator.state.state import AddedLanes, State
from allocator.suggest.backfill import Backfill, Backfiller, BackfillTerms, WaitlistEntry
from allocator.suggest.bounds import Bounds
from allocator.suggest.days import days_of
from allocator.suggest.engine import Asked, Engine
from allocator.suggest.nearly import Pattern, patterns
from allocator.suggest.places import places_of
from allocator.suggest.plans import Plans
from allocator.suggest.suggestion import (
    DayOfStarts,
    ExpectedLoad,
    ExtraLanes,
    Failing,
    Nearly,
    RankedStart,
    Suggestion,
    Suggestions,
)
from allocator.suggest.waiting import Waiting
from allocator.suggest.wishes import Wishes, known_to
from allocator.table.rulebook import Rulebook

#: Other places that are told for a date of a series that fails.
INSTEAD = 3


class Index:
    """What is taken of every resource, as bit masks of ticks, and all that rules ask beside it.

    Changes cost microseconds, questions milliseconds. It may be asked and changed from several
    threads: each call waits for the one before.

    Parameters
    ----------
    problem
        The world, and requests known already. Those that are not placed wait: a suggestion says
        where it would take the last place of one of them.
    schedule
        What is placed; by default what the problem has published.
    rules, goals
        What is known.
    version
        Number of the first state; each change adds 1.

    Raises
    ------
    InvalidSchedule
        When the schedule names what the problem does not have.

    Attributes
    ----------
    version
        Number of the state: whoever keeps it in step with claims sets it to theirs.
    """

    def __init__(
        self,
        problem: Problem,
        schedule: Schedule | None = None,
        *,
        rules: Sequence[Rule] = RULES,
        goals: Sequence[Goal] = GOALS,
        version: int = 0,
    ) -> None:
        self.problem = problem
        self.version = version
        self.prepared = Growing(problem)
        self.rulebook = Rulebook(self.prepared, rules, goals, more=True)
        if schedule is None:
            placements = [self.prepared.published.get(v) for v in range(len(self.prepared.visits))]
        else:
            placements = self.prepared.placements(schedule)
            for number, placement in self.prepared.frozen.items():
                placements[number] = placement
        self.state = State(self.prepared, placements, lean=True)
        self.waiting = Waiting(self.prepared.requests)
        self._booked: dict[str, PreparedRequest] = {}
        self._gone: dict[int, Placement] = {}  #: Where visits lie that are thought to be gone.
        self._claims: dict[Claim, list[int]] = {}
        self._lock = RLock()

    def knows(self, request: str) -> bool:
        """Say whether a request of this id is in the index, placed or waiting."""
        return request in self.prepared.request_index

    def has(self, resource: str) -> bool:
        """Say whether a resource of this id is in the index."""
        return resource in self.prepared.resource_index

    def know(self, resource: Resource) -> None:
        """Take in a person who comes to visits, or another resource that no service draws on.

        Raises
        ------
        InvalidProblem
            When it names a calendar or location that does not exist, or has an id that does.
        """
        with self._lock:
            self.prepared.admit_resource(resource)
            self.state.grow()

    # What is taken

    def add(self, claim: Claim) -> None:
        """Take time of a resource, whatever for; outside the horizon nothing happens.

        What rules look at beside the time (travel, turnarounds, limits on work) counts only for
        visits whose service is known: ``book``.
        """
        with self._lock:
            first, end = self._ticks(claim.start, claim.end)
            if first < end:
                resource = self._resource(claim.resource)
                length = end - first
                number = self.prepared.admit_claim(claim.visit, resource, length, claim.uses)
                self.state.grow()
                visit = self.prepared.visits[number]
                variant = visit.variants[0]
                self.state.place(
                    number,
                    Placement(first, length, variant.location, ANYWHERE, variant.choices),
                )
                self._claims.setdefault(claim, []).append(number)
                self.state.forget(resource)
            self.version += 1

    def remove(self, claim: Claim) -> None:
        """Give back what ``add`` took.

        Raises
        ------
        KeyError
            When it was not added.
        """
        with self._lock:
            numbers = self._claims.get(claim)
            first, end = self._ticks(claim.start, claim.end)
            if numbers:
                number = numbers.pop()
                if not numbers:
                    del self._claims[claim]
                self.state.remove(number)
                self.prepared.dismiss_claim(number)
                self.state.forget(self.prepared.resource_index[claim.resource])
            elif first < end:
                raise KeyError(claim)
            self.version += 1

    def book(self, request: Request, assignments: Sequence[Assignment]) -> None:
        """Take in a request with where its visits lie; those that are left out wait.

        Whether rules allow it is not asked: it is booked. Group sessions that have no place yet may
        be given theirs as well; they keep it, whatever becomes of the request.

        Raises
        ------
        InvalidProblem, InvalidSchedule
            When it, or where it lies, names what the problem does not have; nothing is changed.
        """
        with self._lock:
            prep = self._admit(request)
            try:
                places = read_all(self.prepared, assignments, InvalidSchedule)
                strange = sorted(v for v in places.keys() - {*prep.visits} if not self._unheld(v))
                if strange:
                    visit = self.prepared.visits[strange[0]].id
                    raise _fault("visit", visit, f"is no visit of request {request.id}.")
            except InvalidSchedule:
                self._dismiss(prep)
                raise
            for number, placement in sorted(places.items()):  # sessions first
                held = self.state.placements[placement.session] if placement.session >= 0 else None
                if held is not None:  # who takes part in a session is where it is
                    placement = placement._replace(location=held.location)
                self.state.place(number, placement)
                self._forget(placement)
            self._booked[request.id] = prep
            self.waiting.admit(prep)
            self.version += 1

    def _unheld(self, number: int) -> bool:
        """Say whether a visit is a group session that has no place yet."""
        visit = self.prepared.visits[number]
        return visit.session is not None and self.state.placements[number] is None

    def cancel(self, request: str) -> None:
        """Take out a request that was booked, with all its visits.

        One of the problem's own is known on, but neither placed nor waiting.

        Raises
        ------
        KeyError
            When there is none of this id.
        """
        with self._lock:
            prep = self._booked.pop(request, None)
            if prep is None:
                known = self.prepared.requests[self.prepared.request_index[request]]
                self.waiting.dismiss(known)
                self._lift(known.visits)
            else:
                self._lift(prep.visits)
                self.waiting.dismiss(prep)
                self._dismiss(prep)
            self.version += 1

    # What is asked

    def suggest(
        self,
        request: Request | str,
        *,
        windows: Sequence[Span] = (),
        limit: int = 5,
        wanted: datetime | None = None,
        forecast: ExpectedLoad | None = None,
        policy: SteeringPolicy | None = None,
        moving: Collection[str] = (),
        locations: Collection[str] = (),
        now: datetime | None = None,
        until: datetime | None = None,
        stays: bool = False,
        opens: bool = True,
        explain: bool = True,
        lanes: Mapping[str, Sequence[ExtraLanes]] | None = None,
    ) -> Suggestions:
        """Suggest places for a request, the best first.

        Parameters
        ----------
        request
            What is asked for, or the id of a request that the index knows. One that is known and
            placed is to be moved: where it lies is thought to be free. One that has the id of a
            known one, and asks for something else, takes its place.
        windows
            Spans in which each visit has to lie whole, beside the windows of the request.
        limit
            How many suggestions, at most.
        wanted
            A time that the first visit should be near to, beside the request's own.
        forecast
            How busy hours are expected to be; None is flat.
        policy
            Which hours count as quiet and busy, how far a quiet one may be from the time wanted
            and still go first, and what it saves; None is by the problem's ``off_peak``.
        moving
            Ids of visits, or of requests, that are thought to be gone: of the request, they alone
            are placed anew, and others leave their place free.
        locations
            Ids of locations where it may take place; empty is everywhere. What has no location
            may take place anyway.
        now
            When it is asked; by default the time of the problem.
        until
            When the visits of ``next_possible`` are over, at the latest; None is the horizon.
        stays
            Whether ``next_possible`` lies in the windows of the request itself: whoever cannot
            change the request cannot book it elsewhere.
        opens
            Whether a group session that has no place yet may be given one, where none that has one
            has a seat left.
        explain
            Whether to look once more with CP-SAT where there is no place, and to say which demands
            together leave none: that takes longer. Else the rule is named that left no start.
        lanes
            Lanes that were added to resources for a while, by their ids: they are taken where
            there are fewer choices than asked for without them, and come after all others.

        Returns
        -------
        Suggestions
            Each can be booked as it is while the index has the same version.

        Raises
        ------
        InvalidProblem
            When the request names what the problem does not have, with every fault.
        """
        asked = Asked(
            bounds=Bounds(tuple(windows), self._where(locations), now),
            limit=limit,
            wanted=wanted,
            forecast=forecast,
            policy=policy,
            explain=explain,
            until=until,
            stays=stays,
            opens=opens,
        )
        with self._lock:
            found = self._answer(request, moving, asked)
            if lanes and len(found.options) < limit:
                found = self._crowded(request, moving, asked, found, lanes)
            if found.options:
                return found
            return replace(
                found,
                next_possible=self._next(request, moving, asked),
                nearly=tuple(self._nearly(request, moving, asked)),
            )

    def backfill(
        self,
        waiting: Sequence[WaitlistEntry],
        *,
        freed: Mapping[str, Sequence[Span]] | None = None,
        sessions: Collection[str] = (),
        terms: BackfillTerms | None = None,
        now: datetime | None = None,
        forecast: ExpectedLoad | None = None,
        policy: SteeringPolicy | None = None,
    ) -> Backfill:
        """Say who of those who wait could use time that came free, the best first.

        Classes of priority come first, whoever has nothing booked yet before those who want to
        come earlier. Within a class the clinic's gain decides: points for each day of waiting, for
        each minute that is filled again, less what the place costs by the goals, and less for each
        place that was offered before; who has waited longest wins ties.

        Parameters
        ----------
        waiting
            Who waits. Their requests need not be known.
        freed
            Spans of resources, by their ids; a place has to take a part of one, buffers included.
            None is whatever is free.
        sessions
            Ids of group sessions in which a seat came free.
        terms
            What may be offered: which services take part, and at what notice.
        now
            When it is asked; by default the time of the problem.
        forecast, policy
            As for ``suggest``.

        Returns
        -------
        Backfill
            For each who could use it the best place; those who cannot, and why.
        """
        with self._lock:
            backfiller = Backfiller(
                self.prepared,
                self._answer,
                freed,
                sessions,
                terms or BackfillTerms(),
                now or self.prepared.horizon.asked_at,
                forecast,
                policy,
            )
            return backfiller.ranked(waiting, self.version)

    def _answer(self, request: Request | str, moving: Collection[str], asked: Asked) -> Suggestions:
        with self._asking(request, moving) as (prep, visits):
            engine = self._engine(prep, visits, asked)
            return engine.answer(self.version)

    def _engine(self, prep: PreparedRequest, visits: Sequence[int], asked: Asked) -> Engine:
        gone = tuple(self._gone.values())
        return Engine(self.rulebook, self.state, prep, visits, asked, self.waiting, gone)

    def _next(
        self, request: Request | str, moving: Collection[str], asked: Asked
    ) -> Suggestion | None:
        """Return the first place there is once the windows begin that leave none."""
        known = self._known(request) if isinstance(request, str) else None
        what = known.request if known is not None else request
        assert isinstance(what, Request)
        own = () if asked.stays else what.windows
        begins = [min(w.start for w in some) for some in (asked.bounds.windows, own) if some]
        end = min(filter(None, (self.prepared.horizon.end, asked.until)))
        if not begins or max(begins) >= end:
            return None
        later = Span(start=max(begins), end=end)
        if asked.bounds.windows == (later,) and not own:
            return None  # that was all that there is
        without = replace(what, windows=()) if own else request
        bounds = replace(asked.bounds, windows=(later,))
        again = replace(asked, bounds=bounds, limit=1, explain=False, soonest=True)
        found = self._answer(without, moving, again)
        return next(iter(found.options), None)

    def _crowded(
        self,
        request: Request | str,
        moving: Collection[str],
        asked: Asked,
        found: Suggestions,
        lanes: Mapping[str, Sequence[ExtraLanes]],
    ) -> Suggestions:
        """Return what was found, with choices in lanes that were added where there are others."""
        known = self.prepared.resource_index
        added = {known[id]: tuple(self._added(lanes[id])) for id in lanes.keys() & known.keys()}
        more = replace(asked, limit=asked.limit + len(found.options), explain=False)
        with self.state.having_lanes(added):
            wider = self._answer(request, moving, more)
        beside = [option for option in wider.options if option.crowded]
        if not beside:
            return found
        options = (*found.options, *beside[: asked.limit - len(found.options)])
        return replace(found, options=options, starts=wider.starts, why_none=None)

    def _added(self, lanes: Iterable[ExtraLanes]) -> Iterator[AddedLanes]:
        """Yield the ticks that lie whole in the time of lanes that were added."""
        horizon = self.prepared.horizon
        for one in lanes:
            first = max(horizon.tick_at_or_after(one.span.start), 0)
            end = min(horizon.tick(one.span.end), self.prepared.ticks)
            if first < end:
                yield first, end, one.lanes

    def _nearly(
        self, request: Request | str, moving: Collection[str], asked: Asked
    ) -> Iterator[Nearly]:
        """Yield the times of a fixed series at which the fewest dates fail."""
        with self._asking(request, moving) as (prep, visits):
            engine = self._engine(prep, visits, asked)
            some = patterns(engine.plans())
        for pattern in some:
            with self._asking(pattern.request, moving) as (prep, visits):
                engine = self._engine(prep, visits, asked)
                best = engine.best()
                if best is not None:
                    with self.state.having(best.plan):
                        failing = tuple(self._failing(pattern, asked))
                    lies = (place_of(self.prepared, v, p) for v, p in sorted(best.plan.items()))
                    yield Nearly(tuple(lies), failing)

    def _failing(self, pattern: Pattern, asked: Asked) -> Iterator[Failing]:
        """Yield the dates that fail, with other places near by."""
        request = pattern.request
        assert isinstance(request.series, FixedSeries)
        single = replace(request, id=f"{request.id} elsewhere", series=None, wanted=None)
        single = replace(single, first_visit=False)
        for number, start in sorted(pattern.failing.items()):
            bounds = asked.bounds.near(start, request.series.every_days / 2)
            near = replace(asked, bounds=bounds, limit=INSTEAD, wanted=start, explain=False)
            with self._asking(single, ()) as (prep, visits):
                engine = self._engine(prep, visits, near)
                found = engine.answer(self.version).options
            visit = request.visit_id(number, 1)
            local = start.astimezone(zone_of(self.prepared.visits[visits[0]].clock.zone))
            instead = tuple(replace(option.visits[0], visit=visit) for option in found)
            yield Failing(visit, local, instead)

    def _where(self, locations: Collection[str]) -> frozenset[int] | None:
        """Return the numbers of locations, with that of nowhere; None for everywhere."""
        if not locations:
            return None
        known = self.prepared.location_index
        return frozenset({ANYWHERE, *(known[id] for id in locations if id in known)})

    def days(
        self,
        request: Request | str,
        *,
        windows: Sequence[Span] = (),
        forecast: ExpectedLoad | None = None,
        moving: Collection[str] = (),
        locations: Collection[str] = (),
        now: datetime | None = None,
        opens: bool = True,
    ) -> tuple[DayOfStarts, ...]:
        """Return the days on which a request could begin: what a page with a calendar shows.

        Each start of the first visit counts at which every need can be met by itself and, of a
        series or chain, later visits may follow in time. ``suggest``, asked for a day, says which
        of them can be booked.

        Parameters
        ----------
        request, windows, forecast, moving, locations, now, opens
            As for ``suggest``.
        """
        bounds = Bounds(tuple(windows), self._where(locations), now)
        with self._lock, self._asking(request, moving) as (prep, visits):
            wishes = Wishes(self.prepared, forecast, None)
            some = [self.prepared.visits[v] for v in visits]
            plans = Plans(self.rulebook, self.state, wishes, prep, some, bounds)
            return days_of(plans, opens=opens)

    def ranking(
        self,
        request: Request | str,
        *,
        windows: Sequence[Span] = (),
        wanted: datetime | None = None,
        forecast: ExpectedLoad | None = None,
        policy: SteeringPolicy | None = None,
        moving: Collection[str] = (),
        locations: Collection[str] = (),
        now: datetime | None = None,
    ) -> tuple[RankedStart, ...]:
        """Rank every start of a request's first visit, exactly, the best first.

        ``suggest`` looks closely at some hundred starts where there are more, and picks choices
        of several kinds; this is for whoever wants to see them all.

        Parameters
        ----------
        request, windows, wanted, forecast, policy, moving, locations, now
            As for ``suggest``.
        """
        bounds = Bounds(tuple(windows), self._where(locations), now)
        with self._lock, self._asking(request, moving) as (prep, visits):
            familiar = known_to(self.state, prep, self._gone.values())
            wishes = Wishes(self.prepared, forecast, wanted, policy, familiar)
            visit = self.prepared.visits[visits[0]]
            places = places_of(
                self.rulebook,
                self.state,
                visit,
                bounds,
                wishes,
                first=True,
                resources=None,
                most=None,
            )
            return tuple(
                RankedStart(place_of(self.prepared, visit.index, choice.placement), choice.cost)
                for choice in places.choices(self.prepared.ticks)
            )

    @contextmanager
    def _asking(
        self, request: Request | str, moving: Collection[str]
    ) -> Iterator[tuple[PreparedRequest, tuple[int, ...]]]:
        """Have a request and its visits to be placed, and all as it was in the end."""
        known = self._known(request if isinstance(request, str) else request.id)
        if known is not None and request in (known.request, known.request.id):
            with self._lifted(self._moving(known, moving)), self.prepared.forgetting(known):
                yield known, self._to_place(known)
        elif isinstance(request, str):
            raise _fault("request", request, "is not known.")
        else:
            old = known.visits if known is not None else ()
            with self._lifted((*old, *self._named(moving))), self._guest(request, known) as prep:
                yield prep, prep.visits

    def _known(self, request: str) -> PreparedRequest | None:
        number = self.prepared.request_index.get(request)
        return None if number is None else self.prepared.requests[number]

    def _to_place(self, prep: PreparedRequest) -> tuple[int, ...]:
        return tuple(v for v in prep.visits if self.state.placements[v] is None)

    def _moving(self, prep: PreparedRequest, moving: Collection[str]) -> list[int]:
        """Return the visits that are thought away for a request that is known."""
        named = self._named(moving)
        if self._to_place(prep) or not named.isdisjoint(prep.visits):
            return sorted(named)
        free = [v for v in prep.visits if v not in self.prepared.frozen]
        if not free:
            raise _fault("request", prep.request.id, "is pinned where it lies.")
        return sorted({*named, *free})

    def _named(self, moving: Collection[str]) -> set[int]:
        """Return the placed visits of some names."""
        prepared, found = self.prepared, set[int]()
        for name in moving:
            if name not in prepared.visit_index and name not in prepared.request_index:
                raise _fault("visit", name, "is not known.")
            for number in prepared.named_visits(name):
                if number in prepared.frozen:
                    raise _fault("visit", prepared.visits[number].id, "is pinned where it lies.")
                found.add(number)
        return found

    @contextmanager
    def _lifted(self, visits: Collection[int]) -> Iterator[None]:
        """Think of visits as gone for a while."""
        state = self.state
        gone = {v: state.remove(v) for v in visits if state.placements[v] is not None}
        before, self._gone = self._gone, {**self._gone, **gone}
        try:
            yield
        finally:
            self._gone = before
            for number, placement in gone.items():
                state.place(number, placement)

    @contextmanager
    def _guest(self, request: Request, old: PreparedRequest | None) -> Iterator[PreparedRequest]:
        """Have a request in the index for a while, in place of one of the same id."""
        if old is not None:
            self.prepared.hide(old)
        try:
            prep = self._admit(request)
            try:
                with self.prepared.forgetting(prep):
                    yield prep
            finally:
                self._dismiss(prep)
        finally:
            if old is not None:
                self.prepared.show(old)

    def _admit(self, request: Request) -> PreparedRequest:
        prep = self.prepared.admit(request)
        try:
            self.rulebook.admit(request)
        except InvalidProblem:
            self.prepared.dismiss(prep)
            raise
        self.state.grow()
        self._attended(prep)
        return prep

    def _dismiss(self, prep: PreparedRequest) -> None:
        for number in prep.visits:
            self.rulebook.forget(self.state, self.prepared.visits[number])
        self.prepared.dismiss(prep)
        self._attended(prep)

    def _attended(self, prep: PreparedRequest) -> None:
        """Forget how short the visits of practitioners are, where some attend a visit."""
        some = (self._resource(a.resource) for a in prep.request.attendees)
        if any(self.prepared.resources[r].kind == "practitioner" for r in some):
            self.prepared.forget("compact_days")

    def _lift(self, visits: Sequence[int]) -> None:
        for number in visits:
            placement = self.state.placements[number]
            if placement is not None:
                self.state.remove(number)
                self._forget(placement)

    def _forget(self, placement: Placement) -> None:
        """Forget what was worked out for what its resources held before."""
        for members in placement.team:
            for resource in members:
                self.state.forget(resource)

    def _resource(self, id: str) -> int:
        number = self.prepared.resource_index.get(id)
        if number is None:
            raise _fault("resource", id, "is not known.")
        return number

    def _ticks(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return every tick of the horizon that a stretch touches."""
        horizon = self.prepared.horizon
        return max(horizon.tick(start), 0), min(horizon.tick_at_or_after(end), self.prepared.ticks)


def _fault(kind: str, id: str, what: str) -> InvalidSchedule:
    message = f"{kind.capitalize()} {id} {what}"
    return InvalidSchedule([Fault(FaultCode.UNKNOWN_NAME, kind, id, message)])
