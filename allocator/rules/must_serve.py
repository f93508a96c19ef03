"""Must serve: requests without which there is no schedule."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.rules.rule import Rule, Violation, requests_with_free, violation
from allocator.rules.series_completeness import required_occurrences
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class MustServe(Rule):
    """Mandatory requests: every occurrence that may not be missing is placed."""

    name = "must_serve"
    sentence = "A request that must be served is placed, with as many visits as it asks for."
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request must be served."""
        return any(r.request.must for r in prepared.requests)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the requests that must be served and are not."""
        for prep in timetable.prepared.requests:
            if not prep.request.must:
                continue
            wanted = list(_required(prep))
            placed = sum(timetable.placements[v] is not None for v in wanted)
            if placed < len(wanted):
                yield violation(
                    self,
                    timetable,
                    f"Request {prep.request.id} must be served: {placed} of the {len(wanted)}"
                    " visits that it needs are placed.",
                    wanted,
                )

    def constrain(self, model: Verbs) -> None:
        """Imply, from nothing, that the visits needed are placed.

        Where one of them is out of reach (neither free nor placed) nothing is asked of the rest.
        """
        for prep in requests_with_free(model):
            if not prep.request.must:
                continue
            wanted = list(_required(prep))
            if all(model.is_free(v) or model.state.placements[v] is not None for v in wanted):
                for visit in wanted:
                    if model.is_free(visit):
                        model.imply([], model.present(visit))


def _required(prep: PreparedRequest) -> Iterator[int]:
    for number in required_occurrences(prep.request):
        yield from prep.occurrence(number)
