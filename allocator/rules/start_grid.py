"""Start grid: visits start at the wall times that their service offers."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.domain.time import zone_of
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class StartGrid(Rule):
    """Minutes after local midnight are the offset plus a multiple of the step.

    With a grain of a day every date is on the grid.
    """

    name = "start_grid"
    sentence = "A visit starts at a time of day that its service offers."
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any service has a grid of starts."""
        return any(s.start_every_minutes is not None for s in prepared.problem.services)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that start off the grid of their service."""
        prepared = timetable.prepared
        if prepared.horizon.by_day:
            return
        for visit, placement in timetable.placed():
            service = visit.service
            if service is None or service.start_every_minutes is None:
                continue
            local = prepared.horizon.instant(placement.start).astimezone(zone_of(visit.clock.zone))
            late = local.hour * 60 + local.minute - service.start_offset_minutes
            if late % service.start_every_minutes:
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} starts at {prepared.local(placement.start, visit.clock)};"
                    f" {service.label} starts every {service.start_every_minutes} minutes, from"
                    f" minute {service.start_offset_minutes} of the day.",
                    [visit.index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts on the grid."""
        service = visit.service
        if service is None or service.start_every_minutes is None:
            return EVERY
        return state.prepared.starts_every(
            visit.clock, service.start_every_minutes, service.start_offset_minutes
        )
