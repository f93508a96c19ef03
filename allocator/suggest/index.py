"""The index: questions about what is taken, answered in milliseconds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from allocator.domain.request import FixedSeries, Request
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import Span, zone_of
from allocator.prepare.assignments import place_of
from allocator.prepare.visit import ANYWHERE
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import AddedLanes
from allocator.suggest.backfill import Backfill, BackfillTerms, WaitlistEntry
from allocator.suggest.backfiller import Backfiller
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
from allocator.suggest.taken import Taken
from allocator.suggest.wishes import Wishes, known_to

#: Other places that are told for a date of a series that fails.
INSTEAD = 3


class Index(Taken):
    """Answers questions beside all that is taken, which it keeps in memory and in step.

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
