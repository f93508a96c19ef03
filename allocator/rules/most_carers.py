"""Most carers: a flexible series is shared by only so many people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allocator.domain.request import FlexibleSeries
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.rules.series_gaps import flexible
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class MostCarers(Rule):
    """Continuity of care as a limit: at most k different resources in the carer's role.

    Frozen visits that have more carers among themselves are inherited; the other visits of
    their series may then be with any of these.
    """

    name = "most_carers"
    sentence = "The visits of a series are with at most so many different carers."
    of_request = True
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series limits its carers."""
        return any(
            isinstance(r.request.series, FlexibleSeries)
            and r.request.series.most_carers is not None
            for r in prepared.requests
        )

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is of a series that limits its carers."""
        series = flexible(visit)
        return series is not None and series.most_carers is not None

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the series with too many carers."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            series = prep.request.series
            if not isinstance(series, FlexibleSeries) or series.most_carers is None:
                continue
            placed = timetable.of(prep)
            carers = _carers(placed)
            if len(carers) <= series.most_carers:
                continue
            frozen = [(v, p) for v, p in placed if v.index in prepared.frozen]
            blamed = frozen if _carers(frozen) == carers else placed
            names = ", ".join(prepared.who(r) for r in sorted(carers))
            yield violation(
                self,
                timetable,
                f"Request {prep.request.id} has {len(carers)} carers ({names}); at most"
                f" {series.most_carers} are asked for.",
                [v.index for v, _ in blamed],
                carers,
            )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return all starts, or none for a carer too many."""
        series = flexible(visit)
        if series is None or series.most_carers is None:
            return EVERY
        if visit.needs[need].role != series.carer_role:
            return EVERY
        known = _carers(state.placed_of(visit))
        return EVERY if resource in known or len(known) < series.most_carers else 0

    def minds_team(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether it is of a series that limits its carers."""
        series = flexible(visit)
        return series is not None and series.most_carers is not None

    def team_allowed(self, state: State, visit: Visit, placement: Placement) -> bool:
        """Say whether the carers of a visit with several of them are too many together."""
        series = flexible(visit)
        if series is None or series.most_carers is None:
            return True
        mine = _carers([(visit, placement)])
        if len(mine) < 2:
            return True
        known = _carers(state.placed_of(visit))
        return mine <= known or len(known | mine) <= series.most_carers

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those who may be a carer in a series that limits them."""
        return frozenset(
            resource
            for visit in prepared.visits
            if (series := flexible(visit)) is not None and series.most_carers is not None
            for need in visit.needs
            if need.role == series.carer_role
            for resource in need.resources
        )

    def constrain(self, model: Verbs) -> None:
        """Bound the carers that the free visits bring by what the fixed ones leave."""
        for prep in requests_with_free(model):
            series = prep.request.series
            if not isinstance(series, FlexibleSeries) or series.most_carers is None:
                continue
            visits = [model.prepared.visits[v] for v in prep.visits]
            free = [
                (v.index, n)
                for v in visits
                if model.is_free(v.index)
                for n, need in enumerate(v.needs)
                if need.role == series.carer_role
            ]
            if not free:
                continue
            fixed = ((v, model.state.placements[v.index]) for v in visits)
            known = _carers((v, p) for v, p in fixed if p is not None)
            left = max(0, series.most_carers - len(known))
            new = sorted({r for v, n in free for r in model.choices(v, n)} - known)
            if len(new) > left:
                used = [model.any_of(model.takes(v, n, r) for v, n in free) for r in new]
                model.at_most(sum(used), left)


def _carers(placed: Iterable[tuple[Visit, Placement]]) -> set[int]:
    """Return who fills the carer's role in visits of one series."""
    found: set[int] = set()
    for visit, placement in placed:
        series = flexible(visit)
        assert series is not None
        for need, members in zip(visit.needs, placement.team, strict=True):
            if need.role == series.carer_role:
                found.update(members)
    return found
