"""A stream of requests replayed: each asks, is suggested starts, and takes one or goes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import heappop, heappush

import pandas as pd

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Claim, Schedule
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import zone_of
from allocator.forecast import LoadForecast, learn, open_hours
from allocator.forecast.load_forecast import TickLoads
from allocator.prepare.assignments import claims_of_visit
from allocator.prepare.prepared import Prepared
from allocator.replay.choice import Chooser, distance
from allocator.suggest import Index, Suggestion

CLAIM_COLUMNS = ["request", "kind", "resource", "start", "end", "booked", "cancelled"]
ASKED_COLUMNS = [
    *("request", "requested", "wanted", "start", "outcome", "suggested"),
    *("hours_off", "days_off", "saving", "percent", "cents", "weight"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of a stream of requests.

    Attributes
    ----------
    policy
        How people were steered; None is not at all.
    since
        The local day from which those who asked were steered; None is from the first on.
    zone
        Of the local clock.
    asked
        A row for each request, in the order of asking: ``request``, ``requested``, ``wanted``,
        ``start`` (empty where there was none), ``outcome`` (``"booked"``, ``"cancelled"``,
        ``"went away"``, ``"nothing free"``), ``suggested`` (how many), ``hours_off`` and
        ``days_off`` (from the time wanted), ``saving`` (its worth to whoever took it), ``percent``
        and ``cents`` (of the saving), ``weight``.
    claims
        A row for each claim, as ``allocator.forecast.learn`` takes them, with the resource.
    opening
        The open hours, as ``open_hours`` gives them.
    """

    policy: SteeringPolicy | None
    since: date | None
    zone: str
    asked: pd.DataFrame
    claims: pd.DataFrame
    opening: pd.DataFrame


def replay(
    problem: Problem,
    *,
    policy: SteeringPolicy | None = None,
    chooser: Chooser | None = None,
    since: date | None = None,
    seed: int = 0,
    history: pd.DataFrame | None = None,
) -> Replay:
    """Replay the requests of a problem as they came in, through the suggester.

    Requests that are published already are booked from the start. The others ask in the order of
    ``requested`` (where there is none: at the time of the problem); each sees a few suggestions,
    and takes one or goes away. From ``since`` on suggestions are steered by the policy, with a
    load forecast that is learnt anew each morning and kept in step with every booking.

    Relations and precedences among those requests are left out, as are goals for busy hours: the
    policy alone tells quiet hours from busy ones.

    Parameters
    ----------
    problem
        The world, and the requests.
    policy
        How people are steered; None is not at all.
    chooser
        How they choose.
    since
        Local day from which those who ask are steered; by default all are.
    seed
        Same seed, same people and the same chance, whatever the policy.
    history
        Claims from before, for the forecast to learn from.
    """
    run = _Run(problem, policy, chooser or Chooser(), since, seed, history)
    for request in run.stream:
        run.answer(request)
    run.cancel_until(problem.horizon.end)
    return Replay(
        policy=policy,
        since=run.since,
        zone=problem.horizon.zone,
        asked=run.frame_of_asked(),
        claims=run.claims(),
        opening=run.opening,
    )


class _Run:
    """A replay that is going on."""

    def __init__(
        self,
        problem: Problem,
        policy: SteeringPolicy | None,
        chooser: Chooser,
        since: date | None,
        seed: int,
        history: pd.DataFrame | None,
    ) -> None:
        self.policy, self.chooser, self.since, self.seed = policy, chooser, since, seed
        self.horizon = problem.horizon
        self.zone = zone_of(problem.horizon.zone)
        known = {assignment.visit for assignment in problem.published}
        placed = [r for r in problem.requests if known.intersection(r.visit_ids())]
        self.stream = sorted(
            (r for r in problem.requests if not known.intersection(r.visit_ids())),
            key=lambda r: (self._asked(r), r.id),
        )
        self.world = replace(
            problem,
            requests=tuple(placed),
            relations=(),
            precedences=(),
            off_peak=replace(problem.off_peak, steps=()),
            forecast=(),
        )
        self.index = Index(self.world)
        self.kinds = {resource.id: resource.kind for resource in problem.resources}
        first = problem.horizon.first
        if history is not None and len(history):
            first = pd.to_datetime(history["start"], utc=True).min().tz_convert(self.zone).date()
        days = (problem.horizon.first - first).days + problem.horizon.days
        self.opening = open_hours(problem, first=first, days=days)
        self.history = history
        self.asked: list[dict[str, object]] = []
        self.rows: list[list[object]] = list(self._published())
        self._of_request: dict[str, list[list[object]]] = {}
        self._leaving: list[tuple[datetime, str]] = []
        self._morning: date | None = None
        self._forecast: LoadForecast | None = None
        self._loads: TickLoads | None = None

    def answer(self, request: Request) -> None:
        """Have somebody ask, and take what is best for them."""
        now = self._asked(request)
        self.cancel_until(now)
        forecast, policy = self._steering(now)
        found = self.index.suggest(
            request,
            limit=self.chooser.shown,
            forecast=forecast,
            policy=policy,
            now=now,
            explain=False,
        )
        taken = self.chooser.choose(
            found.options, request.wanted, self.horizon.zone, request.id, self.seed
        )
        outcome = "booked" if taken else "went away" if found.options else "nothing free"
        self.asked.append(self._told(request, now, taken, outcome, len(found.options)))
        if taken is not None:
            self._book(request, now, taken)

    def cancel_until(self, now: datetime) -> None:
        """Have those cancel who do before an instant."""
        while self._leaving and self._leaving[0][0] <= now:
            when, request = heappop(self._leaving)
            self.index.cancel(request)
            for row in self._of_request.pop(request):
                row[-1] = when
                if self._forecast is not None:
                    self._forecast.claim(str(row[1]), row[3], row[4], uses=-1)  # type: ignore[arg-type]

    def frame_of_asked(self) -> pd.DataFrame:
        """Return who asked, and what came of it."""
        return _timed(
            pd.DataFrame(self.asked, columns=ASKED_COLUMNS), "requested", "wanted", "start"
        )

    def claims(self) -> pd.DataFrame:
        """Return all claims so far."""
        frame = pd.DataFrame(self.rows, columns=CLAIM_COLUMNS)
        return _timed(frame, "start", "end", "booked", "cancelled")

    def _book(self, request: Request, now: datetime, taken: Suggestion) -> None:
        self.index.book(request, taken.visits)
        rows = self._of_request[request.id] = []
        for claim in self._claims(taken):
            row = [request.id, self.kinds[claim.resource], claim.resource, claim.start, claim.end]
            rows.append([*row, now, None])
            if self._forecast is not None:
                self._forecast.claim(self.kinds[claim.resource], claim.start, claim.end)
        self.rows += rows
        share = self.chooser.cancelled(request.id, self.seed)
        if share is not None:
            self.asked[-1]["outcome"] = "cancelled"
            heappush(self._leaving, (now + (taken.start - now) * share, request.id))

    def _told(
        self, request: Request, now: datetime, taken: Suggestion | None, outcome: str, many: int
    ) -> dict[str, object]:
        start = None if taken is None else taken.start
        saving = None if taken is None else taken.saving
        hours, days = (
            (None, None) if start is None else distance(start, request.wanted, self.horizon.zone)
        )
        return {
            "request": request.id,
            "requested": now,
            "wanted": request.wanted,
            "start": start,
            "outcome": outcome,
            "suggested": many,
            "hours_off": hours,
            "days_off": days,
            "saving": self.chooser.value(saving),
            "percent": 0 if saving is None else saving.percent,
            "cents": 0 if saving is None else saving.cents,
            "weight": request.weight,
        }

    def _steering(self, now: datetime) -> tuple[TickLoads | None, SteeringPolicy | None]:
        """Return the forecast of this morning, and the policy, once people are steered."""
        today = now.astimezone(self.zone).date()
        if self.policy is None or not self.policy.steers or today < (self.since or today):
            return None, None
        if today != self._morning:
            self._morning = today
            claims = self.claims()
            if self.history is not None:
                claims = pd.concat([self.history, claims], ignore_index=True)
            self._forecast = learn(claims, self.opening, zone=self.horizon.zone, now=now)
            self._loads = self._forecast.on(self.horizon)
        return self._loads, self.policy

    def _asked(self, request: Request) -> datetime:
        return self.horizon.asked_at if request.requested is None else request.requested

    def _claims(self, taken: Suggestion) -> Iterator[Claim]:
        """Yield what a booking takes."""
        prepared = self.index.prepared
        for assignment in taken.visits:
            number = prepared.visit_index[assignment.visit]
            placement = self.index.state.placements[number]
            assert placement is not None
            yield from claims_of_visit(prepared, number, placement)

    def _published(self) -> Iterator[list[object]]:
        prepared = Prepared(self.world)
        requested = {visit: r.requested for r in self.world.requests for visit in r.visit_ids()}
        for claim in prepared.claims(Schedule(assignments=self.world.published)):
            asked = requested.get(claim.visit) or self.horizon.asked_at
            yield [
                "",
                self.kinds[claim.resource],
                claim.resource,
                claim.start,
                claim.end,
                asked,
                None,
            ]


def _timed(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Have instants in UTC in these columns, even where there are none."""
    for column in columns:
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame
