"""Duration: a visit lasts as long as its service does with who holds it."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Team, Visit
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.timetable import Timetable


def lengths(prepared: Prepared, visit: Visit, placement: Placement) -> dict[int, list[int]]:
    """Return the lengths in ticks that a visit should have, with the resources that say so.

    One length with nobody's name, as a rule. More than one where several practitioners hold it
    whose durations differ.
    """
    service = visit.service
    if service is None:
        if placement.session < 0:
            return {}
        service = prepared.visits[placement.session].service
        assert service is not None
    extra = 0
    if (
        visit.request is not None
        and visit.request.first_visit
        and visit.occurrence == visit.step == 1
        and visit.service is not None
        and service.first_minutes is not None
    ):
        extra = service.first_minutes - service.minutes
    found: dict[int, list[int]] = {}
    if service.minutes_by_resource:
        by_name = dict(service.minutes_by_resource)
        named = {prepared.resource_index[name] for name in by_name}
        for need, members in zip(visit.needs, placement.team, strict=True):
            if not need.attendee and not named.isdisjoint(need.resources):
                for resource in members:
                    minutes = by_name.get(prepared.resources[resource].id, service.minutes)
                    length = max(1, prepared.ticks_for(minutes + extra))
                    found.setdefault(length, []).append(resource)
    if not found:
        found[max(1, prepared.ticks_for(service.minutes + extra))] = []
    return found


class Duration(Rule):
    """Durations that depend on the mode: on the practitioner, and on whether it is a first visit.

    They are built into the ways to hold a visit (its variants), each of which has one length
    and admits only the practitioners who take that long.
    """

    name = "duration"
    sentence = "A visit lasts as long as its service does with the practitioner who holds it."
    structural = True
    local = True

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that last longer or shorter."""
        prepared = timetable.prepared
        right: set[tuple[str, bool, Team, int]] = set()  # seen before, and as they should be
        for visit, placement in timetable.placed():
            service = visit.service
            if service is not None:
                first = visit.request is not None and visit.request.first_visit
                own = placement.team[: len(service.needs)] if service.minutes_by_resource else ()
                key = (service.id, first and visit.occurrence == visit.step == 1, own)
                if (*key, placement.duration) in right:
                    continue
            wanted = lengths(prepared, visit, placement)
            if not wanted or list(wanted) == [placement.duration]:
                if service is not None:
                    right.add((*key, placement.duration))
                continue
            told = " and ".join(
                f"{length * prepared.grain} minutes"
                + (f" with {', '.join(map(prepared.who, who))}" if who else "")
                for length, who in sorted(wanted.items())
            )
            yield violation(
                self,
                timetable,
                f"Visit {visit.id} lasts {placement.duration * prepared.grain} minutes;"
                f" it should last {told}.",
                [visit.index],
                [r for who in wanted.values() for r in who],
            )
