"""One room per half-day: a practitioner does not move house between two visits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Team, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, usable, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs

ROOM = "room"
Rooms = frozenset[int]


def rooms_of(prepared: Prepared, team: Team) -> Rooms:
    """Return the rooms of a team: its resources of the kind ``room``, whatever their role."""
    return frozenset(r for members in team for r in members if prepared.resources[r].kind == ROOM)


class OneRoomPerHalfDay(Rule):
    """All visits of such a resource that start in one local half-day have the same room(s).

    Half-days run from midnight to noon and from noon to midnight by the resource's clock.
    Visits without a room do not count; where a visit has several rooms, the others have the
    same ones.
    """

    name = "one_room_per_half_day"
    sentence = (
        "Who stays in one room each half-day has all visits of a morning, or of an afternoon, in"
        " the same room."
    )
    moving = True
    of_claims = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource stays in one room."""
        return any(resource.one_room_per_half_day for resource in prepared.resources)

    def sees(self, prepared: Prepared, visit: Visit, variant: Variant) -> Hashable:
        """Return the rooms that the visit may have."""
        return _rooms_if_any(prepared, visit, variant)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the half-days in which a resource has visits in different rooms."""
        prepared = timetable.prepared
        for number, resource in enumerate(prepared.resources):
            if not resource.one_room_per_half_day or len(timetable.claims[number]) < 2:
                continue
            clock = prepared.clock_of(number)
            halves = clock.noon_half()
            by_half: dict[int, dict[int, Rooms]] = {}
            for claim in timetable.claims[number]:
                placement = timetable.placements[claim.visit]
                assert placement is not None
                rooms = rooms_of(prepared, placement.team)
                if rooms:
                    by_half.setdefault(int(halves[placement.start]), {})[claim.visit] = rooms
            for half, visits in sorted(by_half.items()):
                different = set(visits.values())
                if len(different) > 1:
                    told = ", ".join(
                        f"{prepared.visits[visit].id} in"
                        f" {' and '.join(prepared.who(r) for r in sorted(rooms))}"
                        for visit, rooms in sorted(visits.items())
                    )
                    yield violation(
                        self,
                        timetable,
                        f"{resource.label} stays in 1 room each half-day; on"
                        f" {clock.dates[half // 2]} {'from' if half % 2 else 'before'} noon"
                        f" there are {len(different)}: {told}.",
                        visits,
                        [number, *(r for rooms in different for r in rooms)],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts in half-days whose rooms the visit could have (a first filter)."""
        if (
            not state.prepared.resources[resource].one_room_per_half_day
            or not state.claims[resource]
        ):
            return EVERY

        def compute() -> Mask:
            possible = _rooms_if_any(state.prepared, visit, variant)
            if possible is None:
                return EVERY
            mask = EVERY
            for half, taken in _taken(state, resource).items():
                if not all(rooms <= possible for rooms in taken) or len(taken) > 1:
                    mask &= ~_ticks(state.prepared, resource, half)
            return mask

        service = visit.service.id if visit.service is not None else None
        return state.memo(resource, (self.name, service, variant.choices), compute)

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether the team's room is the one that its people have in this half-day."""
        prepared = state.prepared
        for members in placement.team:
            for resource in members:
                if prepared.resources[resource].one_room_per_half_day and state.claims[resource]:
                    rooms = rooms_of(prepared, placement.team)
                    half = int(prepared.clock_of(resource).noon_half()[placement.start])
                    if rooms and _taken(state, resource).get(half, {rooms}) != {rooms}:
                        return False
        return True

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return who stays in one room, and every room."""
        if not self.relevant(prepared):
            return frozenset()
        return frozenset(
            number
            for number, resource in enumerate(prepared.resources)
            if resource.one_room_per_half_day or resource.kind == ROOM
        )

    def constrain(self, model: Verbs) -> None:
        """Give each half-day its rooms: fixed visits know them, free ones agree on them."""
        prepared = model.prepared
        for number in usable(model):
            if not prepared.resources[number].one_room_per_half_day:
                continue
            users = {visit.index: visit for visit, _ in model.users(number)}
            housed = [(visit, takes) for visit in users.values() if (takes := _takes(model, visit))]
            if not housed:
                continue
            taken = _taken(model.state, number)
            halves = prepared.clock_of(number).noon_half()
            possible: dict[int, list[int]] = {}
            for place, (visit, _) in enumerate(housed):
                for half in set(halves[masks.ticks_of(model.candidates(visit.index))].tolist()):
                    possible.setdefault(half, []).append(place)
            for half, places in sorted(possible.items()):
                if half in taken or len(places) > 1:
                    here = [housed[place] for place in places]
                    self._agree(model, number, half, here, taken.get(half, set()))

    def _agree(
        self,
        model: Verbs,
        resource: int,
        half: int,
        housed: list[tuple[Visit, dict[int, Literal]]],
        taken: set[Rooms],
    ) -> None:
        """Let all visits of a resource in a half-day have the same rooms."""
        ticks = _ticks(model.prepared, resource, half)
        fixed = next(iter(taken)) if len(taken) == 1 else None
        rooms = sorted({room for _, takes in housed for room in takes}.union(*taken))
        chosen = {} if taken else {room: model.literal("") for room in rooms}
        alone = len(fixed or ()) < 2 and all(_at_most_one(model, visit) for visit, _ in housed)
        if alone and chosen:
            model.at_most(sum(chosen.values()), 1)
        for visit, takes in housed:
            here = [_with(model, visit, resource), model.at(visit.index, ticks)]
            some = model.any_of(takes.values())
            if len(taken) > 1:
                model.forbid([*here, some])
                continue
            for room in rooms:
                mine = takes.get(room)
                if mine is not None and fixed is None:
                    model.imply([*here, mine], chosen[room])
                elif mine is not None and fixed is not None and room not in fixed:
                    model.forbid([*here, mine])
                if alone or (fixed is not None and room not in fixed):
                    continue
                others = [*here, some] if fixed is not None else [*here, some, chosen[room]]
                if mine is None:
                    model.forbid(others)
                else:
                    model.imply(others, mine)


def _with(model: Verbs, visit: Visit, resource: int) -> Literal:
    """Return whether a free visit takes a resource, in whatever role."""
    return model.any_of(
        model.takes(visit.index, need, resource)
        for need in range(len(visit.needs))
        if resource in model.choices(visit.index, need)
    )


def _at_most_one(model: Verbs, visit: Visit) -> bool:
    """Say whether a visit has no more than one room."""
    kinds = model.prepared.resources
    most = sum(
        need.quantity
        for number, need in enumerate(visit.needs)
        if any(kinds[r].kind == ROOM for r in model.choices(visit.index, number))
    )
    return most <= 1


def _takes(model: Verbs, visit: Visit) -> dict[int, Literal]:
    """Return for each room that a free visit may take whether it does."""
    rooms: dict[int, list[Literal]] = {}
    for need in range(len(visit.needs)):
        for resource in model.choices(visit.index, need):
            if model.prepared.resources[resource].kind == ROOM:
                rooms.setdefault(resource, []).append(model.takes(visit.index, need, resource))
    return {room: model.any_of(literals) for room, literals in rooms.items()}


def _taken(state: State, resource: int) -> dict[int, set[Rooms]]:
    """Return, by half-day, the rooms of the placed visits of a resource."""

    def compute() -> dict[int, set[Rooms]]:
        halves = state.prepared.clock_of(resource).noon_half()
        taken: dict[int, set[Rooms]] = {}
        for claim in state.claims[resource]:
            placement = state.placements[claim.visit]
            assert placement is not None
            rooms = rooms_of(state.prepared, placement.team)
            if rooms:
                taken.setdefault(int(halves[placement.start]), set()).add(rooms)
        return taken

    return state.memo(resource, "rooms by half-day", compute)


def _ticks(prepared: Prepared, resource: int, half: int) -> Mask:
    clock = prepared.clock_of(resource)
    return prepared.memo(
        ("ticks of half-day", clock.zone, half),
        lambda: masks.from_flags(clock.noon_half() == half),
    )


def _rooms_if_any(prepared: Prepared, visit: Visit, variant: Variant) -> Rooms | None:
    """Return the rooms that a variant admits; None where it can do without a room."""
    possible: set[int] = set()
    sure = False
    for need, choices in zip(visit.needs, variant.choices, strict=True):
        rooms = [r for r in choices if prepared.resources[r].kind == ROOM]
        possible.update(rooms)
        sure |= bool(rooms) and len(rooms) == len(choices) and not need.optional
    return frozenset(possible) if sure else None
