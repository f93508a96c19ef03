"""What each visit costs more in one scenario than in another, goal by goal, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.explain.by_visit import VisitCost
from allocator.explain.explainer import Explainer
from allocator.scenario.moves import interchangeable, owners, pairs
from allocator.scenario.outcome import Outcome

BOTH, BEFORE, AFTER = "both", "before", "after"
#: Of a frame.
COLUMNS = (
    *("level", "goal", "visit", "request", "there"),
    *("before", "after", "difference", "why_before", "why_after"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """What a visit costs by a goal in two scenarios.

    Attributes
    ----------
    level, goal
        Names.
    visit, request
        Ids, as in the second scenario where it has the visit; empty as in ``VisitCost``.
    there
        ``"both"``, or ``"before"`` or ``"after"`` where only that problem has the visit.
    before, after
        In points.
    why_before, why_after
        What was missed, in plain words; empty for nothing.
    """

    level: str
    goal: str
    visit: str
    request: str
    there: str
    before: int
    after: int
    why_before: str
    why_after: str

    @property
    def difference(self) -> int:
        """By how much it costs more, in points; below 0 is better."""
        return self.after - self.before

    def row(self) -> dict[str, object]:
        """Return it as a row of a table."""
        return {name: getattr(self, name) for name in COLUMNS}

    def text(self) -> str:
        """Say what is missed, and what was."""
        was, now = self.why_before or "nothing", self.why_after or "nothing"
        return f"{self.goal}: {now}" if was == now else f"{self.goal}: {now}, before {was}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """What a visit costs more in all.

    Attributes
    ----------
    visit, request, there
        As in ``CostChange``.
    levels
        By how much each level costs more, by name, in order; those alike are left out.
    costs
        Goal by goal, the largest differences first.
    """

    visit: str
    request: str
    there: str
    levels: dict[str, int]
    costs: tuple[CostChange, ...]

    @property
    def worse(self) -> bool:
        """Whether it costs more in the first level in which it differs."""
        return next((cost > 0 for cost in self.levels.values()), False)


def costs_of(outcome: Outcome) -> tuple[VisitCost, ...]:
    """Return what each visit costs by each goal; raises where there is no schedule."""
    return Explainer(*outcome.scheduled()).by_visit()


def changed(
    before: Outcome,
    after: Outcome,
    told: Callable[[Outcome], Sequence[VisitCost]] = costs_of,
) -> tuple[CostChange, ...]:
    """Return what each visit costs more, or less: by level and goal, the worst first.

    Visits of a flexible series are interchangeable: those that start at the same time are the same,
    as in ``moves``. What costs the same is left out.

    Parameters
    ----------
    before, after
        Two outcomes with schedules.
    told
        Returns what visits of an outcome cost; for who knows that already.
    """
    same = [("", ""), *_same(before.scheduled(), after.scheduled())]
    olds = {old: number for number, (old, new) in enumerate(same) if old or not new}
    news = {new: number for number, (old, new) in enumerate(same) if new or not old}
    sides: dict[tuple[str, str, int], list[VisitCost | None]] = {}
    for side, costs, numbers in ((1, told(after), news), (0, told(before), olds)):
        for cost in costs:  # those after first, so that goals stand in the order of the scenario
            key = cost.level, cost.goal, numbers[cost.visit]
            sides.setdefault(key, [None, None])[side] = cost
    found: dict[tuple[str, str], list[CostChange]] = {}
    for (level, goal, number), (was, now) in sides.items():
        one = now or was
        assert one is not None
        old, new = same[number]
        change = CostChange(
            level=level,
            goal=goal,
            visit=new or old,
            request=one.request,
            there=BOTH if number == 0 or (old and new) else AFTER if new else BEFORE,
            before=was.cost if was else 0,
            after=now.cost if now else 0,
            why_before=was.why if was else "",
            why_after=now.why if now else "",
        )
        mine = found.setdefault((level, goal), [])
        if change.difference:
            mine.append(change)
    levels = levels_of(after, before)
    return tuple(
        change
        for level, goal in sorted(found, key=lambda pair: levels.index(pair[0]))
        for change in sorted(found[level, goal], key=lambda one: (-one.difference, one.visit))
    )


def levels_of(*outcomes: Outcome) -> tuple[str, ...]:
    """Return the names of the levels of some outcomes, in order, those of the first first."""
    names = [level.name for one in outcomes for level in one.problem.objective]
    return tuple(dict.fromkeys(names))


def visits_changed(changes: Iterable[CostChange], levels: Sequence[str]) -> tuple[VisitChange, ...]:
    """Return what visits cost more in all, the one that got worse most first.

    Parameters
    ----------
    changes
        Those of ``Comparison.costs``; what belongs to no visit is left out.
    levels
        Names, in order: a level is looked at only where the ones before it are alike.
    """
    visits: dict[tuple[str, str], list[CostChange]] = defaultdict(list)
    for change in changes:
        if change.visit:
            visits[change.visit, change.there].append(change)
    found = []
    for some in visits.values():
        sums = [sum(c.difference for c in some if c.level == level) for level in levels]
        told = {level: cost for level, cost in zip(levels, sums, strict=True) if cost}
        costs = tuple(sorted(some, key=lambda one: -abs(one.difference)))
        one = VisitChange(
            visit=some[0].visit,
            request=some[0].request,
            there=some[0].there,
            levels=told,
            costs=costs,
        )
        found.append((sums, one))
    found.sort(key=lambda pair: ([-cost for cost in pair[0]], pair[1].visit))
    return tuple(one for _, one in found if one.levels)


def _same(
    before: tuple[Problem, Schedule], after: tuple[Problem, Schedule]
) -> list[tuple[str, str]]:
    """Return which visit before is which after, by ids; empty where only one problem has it."""
    same = [(was.visit, now.visit) for was, now in pairs(before, after) if was and now]
    found = tuple({pair[side] for pair in same} for side in (0, 1))
    group = interchangeable(before[0], after[0])
    rest: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for side, (problem, _) in enumerate((before, after)):
        for visit in (*owners(problem), *(session.id for session in problem.sessions)):
            if visit not in found[side]:
                rest.setdefault(group(visit), ([], []))[side].append(visit)
    for old, new in rest.values():
        same += zip_longest(old, new, fillvalue="")
    return same
