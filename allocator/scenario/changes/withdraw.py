"""Requests that are not asked any more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.scenario.changes.change import demand_known


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Requests that are gone, with all that is published and said of them.

    Attributes
    ----------
    requests
        Their ids.
    """

    requests: tuple[str, ...]

    def apply(self, problem: Problem) -> Problem:
        """Return the problem without them."""
        demand_known(problem, "request", self.requests)
        gone = {*self.requests}
        for id in self.requests:
            gone.update(problem.request(id).visit_ids())
        relations = (
            replace(one, visits=tuple(v for v in one.visits if v not in gone))
            for one in problem.relations
        )
        return replace(
            problem,
            requests=tuple(r for r in problem.requests if r.id not in gone),
            published=tuple(a for a in problem.published if a.visit not in gone),
            pins=tuple(pin for pin in problem.pins if pin.visit not in gone),
            relations=tuple(one for one in relations if len(one.visits) > 1),
            precedences=tuple(
                one for one in problem.precedences if not {one.before, one.after} & gone
            ),
        )

    def text(self) -> str:
        """Say what is not asked."""
        if len(self.requests) == 1:
            return f"request {self.requests[0]} withdrawn"
        return f"{len(self.requests)} requests withdrawn"
