"""Insertion: visits placed one after the other by masks, to see soon that there is a way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice, product

from allocator.explain.facts import Force, Guarded, has_face, owner
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Team, Variant, Visit
from allocator.state.state import State
from allocator.table.options import at_least

#: Placements that are tried in all, and starts of one visit; the leaps between them double.
PLACEMENTS = 40
STARTS = 5
#: Starts that are looked at in all, as they may have no team.
LOOKS = 200
#: Ticks of the first leap.
LEAP = 2
#: Teams of a start that are tried.
TEAMS = 8

#: What gives the starts that facts in force leave: of a variant, or with a resource in a need.
Left = Callable[[Visit, Variant], Mask]
LeftWith = Callable[[Visit, Variant, int, int], Mask]


class Insertion:
    """Places visits beside all that is fixed, each as early as can be, and goes back a little.

    What it finds is a way: every rule in force was asked with the visits placed before. That it
    finds none says nothing.

    Parameters
    ----------
    state
        What is fixed. Visits are placed in it on the way and taken out again.
    guards, force
        The rules, and which facts of them are in force.
    left, left_with
        What all that is fixed leaves of the starts.
    """

    def __init__(
        self,
        state: State,
        guards: Sequence[Guarded],
        force: Force,
        left: Left,
        left_with: LeftWith,
    ) -> None:
        self.state = state
        self.force = force
        self.left = left
        self.left_with = left_with
        moving = [guard for guard in guards if guard.couples or guard.rule.moving]
        self._starts = [g for g in moving if has_face(g.rule, "starts")]
        self._starts_with = [g for g in moving if has_face(g.rule, "starts_with")]
        self._teams = [g for g in guards if g.of_teams]
        self._tries = self._looks = 0
        self._owners: frozenset[str] = frozenset()
        self._holding: dict[tuple[str, str], bool] = {}

    def places(self, visits: Sequence[Visit]) -> dict[int, Placement]:
        """Return a place for each visit, or none at all."""
        self._tries, self._looks = PLACEMENTS, LOOKS
        self._owners = frozenset(owner(visit) for visit in visits)
        self._holding.clear()
        pending = self.state.pending
        placed: dict[int, Placement] = {}
        # Each visit has to be right without those that are still to come, so that all are.
        self.state.pending = frozenset()
        try:
            found = self._place(visits, placed)
            return dict(placed) if found else {}
        finally:
            for visit in placed:
                self.state.remove(visit)
            self.state.pending = pending

    def _place(self, visits: Sequence[Visit], placed: dict[int, Placement]) -> bool:
        if len(placed) == len(visits):
            return True
        visit = visits[len(placed)]
        for place in list(islice(self._ways(visit), STARTS)):
            if not self._tries:
                return False
            self._tries -= 1
            self.state.place(visit.index, place)
            placed[visit.index] = place
            if self._place(visits, placed):
                return True
            del placed[visit.index]
            self.state.remove(visit.index)
        return False

    def _ways(self, visit: Visit) -> Iterator[Placement]:
        """Yield places of a visit, in leaps."""
        leap = LEAP
        for variant in visit.variants:
            last = self.state.prepared.ticks - variant.duration
            starts = masks.span(0, last + 1) & self.left(visit, variant)
            for guard in self._starts:
                if starts and self._holds(guard):
                    starts &= guard.rule.starts(self.state, visit, variant)
            by_need: list[dict[int, Mask]] = []
            for number, need in enumerate(visit.needs):
                if need.optional or not starts:
                    by_need.append({})
                    continue
                some = {r: self._with(visit, variant, number, r) for r in variant.choices[number]}
                by_need.append(some)
                starts &= at_least(list(some.values()), need.quantity)
            while starts and self._looks:
                self._looks -= 1
                start = masks.lowest(starts)
                place = self._with_team(visit, variant, by_need, start)
                if place is None:
                    starts &= starts - 1
                    continue
                yield place
                starts &= ~masks.span(start, start + leap)
                leap *= 2

    def _with(self, visit: Visit, variant: Variant, need: int, resource: int) -> Mask:
        mask = self.left_with(visit, variant, need, resource)
        id = self.state.prepared.resources[resource].id
        for guard in self._starts_with:
            if not mask:
                break
            if self._holds(guard) and (guard.rule.of_request or self._holds(guard, id)):
                mask &= guard.rule.starts_with(self.state, visit, variant, need, resource)
        return mask

    def _holds(self, guard: Guarded, resource: str = "") -> bool:
        """Say whether a rule is in force among the visits: for any of them, and for a resource."""
        key = guard.name, resource
        if key not in self._holding:
            self._holding[key] = (
                self.force.holds(guard.name, resource, True)
                if resource
                else any(self.force.holds(guard.name, one) for one in self._owners)
            )
        return self._holding[key]

    def _with_team(
        self, visit: Visit, variant: Variant, by_need: Sequence[dict[int, Mask]], start: int
    ) -> Placement | None:
        rules = [guard.rule for guard in self._teams if self._holds(guard)]
        for team in islice(_teams(visit, by_need, start), TEAMS):
            place = Placement(start, variant.duration, variant.location, variant.session, team)
            if all(rule.team_allowed(self.state, visit, place) for rule in rules):
                return place
        return None


def _teams(visit: Visit, by_need: Sequence[dict[int, Mask]], start: int) -> Iterator[Team]:
    """Yield the teams of a start in which nobody is taken twice; who may be absent is."""
    ways = [
        combinations([r for r, mask in some.items() if mask >> start & 1], need.quantity)
        if not need.optional
        else [()]
        for need, some in zip(visit.needs, by_need, strict=True)
    ]
    for team in product(*ways):
        taken = [resource for members in team for resource in members]
        if len(taken) == len(set(taken)):
            yield team
