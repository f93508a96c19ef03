"""What each place of a visit would cost, all else fixed: the one core of every choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.visit import Placement, Team, Visit
from allocator.state.state import State
from allocator.table.options import Options, options
from allocator.table.rulebook import Rulebook

IMPOSSIBLE = np.int64(2**60)


@dataclass(frozen=True, slots=True)
class Choice:
    """A placement with what it adds to the blended cost."""

    cost: int
    placement: Placement


class CostTable:
    """The costs of one variant of a visit, as parts by start and by (need, resource, start).

    Parameters
    ----------
    book, state
        Goals in force, and what is placed, the visit left out.
    found
        What the variant may do.
    beside
        Points for some resources beside what goals pay, where they serve.

    Attributes
    ----------
    ticks
        The admissible starts.
    lower
        What each start costs at least: exact unless a team as a whole costs or forbids more.
    """

    def __init__(
        self,
        book: Rulebook,
        state: State,
        found: Options,
        beside: Mapping[int, int] | None = None,
    ) -> None:
        self.book = book
        self.state = state
        self.options = found
        self.ticks = masks.ticks_of(found.starts)
        visit, variant = found.visit, found.variant
        request = visit.request_index
        total = np.zeros(len(self.ticks), dtype=np.int64)
        for number, goal in book.cost_goals:
            weight = np.int64(book.blended(number, request))
            if weight:
                total += weight * goal.costs(state, visit, variant, self.ticks)
        with_goals = [
            (weight, goal)
            for number, goal in book.cost_with_goals
            if (weight := np.int64(book.blended(number, request)))
        ]
        self.by_start = total
        self.resources: list[list[int]] = []
        self.parts: list[npt.NDArray[np.int64]] = []
        lower = total.copy()
        for n, by_resource in enumerate(found.by_need):
            need = visit.needs[n]
            resources = list(by_resource)
            part = np.zeros((len(resources), len(self.ticks)), dtype=np.int64)
            for weight, goal in with_goals:
                each = goal.costs_with_each(state, visit, variant, n, resources, self.ticks)
                for row, amounts in enumerate(each):
                    if not isinstance(amounts, int) or amounts:
                        part[row] += weight * amounts
            if beside and not need.attendee:
                more = [beside.get(resource, 0) for resource in resources]
                part += np.array(more, dtype=np.int64)[:, None]
            if any(mask != found.starts for mask in by_resource.values()):
                part[~masks.holds(by_resource.values(), self.ticks)] = IMPOSSIBLE
            self.resources.append(resources)
            self.parts.append(part)
            if need.optional:
                if len(part):
                    lower += np.minimum(part.min(axis=0), 0)
            elif need.quantity == 1:
                lower += part.min(axis=0)
            else:
                lower += np.partition(part, need.quantity - 1, axis=0)[: need.quantity].sum(axis=0)
        self.lower = lower
        self._team_goals = [
            (points, goal)
            for number, goal in book.team_goals
            if (points := book.blended(number, request)) and goal.minds_team(book.prepared, visit)
        ]
        self._team_rules = [r for r in book.team_rules if r.minds_team(book.prepared, visit)]
        self.coupled = bool(self._team_rules or self._team_goals) or _shares(self.resources)
        #: Whether the cheapest team is that of the cheapest one for each need.
        self._plain = not self.coupled and all(
            need.quantity == 1 and not need.optional for need in visit.needs
        )

    def add(self, points: npt.NDArray[np.int64]) -> None:
        """Add to the cost of each start, whoever is taken."""
        self.by_start += points
        self.lower += points

    def placement(self, tick: int, team: Team) -> Placement:
        """Return the placement of a start and a team."""
        variant = self.options.variant
        return Placement(int(tick), variant.duration, variant.location, variant.session, team)

    def best_at(self, column: int, below: int, but: Placement | None = None) -> Choice | None:
        """Return the cheapest team at a start (by its column) that costs less than ``below``.

        A placement may be excepted.
        """
        tick = int(self.ticks[column])
        if self._plain:
            cheapest = self._cheapest(column)
            if cheapest is None or cheapest[0] >= below:
                return None
            first = Choice(cheapest[0], self.placement(tick, cheapest[1]))
            if first.placement != but:
                return first
        best: Choice | None = None
        limit = [below]
        for cost, team in self._teams(column, limit):
            placement = self.placement(tick, team)
            cost += self._team_cost(placement)
            if cost < limit[0] and placement != but and self._allowed(placement):
                best, limit[0] = Choice(cost, placement), cost
                if not self.coupled:
                    break
        return best

    def _cheapest(self, column: int) -> tuple[int, Team] | None:
        """Return the cheapest one for each need at a start, with the cost; None where one lacks."""
        cost, team = int(self.by_start[column]), []
        for resources, part in zip(self.resources, self.parts, strict=True):
            points = part[:, column].tolist()
            least = min(points)
            if least >= IMPOSSIBLE:
                return None
            row = points.index(least)
            if points.count(least) > 1:
                row = min(
                    (n for n, some in enumerate(points) if some == least), key=resources.__getitem__
                )
            cost += least
            team.append((resources[row],))
        return cost, tuple(team)

    def all_at(self, column: int, most: int) -> list[Choice]:
        """Return teams at a start (by its column), of so many looked at, the cheapest first."""
        tick = int(self.ticks[column])
        found = []
        for cost, team in islice(self._teams(column, [int(IMPOSSIBLE)]), most):
            placement = self.placement(tick, team)
            if self._allowed(placement):
                found.append(Choice(cost + self._team_cost(placement), placement))
        return sorted(found, key=lambda choice: (choice.cost, choice.placement))

    def _allowed(self, placement: Placement) -> bool:
        return all(
            rule.team_allowed(self.state, self.options.visit, placement)
            for rule in self._team_rules
        )

    def _team_cost(self, placement: Placement) -> int:
        visit = self.options.visit
        return sum(
            points * goal.team_cost(self.state, visit, placement)
            for points, goal in self._team_goals
        )

    def _teams(self, column: int, limit: Sequence[int]) -> Iterator[tuple[int, Team]]:
        """Yield teams at a start with the cost of their members, cheapest members first.

        Only those that cost less than the one number in ``limit``, which may fall meanwhile.
        """
        base, impossible = int(self.by_start[column]), int(IMPOSSIBLE)
        choices: list[list[tuple[int, tuple[int, ...]]]] = []
        for n, resources in enumerate(self.resources):
            need = self.options.visit.needs[n]
            each = self.parts[n][:, column].tolist()
            single = [some for some in zip(each, resources, strict=True) if some[0] < impossible]
            single.sort()
            ways: list[tuple[int, tuple[int, ...]]]
            if need.quantity == 1 and not need.optional:
                ways = [(cost, (resource,)) for cost, resource in single]
            elif need.optional:
                ways = sorted([(0, ()), *((cost, (resource,)) for cost, resource in single)])
            else:
                ways = sorted(
                    (sum(c for c, _ in some), tuple(sorted(r for _, r in some)))
                    for some in combinations(single[: need.quantity + 6], need.quantity)
                )
            if not ways:
                return
            choices.append(ways)
        least = [0] * (len(choices) + 1)
        for n in range(len(choices) - 1, -1, -1):
            least[n] = least[n + 1] + choices[n][0][0]

        yield from _extended(choices, least, limit, base, ())

    def choices(self, most: int = 64, but: Placement | None = None) -> list[Choice]:
        """Return up to ``most`` starts with their cheapest team, the cheapest of all first."""
        found: list[Choice] = []
        for column in np.argsort(self.lower, kind="stable"):
            if self.lower[column] >= (found[-1].cost if len(found) == most else IMPOSSIBLE):
                break
            choice = self.best_at(int(column), int(IMPOSSIBLE), but)
            if choice is not None:
                found = sorted([*found, choice], key=lambda c: (c.cost, c.placement))[:most]
        return found

    def best(self, but: Placement | None = None) -> Choice | None:
        """Return the cheapest placement, the earliest among equals; None where there is none.

        A placement may be excepted.
        """
        best: Choice | None = None
        below = int(IMPOSSIBLE)
        for column in np.argsort(self.lower, kind="stable"):
            if self.lower[column] >= below:
                break
            found = self.best_at(int(column), below, but)
            if found is not None:
                best, below = found, found.cost
        return best


def _shares(resources: list[list[int]]) -> bool:
    seen: set[int] = set()
    for some in resources:
        if seen.intersection(some):
            return True
        seen.update(some)
    return False


def best_placement(
    book: Rulebook, state: State, visit: Visit, but: Placement | None = None
) -> Choice | None:
    """Return the cheapest placement of a visit over all variants, or None; one may be excepted."""
    best: Choice | None = None
    for found in options(book, state, visit):
        choice = CostTable(book, state, found).best(but)
        if choice is not None and (best is None or choice.cost < best.cost):
            best = choice
    return best


def placements(
    book: Rulebook,
    state: State,
    visit: Visit,
    *,
    most: int = 64,
    but: Placement | None = None,
) -> list[Choice]:
    """Return the cheapest placements of a visit, one for each start; one may be excepted."""
    by_start: dict[int, Choice] = {}
    for some in options(book, state, visit):
        for choice in CostTable(book, state, some).choices(most, but):
            known = by_start.setdefault(choice.placement.start, choice)
            if (choice.cost, choice.placement) < (known.cost, known.placement):
                by_start[choice.placement.start] = choice
    return sorted(by_start.values(), key=lambda c: (c.cost, c.placement))[:most]


def _extended(
    choices: Sequence[Sequence[tuple[int, tuple[int, ...]]]],
    least: Sequence[int],
    limit: Sequence[int],
    cost: int,
    team: Team,
) -> Iterator[tuple[int, Team]]:
    """Yield the ways to go on with a team that cost less than the limit, as it is by then.

    No function within another, which would hang together with itself: there are dozens of these
    for each suggestion, and each would wait for a search for cycles with all that it refers to.
    """
    n = len(team)
    if n == len(choices):
        yield cost, team
        return
    taken = {r for members in team for r in members}
    for extra, members in choices[n]:
        if cost + extra + least[n + 1] >= limit[0]:
            return
        if not taken.intersection(members):
            yield from _extended(choices, least, limit, cost + extra, (*team, members))
