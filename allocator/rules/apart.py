"""Apart: never this person with that one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, TickClaim, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class KeptApart(Rule):
    """Incompatible pairs: two resources that are never in one visit.

    All who are in a group session share it: those who hold it, and the participants.
    """

    name = "apart"
    sentence = "Two people or things that are to be kept apart never share a visit or a session."
    moving = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether anybody is to be kept apart."""
        return bool(prepared.problem.apart)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit has to do with a group session."""
        return visit.session is not None or bool(visit.joins)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the pairs that meet, once for each two visits in which they do."""
        prepared = timetable.prepared
        for one, other in _pairs(prepared):
            if not (timetable.claims[one] and timetable.claims[other]):
                continue
            here = _by_meeting(timetable, timetable.claims[one])
            there = _by_meeting(timetable, timetable.claims[other])
            for meeting in sorted(here.keys() & there.keys()):
                for visit in sorted(here[meeting]):
                    for with_visit in sorted(there[meeting]):
                        yield violation(
                            self,
                            timetable,
                            f"{prepared.who(one)} and {prepared.who(other)} are kept apart;"
                            f" {_said(prepared, meeting, visit, with_visit)}.",
                            [visit, with_visit],
                            [one, other],
                        )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return no start where the session has someone from whom the resource is kept apart."""
        meeting = visit.index if visit.session is not None else variant.session
        if meeting < 0:
            return EVERY
        enemies = _enemies(state.prepared).get(resource)
        if enemies is None:
            return EVERY
        return EVERY if enemies.isdisjoint(_present(state, meeting)) else 0

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether nobody of the team is kept apart from another of it."""
        enemies = _enemies(state.prepared)
        team = {r for members in placement.team for r in members}
        return all(enemies[r].isdisjoint(team) for r in team if r in enemies)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that are kept apart from somebody."""
        return frozenset(_enemies(prepared))

    def constrain(self, model: Verbs) -> None:
        """Forbid that free visits bring a pair together, in one visit or in one session."""
        for one, other in _pairs(model.prepared):
            here, there = _uses(model, one), _uses(model, other)
            for meeting in sorted(here.keys() & there.keys()):
                for literals in here[meeting]:
                    for others in there[meeting]:
                        model.forbid([*literals, *others])


def _pairs(prepared: Prepared) -> list[tuple[int, int]]:
    def compute() -> list[tuple[int, int]]:
        index = prepared.resource_index
        return sorted(
            {
                (min(index[p.one], index[p.other]), max(index[p.one], index[p.other]))
                for p in prepared.problem.apart
            }
        )

    return prepared.memo("apart", compute)


def _enemies(prepared: Prepared) -> dict[int, set[int]]:
    def compute() -> dict[int, set[int]]:
        found: defaultdict[int, set[int]] = defaultdict(set)
        for one, other in _pairs(prepared):
            found[one].add(other)
            found[other].add(one)
        return dict(found)

    return prepared.memo("apart from", compute)


def _by_meeting(timetable: Timetable, claims: Iterable[TickClaim]) -> dict[int, set[int]]:
    """Return the visits of claims by what they meet in: the session joined, or the visit."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for claim in claims:
        placement = timetable.placements[claim.visit]
        assert placement is not None
        found[placement.session if placement.session >= 0 else claim.visit].add(claim.visit)
    return found


def _present(state: State, meeting: int) -> Iterator[int]:
    """Yield who is placed in a session, holding it or taking part."""
    for visit in (meeting, *state.participants.get(meeting, ())):
        placement = state.placements[visit]
        if placement is not None:
            for members in placement.team:
                yield from members


def _uses(model: Verbs, resource: int) -> dict[int, list[list[Literal]]]:
    """Return, by meeting, what has to hold for free visits to bring a resource there."""
    found: defaultdict[int, list[list[Literal]]] = defaultdict(list)
    for visit, need in model.users(resource):
        takes = model.takes(visit.index, need, resource)
        if visit.joins:
            for session in visit.joins:
                found[session].append([takes, model.joined(visit.index, session)])
        else:
            found[visit.index].append([takes])
    return found


def _said(prepared: Prepared, meeting: int, visit: int, other: int) -> str:
    if visit == other:
        return f"both are in visit {prepared.visits[visit].id}"
    where = "session" if prepared.visits[meeting].session is not None else "visit"
    names = f"{prepared.visits[visit].id} and {prepared.visits[other].id}"
    return f"{names} bring them together in {where} {prepared.visits[meeting].id}"
