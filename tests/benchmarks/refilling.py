"""A stream of requests, some of which are cancelled: what comes free is offered, or waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.domain.time import Span
from allocator.replay.choice import Chooser
from allocator.suggest import BackfillTerms, Index, WaitlistEntry

#: Of those who find nothing that they take, so many join the waitlist, as do so many of those who
#: book a day or more after the one wanted. Of those who are offered a place so many accept, so many
#: are silent until its time is over, and the others decline. Whoever answers does so at any moment.
#: Assumed: no source tells more than a single clinic's.
JOINS, EARLIER, ACCEPTS, SILENT = 0.5, 0.3, 0.6, 0.2
#: The tenant's terms, as they are by default.
OFFER, SHORT_OFFER, SHORT = timedelta(minutes=120), timedelta(minutes=15), timedelta(days=1)
NOTICE_MINUTES, MOST_OFFERS = 75, 3


@dataclass
class Cancelled:
    """A visit that was cancelled."""

    at: datetime
    lies: Assignment

    @property
    def notice(self) -> timedelta:
        return self.lies.start - self.at


@dataclass
class Refilled:
    """What came of a stream.

    Attributes
    ----------
    share, share_soon
        Of the practitioners' time that was cancelled, how much was taken again; and of what was
        cancelled less than two days before.
    cancelled, soon
        Visits.
    served
        Share of the requests that came to a visit.
    offers, accepted, moved
        Places offered, accepted, and accepted by those who were booked later.
    waited
        Those who joined, booked later or not at all.
    """

    share: float
    share_soon: float
    cancelled: int
    soon: int
    served: float
    offers: int
    accepted: int
    moved: int
    waited: int


@dataclass
class Stream:
    """A clinic in which people ask, book, cancel and wait.

    Parameters
    ----------
    problem
        The clinic, and who asks when.
    backfill
        Whether what comes free is offered to those who wait.
    seed
        Of all chance.
    """

    problem: Problem
    backfill: bool
    seed: int = 1
    chooser: Chooser = field(default_factory=Chooser)

    def __post_init__(self) -> None:
        self.index = Index(replace(self.problem, requests=()))
        self.zone = self.problem.horizon.zone
        self.chance = random.Random(self.seed)
        self.kinds = {r.id: r.kind for r in self.problem.resources}
        self.numbers = count()
        self.events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.waiting: dict[str, WaitlistEntry] = {}
        self.lies: dict[str, Assignment] = {}
        self.gone: list[Cancelled] = []
        self.offers = self.accepted = self.moved = self.joined = 0

    def run(self, first: datetime) -> Refilled:
        """Run it through; what is cancelled before an instant is left out of the figures."""
        requests = sorted(self.problem.requests, key=lambda r: (r.requested or first, r.id))
        for request in requests:
            assert request.requested is not None
            self._until(request.requested)
            self._ask(request, request.requested)
        self._until(self.problem.horizon.end)
        some = [one for one in self.gone if one.at >= first]
        soon = [one for one in some if one.notice < timedelta(days=2)]
        return Refilled(
            share=self._share(some),
            share_soon=self._share(soon),
            cancelled=len(some),
            soon=len(soon),
            served=len(self.lies) / len(requests),
            offers=self.offers,
            accepted=self.accepted,
            moved=self.moved,
            waited=self.joined,
        )

    def _at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        heappush(self.events, (when, next(self.numbers), what))

    def _until(self, now: datetime) -> None:
        while self.events and self.events[0][0] <= now:
            when, _, what = heappop(self.events)
            what(when)

    def _ask(self, request: Request, now: datetime) -> None:
        found = self.index.suggest(request, limit=self.chooser.shown, now=now, explain=False)
        taken = self.chooser.choose(found.options, request.wanted, self.zone, request.id, self.seed)
        patience = random.Random(f"{self.seed}:{request.id}").random()
        if taken is None:
            if patience < JOINS:
                self._join(WaitlistEntry(request=request, since=now))
            return
        (lies,) = taken.visits
        self.index.book(request, [lies])
        self._keep(request, lies, now)
        late = request.wanted is not None and lies.start >= request.wanted + timedelta(days=1)
        if late and patience < EARLIER:
            self._join(WaitlistEntry(request=request, since=now, before=lies.start))

    def _join(self, entry: WaitlistEntry) -> None:
        self.joined += 1
        self.waiting[entry.request.id] = entry

    def _keep(self, request: Request, lies: Assignment, now: datetime) -> None:
        self.lies[request.id] = lies
        share = self.chooser.cancelled(request.id, self.seed)
        if share is not None:
            when = now + (lies.start - now) * share
            self._at(when, lambda at: self._cancel(request.id, at))

    def _cancel(self, request: str, now: datetime) -> None:
        if request not in self.lies:
            return
        self.waiting.pop(request, None)
        lies = self.lies.pop(request)
        self.index.cancel(request)
        self.gone.append(Cancelled(now, lies))
        self._offer(lies, now)

    def _offer(self, free: Assignment, now: datetime) -> None:
        """Offer what came free to the first whom it suits."""
        if not self.backfill or free.start <= now:
            return
        over = [n for n, e in self.waiting.items() if e.request.windows[-1].end <= now]
        for name in over:
            del self.waiting[name]
        span = Span(start=free.start, end=free.end)
        found = self.index.backfill(
            list(self.waiting.values()),
            freed={name: [span] for name in free.everyone()},
            terms=BackfillTerms(notice_minutes=NOTICE_MINUTES),
            now=now,
        )
        if not found.takers:
            return
        taker = found.takers[0]
        request, (lies,) = taker.waiting.request, taker.place.visits
        self.offers += 1
        self.index.book(*_held(request, lies))
        del self.waiting[request.id]
        lasts = SHORT_OFFER if lies.start - now < SHORT else OFFER
        lasts = min(lasts, lies.start - now - timedelta(minutes=NOTICE_MINUTES - 15))
        drawn = self.chance.random()
        after = lasts if drawn < SILENT else lasts * self.chance.random()
        accepts = drawn >= 1 - ACCEPTS
        self._at(now + after, lambda at: self._answer(taker.waiting, lies, free, accepts, at))

    def _answer(
        self, entry: WaitlistEntry, lies: Assignment, free: Assignment, accepts: bool, now: datetime
    ) -> None:
        request, old = entry.request, self.lies.get(entry.request.id)
        self.index.cancel(_held(request, lies)[0].id)
        if entry.before is not None and old is None:  # it was cancelled meanwhile
            self._offer(free, now)
            return
        if accepts:
            self.accepted += 1
            if old is not None:
                self.moved += 1
                self.index.cancel(request.id)
            self.index.book(request, [lies])
            if old is None:
                self._keep(request, lies, now)
            else:
                self.lies[request.id] = lies
                self._offer(old, now)
            return
        refused = (*entry.refused, lies.start)
        if len(refused) < MOST_OFFERS:
            waits = replace(entry, offers=len(refused), refused=refused)
            self.waiting[request.id] = waits
        self._offer(free, now)

    def _share(self, some: list[Cancelled]) -> float:
        """Return how much of the practitioners' time that was cancelled is taken in the end."""
        taken: dict[str, list[Assignment]] = {}
        for lies in self.lies.values():
            for name in lies.everyone():
                taken.setdefault(name, []).append(lies)
        whole = again = timedelta()
        for one in some:
            for name in one.lies.everyone():
                if self.kinds[name] == "practitioner":
                    whole += one.lies.end - one.lies.start
                    for other in taken.get(name, ()):
                        overlap = min(one.lies.end, other.end) - max(one.lies.start, other.start)
                        again += max(timedelta(), overlap)
        return again / whole if whole else 0.0


def _held(request: Request, lies: Assignment) -> tuple[Request, list[Assignment]]:
    """Return a place as it is held, beside whatever its request has."""
    name = f"{request.id} held"
    return replace(request, id=name), [replace(lies, visit=name)]
