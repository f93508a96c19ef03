"""Daily capacity: what a resource's day can hold at most, said to the linear relaxation.

Redundant: no schedule is lost. That claims do not overlap says little to a linear programme;
that a practitioner's claims of a day are no longer than the day says how many visits have to
wait for the next. In the terms of the field it is energetic reasoning on whole days, on a flow
from visits to days of resources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.state.verbs import Literal

if TYPE_CHECKING:
    from allocator.model.model import Model

#: A visit's need, and a day of a resource (numbers of the resource and of its local day).
Claimant = tuple[int, int]
ResourceDay = tuple[int, int]


@dataclass(slots=True)
class _Day:
    """Who may claim time of a resource's day, how much at least, and the ticks within reach."""

    lengths: dict[Claimant, int] = field(default_factory=dict)
    reach: Mask = 0


def limit_days(model: Model) -> None:
    """Let no day of a resource with one lane hold more than its free stretches can be filled."""
    margin = max((need.before for v in model.free for need in v.needs), default=0)
    days = _days(model, margin)
    room = {key: _room(model, key, day, margin) for key, day in days.items()}
    tight = [key for key, day in sorted(days.items()) if sum(day.lengths.values()) > room[key]]
    claimants = {claimant for key in tight for claimant in days[key].lengths}
    flows = {claimant: _flow(model, *claimant) for claimant in sorted(claimants)}
    for key in tight:
        lengths = days[key].lengths
        filled = sum(length * flows[c][key] for c, length in lengths.items() if key in flows[c])
        model.at_most(filled, room[key])


def _days(model: Model, margin: int) -> dict[ResourceDay, _Day]:
    """Return the days on which free visits may claim something; ticks begin at the margin."""
    prepared = model.prepared
    found: dict[ResourceDay, _Day] = {}
    for visit in model.free:
        for number, need in enumerate(visit.needs):
            if need.optional or need.quantity not in (1, len(model.choices(visit.index, number))):
                continue
            for options in model.views[visit.index].options:
                first, end = need.covers(options.variant.duration)
                for resource, starts in options.by_need[number].items():
                    padded = model.overlaps.padded(resource)
                    same_days = visit.clock is prepared.clock_of(resource)
                    if padded is None or prepared.resources[resource].lanes > 1 or not same_days:
                        continue
                    before, after = (need.before, need.after) if padded else (0, 0)
                    length = before + end - first + after
                    for day in model.days(visit.index):
                        here = starts & visit.clock.day_mask(day)
                        if here:
                            claims = masks.shift(here, margin + first - before)
                            known = found.setdefault((resource, day), _Day())
                            least = known.lengths.get((visit.index, number), length)
                            known.lengths[visit.index, number] = min(length, least)
                            known.reach |= masks.covered(claims, length)
    return found


def _room(model: Model, key: ResourceDay, day: _Day, margin: int) -> int:
    """Return how many ticks claims may fill, next to the breaks that have to lie on the day."""
    resource, number = key
    room = sum(
        masks.fillable(end - first, set(day.lengths.values()))
        for first, end in masks.spans(day.reach)
    )
    reach, rest = day.reach, 0
    today = model.prepared.clock_of(resource).day_mask(number)
    for starts, length in model.overlaps.reserves.get(resource, ()):
        ticks = masks.covered(starts, length)
        if not ticks & ~today:
            reach |= masks.shift(ticks, margin)
            rest += length
    return len(model.members(resource)) * min(room, reach.bit_count() - rest)


def _flow(model: Model, visit: int, need: int) -> dict[ResourceDay, Literal]:
    """Return whether a visit claims a resource on a day for a need."""
    days, choices = model.days(visit), model.choices(visit, need)
    takes = {resource: model.takes(visit, need, resource) for resource in choices}
    if len(days) == 1:
        return {(resource, day): takes[resource] for resource in choices for day in days}
    if all(literal is model.present(visit) for literal in takes.values()):
        return {(resource, day): days[day] for resource in choices for day in days}
    flow: dict[ResourceDay, Literal] = {}
    view = model.views[visit]
    for resource in choices:
        starts = 0
        for options in view.options:
            starts |= options.by_need[need].get(resource, 0)
        some = [day for day in days if starts & view.visit.clock.day_mask(day)]
        flow |= {(resource, day): model.boolean() for day in some}
        model.equal(sum(flow[resource, day] for day in some), takes[resource])
    for day, literal in days.items():
        model.equal(sum(flow[r, day] for r in choices if (r, day) in flow), literal)
    return flow
