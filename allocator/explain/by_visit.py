"""What each visit costs by each goal: a schedule's payments, shared out among their visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allocator.explain.analysis import Payment
from allocator.explain.lists import listed
from allocator.explain.phrases import missed
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.report.words import count

#: Of a frame.
COLUMNS = ("level", "goal", "visit", "request", "cost", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCost:
    """What one visit costs by one goal.

    Attributes
    ----------
    level, goal
        Names.
    visit
        Id of the visit; empty for what belongs to no visit, such as an unfair load.
    request
        Id of its request, or of that in whose name the cost counts; empty without one.
    cost
        In points. Over the visits it sums to the cost of the goal.
    why
        What was missed, in plain words.
    """

    level: str
    goal: str
    visit: str
    request: str
    cost: int
    why: str

    def row(self) -> dict[str, object]:
        """Return it as a row of a table."""
        return {name: getattr(self, name) for name in COLUMNS}


def by_visit(
    prepared: Prepared, placements: Sequence[Placement | None], payments: Iterable[Payment]
) -> tuple[VisitCost, ...]:
    """Share what goals pay out among visits: by level and goal as they come, the dearest first.

    What several visits pay together is shared alike, odd points going to the first of them. Where
    some of those are not placed it is theirs: what a series earns less is missed by the visits
    that are left out.
    """
    costs: dict[tuple[str, str], dict[str, list[tuple[int, Payment]]]] = {}
    for paid in payments:
        visits = costs.setdefault((paid.level, paid.goal), {})
        left = [v for v in paid.visits if placements[prepared.visit_index[v]] is None]
        some = left or paid.visits or ("",)
        each, odd = divmod(paid.cost, len(some))
        for number, visit in enumerate(some):
            visits.setdefault(visit, []).append((each + (number < odd), paid))
    found: list[VisitCost] = []
    for (level, goal), visits in costs.items():
        mine = [
            VisitCost(
                level=level,
                goal=goal,
                visit=visit,
                request=_request(prepared, visit, parts),
                cost=sum(cost for cost, _ in parts),
                why="; ".join(_why(prepared, visit, paid) for _, paid in parts),
            )
            for visit, parts in visits.items()
        ]
        found += sorted(mine, key=lambda one: (-one.cost, one.visit))
    return tuple(found)


def _request(prepared: Prepared, visit: str, parts: Sequence[tuple[int, Payment]]) -> str:
    """Return whose visit it is; of no visit, in whose name all of it counts."""
    if visit:
        request = prepared.visits[prepared.visit_index[visit]].request
        return "" if request is None else request.id
    names = {paid.request or "" for _, paid in parts}
    return names.pop() if len(names) == 1 else ""


def _why(prepared: Prepared, visit: str, paid: Payment) -> str:
    """Say what was missed: how much, with how many other visits, or whose time it is about."""
    said = missed(paid.amount, paid.unit)
    if len(paid.visits) > 1:
        said += f", of {count(len(paid.visits), 'visit')} together"
    elif not visit and paid.resources:
        names = [prepared.who(prepared.resource_index[id]) for id in paid.resources]
        said += f", of {listed(names)}"
    return said
