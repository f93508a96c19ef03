"""Pins: what is held of a published visit stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from allocator.domain.request import PinKind
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def must_place(prepared: Prepared) -> set[int]:
    """Return the visits that pins demand to be placed; frozen ones are placed already."""
    if "pins" in prepared.problem.without_rules:
        return set()
    return {v for v in prepared.pins if v in prepared.published and v not in prepared.frozen}


class Pins(Rule):
    """Partial fixing: start, resources of the service's roles, or all of an assignment.

    A role that the published assignment leaves open is not held. Visits pinned with all are
    never moved, so the vectorised face has nothing to say about the rest of their teams.
    """

    name = "pins"
    sentence = "A pinned visit is placed, and keeps the start or the resources that are pinned."
    of_request = True
    moving = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether anything is pinned."""
        return bool(prepared.pins)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is pinned."""
        return visit.index in prepared.pins

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the pinned visits that are not as they were published.

        None of this is inherited: a pin is broken by the schedule that moves its visit.
        """
        prepared = timetable.prepared
        for number, kind in sorted(prepared.pins.items()):
            held = prepared.published.get(number)
            if held is None:
                continue
            visit = prepared.visits[number]
            placement = timetable.placements[number]
            text = ""
            if placement is None:
                text = f"is pinned at {prepared.local(held.start, visit.clock)} and not placed"
            elif kind is not PinKind.RESOURCES and placement.start != held.start:
                text = (
                    f"is pinned at {prepared.local(held.start, visit.clock)}; it starts at"
                    f" {prepared.local(placement.start, visit.clock)}"
                )
            elif kind is PinKind.ALL and placement[1:4] != held[1:4]:
                text = (
                    f"is pinned for {held.duration * prepared.grain} minutes{_at(prepared, held)};"
                    f" it has {placement.duration * prepared.grain}{_at(prepared, placement)}"
                )
            elif kind is not PinKind.TIME:
                text = _other_team(prepared, visit, held, placement, exact=kind is PinKind.ALL)
            if text:
                found = violation(self, timetable, f"Visit {visit.id} {text}.", [number])
                yield replace(found, inherited=False)

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the published start of a visit that is pinned to it."""
        kind = state.prepared.pins.get(visit.index)
        held = state.prepared.published.get(visit.index)
        if held is None or kind is None or kind is PinKind.RESOURCES:
            return EVERY
        return 1 << held.start

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return every start with a published resource, and none with another."""
        kind = state.prepared.pins.get(visit.index)
        held = state.prepared.published.get(visit.index)
        if held is None or kind is None or kind is PinKind.TIME:
            return EVERY
        if visit.needs[need].attendee or not held.team[need] or resource in held.team[need]:
            return EVERY
        return 0

    def constrain(self, model: Verbs) -> None:
        """Imply, from nothing, that pinned visits are placed."""
        for visit in sorted(must_place(model.prepared)):
            if model.is_free(visit):
                model.imply([], model.present(visit))


def _at(prepared: Prepared, placement: Placement) -> str:
    if placement.session >= 0:
        return f" in session {prepared.visits[placement.session].id}"
    if placement.location >= 0:
        return f" at {prepared.locations[placement.location]}"
    return ""


def _other_team(
    prepared: Prepared, visit: Visit, held: Placement, placement: Placement, *, exact: bool
) -> str:
    for need, was, now in zip(visit.needs, held.team, placement.team, strict=True):
        if was == now or (not exact and (need.attendee or not was or set(now) <= set(was))):
            continue
        return (
            f"is pinned with {_names(prepared, was)} as {need.role}; it has {_names(prepared, now)}"
        )
    return ""


def _names(prepared: Prepared, resources: tuple[int, ...]) -> str:
    return ", ".join(prepared.who(r) for r in resources) or "nobody"
