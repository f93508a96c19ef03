"""Fair load: equals work in proportion to their contracts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import gcd
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit, VisitNeed
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Verbs

Vector = npt.NDArray[np.int64]


class Group(NamedTuple):
    """Practitioners with the same skills: their numbers, and their contracts in lowest terms."""

    number: int
    members: tuple[int, ...]
    shares: Vector
    total: int


def contracted_minutes(prepared: Prepared, resource: int) -> int:
    """Return what a resource is meant to work in the horizon.

    Each contract counts by its minutes a week for the dates on which it holds; one that names
    none, and a resource without a contract, by ordinary hours that no block takes.
    """
    thing = prepared.resources[resource]
    opening = prepared.opening(resource)
    ordinary = opening.regular & ~opening.blocked
    if not thing.contracts:
        return prepared.grain * ordinary.bit_count()
    horizon = prepared.horizon
    dates = [horizon.first + timedelta(days=day) for day in range(horizon.days)]
    sevenths = 0
    while_open = 0
    for contract in thing.contracts:
        if contract.minutes_per_week is None:
            while_open |= prepared.clock_of(resource).days_mask(contract.first, contract.last)
        else:
            sevenths += contract.minutes_per_week * sum(map(contract.holds_on, dates))
    return sevenths // 7 + prepared.grain * (ordinary & while_open).bit_count()


def groups_of(prepared: Prepared) -> tuple[Group, ...]:
    """Return the groups of equals: two or more with a contract."""
    return prepared.memo("fair_load", lambda: tuple(_groups(prepared)))


def _groups(prepared: Prepared) -> Iterator[Group]:
    equals: dict[frozenset[str], dict[int, int]] = {}
    for number, thing in enumerate(prepared.resources):
        minutes = contracted_minutes(prepared, number) if thing.kind == "practitioner" else 0
        if minutes:
            skills = frozenset(skill.name for skill in thing.skills)
            equals.setdefault(skills, {})[number] = minutes
    number = 0
    for some in equals.values():
        if len(some) > 1:
            shares = np.array(list(some.values()), dtype=np.int64) // gcd(*some.values())
            yield Group(number, tuple(some), shares, int(shares.sum()))
            number += 1


def _places(prepared: Prepared) -> dict[int, tuple[Group, int]]:
    """Return for each resource in a group the group and its place in it."""
    return prepared.memo(
        "fair_load places",
        lambda: {
            r: (group, n) for group in groups_of(prepared) for n, r in enumerate(group.members)
        },
    )


def _minutes_off(prepared: Prepared, group: Group, off: int) -> int:
    """Turn ticks off the fair share, times the total of the contracts, into whole minutes."""
    return prepared.grain * off // group.total


class FairLoad(Goal):
    """Total absolute deviation from a load in proportion to contracts, group by group.

    Equals are practitioners with the same skills. With loads ``l``, contracts ``c`` and their
    totals ``L`` and ``C`` it is ``Σ |l − c·L/C|`` over a group, rounded down.
    """

    name = "fair_load"
    sentence = "Practitioners with the same skills work in proportion to their contracts."
    unit = "minutes off a fair share"
    common = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there are equals."""
        return bool(groups_of(prepared))

    def ties(self, prepared: Prepared) -> Iterator[list[int]]:
        """Yield, for each group, the visits that may draw on it."""
        for group in groups_of(prepared):
            yield [
                visit.index
                for visit in prepared.visits
                if any(group.number in _drawn(prepared, visit, need) for need in visit.needs)
            ]

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield how far each group is from a fair load."""
        prepared = timetable.prepared
        for group in groups_of(prepared):
            loads = [sum(c.end - c.first for c in timetable.claims[r]) for r in group.members]
            off = sum(
                abs(load * group.total - share * sum(loads))
                for load, share in zip(loads, group.shares.tolist(), strict=True)
            )
            yield Amount(_minutes_off(prepared, group, off), resources=group.members)

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return what the claim does to the group; a lower bound where another need joins in."""
        place = _places(state.prepared).get(resource)
        if place is None:
            return 0
        group, n = place
        length = _length(visit, variant.duration, need)
        if group.number in _coupled(state.prepared, visit):
            return _at_least(state, group, n, length)
        return int(_changes(state, group, length)[n])

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether it may take several of one group."""
        return bool(_coupled(prepared, visit))

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Return what members of one group add together, beyond their bounds."""
        coupled = _coupled(state.prepared, visit)
        if not coupled:
            return 0
        places = _places(state.prepared)
        added: dict[int, list[tuple[int, int]]] = {}
        for need, members in enumerate(placement.team):
            for resource in members:
                place = places.get(resource)
                if place is not None and place[0].number in coupled:
                    length = _length(visit, placement.duration, need)
                    added.setdefault(place[0].number, []).append((place[1], length))
        cost = 0
        for number, claims in added.items():
            group = groups_of(state.prepared)[number]
            loads = _loads(state, group)
            after = loads.copy()
            for n, length in claims:
                after[n] += length
                cost -= _at_least(state, group, n, length)
            cost += _score(state.prepared, group, after) - _score(state.prepared, group, loads)
        return cost

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return the members of every group."""
        return frozenset(_places(prepared))

    def express(self, model: Verbs) -> None:
        """Bound the deviations from both sides, and round their sum down."""
        for group in groups_of(model.prepared):
            if any(model.users(resource) for resource in group.members):
                self._express(model, group)

    def _express(self, model: Verbs, group: Group) -> None:
        loads: list[Expression] = []
        most = 0
        for resource in group.members:
            load: Expression = model.state.claimed[resource]
            highest = model.state.claimed[resource]
            for visit, need in model.users(resource):
                takes = model.takes(visit.index, need, resource)
                durations = model.durations(visit.index)
                for duration in durations:
                    literal = takes
                    if len(durations) > 1:
                        literal = model.all_of([takes, model.lasts(visit.index, duration)])
                    load = load + _length(visit, duration, need) * literal
                highest += max(_length(visit, duration, need) for duration in durations)
            if model.users(resource):
                variable = model.integer(0, highest, f"load {resource}")
                model.equal(variable, load)
                load = variable
            loads.append(load)
            most += highest
        whole = model.integer(0, most, f"load of group {group.number}")
        model.equal(whole, sum(loads))
        total = group.total
        off: Expression = 0
        for load, share in zip(loads, group.shares.tolist(), strict=True):
            deviation = model.integer(0, most * total, "")
            model.at_most(load * total - share * whole, deviation)
            model.at_most(share * whole - load * total, deviation)
            off = off + deviation
        grain = model.prepared.grain
        highest = grain * most * len(group.members)
        amount = model.integer(0, highest, f"off a fair share {group.number}")
        model.at_most(grain * off - (total - 1), total * amount)
        model.cost(amount - _score(model.prepared, group, _loads(model.state, group)))


def _length(visit: Visit, duration: int, need: int) -> int:
    """Return how many ticks a visit's claim for a need takes."""
    what = visit.needs[need]
    first, end = what.covers(duration)
    return what.before + end - first + what.after


def _coupled(prepared: Prepared, visit: Visit) -> frozenset[int]:
    """Return the groups from which a visit may take more than one."""

    def compute() -> frozenset[int]:
        slots: dict[int, int] = {}
        for need in visit.needs:
            for number in _drawn(prepared, visit, need):
                slots[number] = slots.get(number, 0) + need.quantity
        return frozenset(number for number, many in slots.items() if many > 1)

    return prepared.memo(("fair_load coupled", visit.index), compute)


def _drawn(prepared: Prepared, visit: Visit, need: VisitNeed) -> set[int]:
    """Return the groups on which a need may draw; services share theirs."""

    def compute() -> set[int]:
        places = _places(prepared)
        return {places[r][0].number for r in need.resources if r in places}

    if need.attendee or visit.service is None:
        return compute()
    return prepared.memo(("fair_load drawn", visit.service.id, need.role), compute)


def _loads(state: State, group: Group) -> Vector:
    return state.memo_of_all(
        ("fair_load", group.number),
        lambda: np.array([state.claimed[r] for r in group.members], dtype=np.int64),
    )


def _score(prepared: Prepared, group: Group, loads: Vector) -> int:
    off = np.abs(loads * group.total - group.shares * loads.sum()).sum()
    return _minutes_off(prepared, group, int(off))


def _changes(state: State, group: Group, length: int) -> Vector:
    """Return, by member, what a claim of so many ticks adds to the amount."""

    def compute() -> Vector:
        loads = _loads(state, group)
        fair = group.shares * (loads.sum() + length)
        off = np.abs(loads * group.total - fair)
        theirs = np.abs((loads + length) * group.total - fair)
        after = state.prepared.grain * (off.sum() - off + theirs) // group.total
        changes: Vector = after - _score(state.prepared, group, loads)
        return changes

    return state.memo_of_all(("fair_load changes", group.number, length), compute)


def _at_least(state: State, group: Group, n: int, length: int) -> int:
    """Return a share of the change for one of several claims, below it when summed.

    The deviation is convex: it rises at least by its subgradient times the claims.
    """

    def compute() -> Vector:
        loads = _loads(state, group)
        signs = np.sign(loads * group.total - group.shares * loads.sum())
        slopes: Vector = signs * group.total - int((signs * group.shares).sum())
        return slopes

    slopes = state.memo_of_all(("fair_load slopes", group.number), compute)
    return state.prepared.grain * length * int(slopes[n]) // group.total
