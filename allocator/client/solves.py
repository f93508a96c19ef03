"""Solves: asked for, followed, published, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.things import decoded
from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule, Unplaced
from allocator.frames.nested import encode
from allocator.frames.problems import problem_from_json

#: States in which nothing is solved any more.
ENDED = ("solved", "publishing", "published", "cancelled", "failed")


class Asked(TypedDict, total=False):
    """What a solve is asked for; what is left out has the service's default (docs/http.md)."""

    first: date
    days: int
    requests: Sequence[str]
    pending: bool
    location: str
    time_limit_seconds: int
    workers: int
    seed: int
    gap_percent: int
    weights: Sequence[tuple[str, int]]
    may_move: bool
    most_changes: int
    notice_hours: int
    unpinned: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """Where a visit lies: start, end, and names by role."""

    start: datetime
    end: datetime
    resources: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A booked visit that moves: whom to tell, from where, to where.

    Attributes
    ----------
    booking, person, id
        The booking's UUID, whose it is, and the visit's UUID; the place of a group session is
        nobody's booking.
    session
        The group session that it is, or that it has a seat in; or None.
    """

    booking: str | None
    person: str | None
    session: str | None
    id: str
    before: Lies
    after: Lies


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A booked visit that should have moved, and for which there is no other place.

    Its attributes are those of ``Move``.
    """

    booking: str | None
    person: str | None
    session: str | None
    id: str
    start: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Solve:
    """A job that allocates a batch.

    Attributes
    ----------
    id
        Its UUID.
    state
        ``"queued"``, ``"running"``, ``"solved"``, ``"publishing"``, ``"published"``,
        ``"cancelled"`` or ``"failed"``.
    progress
        How it stands while it runs: phase, seconds, costs, bounds, visits placed; or None.
    result
        What came of it: figures, visits, those unplaced; None before, and in lists.
    published
        Names that were booked and moved, and what was lost; None before.
    """

    id: str
    state: str
    asked: Mapping[str, Any]
    progress: Mapping[str, Any] | None
    published: Mapping[str, Any] | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    result: Mapping[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing is solved any more; it may still be published."""
        return self.state in ENDED

    @property
    def schedule(self) -> Schedule | None:
        """What it would book and move, as the library has it; None without a result."""
        if self.result is None or "visits" not in self.result:
            return None
        return Schedule(
            assignments=tuple(decoded(Assignment, row) for row in self.result["visits"]),
            unplaced=tuple(decoded(Unplaced, row) for row in self.result["unplaced"]),
        )

    @property
    def moved(self) -> tuple[Move, ...]:
        """Whom to tell once it is published: the booked visits that move."""
        rows = (self.result or {}).get("moved", ())
        return tuple(
            read(Move, row, before=read(Lies, row["from"]), after=read(Lies, row["to"]))
            for row in rows
        )

    @property
    def stays(self) -> tuple[Stay, ...]:
        """The booked visits that should be elsewhere, and have no other place."""
        return tuple(read(Stay, row) for row in (self.result or {}).get("stays", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What was not published, and why: it waits for the next batch."""

    request: str
    type: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What came of a publication: names of requests and bookings."""

    booked: tuple[str, ...]
    moved: tuple[str, ...]
    lost: tuple[Lost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a schedule breaks.

    Attributes
    ----------
    visits, resources
        Names of those that take part.
    inherited
        Whether booked visits break it already.
    """

    rule: str
    message: str
    visits: tuple[str, ...]
    resources: tuple[str, ...]
    inherited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCost:
    """What a schedule costs at a level; smaller is better."""

    name: str
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalCost:
    """What a goal comes to: so many units, each of which weighs so much."""

    goal: str
    level: str
    unit: str
    weight: int
    amount: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a schedule breaks, and what it costs."""

    valid: bool
    violations: tuple[Violation, ...]
    levels: tuple[LevelCost, ...]
    goals: tuple[GoalCost, ...]


class Solves:
    """All solves: ``client.solves``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def ask(self, *, publish: bool = False, **asked: Unpack[Asked]) -> Solve:
        """Ask for the pending requests to be placed; a worker does it.

        Parameters
        ----------
        publish
            Whether it is published as soon as it is solved.
        **asked
            See ``Asked``.
        """
        sent = _body(asked, publish=publish)
        return read(Solve, self._sender.send("POST", "/v1/solves", sent))

    def dry_run(self, **asked: Unpack[Asked]) -> dict[str, Any]:
        """Return what a solve would look at, and solve nothing."""
        found: dict[str, Any] = self._sender.send("POST", "/v1/solves", _body(asked, dry_run=True))
        return found

    def problem(
        self,
        *,
        first: date | None = None,
        days: int | None = None,
        may_move: bool = False,
        people: bool = False,
    ) -> Problem:
        """Take away the problem that a solve would get: to try scenarios of it.

        Parameters
        ----------
        first, days
            Local dates to look at; the service's default where None.
        may_move
            Whether bookings may move.
        people
            Whether people have their names, requests their labels, and absences their reasons.
            Without, people are numbered and staff has its ids alone.

        Returns
        -------
        Problem
            As things stand; nothing that is done with it comes back by itself.
        """
        given = {"first": first and first.isoformat(), "days": days}
        wanted = {"may_move": "true" if may_move else None, "people": "true" if people else None}
        params = {key: value for key, value in {**given, **wanted}.items() if value is not None}
        return problem_from_json(self._sender.send("GET", "/v1/solves/problem", params=params))

    def read(self, name: str) -> Solve:
        """Return a solve, with what came of it."""
        return read(Solve, self._sender.send("GET", named("solves", name)))

    def list(self, *, state: str | None = None) -> Iterator[Solve]:
        """Yield solves, page by page, without their results."""
        for document in self._sender.pages("/v1/solves", state=state):
            yield read(Solve, document)

    def follow(self, name: str) -> Iterator[Solve]:
        """Yield how a solve stands, twice a second, until it has ended."""
        while True:
            for heard in self._sender.events(named("solves", name, "events")):
                if heard.data is not None:
                    news = read(Solve, heard.data)
                    yield news
                    if news.ended:
                        return
            self._sender.pause()

    def wait(self, name: str, on_progress: Callable[[Solve], None] | None = None) -> Solve:
        """Wait until a solve has ended, and return it with what came of it.

        Parameters
        ----------
        name
            Its id.
        on_progress
            Is told how it stands, twice a second.
        """
        for news in self.follow(name):
            if on_progress is not None:
                on_progress(news)
        return self.read(name)

    def publish(self, name: str, only: Sequence[str] = ()) -> Publication:
        """Turn a solve into bookings; sent again, it books nothing twice.

        Parameters
        ----------
        name
            Its id.
        only
            Names of requests and bookings, with all that these depend on; empty is everything.
        """
        found = self._sender.send("POST", named("solves", name, "publish"), {"only": list(only)})
        return Publication(
            booked=tuple(found["booked"]),
            moved=tuple(found["moved"]),
            lost=tuple(_lost(one["request"], one["problem"]) for one in found["lost"]),
        )

    def cancel(self, name: str) -> Solve:
        """Stop a solve: one that runs ends with the best that it has."""
        return read(Solve, self._sender.send("POST", named("solves", name, "cancel")))

    def check(
        self,
        visits: Schedule | Iterable[Assignment],
        *,
        first: date | None = None,
        days: int | None = None,
    ) -> Checked:
        """Check and score a schedule of one's own of the pending requests; nothing is solved.

        Parameters
        ----------
        visits
            Where they are to lie, as in the ``schedule`` of a solve; what is booked is beside.
        first, days
            As for ``ask``.
        """
        placed = visits.assignments if isinstance(visits, Schedule) else visits
        body = {
            "first": None if first is None else first.isoformat(),
            "days": days,
            "visits": [encode(one) for one in placed],
        }
        sent = {key: value for key, value in body.items() if value is not None}
        return read(Checked, self._sender.send("POST", "/v1/solves/check", sent))


def _body(asked: Asked, **more: bool) -> dict[str, Any]:
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in asked.items()}
    return {**plain, **{key: value for key, value in more.items() if value}}


def _lost(request: str, problem: Mapping[str, Any]) -> Lost:
    return Lost(request=request, type=problem["type"].rpartition(":")[2], detail=problem["detail"])
