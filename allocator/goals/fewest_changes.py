"""Fewest changes: what people have been told holds as far as possible."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.changes import (
    Told,
    changed_roles,
    may_change,
    start_change,
    start_price,
    told,
    told_resources,
    told_starts,
    whole_price,
)
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class FewestChanges(Goal):
    """Weighted number of changes: starts moved, and roles that others fill, visit by visit.

    Visits of a flexible series are interchangeable, and their numbers follow their starts: one
    that lies where another of its series was published is measured against that one, so that a
    visit put in before it is no change of it. A visit taken off the schedule counts as changed
    in all of it. Pinned visits do not count: what becomes of them is not this schedule's doing.
    Prices are the problem's ``change_costs``, and a multiple of them within its notice.
    """

    name = "fewest_changes"
    sentence = "The schedule changes as little as possible of what is published."
    unit = "changes"
    local = True
    adds_up = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether anything is published that might change."""
        return any(visit not in prepared.frozen for visit in prepared.published)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield what has changed of each published visit."""
        prepared = timetable.prepared
        for number, published in prepared.published.items():
            if number in prepared.frozen:
                continue
            placement = timetable.placements[number]
            if placement == published:
                continue
            visit = prepared.visits[number]
            if placement is None:
                yield Amount(whole_price(prepared, number), visit.request_index, (number,))
                continue
            roles = changed_roles(prepared, visit, placement)
            amount = start_change(prepared, visit, placement) + sum(r.price for r in roles)
            gone = tuple(resource for role in roles for resource in sorted(role.members))
            yield Amount(amount, visit.request_index, (number,), gone)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Take back the price of the whole, and charge every start but the published ones."""
        prepared = state.prepared
        if not may_change(prepared, visit):
            return 0
        moved = ~np.isin(ticks, list(told_starts(prepared, visit)))
        return start_price(prepared, visit.index) * moved - whole_price(prepared, visit.index)

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Charge whoever is not published for a role that one resource fills."""
        prepared = state.prepared
        if not may_change(prepared, visit) or visit.needs[need].quantity > 1:
            return 0
        prices: Amounts = _role_change(prepared, visit.index, need, (resource,))
        for start, other in told_starts(prepared, visit).items():
            price = _role_change(prepared, other, need, (resource,))
            prices = np.where(ticks == start, price, prices)
        return prices

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Charge, once for each, the roles of several resources that others fill."""
        prepared = state.prepared
        if not may_change(prepared, visit):
            return 0
        by = told_starts(prepared, visit).get(placement.start, visit.index)
        return sum(
            _role_change(prepared, by, n, placement.team[n])
            for n, need in enumerate(visit.needs)
            if need.quantity > 1
        )

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that are published for visits which may still change."""
        return told_resources(prepared)

    def express(self, model: Verbs) -> None:
        """Charge a placed visit by what differs, and credit it with the price of the whole."""
        prepared = model.prepared
        for visit in model.free:
            if not may_change(prepared, visit):
                continue
            slots = told_starts(prepared, visit)
            present = model.present(visit.index)
            same_start = model.at(visit.index, masks.from_ticks(slots))
            model.cost(
                start_price(prepared, visit.index) * (present - same_start)
                - whole_price(prepared, visit.index) * present,
                visit.request_index,
            )
            for need in range(len(visit.needs)):
                roles: dict[Told, list[int]] = {}
                for start, other in slots.items():
                    roles.setdefault(told(prepared, other, need), []).append(start)
                own = told(prepared, visit.index, need)
                elsewhere = prepared.all_ticks
                for role, starts in roles.items():
                    if role != own:
                        here = model.at(visit.index, masks.from_ticks(starts))
                        _charge(model, visit, need, role, here)
                        elsewhere &= ~masks.from_ticks(starts)
                alone = len(roles) == 1
                _charge(
                    model, visit, need, own, present if alone else model.at(visit.index, elsewhere)
                )


def _charge(model: Verbs, visit: Visit, need: int, role: Told, here: Literal) -> None:
    """Charge a role that others fill than were told, where a literal holds."""
    members, price = role
    if not price:
        return
    if len(members) == visit.needs[need].quantity:
        takes = [model.takes(visit.index, need, r) for r in sorted(members)]
        model.cost(price * (here - model.all_of([here, *takes])), visit.request_index)
    else:
        model.cost(price * here, visit.request_index)


def _role_change(prepared: Prepared, visit: int, need: int, members: tuple[int, ...]) -> int:
    role = told(prepared, visit, need)
    return 0 if set(members) == role.members else role.price
