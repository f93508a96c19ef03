"""Series completeness: all or nothing, or at least so many; chains never in part."""

from __future__ import annotations

from collections.abc import Container, Iterator
from collections.abc import Set as AbstractSet

from allocator.domain.request import FixedSeries, FlexibleSeries, Request
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.rules.rule import Rule, Violation, requests_with_free, violation
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
    local = True
    of_requests = True

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
                        here,
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
            elif isinstance(request.series, FlexibleSeries):
                hole = next(n for n in range(1, request.occurrences + 1) if n not in whole)
                later = [v for v in placed if prepared.visits[v].occurrence > hole]
                if later:
                    yield violation(
                        self,
                        timetable,
                        f"Request {request.id}: {len(later)} visits after number {hole} are"
                        f" placed; number {hole} is not.",
                        later,
                    )

    def constrain(self, model: Verbs) -> None:
        """Imply what each placed visit asks for; frozen visits ask for nothing.

        Fixed visits ask as well, unless what they ask for is fixed and missing: then their
        request is broken whatever is done, which is inherited.
        """
        for prep in requests_with_free(model):
            if len(prep.visits) == 1:
                continue
            demands = [
                ([v for v in askers if v not in model.prepared.frozen], wanted)
                for askers, wanted in _demands(prep)
            ]
            placements = model.state.placements
            lost = any(
                any(placements[v] is not None for v in askers)
                and any(placements[v] is None and not model.is_free(v) for v in wanted)
                for askers, wanted in demands
            )
            for askers, wanted in demands:
                asking = [v for v in askers if model.is_free(v) or not lost]
                some = model.any_of(model.present(v) for v in asking)
                for other in wanted if asking else ():
                    model.imply([some], model.present(other))


def stands(prep: PreparedRequest, placed: AbstractSet[int], frozen: Container[int] = ()) -> bool:
    """Say whether these visits of a request may stay placed without its others.

    Parameters
    ----------
    prep
        The request.
    placed
        Numbers of its visits that are placed.
    frozen
        Visits that ask for nothing.
    """
    return all(
        placed >= set(wanted)
        for askers, wanted in _demands(prep)
        if any(v in placed and v not in frozen for v in askers)
    )


def _demands(prep: PreparedRequest) -> Iterator[tuple[list[int], list[int]]]:
    """Yield pairs of visits: where any of the first is placed, all of the second are."""
    request = prep.request
    count = request.occurrences
    if len(request.steps) > 1:
        for number in range(1, count + 1):
            yield list(prep.occurrence(number)), list(prep.occurrence(number))
    required = required_occurrences(request)
    if count > 1 and required:
        yield list(prep.visits), [v for n in required for v in prep.occurrence(n)]
    if isinstance(request.series, FlexibleSeries):
        for number in range(len(required) + 1, count):
            later = [v for n in range(number + 1, count + 1) for v in prep.occurrence(n)]
            yield later, list(prep.occurrence(number))
