"""Fewest changes: what people have been told holds as far as possible."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


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

    A visit taken off the schedule counts as changed in all of it. Pinned visits do not count:
    what becomes of them is not this schedule's doing. Prices are the problem's
    ``change_costs``, and a multiple of them within its notice.
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
            changed: tuple[int, ...] = ()
            if placement is None:
                amount = whole_price(prepared, number)
            else:
                moved = placement.start != published.start
                amount = start_price(prepared, number) if moved else 0
                for need, members in enumerate(published.team):
                    if set(members) != set(placement.team[need]):
                        price = role_price(prepared, number, need)
                        amount += price
                        changed += members if price else ()
            yield Amount(amount, prepared.visits[number].request_index, (number,), changed)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Take back the price of the whole, and charge every start but the published one."""
        prepared = state.prepared
        if not _may_change(prepared, visit):
            return 0
        moved = ticks != prepared.published[visit.index].start
        return start_price(prepared, visit.index) * moved - whole_price(prepared, visit.index)

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Charge whoever is not published for a role that one resource fills."""
        prepared = state.prepared
        if not _may_change(prepared, visit) or visit.needs[need].quantity > 1:
            return 0
        published = prepared.published[visit.index].team[need]
        return 0 if {resource} == set(published) else role_price(prepared, visit.index, need)

    def team_cost(self, state: State, visit: Visit, placement: Placement) -> int:
        """Charge, once for each, the roles of several resources that others fill."""
        prepared = state.prepared
        if not _may_change(prepared, visit):
            return 0
        published = prepared.published[visit.index].team
        return sum(
            role_price(prepared, visit.index, n)
            for n, need in enumerate(visit.needs)
            if need.quantity > 1 and set(published[n]) != set(placement.team[n])
        )

    def express(self, model: Verbs) -> None:
        """Charge a placed visit by what differs, and credit it with the price of the whole."""
        prepared = model.prepared
        for visit in model.free:
            if not _may_change(prepared, visit):
                continue
            published = prepared.published[visit.index]
            present = model.present(visit.index)
            same_start = model.at(visit.index, 1 << published.start)
            model.cost(
                start_price(prepared, visit.index) * (present - same_start)
                - whole_price(prepared, visit.index) * present,
                visit.request_index,
            )
            for n, need in enumerate(visit.needs):
                price = role_price(prepared, visit.index, n)
                if not price:
                    continue
                members = set(published.team[n])
                if len(members) == need.quantity:
                    same = model.all_of(model.takes(visit.index, n, r) for r in sorted(members))
                    model.cost(price * (present - same), visit.request_index)
                else:
                    model.cost(price * present, visit.request_index)


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
