"""What was asked for beside the request itself: hours, places, and nothing in the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from allocator.domain.time import Span
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule
from allocator.state.state import State
from allocator.suggest.through import Through
from allocator.table.options import Options

#: A span in which nothing can lie.
NOTHING = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where visits may lie, as far as it was asked.

    Attributes
    ----------
    windows
        Spans in which each visit has to lie whole; empty is the whole horizon.
    where
        Numbers of the locations where it may take place; None is everywhere.
    now
        When it is asked, from which notice counts; None is the time of the problem.
    first
        Where the first visit of a request may start.
    through
        What one of its visits has to take; None is nothing in particular.
    """

    windows: Sequence[Span] = ()
    where: frozenset[int] | None = None
    now: datetime | None = None
    first: Mask = EVERY
    through: Through | None = None

    @property
    def none(self) -> bool:
        """Whether nothing was asked for."""
        return self == Bounds()

    def near(self, instant: datetime, days: float) -> Bounds:
        """Return narrower bounds: so many days before and after an instant."""
        first, end = instant - timedelta(days=days), instant + timedelta(days=days)
        if not self.windows:
            return replace(self, windows=(Span(start=first, end=end),))
        some = ((max(w.start, first), min(w.end, end)) for w in self.windows)
        windows = tuple(Span(start=a, end=b) for a, b in some if a < b)
        return replace(self, windows=windows or (Span(start=first, end=first + NOTHING),))

    def starts(self, prepared: Prepared, visit: Visit, variant: Variant) -> Mask:
        """Return the starts within the bounds."""
        if self.where is not None and variant.location not in self.where:
            return 0
        ticks = self.first if visit.occurrence == visit.step == 1 else EVERY
        if self.windows:
            window = prepared.window((w.start, w.end) for w in self.windows)
            ticks &= masks.runs_of(window, variant.duration)
        if self.now is not None:
            notice = visit.service.notice_minutes if visit.service is not None else 0
            soonest = prepared.horizon.tick_at_or_after(self.now + timedelta(minutes=notice))
            ticks &= ~masks.span(0, soonest)
        return ticks

    def narrowed(
        self, state: State, found: Options, within: Mask = EVERY
    ) -> Iterator[tuple[Options, int | None]]:
        """Yield what is left of what a visit may do, at some of its starts.

        A visit that has to take something in particular comes in parts, which may overlap: each
        with the number of the resource that it takes.
        """
        starts = found.starts & within & self.starts(state.prepared, found.visit, found.variant)
        some = found if starts == found.starts else found.at(starts)
        if self.through is not None and self.through.concerns(found.visit):
            yield from self.through.options(state, some)
        elif starts:
            yield some, None

    def worth(self, visit: Visit, placement: Placement) -> int:
        """Return what it is worth that a visit takes what it has to."""
        if self.through is None or not self.through.concerns(visit):
            return 0
        return self.through.worth_of(placement)


class AskedFor(Rule):
    """The bounds of some visits, told as a rule.

    Parameters
    ----------
    bounds
        What was asked for.
    visits
        Numbers of the visits that it is about.
    """

    name = "asked_for"
    sentence = "It lies in the hours, and at the places, that were asked for."
    moving = True
    of_request = True

    def __init__(self, bounds: Bounds, visits: frozenset[int]) -> None:
        self.bounds = bounds
        self.visits = visits

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts within the bounds."""
        if visit.index not in self.visits:
            return EVERY
        return self.bounds.starts(state.prepared, visit, variant)
