"""Series completeness: all or nothing, or at least so many; chains never in part."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.domain.request import FixedSeries, FlexibleSeries, Request
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def required_occurrences(request: Request) -> list[int]:
    """Return the occurrences without which none of the request may be placed."""
    series = request.series
    if isinstance(series, FixedSeries):
        return [n for n in range(1, series.count + 1) if n not in series.may_miss]
    if isinstance(series, FlexibleSeries):
        least = series.count if series.at_least is None else series.at_least
        return list(range(1, least + 1))
    return [1]


def served_occurrences(timetable: Timetable, request: PreparedRequest) -> int:
    """Count the occurrences placed whole; 0 where required ones are missing."""
    whole = [
        n
        for n in range(1, request.request.occurrences + 1)
        if all(timetable.placements[v] is not None for v in request.occurrence(n))
    ]
    if not set(required_occurrences(request.request)) <= set(whole):
        return 0
    return len(whole)


class SeriesCompleteness(Rule):
    """All or nothing, at least m of n, or what a fixed series may miss; whole chains."""

    name = "series_completeness"
    sentence = (
        "A series is placed with at least as many visits as it asks for, those left out are its"
        " last (or the ones it may miss), and a chain is never placed in part."
    )

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request has more than one visit."""
        return any(len(request.visits) > 1 for request in prepared.requests)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the requests that are placed in part where they may not be."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if len(prep.visits) == 1:
                continue
            request = prep.request
            placed = [v for v in prep.visits if timetable.placements[v] is not None]
            if not placed or len(placed) == len(prep.visits):
                continue
            for number in range(1, request.occurrences + 1):
                steps = prep.occurrence(number)
                here = [v for v in steps if timetable.placements[v] is not None]
                if 0 < len(here) < len(steps):
                    yield violation(
                        self,
                        timetable,
                        f"Request {request.id}: {len(here)} of the {len(steps)} steps of"
                        f" occurrence {number} are placed.",
                        placed,
                    )
            whole = {
                n
                for n in range(1, request.occurrences + 1)
                if all(timetable.placements[v] is not None for v in prep.occurrence(n))
            }
            missing = [n for n in required_occurrences(request) if n not in whole]
            if missing:
                yield violation(
                    self,
                    timetable,
                    f"Request {request.id}: {len(whole)} of {request.occurrences} visits are"
                    f" placed; number {missing[0]} may not be missing.",
                    placed,
                )
            elif isinstance(request.series, FlexibleSeries) and whole != set(
                range(1, len(whole) + 1)
            ):
                yield violation(
                    self,
                    timetable,
                    f"Request {request.id}: {len(whole)} visits are placed; they should be"
                    f" numbers 1 to {len(whole)}.",
                    placed,
                )

    def constrain(self, model: Verbs) -> None:
        """Imply the presence of what each placed visit asks for; frozen ones ask for nothing."""
        for prep in model.prepared.requests:
            if len(prep.visits) == 1 or not any(model.is_free(v) for v in prep.visits):
                continue
            request = prep.request
            required = required_occurrences(request)
            for occurrence in range(1, request.occurrences + 1):
                steps = prep.occurrence(occurrence)
                wanted = {prep.occurrence(n)[0] for n in required}
                if isinstance(request.series, FlexibleSeries) and occurrence > 1:
                    wanted.add(prep.occurrence(occurrence - 1)[0])
                for visit in steps:
                    for other in sorted(wanted | set(steps)):
                        if (
                            other != visit
                            and visit not in model.prepared.frozen
                            and (model.is_free(visit) or model.is_free(other))
                        ):
                            model.imply([model.present(visit)], model.present(other))
