"""Preferred attendees: those who may be absent come all the same."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class PreferredAttendees(Goal):
    """Weights of the preferred attendees who are absent from visits that are placed."""

    name = "preferred_attendees"
    sentence = "Those whose attendance is preferred, not required, come to the visit."
    unit = "absences"
    local = True
    adds_up = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether anybody's attendance is preferred."""
        return any(not a.required for r in prepared.requests for a in r.request.attendees)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield who is missed at each placed visit."""
        for visit, placement in timetable.placed():
            if visit.request is None:
                continue
            missed = 0
            whose: list[int] = []
            for need, members in zip(visit.needs, placement.team, strict=True):
                if need.optional and not members:
                    missed += need.weight
                    whose += need.resources
            yield Amount(missed, visit.request_index, (visit.index,), tuple(whose))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what it costs when nobody comes who need not."""
        return sum(need.weight for need in visit.needs if need.optional)

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Take back the absence of one who comes."""
        what = visit.needs[need]
        return -what.weight if what.optional else 0

    def express(self, model: Verbs) -> None:
        """Charge the presence of a visit, and take back each one who comes."""
        for visit in model.free:
            for number, need in enumerate(visit.needs):
                if need.optional and need.weight:
                    absent = model.present(visit.index) - sum(
                        model.takes(visit.index, number, resource)
                        for resource in model.choices(visit.index, number)
                    )
                    model.cost(need.weight * absent, visit.request_index)
