"""What keeps claims on a resource apart: intervals, reserves and pauses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from ortools.sat.python import cp_model

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.state.verbs import Expression

if TYPE_CHECKING:
    from allocator.model.model import Model


class Overlaps:
    """What has been said of claims that must not overlap, until it is posted.

    Parameters
    ----------
    model
        The model in which it is said.

    Attributes
    ----------
    reserves
        By resource, the stretches that are kept free: starts, and length in ticks.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.reserves: dict[int, list[tuple[Mask, int]]] = {}
        self._reserved: dict[int, list[cp_model.IntervalVar]] = {}
        self._pauses: dict[int, list[cp_model.IntervalVar]] = {}
        self._intervals: dict[tuple[int, bool], list[tuple[cp_model.IntervalVar, int]]] = {}
        self._shared: set[tuple[int, bool]] = set()

    def share(self, resource: int, padded: bool) -> None:
        """Let free visits share a resource only as far as its lanes go."""
        self._shared.add((resource, padded))

    def reserve(self, resource: int, start: Expression, starts: Mask, length: int) -> None:
        """Keep a stretch free of claims and of other such stretches."""
        self.reserves.setdefault(resource, []).append((starts, length))
        self._reserved.setdefault(resource, []).append(
            self._model.cp.new_fixed_size_interval_var(start, length, "")
        )

    def pause(self, resource: int, pause: cp_model.IntervalVar) -> None:
        """Keep a stretch free of claims."""
        self._pauses.setdefault(resource, []).append(pause)

    def intervals(self, resource: int, *, padded: bool) -> list[tuple[cp_model.IntervalVar, int]]:
        """Return the optional intervals of the free claims on a resource, with their lanes."""
        model, key = self._model, (resource, padded)
        if key not in self._intervals:
            found = []
            for visit, number in model.users(resource):
                need = visit.needs[number]
                view = model.views[visit.index]
                for duration in sorted(
                    {o.variant.duration for o in view.options if resource in o.by_need[number]}
                ):
                    literal = model.all_of([view.takes[number, resource], view.lasts(duration)])
                    first, end = need.covers(duration)
                    if padded:
                        first, end = first - need.before, end + need.after
                    found.append(
                        (
                            model.cp.new_optional_fixed_size_interval_var(
                                view.start + first, end - first, literal, ""
                            ),
                            need.uses,
                        )
                    )
            self._intervals[key] = found
        return self._intervals[key]

    def padded(self, resource: int) -> bool | None:
        """Say whether claims on a resource keep apart with their buffers; None: not at all."""
        for padded in (True, False):
            if (resource, padded) in self._shared:
                return padded
        return None

    def post(self) -> None:
        """Say it to the solver, once all rules have spoken."""
        for resource, padded in sorted(self._shared):
            if not padded and (resource, True) in self._shared:
                continue
            found = self.intervals(resource, padded=padded)
            claims = [i for i, _ in found]
            lanes = self._model.prepared.resources[resource].lanes
            # What keeps off whole claims can join only where claims are not more than parts.
            whole = padded or not self._pads(resource)
            reserved = self._reserved.pop(resource, []) if whole else []
            if resource in self._model.pools:
                members = len(self._model.pools[resource])
                self._model.cp.add_cumulative(claims, [u for _, u in found], members)
                continue
            if lanes == 1:
                if len(found) + len(reserved) > 1:
                    self._model.cp.add_no_overlap(claims + reserved)
                if whole and (pauses := self._pauses.pop(resource, [])):
                    # Pauses share their time with each other, claims with nothing.
                    demands = [len(pauses)] * len(claims) + [1] * len(pauses)
                    self._model.cp.add_cumulative(claims + pauses, demands, len(pauses))
                continue
            fixed = list(self.fixed_load(resource, lanes, padded))
            self._model.cp.add_cumulative(
                claims + [i for i, _ in fixed] + reserved,
                [u for _, u in found] + [u for _, u in fixed] + [lanes] * len(reserved),
                lanes,
            )
        for resource, reserved in sorted(self._reserved.items()):
            for claim, _ in self.intervals(resource, padded=True):
                self._model.cp.add_no_overlap([claim, *reserved])
        for resource, pauses in sorted(self._pauses.items()):
            for claim, _ in self.intervals(resource, padded=True):
                for pause in pauses:
                    self._model.cp.add_no_overlap([claim, pause])

    def _pads(self, resource: int) -> bool:
        """Say whether any free claim on a resource has a buffer."""
        return any(v.needs[n].before or v.needs[n].after for v, n in self._model.users(resource))

    def _reach(self, resource: int, padded: bool) -> Mask:
        """Return the ticks of a resource that what is free may take."""
        reach = 0
        for starts, length in self.reserves.get(resource, ()):
            reach |= masks.covered(starts, length)
        for visit, number in self._model.users(resource):
            need = visit.needs[number]
            before, after = (need.before, need.after) if padded else (0, 0)
            for found in self._model.views[visit.index].options:
                first, end = need.covers(found.variant.duration)
                first, end = first - before, end + after
                starts = found.by_need[number].get(resource, 0)
                reach |= masks.shift(masks.covered(starts, end - first), first)
        return reach

    def fixed_load(
        self, resource: int, lanes: int, padded: bool
    ) -> Iterator[tuple[cp_model.IntervalVar, int]]:
        """Yield the load of fixed claims, cut off at the lanes: what is inherited stays.

        Where nothing that is free can come is left out.
        """
        reach = self._reach(resource, padded)
        ticks = self._model.prepared.ticks
        load = np.zeros(ticks + 1, dtype=np.int64)
        for claim in self._model.state.claims[resource]:
            first = claim.first if padded else claim.part_first
            end = claim.end if padded else claim.part_end
            load[max(first, 0)] += claim.uses
            load[max(0, min(end, ticks))] -= claim.uses
        load = np.minimum(np.cumsum(load[:-1]), lanes)
        edges = np.flatnonzero(np.diff(load, prepend=0, append=0)).tolist()
        for since, until in pairwise(edges):
            if load[since] and reach & masks.span(since, until):
                interval = self._model.cp.new_fixed_size_interval_var(since, until - since, "")
                yield interval, int(load[since])
