"""Off-peak: the load of a kind of resource is levelled over the hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit, VisitNeed
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Literal, Verbs

Vector = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.int64]


class Buckets(NamedTuple):
    """Stretches of local time in which load is counted.

    Attributes
    ----------
    edges
        First tick of each, then the number of ticks, twice.
    of
        For each tick the number of its bucket.
    """

    edges: Vector
    of: Vector


class Measure(NamedTuple):
    """What is busy for one kind of resource.

    Attributes
    ----------
    kind
        The kind.
    forecast
        Minutes that others are expected to claim, by bucket.
    prices
        What a minute beyond each threshold costs.
    thresholds
        In minutes, by price and bucket.
    """

    kind: str
    forecast: Vector
    prices: Vector
    thresholds: Matrix


class Stretch(NamedTuple):
    """What a visit claims after its start, from one tick to another, so many times."""

    first: int
    end: int
    times: int


def buckets_of(prepared: Prepared) -> Buckets:
    """Return the stretches of ``bucket_minutes`` from each local midnight, on the grid.

    When the clocks change some are longer or shorter; an hour that shows twice in a row is one.
    """

    def compute() -> Buckets:
        length = prepared.ticks_for(prepared.problem.off_peak.bucket_minutes) * prepared.grain
        clock = prepared.clock(None)
        number = clock.minute_of // length
        new = (np.diff(clock.day_of, prepend=-1) != 0) | (np.diff(number, prepend=-1) != 0)
        edges = np.append(np.flatnonzero(new), (prepared.ticks, prepared.ticks))
        return Buckets(edges.astype(np.int64), np.cumsum(new, dtype=np.int64) - 1)

    return prepared.memo("off_peak buckets", compute)


def measures(prepared: Prepared) -> dict[str, Measure]:
    """Return the measure of each kind that the problem levels."""

    def compute() -> dict[str, Measure]:
        policy = prepared.problem.off_peak
        here = {resource.kind for resource in prepared.resources}
        if not any(price for _, price in policy.steps):
            return {}
        return {kind: _measure(prepared, kind) for kind in policy.kinds if kind in here}

    return prepared.memo("off_peak", compute)


def _measure(prepared: Prepared, kind: str) -> Measure:
    edges, _ = buckets_of(prepared)
    lanes: dict[int, int] = {}
    for number, resource in enumerate(prepared.resources):
        if resource.kind == kind:
            opening = prepared.opening(number)
            ticks = opening.open & ~opening.blocked
            lanes[ticks] = lanes.get(ticks, 0) + resource.lanes
    have = np.zeros(prepared.ticks, dtype=np.int64)
    for ticks, many in lanes.items():
        have += many * masks.flags(ticks, prepared.ticks)
    capacity = prepared.grain * np.add.reduceat(have, edges[:-2])
    steps = [(share, price) for share, price in prepared.problem.off_peak.steps if price]
    shares = np.array([share for share, _ in steps], dtype=np.int64)
    return Measure(
        kind,
        _forecast(prepared, kind),
        np.array([price for _, price in steps], dtype=np.int64),
        shares[:, None] * capacity // 100,
    )


def _forecast(prepared: Prepared, kind: str) -> Vector:
    """Spread each forecast evenly over the ticks that its span touches; round buckets down."""
    edges, of = buckets_of(prepared)
    exact = [Fraction(0)] * (len(edges) - 2)
    horizon = prepared.horizon
    for forecast in prepared.problem.forecast:
        first, end = horizon.tick(forecast.span.start), horizon.tick_at_or_after(forecast.span.end)
        inside = max(first, 0), min(end, prepared.ticks)
        if forecast.kind != kind or inside[0] >= inside[1]:
            continue
        for bucket in range(of[inside[0]], of[inside[1] - 1] + 1):
            ticks = min(inside[1], int(edges[bucket + 1])) - max(inside[0], int(edges[bucket]))
            exact[bucket] += Fraction(forecast.minutes * ticks, end - first)
    return np.array([int(minutes) for minutes in exact], dtype=np.int64)


class OffPeak(Goal):
    """Claimed and forecast minutes above shares of a kind's open time, bucket by bucket, priced.

    A convex piecewise linear cost of the load in a bucket: ``Σ price · max(0, load − share ·
    capacity)``. Each claim counts once, buffers included, however many lanes it uses; the
    forecast counts as load.
    """

    name = "off_peak"
    sentence = "Visits avoid the hours in which a kind of resource is busy."
    unit = "busy minutes"
    common = True
    adds_up = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there are resources of a kind that is levelled, and a price."""
        return bool(measures(prepared))

    def ties(self, prepared: Prepared) -> Iterator[list[int]]:
        """Yield, for each kind that is levelled, the visits that may draw on it."""
        for kind in measures(prepared):
            yield [v.index for v in prepared.visits if kind in _draws(prepared, v)]

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield what each busy bucket costs, with the visits in it."""
        prepared = timetable.prepared
        edges, _ = buckets_of(prepared)
        for kind, measure in measures(prepared).items():
            claims = [
                (max(claim.first, 0), min(claim.end, prepared.ticks), claim.visit)
                for resource, some in zip(prepared.resources, timetable.claims, strict=True)
                if some and resource.kind == kind
                for claim in some
            ]
            claims.sort()
            firsts, ends, visits = np.array(claims or [(0, 0, 0)], dtype=np.int64).T
            change = np.bincount(firsts, minlength=prepared.ticks + 1).astype(np.int64)
            change -= np.bincount(ends, minlength=prepared.ticks + 1)
            load = prepared.grain * np.add.reduceat(np.cumsum(change[:-1]), edges[:-2])
            over = (load + measure.forecast - measure.thresholds).clip(0)
            amounts = measure.prices @ over
            longest = int((ends - firsts).max())
            for bucket in np.flatnonzero(amounts):
                low = np.searchsorted(firsts, edges[bucket] - longest)
                high = np.searchsorted(firsts, edges[bucket + 1])
                there = visits[low:high][ends[low:high] > edges[bucket]]
                yield Amount(int(amounts[bucket]), visits=tuple(np.unique(there).tolist()))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what the needs that draw on a kind whoever is taken add, together."""
        total: Amounts = 0
        for kind, (sure, _) in _draws(state.prepared, visit).items():
            if sure:
                stretches = [_stretch(visit, variant.duration, need) for need in sure]
                total = total + _added(state, kind, ticks, stretches)
        return total

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return what a resource of the kind adds to them, where others could be taken."""
        kind = state.prepared.resources[resource].kind
        sure, unsure = _draws(state.prepared, visit).get(kind, NOTHING)
        if need not in unsure:
            return 0
        stretches = [_stretch(visit, variant.duration, n) for n in sure]
        alone = _stretch(visit, variant.duration, need)._replace(times=1)
        return _beyond(state, kind, ticks, stretches, alone)

    def costs_with_each(
        self,
        state: State,
        visit: Visit,
        variant: Variant,
        need: int,
        resources: Sequence[int],
        ticks: Ticks,
    ) -> Sequence[Amounts]:
        """Return the same: nothing for needs that draw on a kind whoever is taken."""
        draws = _draws(state.prepared, visit).values()
        if not any(need in unsure for _, unsure in draws):
            return ()
        return super().costs_with_each(state, visit, variant, need, resources, ticks)

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether it may take several of a kind that it need not take."""
        return any(
            len(unsure) > 1 or any(visit.needs[need].quantity > 1 for need in unsure)
            for _, unsure in _draws(prepared, visit).values()
        )

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Return what several resources add together, beyond each by itself: cost is convex."""
        cost = 0
        tick = np.array([placement.start])
        for kind, (sure, unsure) in _draws(state.prepared, visit).items():
            if not unsure:
                continue
            taken = [
                _stretch(visit, placement.duration, need)._replace(times=1)
                for need in sorted(unsure)
                for resource in placement.team[need]
                if state.prepared.resources[resource].kind == kind
            ]
            if len(taken) > 1:
                stretches = [_stretch(visit, placement.duration, need) for need in sure]
                cost += int(_added(state, kind, tick, stretches + taken)[0])
                cost -= int(_added(state, kind, tick, stretches)[0])
                for one in taken:
                    cost -= int(_beyond(state, kind, tick, stretches, one)[0])
        return cost

    def express(self, model: Verbs) -> None:
        """Charge the load beyond each threshold, in the buckets that may reach it."""
        for kind, measure in measures(model.prepared).items():
            claims = list(_free_claims(model, kind))
            slack = _loads(model.state, kind) - measure.thresholds
            most = np.zeros(slack.shape[1] + 1, dtype=np.int64)
            for claim in claims:
                most += claim.most(len(most))
            busy = np.append(slack.max(axis=0) + most[:-1] > 0, False)
            loads: dict[int, Expression] = {}
            for claim in claims:
                claim.add_to(loads, model, busy)
            for bucket, load in loads.items():
                for price, beyond in zip(
                    measure.prices.tolist(), slack[:, bucket].tolist(), strict=True
                ):
                    highest = beyond + int(most[bucket])
                    if beyond >= 0:
                        model.cost(price * load)
                    elif highest > 0:
                        excess = model.integer(0, highest, f"busy {kind} {bucket}")
                        model.at_most(load + beyond, excess)
                        model.cost(price * excess)


Draws = tuple[tuple[int, ...], frozenset[int]]
NOTHING: Draws = ((), frozenset())


def _draws(prepared: Prepared, visit: Visit) -> dict[str, Draws]:
    """Return by kind the needs that draw on it whoever is taken, and those that may."""

    def compute() -> dict[str, Draws]:
        draws: dict[str, Draws] = {}
        levelled = measures(prepared)
        for number, need in enumerate(visit.needs):
            kinds = _kinds(prepared, visit, need)
            for kind in kinds & levelled.keys():
                sure, unsure = draws.get(kind, NOTHING)
                if len(kinds) == 1 and not need.optional:
                    draws[kind] = (*sure, number), unsure
                else:
                    draws[kind] = sure, unsure | {number}
        return draws

    return prepared.memo(("off_peak draws", visit.index), compute)


def _kinds(prepared: Prepared, visit: Visit, need: VisitNeed) -> set[str]:
    """Return the kinds of the resources that may fill a need; services share theirs."""

    def compute() -> set[str]:
        return {prepared.resources[resource].kind for resource in need.resources}

    if need.attendee or visit.service is None:
        return compute()
    return prepared.memo(("off_peak kinds", visit.service.id, need.role), compute)


def _stretch(visit: Visit, duration: int, need: int) -> Stretch:
    what = visit.needs[need]
    first, end = what.covers(duration)
    return Stretch(first - what.before, end + what.after, what.quantity)


def _loads(state: State, kind: str) -> Vector:
    """Return the minutes claimed and forecast, by bucket."""

    def compute() -> Vector:
        edges, _ = buckets_of(state.prepared)
        load = np.add.reduceat(state.load(kind), edges[:-2], dtype=np.int64)
        minutes: Vector = state.prepared.grain * load + measures(state.prepared)[kind].forecast
        return minutes

    return state.memo_of_all(("off_peak loads", kind), compute)


def _room(state: State, kind: str) -> Matrix:
    """Return the minutes below 0 that are left up to each threshold; 0 beyond the last bucket."""

    def compute() -> Matrix:
        beyond = _loads(state, kind) - measures(state.prepared)[kind].thresholds
        return np.pad(np.minimum(beyond, 0), ((0, 0), (0, 1)))

    return state.memo_of_all(("off_peak", kind), compute)


def _overlaps(
    prepared: Prepared, ticks: Ticks, stretches: list[Stretch]
) -> Iterator[tuple[Vector, Vector]]:
    """Yield the first bucket that each start touches, and the minutes in it; then the next."""
    edges, of = buckets_of(prepared)
    first = min(stretch.first for stretch in stretches)
    end = max(stretch.end for stretch in stretches)
    bucket = of.take(ticks + first, mode="clip")
    last = of.take(ticks + (end - 1), mode="clip")
    for _ in range(int((last - bucket).max(initial=-1)) + 1):
        low, high = edges[bucket], edges[bucket + 1]
        minutes = np.zeros(len(ticks), dtype=np.int64)
        for stretch in stretches:
            inside = np.minimum(ticks + stretch.end, high) - np.maximum(ticks + stretch.first, low)
            minutes += stretch.times * prepared.grain * np.maximum(inside, 0)
        yield bucket, minutes
        bucket = np.minimum(bucket + 1, len(edges) - 2)


def _added(state: State, kind: str, ticks: Ticks, stretches: list[Stretch]) -> Vector:
    """Return what claims add to the cost, by start."""
    total = np.zeros(len(ticks), dtype=np.int64)
    if stretches:
        room = _room(state, kind)
        prices = measures(state.prepared)[kind].prices
        for bucket, minutes in _overlaps(state.prepared, ticks, stretches):
            total += prices @ np.maximum(room[:, bucket] + minutes, 0)
    return total


def _beyond(
    state: State, kind: str, ticks: Ticks, stretches: list[Stretch], one: Stretch
) -> Vector:
    """Return what one more claim adds to the cost of others, by start."""
    return _added(state, kind, ticks, [*stretches, one]) - _added(state, kind, ticks, stretches)


class _FreeClaim(NamedTuple):
    """Claims that a free visit makes together, for each of its lengths.

    ``ways`` are pairs of the literals under which they are made, beside the visit's start, and
    of the minutes by bucket and start.
    """

    visit: Visit
    ticks: Ticks
    ways: tuple[tuple[list[Literal], list[tuple[Vector, Vector]]], ...]

    def most(self, buckets: int) -> Vector:
        """Return by bucket the most minutes that it may add."""
        most = np.zeros(buckets, dtype=np.int64)
        for _, overlaps in self.ways:
            for bucket, minutes in overlaps:
                np.maximum.at(most, bucket, minutes)
        return most

    def add_to(
        self, loads: dict[int, Expression], model: Verbs, busy: npt.NDArray[np.bool_]
    ) -> None:
        """Add to the load of busy buckets, with one literal for starts that add the same."""
        for when, overlaps in self.ways:
            rows = np.array([np.where(busy[bucket], minutes, 0) for bucket, minutes in overlaps])
            some = np.flatnonzero(rows.any(axis=0))
            if not len(some):
                continue
            rows = np.vstack([overlaps[0][0][some], rows[:, some]])
            for (first, *minutes), starts in masks.alike(self.ticks[some], rows).items():
                literal = model.all_of([model.at(self.visit.index, starts), *when])
                for bucket, many in enumerate(minutes, first):
                    if many:
                        loads[bucket] = loads.get(bucket, 0) + many * literal


def _free_claims(model: Verbs, kind: str) -> Iterator[_FreeClaim]:
    """Yield what free visits may claim of a kind, sure claims of a visit together."""
    for visit in model.free:
        sure, unsure = _draws(model.prepared, visit).get(kind, NOTHING)
        ticks = masks.ticks_of(model.candidates(visit.index))
        if not len(ticks):
            continue
        groups: list[tuple[list[Literal], list[int]]] = [([], list(sure))] if sure else []
        for need in sorted(unsure):
            takes = [
                model.takes(visit.index, need, resource)
                for resource in model.choices(visit.index, need)
                if model.prepared.resources[resource].kind == kind
            ]
            if takes and visit.needs[need].quantity == 1:
                takes = [model.any_of(takes)]
            groups += [([literal], [need]) for literal in takes]
        durations = model.durations(visit.index)
        for when, needs in groups:
            ways = []
            for duration in durations:
                stretches = [_stretch(visit, duration, need) for need in needs]
                if when:
                    stretches = [stretch._replace(times=1) for stretch in stretches]
                lasts = [model.lasts(visit.index, duration)] if len(durations) > 1 else []
                ways.append(([*when, *lasts], list(_overlaps(model.prepared, ticks, stretches))))
            yield _FreeClaim(visit, ticks, tuple(ways))
