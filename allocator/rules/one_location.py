"""One location: nobody is asked to be in a visit at a place where they are not."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import ANYWHERE, Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class OneLocation(Rule):
    """Resources that do not travel stand at the location of their visit, or at none.

    Each way to hold a visit (its variant) has one location, and admits only who is there or can
    come. What is left to say is that the location of a variant is that of its team: where
    nobody is tied to a place, the visit is where its service says. Who takes part in a session
    is where the session is.
    """

    name = "one_location"
    sentence = "All resources of a visit that do not travel stand at one location."
    moving = True
    structural = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource is tied to a place."""
        return any(anchor != ANYWHERE for anchor in prepared.anchors)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit has to do with a group session."""
        return visit.session is not None or bool(visit.joins)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits whose resources stand at different locations, or at another."""
        prepared = timetable.prepared
        anchors = prepared.anchors
        for visit, placement in timetable.placed():
            tied = [r for members in placement.team for r in members if anchors[r] != ANYWHERE]
            session = placement.session
            if session < 0:
                there = prepared.location_of(visit, placement.team)
                what, visits = "its resources say", [visit.index]
            else:
                joined = timetable.placements[session]
                there = placement.location if joined is None else joined.location
                what = f"session {prepared.visits[session].id} is"
                visits = [visit.index] if joined is None else [visit.index, session]
            if placement.location != there:
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} is placed at {_place(prepared, placement.location)};"
                    f" {what} at {_place(prepared, there)}.",
                    visits,
                    tied,
                )
            if any(anchors[r] != placement.location for r in tied):
                away = [r for r in tied if anchors[r] != placement.location]
                told = ", ".join(
                    f"{prepared.who(r)} at {_place(prepared, anchors[r])}" for r in away
                )
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} at {_place(prepared, placement.location)} has"
                    f" {len(tied)} resources that do not travel; {len(away)} stand elsewhere:"
                    f" {told}.",
                    [visit.index],
                    away,
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return every start, or none where the session and who takes part would be apart."""
        if variant.session >= 0:
            joined = state.placements[variant.session]
            return EVERY if joined is None or joined.location == variant.location else 0
        for other in state.participants.get(visit.index, ()):
            placement = state.placements[other]
            if placement is not None and placement.location != variant.location:
                return 0
        return EVERY

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether the location of the variant is that of the team."""
        prepared = state.prepared
        if placement.session >= 0:
            return True
        return placement.location == prepared.location_of(visit, placement.team)

    def constrain(self, model: Verbs) -> None:
        """Let who is tied to a place come where a visit is there for them alone."""
        prepared = model.prepared
        anchors = prepared.anchors
        for visit in model.free:
            places = {(v.session, v.location) for v in visit.variants}
            if visit.joins:
                for session, location in sorted(places):
                    if len({v.location for v in prepared.visits[session].variants}) > 1:
                        here = [
                            model.present(session),
                            model.joined(visit.index, session),
                            model.located(visit.index, location),
                        ]
                        model.imply(here, model.located(session, location))
                continue
            usual = prepared.location_of(visit, ())
            for location in sorted({place for _, place in places} - {usual}):
                if not _sure(prepared, visit, location):
                    model.imply(
                        [model.located(visit.index, location)],
                        model.any_of(
                            model.takes(visit.index, need, resource)
                            for need in range(len(visit.needs))
                            for resource in model.choices(visit.index, need)
                            if anchors[resource] == location
                        ),
                    )


def _sure(prepared: Prepared, visit: Visit, location: int) -> bool:
    """Say whether some need is always met by who is tied to this location."""
    return all(
        any(
            not need.optional and all(prepared.anchors[r] == location for r in choices)
            for need, choices in zip(visit.needs, variant.choices, strict=True)
        )
        for variant in visit.variants
        if variant.location == location
    )


def _place(prepared: Prepared, location: int) -> str:
    return "no location" if location == ANYWHERE else prepared.locations[location]
