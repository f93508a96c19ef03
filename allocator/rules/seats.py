"""Seats: everyone who comes to a visit fits into what it takes place in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Team, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def people(visit: Visit, team: Team) -> int:
    """Count the attendees in a team."""
    if not visit.needs or not visit.needs[-1].attendee:
        return 0
    return sum(len(m) for n, m in zip(visit.needs, team, strict=True) if n.attendee)


def seated(prepared: Prepared, visit: Visit, team: Team) -> Iterator[tuple[int, int]]:
    """Yield the resources of a team, attendees apart, that have seats, with how many."""
    for need, members in zip(visit.needs, team, strict=True):
        if not need.attendee:
            for resource in members:
                seats = prepared.resources[resource].seats
                if seats is not None:
                    yield resource, seats


def required_people(visit: Visit) -> int:
    """Count the attendees without whom there is no visit."""
    return sum(need.attendee and not need.optional for need in visit.needs)


class Seats(Rule):
    """The attendees present, of all participants of a session, are at most the seats.

    Who serves in the visit needs no seat, and an attendee's own seats mean nothing. Seats
    count people in one visit, lanes count visits at once.
    """

    name = "seats"
    sentence = "Everyone who comes to a visit has a seat in its room."
    moving = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has a number of seats."""
        return any(resource.seats is not None for resource in prepared.resources)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether a session counts who comes, or something is too small for the visit."""
        if visit.session is not None or visit.joins:
            return True
        wanted = required_people(visit)
        every = (
            prepared.resources[r].seats for n in visit.needs if not n.attendee for r in n.resources
        )
        return any(seats is not None and seats < wanted for seats in every)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits with more people than seats."""
        prepared = timetable.prepared
        limited = {r for r, thing in enumerate(prepared.resources) if thing.seats is not None}
        for visit, placement in timetable.placed():
            if visit.service is None or all(map(limited.isdisjoint, placement.team)):
                continue
            narrow = list(seated(prepared, visit, placement.team))
            if not narrow:
                continue
            who = {visit.index: people(visit, placement.team)}
            for other in timetable.participants.get(visit.index, ()):
                there = timetable.placements[other]
                assert there is not None
                who[other] = people(prepared.visits[other], there.team)
            number = sum(who.values())
            for resource, seats in narrow:
                if number > seats:
                    yield violation(
                        self,
                        timetable,
                        f"Visit {visit.id} needs {number} seats;"
                        f" {prepared.who(resource)} holds {seats}.",
                        [visit.index, *(v for v, some in who.items() if some)],
                        [resource],
                    )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return every start, or none where the session that is joined has too few seats."""
        if variant.session < 0:
            return EVERY
        wanted = required_people(visit)
        return EVERY if not wanted or wanted <= _left(state, variant.session) else 0

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return every start, or none with what is too small for those who surely come."""
        what = visit.needs[need]
        if what.attendee:
            if variant.session < 0 or not what.optional:
                return EVERY
            return EVERY if required_people(visit) + 1 <= _left(state, variant.session) else 0
        seats = state.prepared.resources[resource].seats
        if seats is None:
            return EVERY
        return EVERY if required_people(visit) + _joined(state, visit.index) <= seats else 0

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether all who come fit, once more of them come than surely do.

        Who has joined a session counts by its resources, whatever the rest of its team.
        """
        number = people(visit, placement.team)
        if placement.session >= 0:
            return not number or number <= _left(state, placement.session)
        sure = required_people(visit)
        return all(number <= max(sure, s) for _, s in seated(state.prepared, visit, placement.team))

    def constrain(self, model: Verbs) -> None:
        """Count who comes to each free visit and to each session, where it could be too many."""
        prepared = model.prepared
        for visit in model.free:
            if visit.request is not None and visit.service is not None:
                some = list(_coming(model, visit))
                if len(some) > required_people(visit):
                    self._limit(model, visit, some, 0)
        for session in prepared.problem.sessions:
            visit = prepared.visits[prepared.visit_index[session.id]]
            coming = [
                model.all_of([model.joined(other.index, visit.index), literal])
                for other in model.free
                if visit.index in other.joins
                for literal in _coming(model, other)
            ]
            if not coming:
                continue
            if model.is_free(visit.index):
                self._limit(model, visit, coming, _joined(model.state, visit.index))
            elif model.state.placements[visit.index] is not None:
                left = max(0, _left(model.state, visit.index))
                if left < len(coming):
                    model.at_most(sum(coming), left)

    def _limit(self, model: Verbs, visit: Visit, coming: list[Literal], fixed: int) -> None:
        """Let so many come to a free visit as its resources seat.

        That those who surely come have seats is a matter of where the visit may be held at all.
        """
        sure = fixed + required_people(visit)
        for number, need in enumerate(visit.needs):
            if need.attendee:
                continue
            for resource in model.choices(visit.index, number):
                seats = model.prepared.resources[resource].seats
                if seats is not None and len(coming) + fixed > seats:
                    takes = model.takes(visit.index, number, resource)
                    model.at_most(sum(coming) + fixed, max(sure, seats), when=[takes])


def _coming(model: Verbs, visit: Visit) -> Iterable[Literal]:
    """Yield for each attendee of a free visit whether they come."""
    for number, need in enumerate(visit.needs):
        if need.attendee:
            for resource in model.choices(visit.index, number):
                yield model.takes(visit.index, number, resource)


def _joined(state: State, session: int) -> int:
    """Count the people of the placed participants of a session."""
    total = 0
    for other in state.participants.get(session, ()):
        placement = state.placements[other]
        assert placement is not None
        total += people(state.prepared.visits[other], placement.team)
    return total


def _left(state: State, session: int) -> int:
    """Return how many seats a placed session has left, below 0 where there are too few."""
    visit = state.prepared.visits[session]
    placement = state.placements[session]
    everybody = len(state.prepared.resources)
    if placement is None:
        return everybody
    seats = [s for _, s in seated(state.prepared, visit, placement.team)]
    return min(seats, default=everybody + _joined(state, session)) - _joined(state, session)
