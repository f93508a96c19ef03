"""Why a request is not placed, and why a slot cannot be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """How many starts are left after a rule."""

    rule: str
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVisit:
    """A visit that is not placed: a sentence, and how its starts run out, rule by rule."""

    visit: str
    reason: str
    funnel: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InTheWay:
    """A booking that stands in the way, whose it is, and when its visit starts."""

    id: str
    person: str | None
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule, what is said of it, and to the staff whose bookings stand in the way."""

    rule: str
    message: str
    bookings: tuple[InTheWay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedSlot:
    """A visit tried at a start.

    Attributes
    ----------
    start, end, resources
        Where it was tried; names by role.
    free, violations
        Whether it can be had there, and what stands against it.
    """

    start: datetime
    end: datetime
    resources: Mapping[str, Sequence[str]]
    free: bool
    violations: tuple[Broken, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a request is not placed.

    Attributes
    ----------
    solve
        The last solve, where the answer is its; None where the starts were counted anew.
    visits
        Those of its visits that are not placed.
    slot
        What became of the slot that was asked for; None where none was.
    """

    request: str
    solve: str | None
    visits: tuple[ExplainedVisit, ...]
    slot: TriedSlot | None
