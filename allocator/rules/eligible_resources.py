"""Eligible resources: each role is filled by who may fill it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator

from allocator.domain.resource import Resource
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Variant, Visit, VisitNeed
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class EligibleResources(Rule):
    """Kind, skill (on the local day of the visit), place and name; as many as asked for.

    What of this does not depend on the day is built into the visits' variants, so switching
    the rule off lets go of the dates of skills only.
    """

    name = "eligible_resources"
    sentence = (
        "Each role is filled by as many distinct resources as it asks for, of the right kind,"
        " skill, place or name, and nobody fills two roles of a visit."
    )
    local = True

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the roles that are filled wrongly."""
        prepared = timetable.prepared
        sure: dict[int, frozenset[int]] = {}  # by need: who may fill it on any day
        for visit, placement in timetable.placed():
            team = [resource for members in placement.team for resource in members]
            if len(team) != len(set(team)):
                yield from self._twice(timetable, visit, team)
            for need, members in zip(visit.needs, placement.team, strict=True):
                if len(set(members)) != need.quantity and not (need.optional and not members):
                    yield violation(
                        self,
                        timetable,
                        f"Visit {visit.id} needs {need.quantity} for {need.role};"
                        f" it has {len(set(members))}.",
                        [visit.index],
                    )
                if need.attendee:
                    always: Container[int] = need.resources
                elif (known := sure.get(id(need))) is not None:
                    always = known
                else:
                    always = sure[id(need)] = frozenset(
                        resource
                        for resource, wanted in zip(need.resources, need.skills, strict=True)
                        if _undated(prepared.resources[resource], wanted)
                    )
                for resource in members:
                    if resource not in always:
                        yield from self._unfit(timetable, visit, placement, need, resource)

    def _twice(self, timetable: Timetable, visit: Visit, team: list[int]) -> Iterator[Violation]:
        for resource, times in Counter(team).items():
            if times > 1:
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id}: {timetable.prepared.who(resource)} fills {times} roles.",
                    [visit.index],
                    [resource],
                )

    def _unfit(
        self,
        timetable: Timetable,
        visit: Visit,
        placement: Placement,
        need: VisitNeed,
        resource: int,
    ) -> Iterator[Violation]:
        """Yield why a resource may not fill a role on the day of the visit, if it may not."""
        who = timetable.prepared.who(resource)
        if resource not in need.resources:
            why = f"may not fill the role {need.role}; {len(need.resources)} may"
        else:
            day = visit.clock.dates[visit.clock.day_of[placement.start]]
            thing = timetable.prepared.resources[resource]
            wanted = need.skills[need.resources.index(resource)]
            if any(all(thing.has_skill(s, day) for s in some) for some in wanted):
                return
            why = f"does not have the skill for {need.role} on {day}"
        yield violation(
            self, timetable, f"Visit {visit.id}: {who} {why}.", [visit.index], [resource]
        )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts on days when the resource has the skills."""
        what = visit.needs[need]
        prepared = state.prepared
        thing = prepared.resources[resource]
        wanted = what.skills[what.resources.index(resource)]
        if _undated(thing, wanted):
            return EVERY
        mask = 0
        for number, day in enumerate(visit.clock.dates):
            if any(all(thing.has_skill(s, day) for s in some) for some in wanted):
                mask |= visit.clock.day_mask(number)
        return mask


def _undated(thing: Resource, wanted: tuple[frozenset[str], ...]) -> bool:
    """Say whether a resource has some set of skills on any day."""
    for_ever = {s.name for s in thing.skills if s.first is None and s.last is None}
    return any(some <= for_ever for some in wanted)
