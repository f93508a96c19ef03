"""Most changes: only so many published visits lie otherwise than people were told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from allocator.prepare.changes import (
    Told,
    held_of,
    is_changed,
    may_change,
    start_price,
    told,
    told_resources,
    told_starts,
)
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class MostChanges(Rule):
    """A bound on disruption: at most k published visits are placed where that is a change.

    A visit counts once, whatever changes of it, and where the goal ``fewest_changes`` would
    charge for how it is placed. It counts, too, if it can no longer lie where it is published:
    somebody has to be told. One that is taken off the schedule does not count, and neither does
    one that is pinned whole.
    """

    name = "most_changes"
    sentence = "At most so many published visits are placed otherwise than they are published."
    of_request = True
    moving = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether changes are limited, and anything is published that might change."""
        return prepared.problem.most_changes is not None and any(
            visit not in prepared.frozen for visit in prepared.published
        )

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is published and may change."""
        return may_change(prepared, visit)

    def ties(self, prepared: Prepared) -> Iterator[list[int]]:
        """Yield all visits that may change."""
        yield [visit.index for visit in prepared.visits if may_change(prepared, visit)]

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield that too many visits have changed, if so."""
        prepared = timetable.prepared
        most = _most(prepared)
        changed = [v.index for v, p in timetable.placed() if _counts(prepared, v, p)]
        if len(changed) > most:
            lie = "visit lies" if len(changed) == 1 else "visits lie"
            yield violation(
                self,
                timetable,
                f"{len(changed)} published {lie} otherwise than published; at most {most} may.",
                changed,
            )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return all starts, or those that are no news where no more visits may change."""
        kept = _kept_if_full(state, visit)
        return EVERY if kept is None else kept.starts

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return all starts, or those for which the resource was told, where no more may change.

        As many resources are told as the need takes, or the start is left to nobody: a team of
        some that were told is the team that was told.
        """
        kept = _kept_if_full(state, visit)
        if kept is None:
            return EVERY
        role = kept.roles[need]
        return role.anybody | role.by_resource.get(resource, 0)

    def rivals(self, state: State, visit: Visit) -> list[int]:
        """Return the visits that have changed, where no more may."""
        prepared = state.prepared
        if _kept_if_full(state, visit) is None:
            return []
        placed = zip(prepared.visits, state.placements, strict=True)
        return [v.index for v, p in placed if p is not None and _counts(prepared, v, p)]

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that are published for visits which may still change."""
        return told_resources(prepared)

    def constrain(self, model: Verbs) -> None:
        """Let no more of the free visits change than the fixed ones leave."""
        prepared = model.prepared
        some = [visit for visit in model.free if may_change(prepared, visit)]
        left = max(0, _most(prepared) - _changed(model.state))
        if len(some) > left:
            present = sum(model.present(visit.index) for visit in some)
            model.at_most(present - sum(_unchanged(model, visit) for visit in some), left)


class _Role(NamedTuple):
    """When a need may be filled without a change: by anybody, or by whom."""

    anybody: Mask
    by_resource: dict[int, Mask]


class _Kept(NamedTuple):
    """When a visit may start without a change, and who may fill its needs then."""

    starts: Mask
    roles: tuple[_Role, ...]


def _most(prepared: Prepared) -> int:
    most = prepared.problem.most_changes
    assert most is not None
    return most


def _counts(prepared: Prepared, visit: Visit, placement: Placement) -> bool:
    return may_change(prepared, visit) and is_changed(prepared, visit, placement)


def _changed(state: State) -> int:
    """Return how many visits that are placed have changed."""
    prepared = state.prepared
    return state.tally(MostChanges.name, lambda v, p: _counts(prepared, prepared.visits[v], p))


def _kept_if_full(state: State, visit: Visit) -> _Kept | None:
    """Return what is no change of a visit, if only that is left to it; else None."""
    prepared = state.prepared
    if not may_change(prepared, visit) or _changed(state) < _most(prepared):
        return None
    key = (MostChanges.name, visit.index, held_of(prepared, visit))
    return prepared.memo(key, lambda: _kept(prepared, visit))


def _kept(prepared: Prepared, visit: Visit) -> _Kept:
    starts = 0
    roles = [_Role(0, {}) for _ in visit.needs]
    for here, by in _news(prepared, visit):
        starts |= here
        for number, need in enumerate(visit.needs):
            role, (members, price) = roles[number], by[number]
            if not price:
                roles[number] = role._replace(anybody=role.anybody | here)
            elif len(members) == need.quantity:
                for resource in members:
                    role.by_resource[resource] = role.by_resource.get(resource, 0) | here
    return _Kept(starts, tuple(roles))


def _news(prepared: Prepared, visit: Visit) -> Iterator[tuple[Mask, tuple[Told, ...]]]:
    """Yield the starts that are no change of a visit, with what was told of each need then."""
    needs = range(len(visit.needs))
    told_at: dict[tuple[Told, ...], Mask] = {}
    elsewhere = prepared.all_ticks
    for start, other in told_starts(prepared, visit).items():
        by = tuple(told(prepared, other, need) for need in needs)
        told_at[by] = told_at.get(by, 0) | 1 << start
        elsewhere &= ~(1 << start)
    if not start_price(prepared, visit.index):
        own = tuple(told(prepared, visit.index, need) for need in needs)
        told_at[own] = told_at.get(own, 0) | elsewhere
    for by, here in told_at.items():
        yield here, by


def _unchanged(model: Verbs, visit: Visit) -> Literal:
    """Return whether a visit is placed where nothing that has a price is new."""
    ways: list[Literal] = []
    for here, by in _news(model.prepared, visit):
        priced = [(number, role.members) for number, role in enumerate(by) if role.price]
        if all(len(members) == visit.needs[number].quantity for number, members in priced):
            takes = [model.takes(visit.index, n, r) for n, some in priced for r in sorted(some)]
            ways.append(model.all_of([model.at(visit.index, here), *takes]))
    return model.any_of(ways)
