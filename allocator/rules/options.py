"""Options: a request that lists whole patterns is placed as one of them says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from allocator.domain.request import Option
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an option puts a visit: its start in ticks, and by need whom it insists on.

    The start is -1 where it lies off the grid or outside the horizon: nothing agrees with it.
    """

    start: int
    wanted: tuple[tuple[int, int], ...]

    def agrees(self, placement: Placement) -> bool:
        """Say whether a placement starts here and has everybody insisted on."""
        return placement.start == self.start and all(
            resource in placement.team[need] for need, resource in self.wanted
        )


Spots = dict[int, tuple[Spot, ...]]  # For each visit that an option names, where it wants it.


def option_spots(prepared: Prepared, request: PreparedRequest) -> tuple[Spots, ...]:
    """Return each option of a request in ticks and numbers, in the order given."""
    return prepared.memo(
        ("options", request.index),
        lambda: tuple(_spots(prepared, request, option) for option in request.request.options),
    )


def matching_options(
    prepared: Prepared,
    request: PreparedRequest,
    placements: Sequence[Placement | None] | Mapping[int, Placement | None],
) -> list[int]:
    """Return the options that the placed visits of a request agree with.

    Parameters
    ----------
    prepared, request
        The problem, and which of its requests.
    placements
        By visit; None is unplaced.

    Returns
    -------
    list of int
        Places in ``Request.options``. Every placed visit is named by such an option, at its
        start and with those whom it insists on; visits that it names may still be missing.
        All of them where nothing is placed, none where the request lists no options.
    """
    placed = {v: p for v in request.visits if (p := placements[v]) is not None}
    return [
        number
        for number, spots in enumerate(option_spots(prepared, request))
        if _agree(spots, placed)
    ]


def wanted_by_options(prepared: Prepared) -> frozenset[int]:
    """Return the resources that some option names."""
    return frozenset(
        resource
        for request in prepared.requests
        for spots in option_spots(prepared, request)
        for some in spots.values()
        for spot in some
        for _, resource in spot.wanted
    )


class Options(Rule):
    """Patterns over occurrences and resources, one of which is chosen (a column choice)."""

    name = "options"
    sentence = (
        "Visits of a request that lists options lie where one of them puts them, each with those"
        " whom it insists on."
    )
    of_request = True
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request lists options."""
        return any(r.request.options for r in prepared.requests)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the request lists options."""
        return visit.request is not None and bool(visit.request.options)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the requests whose placed visits agree with none of their options."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if not prep.request.options:
                continue
            placed = timetable.of(prep)
            if placed and not matching_options(prepared, prep, timetable.placements):
                where = ", ".join(f"{v.id} ({prepared.local(p.start, v.clock)})" for v, p in placed)
                yield violation(
                    self,
                    timetable,
                    f"Request {prep.request.id}: its {len(placed)} placed visits, {where}, agree"
                    f" with none of its {len(prep.request.options)} options.",
                    [v.index for v, _ in placed],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts of the options that the request's other visits agree with."""
        if visit.request is None or not visit.request.options:
            return EVERY
        return masks.from_ticks(spot.start for spot in _open_spots(state, visit))

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return those of them that have a place for the resource."""
        if visit.request is None or not visit.request.options:
            return EVERY
        quantity = visit.needs[need].quantity
        mask = 0
        for spot in _open_spots(state, visit):
            wanted = {r for n, r in spot.wanted if n == need}
            if resource in wanted or len(wanted) < quantity:
                mask |= 1 << spot.start
        return mask

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the request has options."""
        return visit.request is not None and bool(visit.request.options)

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether one option wants this start and this team."""
        if visit.request is None or not visit.request.options:
            return True
        return any(spot.agrees(placement) for spot in _open_spots(state, visit))

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that an option names."""
        return wanted_by_options(prepared)

    def constrain(self, model: Verbs) -> None:
        """Choose an option for each request; its visits, where placed, lie as it says."""
        for prep, chosen in option_choices(model):
            for literal, spots in chosen:
                for visit, present in _presence(model, prep):
                    for place in option_places(model, visit, spots):
                        model.imply([literal, present], place)
                    if visit not in spots:
                        model.forbid([literal, present])
            for _, present in _presence(model, prep):
                model.imply([present], model.any_of(literal for literal, _ in chosen))


def _spots(prepared: Prepared, request: PreparedRequest, option: Option) -> Spots:
    spots: dict[int, list[Spot]] = {}
    for placement in option.placements:
        number = request.visit(placement.occurrence, placement.step)
        roles = {need.role: n for n, need in enumerate(prepared.visits[number].needs)}
        tick = prepared.horizon.tick(placement.start)
        fits = 0 <= tick < prepared.ticks and prepared.horizon.instant(tick) == placement.start
        wanted = tuple(
            (roles.get(role, -1), prepared.resource_index[id]) for role, id in placement.resources
        )
        if any(need < 0 for need, _ in wanted):
            fits, wanted = False, ()
        spots.setdefault(number, []).append(Spot(tick if fits else -1, wanted))
    return {number: tuple(some) for number, some in spots.items()}


def _agree(spots: Spots, placed: dict[int, Placement]) -> bool:
    return all(
        visit in spots and all(spot.agrees(placement) for spot in spots[visit])
        for visit, placement in placed.items()
    )


def _open_spots(state: State, visit: Visit) -> Iterator[Spot]:
    """Yield where options want a visit that the request's other placed visits agree with."""
    prepared = state.prepared
    placed = {other.index: placement for other, placement in state.placed_of(visit)}
    for spots in option_spots(prepared, prepared.requests[visit.request_index]):
        spot = _merged(spots.get(visit.index, ()))
        if spot is not None and _agree(spots, placed):
            yield spot


def _merged(spots: tuple[Spot, ...]) -> Spot | None:
    """Return all that an option says of a visit, as one; None where that cannot be had."""
    if len({spot.start for spot in spots}) != 1 or spots[0].start < 0:
        return None
    return Spot(spots[0].start, tuple(sorted({w for spot in spots for w in spot.wanted})))


def option_choices(
    model: Verbs,
) -> Iterator[tuple[PreparedRequest, list[tuple[Literal, Spots]]]]:
    """Yield the requests with options and free visits, with a literal for each option left.

    Those are left that the fixed visits agree with.
    """
    prepared = model.prepared
    for prep in requests_with_free(model):
        if prep.request.options:
            every = option_spots(prepared, prep)
            left = matching_options(prepared, prep, model.state.placements)
            yield prep, [(model.literal(f"option {prep.request.id}"), every[n]) for n in left]


def _presence(model: Verbs, prep: PreparedRequest) -> Iterator[tuple[int, Literal]]:
    for visit in prep.visits:
        if model.is_free(visit):
            yield visit, model.present(visit)


def option_places(model: Verbs, visit: int, spots: Spots) -> Iterator[Literal]:
    """Yield what has to hold where an option puts a free visit."""
    if visit in spots and model.is_free(visit):
        for spot in spots[visit]:
            yield model.at(visit, 1 << spot.start if spot.start >= 0 else 0)
            for need, resource in spot.wanted:
                yield model.takes(visit, need, resource)
