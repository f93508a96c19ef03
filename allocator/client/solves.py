"""Solves: asked for, followed, published, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from allocator.client.sending import Sender, named
from allocator.client.things import decoded
from allocator.domain.schedule import Assignment, Schedule, Unplaced

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
    result: Mapping[str, Any] | None
    published: Mapping[str, Any] | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

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
        return _solve(self._sender.send("POST", "/v1/solves", _body(asked, publish=publish)))

    def dry_run(self, **asked: Unpack[Asked]) -> dict[str, Any]:
        """Return what a solve would look at, and solve nothing."""
        found: dict[str, Any] = self._sender.send("POST", "/v1/solves", _body(asked, dry_run=True))
        return found

    def read(self, name: str) -> Solve:
        """Return a solve, with what came of it."""
        return _solve(self._sender.send("GET", named("solves", name)))

    def list(self, *, state: str | None = None) -> Iterator[Solve]:
        """Yield solves, page by page, without their results."""
        return map(_solve, self._sender.pages("/v1/solves", state=state))

    def follow(self, name: str) -> Iterator[Solve]:
        """Yield how a solve stands, twice a second, until it has ended."""
        while True:
            for document in self._sender.events(named("solves", name, "events")):
                news = _solve(document)
                yield news
                if news.ended:
                    return

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
        return _solve(self._sender.send("POST", named("solves", name, "cancel")))


def _body(asked: Asked, **more: bool) -> dict[str, Any]:
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in asked.items()}
    return {**plain, **{key: value for key, value in more.items() if value}}


def _lost(request: str, problem: Mapping[str, Any]) -> Lost:
    return Lost(request=request, type=problem["type"].rpartition(":")[2], detail=problem["detail"])


def _solve(document: Mapping[str, Any]) -> Solve:
    same = ("id", "state", "asked", "progress", "published", "attempt")
    return Solve(
        **{key: document[key] for key in same},
        result=document.get("result"),
        created_at=datetime.fromisoformat(document["created_at"]),
        started_at=_instant(document["started_at"]),
        ended_at=_instant(document["ended_at"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
