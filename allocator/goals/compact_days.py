"""Compact days: no gaps that nothing fits into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Literal, Verbs

Vector = npt.NDArray[np.int64]

#: Ticks so far away that nothing lies near them.
FAR = 10**9

#: Without these rules claims overlap, and what a gap is loses its meaning.
APART = frozenset({"attendees_free", "buffers", "capacity"})


def shortest_claims(prepared: Prepared) -> dict[int, int]:
    """Return, for practitioners with one lane, the ticks of the shortest claim they could hold.

    Every service of the problem counts, asked for or not, and whatever they attend.
    """

    def compute() -> dict[int, int]:
        shortest: dict[int, int] = {}

        def note(resource: int, length: int) -> None:
            thing = prepared.resources[resource]
            if thing.kind == "practitioner" and thing.lanes == 1:
                shortest[resource] = min(shortest.get(resource, length), length)

        for needs, variant in prepared.offered():
            for need, resources in zip(needs, variant.choices, strict=True):
                first, end = need.covers(variant.duration)
                for resource in resources:
                    note(resource, need.before + end - first + need.after)
        for visit in prepared.visits:
            for need in visit.needs:
                if need.attendee:
                    for variant in visit.variants:
                        note(need.resources[0], variant.duration)
        return {resource: length for resource, length in shortest.items() if length > 1}

    return prepared.memo("compact_days", compute)


class CompactDays(Goal):
    """Idle time between neighbouring claims of a local day, too short for any claim.

    Buffers belong to the claims. In a gap shorter than the shortest service that the resource
    offers nothing fits, so such gaps never change once their two neighbours are placed.
    """

    name = "compact_days"
    sentence = "The day of a practitioner has no gaps too short for any visit."
    unit = "idle minutes"
    common = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether anything is shorter than all that a practitioner offers."""
        return bool(shortest_claims(prepared)) and not APART & prepared.problem.without_rules

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the unusable gaps."""
        prepared = timetable.prepared
        for resource, shortest in shortest_claims(prepared).items():
            claims = timetable.claims[resource]
            if len(claims) < 2:
                continue
            day_of = prepared.clock_of(resource).day_of
            last = claims[0]
            for claim in claims[1:]:
                gap = claim.first - last.end
                if 0 < gap < shortest and day_of[last.end - 1] == day_of[claim.first]:
                    yield Amount(
                        gap * prepared.grain,
                        visits=tuple(sorted({last.visit, claim.visit})),
                        resources=(resource,),
                    )
                if claim.end > last.end:
                    last = claim

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the gaps that the claim would leave beside it."""
        found = self.costs_with_each(state, visit, variant, need, [resource], ticks)
        return found[0] if found else 0

    def costs_with_each(
        self,
        state: State,
        visit: Visit,
        variant: Variant,
        need: int,
        resources: Sequence[int],
        ticks: Ticks,
    ) -> Sequence[Amounts]:
        """Return the same, those of the same clock together."""
        prepared, known = state.prepared, shortest_claims(state.prepared)
        alike: dict[Clock, list[int]] = {}
        for row, resource in enumerate(resources):
            if state.claims[resource] and resource in known:
                alike.setdefault(prepared.clock_of(resource), []).append(row)
        if not alike:
            return ()
        first, end = _covers(visit, variant.duration, need)
        found: list[Amounts] = [0] * len(resources)
        for rows in alike.values():
            some = [resources[row] for row in rows]
            idle, _ = _idle(state, some, known, ticks + first, ticks + end)
            for row, amounts in zip(rows, prepared.grain * idle, strict=True):
                found[row] = amounts
        return found

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those whose gaps count."""
        return frozenset(shortest_claims(prepared))

    def express(self, model: Verbs) -> None:
        """Charge starts by the fixed claims beside them, and pairs of free claims by their gap."""
        shared: dict[tuple[_Claim, _Claim], dict[tuple[int, Clock], list[int]]] = {}
        every = shortest_claims(model.prepared)
        for resource, shortest in every.items():
            users = model.users(resource)
            if model.state.claims[resource]:
                for visit, need in users:
                    _beside_fixed(model, visit, need, resource, every)
            kind = (shortest, model.prepared.clock_of(resource))
            for (one, n), (other, m) in combinations(users, 2):
                if one is not other:
                    pair = (one.index, n), (other.index, m)
                    shared.setdefault(pair, {}).setdefault(kind, []).append(resource)
        claims = {claim: _FreeClaim(model, *claim) for pair in shared for claim in pair}
        for (one_key, other_key), kinds in shared.items():
            for (shortest, clock), resources in kinds.items():
                _beside_free(model, claims[one_key], claims[other_key], shortest, clock, resources)


_Claim = tuple[int, int]


def _covers(visit: Visit, duration: int, need: int) -> tuple[int, int]:
    """Return ticks from the visit's start to its claim's first and end, buffers included."""
    what = visit.needs[need]
    first, end = what.covers(duration)
    return first - what.before, end + what.after


def _edges(state: State, resource: int) -> tuple[Vector, Vector]:
    """Return where busy stretches end, after one long ago, and start, before one far ahead."""

    def compute() -> tuple[Vector, Vector]:
        claims = state.claims[resource]
        firsts = np.array([claim[0] for claim in claims], dtype=np.int64)
        ends = np.maximum.accumulate(np.array([claim[1] for claim in claims], dtype=np.int64))
        apart = np.flatnonzero(firsts[1:] > ends[:-1])
        return (
            np.concatenate(([-FAR], ends[apart], ends[-1:])),
            np.concatenate((firsts[:1], firsts[apart + 1], [FAR])),
        )

    return state.memo(resource, "compact_days", compute)


def _idle(
    state: State,
    resources: Sequence[int],
    shortest: Mapping[int, int],
    firsts: Vector,
    ends: Vector,
) -> tuple[Vector, npt.NDArray[np.bool_]]:
    """Return the idle ticks that claims would leave beside them, and which would overlap.

    A row for each of some resources, which have the same clock. Where claims overlap nothing the
    gap that they lie in was usable, so nothing is taken back.
    """
    before = np.empty((len(resources), len(firsts)), dtype=np.int64)
    after = np.empty_like(before)
    for row, resource in enumerate(resources):
        run_ends, run_firsts = _edges(state, resource)
        place = np.searchsorted(run_firsts, firsts, "right")
        before[row] = run_ends[place]
        after[row] = run_firsts[place]
    before, after = firsts - before, after - ends
    idle = np.zeros_like(before)
    least = np.array([[shortest[resource]] for resource in resources])
    day_of = state.prepared.clock_of(resources[0]).day_of
    for gaps, claimed, side in ((before, firsts, -1), (after, ends, 1)):
        rows, columns = np.nonzero((gaps > 0) & (gaps < least))
        if len(rows):
            short, at = gaps[rows, columns], claimed[columns]
            other = at + side * short
            lasts, nexts = np.minimum(at, other), np.maximum(at, other)
            same = day_of.take(lasts - 1, mode="clip") == day_of.take(nexts, mode="clip")
            idle[rows, columns] += short * same
    return idle, np.minimum(before, after) < 0


def _beside_fixed(
    model: Verbs, visit: Visit, need: int, resource: int, shortest: Mapping[int, int]
) -> None:
    """Charge a free visit for the gaps to the fixed claims on a resource that it takes."""
    ticks = masks.ticks_of(model.candidates(visit.index))
    takes = model.takes(visit.index, need, resource)
    durations = model.durations(visit.index)
    for duration in durations:
        first, end = _covers(visit, duration, need)
        several = _idle(model.state, [resource], shortest, ticks + first, ticks + end)
        idle, overlaps = several[0][0], several[1][0]
        idle[overlaps] = 0  # there the visit cannot take this resource
        if idle.any():
            when = takes
            if len(durations) > 1:
                when = model.all_of([takes, model.lasts(visit.index, duration)])
            model.cost_by_start(visit.index, ticks, model.prepared.grain * idle, when=when)


class _FreeClaim:
    """The claim of a free visit for a need: its edges, and where they may lie."""

    def __init__(self, model: Verbs, visit: int, need: int) -> None:
        self.model, self.visit, self.need = model, visit, need
        what = model.prepared.visits[visit].needs[need]
        start, end = model.start(visit), model.end(visit)
        if what.part is None:
            self.first, self.end = start - what.before, end + what.after
        else:
            length, offset, from_end = what.part
            part = end - offset - length if from_end else start + offset
            self.first, self.end = part - what.before, part + length + what.after
        self.firsts = self.ends = 0
        for duration in model.durations(visit):
            first_offset, end_offset = _covers(model.prepared.visits[visit], duration, need)
            self.firsts |= masks.shift(model.candidates(visit), first_offset)
            self.ends |= masks.shift(model.candidates(visit), end_offset)

    def takes(self, resource: int) -> Literal:
        """Return whether it is a claim on this resource."""
        return self.model.takes(self.visit, self.need, resource)

    def within(self, ticks: Mask, *, end: bool) -> Literal:
        """Return whether its first (or its end) is one of these ticks."""
        model, found = self.model, []
        for duration in model.durations(self.visit):
            offset = _covers(model.prepared.visits[self.visit], duration, self.need)[end]
            at = model.at(self.visit, masks.shift(ticks, -offset))
            if len(model.durations(self.visit)) > 1:
                at = model.all_of([at, model.lasts(self.visit, duration)])
            found.append(at)
        return model.any_of(found)


def _beside_free(
    model: Verbs,
    one: _FreeClaim,
    other: _FreeClaim,
    shortest: int,
    clock: Clock,
    resources: list[int],
) -> None:
    """Charge two free claims for the gap between them, whoever is first, on any resource."""
    orders = [
        (a, b)
        for a, b in ((one, other), (other, one))
        if a.ends & masks.shift(masks.covering(b.firsts, shortest - 1), -1)
    ]
    if not orders:
        return
    both = model.any_of(model.all_of([one.takes(r), other.takes(r)]) for r in resources)
    gap: Expression = model.integer(0, shortest - 1, "")
    for a, b in orders:
        far = model.literal("")
        nights = [model.opposite(night) for night in _nights(model, a, b, shortest, clock)]
        model.at_most(a.end + shortest, b.first, when=[both, far])
        model.at_most(b.first - a.end, gap, when=[both, model.opposite(far), *nights])
    model.cost(model.prepared.grain * gap)


def _nights(
    model: Verbs, a: _FreeClaim, b: _FreeClaim, shortest: int, clock: Clock
) -> Iterator[Literal]:
    """Yield for each midnight that may lie in the gap whether it does."""
    soonest = max(masks.lowest(a.ends), masks.lowest(b.firsts) - shortest + 1)
    latest = min(masks.highest(a.ends) + shortest - 1, masks.highest(b.firsts))
    inner = clock.day_starts[1:-1]
    low, high = np.searchsorted(inner, [soonest, latest + 1]).tolist()
    for midnight in inner[low:high].tolist():
        ends = a.ends & masks.span(midnight - shortest + 1, midnight + 1)
        firsts = b.firsts & masks.span(midnight, midnight + shortest)
        if ends and firsts:
            yield model.all_of([a.within(ends, end=True), b.within(firsts, end=False)])
