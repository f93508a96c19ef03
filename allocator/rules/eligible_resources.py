"""Eligible resources: each role is filled by who may fill it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.visit import Variant, Visit
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

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the roles that are filled wrongly."""
        prepared = timetable.prepared
        for visit, placement in timetable.placed():
            day = visit.clock.dates[visit.clock.day_of[placement.start]]
            for need, members in zip(visit.needs, placement.team, strict=True):
                if len(set(members)) != need.quantity and not (need.optional and not members):
                    yield violation(
                        self,
                        timetable,
                        f"Visit {visit.id} needs {need.quantity} for {need.role};"
                        f" it has {len(set(members))}.",
                        [visit.index],
                    )
                for resource in members:
                    if resource not in need.resources:
                        yield violation(
                            self,
                            timetable,
                            f"Visit {visit.id}: {prepared.who(resource)} is none of the"
                            f" {len(need.resources)} that may fill {need.role}.",
                            [visit.index],
                            [resource],
                        )
                        continue
                    wanted = need.skills[need.resources.index(resource)]
                    thing = prepared.resources[resource]
                    if not any(all(thing.has_skill(s, day) for s in some) for some in wanted):
                        yield violation(
                            self,
                            timetable,
                            f"Visit {visit.id}: {prepared.who(resource)} does not have the skill"
                            f" for {need.role} on {day}.",
                            [visit.index],
                            [resource],
                        )
            for resource, times in Counter(r for some in placement.team for r in some).items():
                if times > 1:
                    yield violation(
                        self,
                        timetable,
                        f"Visit {visit.id}: {prepared.who(resource)} fills {times} roles.",
                        [visit.index],
                        [resource],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts on days when the resource has the skills."""
        what = visit.needs[need]
        prepared = state.prepared
        thing = prepared.resources[resource]
        wanted = what.skills[what.resources.index(resource)]
        dated = {s.name for s in thing.skills if s.first is not None or s.last is not None}
        if any(not some & dated for some in wanted):
            return EVERY
        mask = 0
        for number, day in enumerate(visit.clock.dates):
            if any(all(thing.has_skill(s, day) for s in some) for some in wanted):
                mask |= visit.clock.day_mask(number)
        return mask
