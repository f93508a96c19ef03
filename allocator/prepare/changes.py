"""What differs from what is published, visit by visit, and what each difference costs.

Visits of a flexible series are interchangeable, and their numbers follow their starts: one that
lies where another of its series was published is measured against that one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from allocator.domain.request import FlexibleSeries
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit


class Told(NamedTuple):
    """Whom people expect in a role, and what it costs that others fill it."""

    members: frozenset[int]
    price: int


def may_change(prepared: Prepared, visit: Visit) -> bool:
    """Say whether a visit is published and not pinned whole."""
    return visit.index in prepared.published and visit.index not in prepared.frozen


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


def told(prepared: Prepared, visit: int, need: int) -> Told:
    """Return who is published for a role of a visit."""
    members = frozenset(prepared.published[visit].team[need])
    return Told(members, role_price(prepared, visit, need))


def told_resources(prepared: Prepared) -> frozenset[int]:
    """Return those that are published for visits which may still change."""
    return frozenset(
        resource
        for visit, published in prepared.published.items()
        if visit not in prepared.frozen
        for members in published.team
        for resource in members
    )


def told_starts(prepared: Prepared, visit: Visit) -> dict[int, int]:
    """Return the starts at which a visit is no news, each with the visit published there."""

    def of_series() -> dict[int, int]:
        return {
            prepared.published[number].start: number
            for number in prepared.requests[visit.request_index].visits
            if prepared.visits[number].step == visit.step
            and may_change(prepared, prepared.visits[number])
        }

    own = {prepared.published[visit.index].start: visit.index}
    request = visit.request
    if request is None or not isinstance(request.series, FlexibleSeries):
        return own
    key = ("published starts", visit.request_index, visit.step, held_of(prepared, visit))
    return prepared.memo(key, of_series) | own


def held_of(prepared: Prepared, visit: Visit) -> tuple[int, ...]:
    """Return the visits of a visit's request that are pinned whole.

    Somebody who asks what would be without a pin has a problem that shares its memory with the
    one that has it: what is remembered of a series is remembered by these.
    """
    if visit.request_index < 0:
        return ()
    visits = prepared.requests[visit.request_index].visits
    return tuple(number for number in visits if number in prepared.frozen)


def changed_roles(prepared: Prepared, visit: Visit, placement: Placement) -> list[Told]:
    """Return the priced roles of a placed visit that others fill than was told."""
    by = told_starts(prepared, visit).get(placement.start, visit.index)
    roles = (told(prepared, by, need) for need in range(len(visit.needs)))
    return [
        role
        for role, members in zip(roles, placement.team, strict=True)
        if role.price and role.members != set(members)
    ]


def start_change(prepared: Prepared, visit: Visit, placement: Placement) -> int:
    """Return what it costs that a published visit starts then: 0 where that is no news."""
    known = placement.start in told_starts(prepared, visit)
    return 0 if known else start_price(prepared, visit.index)


def is_changed(prepared: Prepared, visit: Visit, placement: Placement) -> bool:
    """Say whether anything that has a price is new where a published visit lies."""
    return placement != prepared.published[visit.index] and bool(
        start_change(prepared, visit, placement) or changed_roles(prepared, visit, placement)
    )


def _urgency(prepared: Prepared, visit: int) -> int:
    """Return by what prices are multiplied: more when the published start is near."""
    prices = prepared.problem.change_costs

    def far() -> int:
        notice = timedelta(hours=prices.notice_hours)
        return prepared.horizon.tick_at_or_after(prepared.horizon.asked_at + notice)

    near = prepared.published[visit].start < prepared.memo("end of notice", far)
    return prices.within_notice if near else 1
