"""Fewest changes: what people have been told holds as far as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import numpy as np

from allocator.domain.request import FlexibleSeries
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def start_price(prepared: Prepared, visit: int) -> int:
    """Return what another start costs a published visit."""
    return prepared.problem.change_costs.start * _urgency(prepared, visit)


def role_price(prepared: Prepared, visit: int, need: int) -> int:
    """Return what other resources in a role cost a published visit.

    0 for attendees, and for a role that nobody is published for. A role that a practitioner is
    published for is priced as a practitioner's.
    """
    members = prepared.published[visit].team[need]
    if prepared.visits[visit].needs[need].attendee or not members:
        return 0
    prices = prepared.problem.change_costs
    practitioner = any(prepared.resources[r].kind == "practitioner" for r in members)
    return (prices.practitioner if practitioner else prices.other) * _urgency(prepared, visit)


def whole_price(prepared: Prepared, visit: int) -> int:
    """Return what it costs to take a published visit off the schedule: all that it had."""
    needs = range(len(prepared.visits[visit].needs))
    return start_price(prepared, visit) + sum(role_price(prepared, visit, n) for n in needs)


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
            changed: tuple[int, ...] = ()
            if placement is None:
                amount = whole_price(prepared, number)
            else:
                kept = _slots(prepared, visit).get(placement.start)
                amount = start_price(prepared, number) if kept is None else 0
                told = number if kept is None else kept
                for need, members in enumerate(prepared.published[told].team):
                    if set(members) != set(placement.team[need]):
                        price = role_price(prepared, told, need)
                        amount += price
                        changed += members if price else ()
            yield Amount(amount, visit.request_index, (number,), changed)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Take back the price of the whole, and charge every start but the published ones."""
        prepared = state.prepared
        if not _may_change(prepared, visit):
            return 0
        moved = ~np.isin(ticks, list(_slots(prepared, visit)))
        return start_price(prepared, visit.index) * moved - whole_price(prepared, visit.index)

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Charge whoever is not published for a role that one resource fills."""
        prepared = state.prepared
        if not _may_change(prepared, visit) or visit.needs[need].quantity > 1:
            return 0
        prices: Amounts = _role_change(prepared, visit.index, need, (resource,))
        for start, other in _slots(prepared, visit).items():
            price = _role_change(prepared, other, need, (resource,))
            prices = np.where(ticks == start, price, prices)
        return prices

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Charge, once for each, the roles of several resources that others fill."""
        prepared = state.prepared
        if not _may_change(prepared, visit):
            return 0
        told = _slots(prepared, visit).get(placement.start, visit.index)
        return sum(
            _role_change(prepared, told, n, placement.team[n])
            for n, need in enumerate(visit.needs)
            if need.quantity > 1
        )

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that are published for visits which may still change."""
        return frozenset(
            resource
            for visit, published in prepared.published.items()
            if visit not in prepared.frozen
            for members in published.team
            for resource in members
        )

    def express(self, model: Verbs) -> None:
        """Charge a placed visit by what differs, and credit it with the price of the whole."""
        prepared = model.prepared
        for visit in model.free:
            if not _may_change(prepared, visit):
                continue
            slots = _slots(prepared, visit)
            present = model.present(visit.index)
            same_start = model.at(visit.index, _mask(slots))
            model.cost(
                start_price(prepared, visit.index) * (present - same_start)
                - whole_price(prepared, visit.index) * present,
                visit.request_index,
            )
            for need in range(len(visit.needs)):
                told: dict[tuple[frozenset[int], int], list[int]] = {}
                for start, other in slots.items():
                    told.setdefault(_told(prepared, other, need), []).append(start)
                own = _told(prepared, visit.index, need)
                elsewhere = prepared.all_ticks
                for what, starts in told.items():
                    if what != own:
                        here = model.at(visit.index, _mask(starts))
                        _charge(model, visit, need, what, here)
                        elsewhere &= ~_mask(starts)
                alone = len(told) == 1
                _charge(
                    model, visit, need, own, present if alone else model.at(visit.index, elsewhere)
                )


def _charge(
    model: Verbs, visit: Visit, need: int, told: tuple[frozenset[int], int], here: Literal
) -> None:
    """Charge a role that others fill than were told, where a literal holds."""
    members, price = told
    if not price:
        return
    if len(members) == visit.needs[need].quantity:
        takes = [model.takes(visit.index, need, r) for r in sorted(members)]
        model.cost(price * (here - model.all_of([here, *takes])), visit.request_index)
    else:
        model.cost(price * here, visit.request_index)


def _told(prepared: Prepared, visit: int, need: int) -> tuple[frozenset[int], int]:
    """Return who is published for a role, and what it costs that others fill it."""
    members = frozenset(prepared.published[visit].team[need])
    return members, role_price(prepared, visit, need)


def _role_change(prepared: Prepared, visit: int, need: int, members: tuple[int, ...]) -> int:
    told, price = _told(prepared, visit, need)
    return 0 if set(members) == told else price


def _mask(starts: Iterable[int]) -> Mask:
    mask = 0
    for start in starts:
        mask |= 1 << start
    return mask


def _slots(prepared: Prepared, visit: Visit) -> dict[int, int]:
    """Return the starts at which a visit is no news, each with the visit published there."""

    def of_series() -> dict[int, int]:
        return {
            prepared.published[number].start: number
            for number in prepared.requests[visit.request_index].visits
            if prepared.visits[number].step == visit.step
            and _may_change(prepared, prepared.visits[number])
        }

    request = visit.request
    if request is None or not isinstance(request.series, FlexibleSeries):
        return {prepared.published[visit.index].start: visit.index}
    return prepared.memo(("published starts", visit.request_index, visit.step), of_series)


def _may_change(prepared: Prepared, visit: Visit) -> bool:
    return visit.index in prepared.published and visit.index not in prepared.frozen


def _urgency(prepared: Prepared, visit: int) -> int:
    """Return by what prices are multiplied: more when the published start is near."""
    prices = prepared.problem.change_costs

    def far() -> int:
        notice = timedelta(hours=prices.notice_hours)
        return prepared.horizon.tick_at_or_after(prepared.horizon.asked_at + notice)

    near = prepared.published[visit].start < prepared.memo("end of notice", far)
    return prices.within_notice if near else 1
