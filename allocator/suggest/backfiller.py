"""Time has come free: who of those who wait could use it, and whom it suits best."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.matching import meets
from allocator.domain.request import Request
from allocator.domain.schedule import in_utc
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import Span
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.report.words import count
from allocator.rules.rule import EVERY
from allocator.suggest.backfill import Backfill, BackfillTerms, PassedOver, Taker, WaitlistEntry
from allocator.suggest.bounds import Bounds
from allocator.suggest.engine import Asked
from allocator.suggest.suggestion import ExpectedLoad, Reason, Suggestion, Suggestions, Tag
from allocator.suggest.through import Through

#: Points, as the goals have them, for a day that somebody has waited (as ``soonest`` weighs a
#: day), for a minute that is filled again of what came free (more than the busiest hour costs by
#: ``off_peak``), and for each place that somebody was offered before and did not take.
PER_DAY, PER_MINUTE, PER_OFFER = 50, 10, 100
#: Visits of one request of which each is tried in the time that came free.
VISITS = 6

NOTHING = "Nothing of it would do."

#: Answers one request; see ``Index.suggest``.
Ask = Callable[[Request, Collection[str], Asked], Suggestions]


class Backfiller:
    """Asks for each who waits what they could have of the time that came free.

    Parameters
    ----------
    prepared
        The problem.
    ask
        Answers one request.
    freed
        Spans of resources, by their ids; None is whatever is free.
    sessions
        Ids of group sessions in which a seat came free.
    terms, now, forecast, policy
        As in ``Index.backfill``.
    """

    def __init__(
        self,
        prepared: Prepared,
        ask: Ask,
        freed: Mapping[str, Sequence[Span]] | None,
        sessions: Collection[str],
        terms: BackfillTerms,
        now: datetime,
        forecast: ExpectedLoad | None,
        policy: SteeringPolicy | None,
    ) -> None:
        self.prepared = prepared
        self.ask = ask
        self.freed = freed
        self.terms = terms
        self.now = now
        self._asked = Asked(
            bounds=Bounds(now=now),
            limit=1,
            wanted=None,
            forecast=forecast,
            policy=policy,
            explain=False,
            opens=False,
        )
        self._ticks = {
            prepared.resource_index[id]: self._mask(spans)
            for id, spans in (freed or {}).items()
            if id in prepared.resource_index
        }
        self._drawn: dict[tuple[str, str], bool] = {}
        self._seats = frozenset(
            prepared.visit_index[id] for id in sessions if id in prepared.visit_index
        )

    def ranked(self, waiting: Sequence[WaitlistEntry], version: int) -> Backfill:
        """Return who could use it, the best first."""
        takers, passed_over = [], []
        for one in waiting:
            found = self._taker(one)
            if isinstance(found, str):
                passed_over.append(PassedOver(request=one.request.id, sentence=found))
            else:
                takers.append(found)
        return Backfill(
            takers=tuple(sorted(takers, key=lambda taker: taker.order)),
            passed_over=tuple(passed_over),
            version=version,
        )

    def _taker(self, waiting: WaitlistEntry) -> Taker | str:
        """Return somebody with the place they would have, or why there is none for them."""
        services = self._services(waiting.request)
        if self.terms.services is not None:
            others = sorted(services - self.terms.services)
            if others:
                return f"The service {others[0]} takes no part."
        if not self._is_near(waiting, services):
            return NOTHING
        asked = replace(self._asked, bounds=self._bounds(waiting, services))
        best: Suggestion | None = None
        why = NOTHING
        for through in self._throughs(waiting.request):
            going = replace(asked, bounds=replace(asked.bounds, through=through))
            try:
                found = self.ask(waiting.request, waiting.moving, going)
            except (InvalidProblem, InvalidSchedule) as error:
                return error.faults[0].message
            why = found.why_none.sentence if found.why_none is not None else why
            for place in found.options:
                whole = len(place.visits) == waiting.request.visit_count
                if whole and (best is None or (place.rank, place.start) < (best.rank, best.start)):
                    best = place
        return why if best is None else self._judged(waiting, best)

    def _is_near(self, waiting: WaitlistEntry, services: Collection[str]) -> bool:
        """Say, without looking any further, whether what came free could be of any use."""
        if self.freed is None or self._seats:
            return True
        own = {attendee.resource for attendee in waiting.request.attendees}
        useful = [
            span
            for id, spans in self.freed.items()
            if id in own or any(self._draws(service, id) for service in services)
            for span in spans
        ]
        around = self._buffers(services)
        return bool(useful) and all(
            not windows
            or any(_touch(window, span, around) for window in windows for span in useful)
            for windows in (waiting.request.windows, waiting.windows)
        )

    def _draws(self, service: str, resource: str) -> bool:
        """Say whether a service may take a resource, on whatever day."""
        key = service, resource
        if key not in self._drawn:
            known = self.prepared.resource_index.get(resource)
            self._drawn[key] = known is not None and any(
                meets(self.prepared.resources[known], selector)
                for one in self.prepared.problem.services
                if one.id == service
                for need in one.needs
                for selector in need.alternatives
            )
        return self._drawn[key]

    def _services(self, request: Request) -> set[str]:
        """Return the services that a request may come to."""
        held = self.prepared.problem.sessions
        joined = {session.id: session.service for session in held}
        found = {step.service for step in request.steps if step.service}
        return found | {
            joined[id] for step in request.steps for id in step.sessions & joined.keys()
        }

    def _bounds(self, waiting: WaitlistEntry, services: Collection[str]) -> Bounds:
        """Return where it may lie: late enough, where it was not offered, before what is booked."""
        horizon = self.prepared.horizon
        soonest = self.now + timedelta(minutes=self.terms.notice(services))
        starts = EVERY & ~masks.span(0, horizon.tick_at_or_after(soonest))
        for start in waiting.refused:
            tick = horizon.tick(start)
            starts &= ~masks.span(tick, tick + 1)
        bounds = replace(self._asked.bounds, first=starts, windows=waiting.windows)
        if waiting.before is None:
            return bounds
        end = waiting.before - self._buffers(services)
        anywhere = Span(start=horizon.start, end=horizon.end)
        earlier = tuple(
            replace(window, end=min(window.end, end))
            for window in waiting.windows or (anywhere,)
            if window.start < end
        )
        return replace(bounds, windows=earlier) if earlier else replace(bounds, first=0)

    def _buffers(self, services: Collection[str]) -> timedelta:
        """Return the longest buffers of some services, one after the other."""
        needs = [
            need
            for service in self.prepared.problem.services
            if service.id in services
            for need in service.needs
        ]
        before = max((need.before_minutes for need in needs), default=0)
        after = max((need.after_minutes for need in needs), default=0)
        return timedelta(minutes=before + after)

    def _throughs(self, request: Request) -> Iterator[Through | None]:
        """Yield what has to take the time that came free: each visit of a request in turn."""
        if self.freed is None:
            yield None
            return
        places = [
            (occurrence, step)
            for occurrence in range(1, request.occurrences + 1)
            for step in range(1, len(request.steps) + 1)
        ]
        for occurrence, step in places[:VISITS]:
            yield Through(
                occurrence=occurrence,
                step=step,
                ticks=self._ticks,
                sessions=self._seats,
                points=PER_MINUTE * self.prepared.grain,
            )

    def _mask(self, spans: Sequence[Span]) -> Mask:
        """Return every tick that some spans touch."""
        horizon, found = self.prepared.horizon, 0
        for span in spans:
            end = min(horizon.tick_at_or_after(span.end), self.prepared.ticks)
            found |= masks.span(horizon.tick(span.start), end)
        return found

    def _judged(self, waiting: WaitlistEntry, place: Suggestion) -> Taker:
        """Return somebody with what the clinic gains by their having a place."""
        days = max(0, (self.now - waiting.since) // timedelta(days=1))
        filled, free = self._filled(place)
        offers = waiting.offers
        points = PER_DAY * days - PER_OFFER * offers - place.rank
        reasons = [Reason(Tag.PRIORITY, f"of priority {waiting.request.priority}")]
        if days:
            reasons.append(Reason(Tag.WAITED, f"has waited {count(days, 'day')}"))
        if filled == free and filled:
            reasons.append(Reason(Tag.FILLS, Tag.FILLS.value))
        elif filled:
            reasons.append(Reason(Tag.FILLS, f"fills {filled} of {count(free, 'minute')}"))
        if waiting.before is not None:
            earlier = in_utc(waiting.before) - in_utc(place.start)
            told = count(earlier.days, "day") if earlier.days else "some hours"
            reasons.append(Reason(Tag.EARLIER, f"{told} earlier than booked"))
        against = []
        if offers:
            told = f"was offered {count(offers, 'place')} and did not take {_them(offers)}"
            against.append(Reason(Tag.OFFERED, told))
        good = [reason for reason in place.reasons if reason.tag.good]
        bad = [reason for reason in place.reasons if not reason.tag.good]
        return Taker(
            waiting=waiting,
            place=place,
            points=points,
            filled_minutes=filled,
            reasons=(*reasons, *good, *against, *bad),
        )

    def _filled(self, place: Suggestion) -> tuple[int, int]:
        """Return how many minutes that came free a place takes, of how many in a stretch."""
        best = (0, 0)
        for visit in place.visits:
            for id in visit.everyone():
                for span in (self.freed or {}).get(id, ()):
                    start, end = in_utc(span.start), in_utc(span.end)
                    taken = min(end, in_utc(visit.end)) - max(start, in_utc(visit.start))
                    best = max(best, (_minutes(taken), _minutes(end - start)))
        return best


def _touch(window: Span, span: Span, around: timedelta) -> bool:
    """Say whether a window, with so much before and after it, touches a span."""
    start, end = in_utc(window.start) - around, in_utc(window.end) + around
    return start < in_utc(span.end) and in_utc(span.start) < end


def _minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
