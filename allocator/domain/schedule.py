"""Schedules: where each visit lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A visit with its start and its resources.

    Attributes
    ----------
    visit
        Id of the visit.
    start, end
        Half-open, in UTC.
    resources
        Pairs of a role and the ids that fill it, by role. Attendees have roles of their own,
        ``attendee:<id>``; a preferred one who does not come is absent.
    session
        The group session that a participant joins, or None.
    """

    visit: str
    start: datetime
    end: datetime
    resources: tuple[tuple[str, tuple[str, ...]], ...] = ()
    session: str | None = None

    @property
    def minutes(self) -> int:
        """How long the visit lasts."""
        return int((self.end - self.start) / timedelta(minutes=1))

    def filling(self, role: str) -> tuple[str, ...]:
        """Return the ids that fill a role."""
        return dict(self.resources).get(role, ())

    def everyone(self) -> Iterator[str]:
        """Yield every resource of the visit."""
        for _, ids in self.resources:
            yield from ids


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """How many starts of a visit are left once a rule has had its say."""

    rule: str
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A visit that was not placed, and how its starts ran out, rule by rule."""

    visit: str
    request: str
    funnel: tuple[FunnelStep, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an assignment takes of one resource: a half-open span in UTC, buffers included."""

    resource: str
    visit: str
    role: str
    start: datetime
    end: datetime
    uses: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All assignments, and the visits left unplaced with reasons.

    Leaving everything unplaced is a valid schedule.
    """

    assignments: tuple[Assignment, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    _by_visit: Mapping[str, Assignment] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_visit", {a.visit: a for a in self.assignments})

    def __getitem__(self, visit: str) -> Assignment:
        """Return the assignment of a visit; ``KeyError`` where it is not placed."""
        return self._by_visit[visit]

    def __contains__(self, visit: object) -> bool:
        """Say whether a visit is placed."""
        return visit in self._by_visit

    def __len__(self) -> int:
        """Count the visits placed."""
        return len(self.assignments)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say in a line what it is: a notebook would show, and keep, all that it holds."""
        printer.text(f"Schedule: {len(self)} visits placed, {len(self.unplaced)} not.")


def in_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC."""
    return instant.astimezone(UTC)
