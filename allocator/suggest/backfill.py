"""Who of those who wait could use time that has come free: the question, and the answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from allocator.domain.request import Request
from allocator.domain.time import Span
from allocator.suggest.suggestion import Reason, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistEntry:
    """Somebody on a waitlist: they wait for time to come free.

    Attributes
    ----------
    request
        What is asked for; a series or chain is placed whole or not at all.
    since
        Since when.
    windows
        Spans in which each visit has to lie whole, beside those of the request; empty is anywhere.
    offers
        How many places were offered before, and not taken.
    refused
        Starts at which nothing is offered again: they were refused, or cannot be had after all.
    before
        For whoever is booked already and wants to come earlier: when that starts. The place that
        they are offered ends by then, buffers included: both are theirs until they have chosen.
    moving
        What they have booked now: ids of visits that are thought to be gone.
    """

    request: Request
    since: datetime
    windows: tuple[Span, ...] = ()
    offers: int = 0
    refused: tuple[datetime, ...] = ()
    before: datetime | None = None
    moving: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillTerms:
    """What may be offered to those who wait.

    Attributes
    ----------
    services
        Services that take part; None is all.
    notice_minutes
        How long before its start a place is offered, at least, beside the notice of its service.
    notice_by_service
        Pairs of a service and such a time, in place of the one for all.
    """

    services: frozenset[str] | None = None
    notice_minutes: int = 0
    notice_by_service: tuple[tuple[str, int], ...] = ()

    def notice(self, services: Collection[str]) -> int:
        """Return the longest notice that some services ask for."""
        own = dict(self.notice_by_service)
        return max((own.get(name, self.notice_minutes) for name in services), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Somebody who could use what came free, and the place that they would have.

    Attributes
    ----------
    waiting
        Who.
    place
        Where: the best for them, all else as it is. What it fills again counts in its ``rank``.
    points
        What the clinic gains by it, beside the class of priority.
    filled_minutes
        How much of what came free is taken again.
    reasons
        Why they stand where they stand, the reasons for the place among them.
    """

    waiting: WaitlistEntry
    place: Suggestion
    points: int
    filled_minutes: int
    reasons: tuple[Reason, ...]

    @property
    def order(self) -> tuple[object, ...]:
        """By what takers are ordered, least first."""
        asked = self.waiting.request
        booked = self.waiting.before is not None
        return booked, asked.priority, -asked.weight, -self.points, self.waiting.since, asked.id


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Somebody who waits and cannot use it, and why.

    Attributes
    ----------
    request
        Id of what they asked for.
    sentence
        In plain words.
    """

    request: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """Who could use what came free: the best first, and those who cannot.

    Attributes
    ----------
    takers
        Each by itself could be booked as it is; two of them may want the same.
    passed_over
        The others.
    version
        Of the index that was asked.
    """

    takers: tuple[Taker, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    version: int = 0

    def text(self) -> str:
        """Say it in plain words, a line for each."""
        lines = [
            f"{number}. {taker.waiting.request.id}: {taker.place.start:%a %Y-%m-%d %H:%M}"
            f"  ({'; '.join(reason.text for reason in taker.reasons)})"
            for number, taker in enumerate(self.takers, 1)
        ]
        lines += [f"-  {one.request}: {one.sentence}" for one in self.passed_over]
        return "\n".join(lines)
