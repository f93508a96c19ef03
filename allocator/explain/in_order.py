"""In order: visits that nothing tells apart may as well lie in the order of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from allocator.domain.request import FlexibleSeries
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit
from allocator.rules.rule import Rule, requests_with_free
from allocator.state.verbs import Verbs


class InOrder(Rule):
    """Breaks the symmetry of a series: nothing that could be placed is lost by it.

    The gaps of a series say the same and more. Where they are out of force, CP-SAT would look
    at each way to number the visits anew before it says that there is none.
    """

    name = "in_order"
    sentence = "The visits of a series are numbered by start."

    def constrain(self, model: Verbs) -> None:
        """Let each visit start no sooner than the one before."""
        for prep in requests_with_free(model):
            free = [visit for visit in model.free if visit.request_index == prep.index]
            for one, other in pairwise(alike(model.prepared, free)):
                both = [model.present(one.index), model.present(other.index)]
                model.at_most(model.start(one.index), model.start(other.index), when=both)


def alike(prepared: Prepared, visits: Sequence[Visit]) -> list[Visit]:
    """Return visits of one request that nothing tells apart but their numbers.

    They are those that are as the last one: a first visit may be longer.
    """
    last = visits[-1]
    request = last.request
    if (
        request is None
        or not isinstance(request.series, FlexibleSeries)
        or len(request.steps) > 1
        or request.options
    ):
        return []
    named = _named(prepared)
    return [
        visit
        for visit in visits
        if visit.index not in named
        and visit.index not in prepared.pins
        and visit.needs == last.needs
        and visit.variants == last.variants
    ]


def in_order(
    prepared: Prepared, visits: Sequence[Visit], places: dict[int, Placement]
) -> dict[int, Placement]:
    """Return places with those of visits that nothing tells apart in the order of numbers."""
    found = dict(places)
    for index in {visit.request_index for visit in visits}:
        some = alike(prepared, [visit for visit in visits if visit.request_index == index])
        starts = sorted((places[visit.index] for visit in some), key=lambda p: p.start)
        found.update(zip((visit.index for visit in some), starts, strict=True))
    return found


def _named(prepared: Prepared) -> frozenset[int]:
    """Return the visits that a relation or a precedence names one by one."""

    def compute() -> frozenset[int]:
        problem = prepared.problem
        names = {name for relation in problem.relations for name in relation.visits}
        names |= {n for order in problem.precedences for n in (order.before, order.after)}
        return frozenset(
            prepared.visit_index[name] for name in names if name in prepared.visit_index
        )

    return prepared.memo("visits named", compute)
