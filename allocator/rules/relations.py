"""Relations: visits that share a resource, a day or a time of day, or must not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from itertools import combinations, pairwise

from allocator.domain.calendar import wall
from allocator.domain.request import Alike, Relation
from allocator.domain.time import MINUTES_PER_DAY
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs

Related = tuple[Relation, tuple[int, ...]]


class Relations(Rule):
    """Equality, or pairwise difference, of a role's resources, of local days or wall times.

    ``same`` is one value for all placed visits named; otherwise every two differ (teams share
    nobody). A visit in which nobody fills the role does not count.
    """

    name = "relations"
    sentence = (
        "Visits that are to share a resource, a day or a time of day do so, and those that are"
        " to differ differ."
    )
    of_request = True
    moving = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any relation names two visits."""
        return any(len(visits) > 1 for _, visits in _relations(prepared))

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether any relation names the visit."""
        return visit.index in _by_visit(prepared)

    def ties(self, prepared: Prepared) -> Iterator[tuple[int, ...]]:
        """Yield the visits of each relation."""
        yield from (visits for _, visits in _relations(prepared))

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield pairs of visits that differ where they should agree, or the reverse."""
        prepared = timetable.prepared
        for relation, visits in _relations(prepared):
            placed = [
                (prepared.visits[v], p)
                for v in visits
                if (p := timetable.placements[v]) is not None
            ]
            found = _unlike(relation, placed) if relation.same else _alike(relation, placed)
            for (one, here), (other, there) in found:
                yield violation(
                    self,
                    timetable,
                    f"Relation {relation.id} asks for {_asked(relation)}; visit {one.id} has"
                    f" {_shown(prepared, relation, one, here)} and {other.id} has"
                    f" {_shown(prepared, relation, other, there)}.",
                    [one.index, other.index],
                    {*_team(relation, one, here), *_team(relation, other, there)}
                    if relation.alike is Alike.RESOURCE
                    else (),
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts on days, or at times, that agree with the visits placed."""
        mask = EVERY
        for relation, other, placement in _others(state, visit):
            if relation.alike is Alike.RESOURCE:
                continue
            if relation.alike is Alike.DAY:
                day = _date(other, placement)
                some = visit.clock.days_mask(day, day)
            else:
                some = _at_minute(state.prepared, visit, _minute(other, placement))
            mask &= some if relation.same else ~some
        return mask

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return all starts, or none where the resource breaks a relation."""
        for relation, other, placement in _others(state, visit):
            if relation.alike is Alike.RESOURCE and visit.needs[need].role == relation.role:
                team = _team(relation, other, placement)
                if not relation.same:
                    allowed = resource not in team
                else:
                    whole = len(team) == visit.needs[need].quantity
                    allowed = not team or (resource in team and whole)
                if not allowed:
                    return 0
        return EVERY

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that may fill a role in which visits are compared."""
        return frozenset(
            resource
            for relation, visits in _relations(prepared)
            if relation.alike is Alike.RESOURCE
            for visit in visits
            for need in prepared.visits[visit].needs
            if need.role == relation.role
            for resource in need.resources
        )

    def constrain(self, model: Verbs) -> None:
        """Relate the free visits among themselves; a shared value is a variable of its own."""
        for relation, visits in _relations(model.prepared):
            free = [model.prepared.visits[v] for v in visits if model.is_free(v)]
            if len(free) < 2:
                continue
            if relation.alike is Alike.RESOURCE:
                _relate_resources(model, relation, free)
            elif relation.alike is Alike.DAY:
                _relate_days(model, relation, free)
            else:
                _relate_times(model, relation, free)


def _relate_resources(model: Verbs, relation: Relation, free: list[Visit]) -> None:
    taking: dict[int, list[Literal]] = defaultdict(list)
    filled: list[tuple[Visit, int]] = []
    for visit in free:
        need = _need(relation, visit)
        if need >= 0:
            filled.append((visit, need))
            for resource in model.choices(visit.index, need):
                taking[resource].append(model.takes(visit.index, need, resource))
    for resource, literals in sorted(taking.items()):
        if not relation.same:
            if len(literals) > 1:
                model.at_most(sum(literals), 1)
            continue
        taken = model.any_of(literals)
        for visit, need in filled:
            # Who may stay away is the only choice for their role, and agrees with themselves.
            if not visit.needs[need].optional:
                model.imply(
                    [taken, model.present(visit.index)], model.takes(visit.index, need, resource)
                )


def _relate_days(model: Verbs, relation: Relation, free: list[Visit]) -> None:
    if relation.same:
        firsts = [visit.clock.dates[0].toordinal() for visit in free]
        days = max(len(visit.clock.dates) for visit in free)
        day = model.integer(min(firsts), max(firsts) + days, "")
        for visit, first in zip(free, firsts, strict=True):
            model.equal(model.day(visit.index) + first, day, when=[model.present(visit.index)])
        return
    on: dict[date, list[Literal]] = defaultdict(list)
    for visit in free:
        for number, literal in model.days(visit.index).items():
            on[visit.clock.dates[number]].append(literal)
    for literals in on.values():
        if len(literals) > 1:
            model.at_most(sum(literals), 1)


def _relate_times(model: Verbs, relation: Relation, free: list[Visit]) -> None:
    if relation.same:
        minute = model.integer(0, MINUTES_PER_DAY - 1, "")
        for visit in free:
            model.equal(model.minute(visit.index), minute, when=[model.present(visit.index)])
        return
    for one, other in combinations(free, 2):
        both = [model.present(one.index), model.present(other.index)]
        model.differ(model.minute(one.index), model.minute(other.index), when=both)


def _relations(prepared: Prepared) -> list[Related]:
    """Return the relations, in order, with the numbers of their visits."""

    def compute() -> list[Related]:
        return [
            (
                relation,
                tuple(sorted({v for n in relation.visits for v in prepared.named_visits(n)})),
            )
            for relation in sorted(prepared.problem.relations, key=lambda r: r.id)
        ]

    return prepared.memo("relations", compute)


def _others(state: State, visit: Visit) -> Iterator[tuple[Relation, Visit, Placement]]:
    """Yield the visits placed to which a visit is related, with the relation."""
    for relation, visits in _by_visit(state.prepared).get(visit.index, ()):
        for number in visits:
            placement = state.placements[number]
            if placement is not None and number != visit.index:
                yield relation, state.prepared.visits[number], placement


def _by_visit(prepared: Prepared) -> Mapping[int, list[Related]]:
    """Return the relations that name each visit."""

    def compute() -> Mapping[int, list[Related]]:
        by_visit: dict[int, list[Related]] = defaultdict(list)
        for related in _relations(prepared):
            for number in related[1]:
                by_visit[number].append(related)
        return dict(by_visit)

    return prepared.memo("relations by visit", compute)


def _need(relation: Relation, visit: Visit) -> int:
    """Return the number of the need whose resources a relation compares, or -1."""
    return next((n for n, need in enumerate(visit.needs) if need.role == relation.role), -1)


def _team(relation: Relation, visit: Visit, placement: Placement) -> tuple[int, ...]:
    need = _need(relation, visit)
    return placement.team[need] if need >= 0 else ()


def _date(visit: Visit, placement: Placement) -> date:
    return visit.clock.dates[visit.clock.day_of[placement.start]]


def _minute(visit: Visit, placement: Placement) -> int:
    return int(visit.clock.minute_of[placement.start])


def _at_minute(prepared: Prepared, visit: Visit, minute: int) -> Mask:
    """Return the ticks at which the visit's clock shows a minute of the day."""
    return prepared.memo(
        ("ticks at minute", visit.clock.zone, minute),
        lambda: visit.clock.starts_every(MINUTES_PER_DAY, minute),
    )


def _values(relation: Relation, visit: Visit, placement: Placement) -> tuple[Hashable, ...]:
    """Return what visits are compared by; nothing where a visit does not count."""
    if relation.alike is Alike.DAY:
        return (_date(visit, placement),)
    if relation.alike is Alike.TIME:
        return (_minute(visit, placement),)
    return _team(relation, visit, placement)


Placed = tuple[Visit, Placement]


def _unlike(relation: Relation, placed: list[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Yield pairs that differ: each visit with the first of each other value."""
    groups: dict[frozenset[Hashable], list[Placed]] = defaultdict(list)
    for visit, placement in placed:
        values = frozenset(_values(relation, visit, placement))
        if values:
            groups[values].append((visit, placement))
    seen: set[tuple[int, int]] = set()
    for values, some in groups.items() if len(groups) > 1 else ():
        for other, others in groups.items():
            for one in some if other != values else ():
                first, second = sorted((one, others[0]), key=lambda x: x[0].index)
                if (first[0].index, second[0].index) not in seen:
                    seen.add((first[0].index, second[0].index))
                    yield first, second


def _alike(relation: Relation, placed: list[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Yield pairs that agree: neighbours, in order, among those with one value."""
    groups: dict[Hashable, list[Placed]] = defaultdict(list)
    for visit, placement in placed:
        for value in set(_values(relation, visit, placement)):
            groups[value].append((visit, placement))
    for some in groups.values():
        yield from pairwise(some)


def _asked(relation: Relation) -> str:
    what = {
        Alike.RESOURCE: f"{relation.role} resource",
        Alike.DAY: "day",
        Alike.TIME: "time of day",
    }[relation.alike]
    return f"the same {what}" if relation.same else f"a different {what} in each visit"


def _shown(prepared: Prepared, relation: Relation, visit: Visit, placement: Placement) -> str:
    if relation.alike is Alike.DAY:
        return f"{_date(visit, placement):%a %Y-%m-%d}"
    if relation.alike is Alike.TIME:
        return wall(_minute(visit, placement))
    return " and ".join(prepared.who(r) for r in _team(relation, visit, placement))
