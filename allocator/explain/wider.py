"""Rules that give way by degrees: longer hours, wider windows, no matter with whom."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from allocator.explain.facts import owner
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.pins import Pins
from allocator.rules.rule import EVERY
from allocator.rules.windows import Windows
from allocator.state.state import State


def wider(mask: Mask, ticks: int) -> Mask:
    """Return a set of ticks with so many more before and after each stretch of it."""
    return masks.shift(masks.covered(mask, 2 * ticks + 1), -ticks)


class LongerHours(OpeningHours):
    """Opening hours that are longer by so many ticks, before and after, for some resources."""

    def __init__(self, resources: frozenset[str], ticks: int) -> None:
        self.resources = resources
        self.ticks = ticks

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts from which the claim stays in the longer hours."""
        prepared = state.prepared
        if prepared.resources[resource].id not in self.resources:
            return super().starts_with(state, visit, variant, need, resource)
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        opened = wider(prepared.opening(resource).open, self.ticks) & prepared.all_ticks
        return masks.shift(masks.runs_of(opened, end - first), -first)


class WiderWindows(Windows):
    """Windows that are wider by so many ticks, before and after, for one request."""

    def __init__(self, request: str, ticks: int) -> None:
        self.request = request
        self.ticks = ticks

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts from which the visit stays inside the wider windows."""
        starts = super().starts(state, visit, variant)
        what = visit.request
        if starts == EVERY or what is None or owner(visit) != self.request:
            return starts
        spans = [(span.start, span.end) for span in what.windows]
        inside = wider(state.prepared.window(spans), self.ticks) & state.prepared.all_ticks
        return starts | masks.runs_of(inside, variant.duration)


class PinnedInTime(Pins):
    """Pins that hold one request in time, whoever comes."""

    def __init__(self, request: str) -> None:
        self.request = request

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return every start for the request."""
        if owner(visit) == self.request:
            return EVERY
        return super().starts_with(state, visit, variant, need, resource)


def with_visits(prepared: Prepared, visits: Mapping[int, Visit]) -> Prepared:
    """Return a prepared problem with some visits in place of those with their numbers.

    What rules and clocks remember of the problem is shared: none of it is about these visits.
    """
    other = copy(prepared)
    other.visits = [visits.get(n, visit) for n, visit in enumerate(prepared.visits)]
    return other


def unpinned(prepared: Prepared, visit: int) -> Prepared:
    """Return a prepared problem in which a visit is not pinned."""
    other = copy(prepared)
    other.frozen = {v: p for v, p in prepared.frozen.items() if v != visit}
    other.pins = {v: kind for v, kind in prepared.pins.items() if v != visit}
    return other
