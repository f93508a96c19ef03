"""Chain lags: the steps of a chain follow each other in time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from allocator.domain.request import Request
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class ChainLags(Rule):
    """Minimum and maximum time lags from the end of a step to the start of the next.

    ``least ≤ start(i + 1) − end(i) ≤ most`` in each occurrence, in ticks: the least is rounded
    up, the most down.
    """

    name = "chain_lags"
    sentence = (
        "Each step of a chain starts after the one before has ended, at least and at most so"
        " many minutes later."
    )
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request has several steps."""
        return any(len(r.request.steps) > 1 for r in prepared.requests)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is a step of a chain."""
        return visit.request is not None and len(visit.request.steps) > 1

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield neighbouring steps that follow too soon or too late."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            if len(prep.request.steps) == 1:
                continue
            placed = timetable.of(prep)
            for (one, here), (other, there) in pairwise(placed):
                if one.occurrence != other.occurrence or other.step != one.step + 1:
                    continue
                lag = there.start - here.start - here.duration
                least, most = lags(prepared, prep.request, other.step)
                if lag < least:
                    step = prep.request.steps[other.step - 1]
                    asked = f"at least {step.least_lag_minutes} are asked for"
                elif most is not None and lag > most:
                    step = prep.request.steps[other.step - 1]
                    asked = f"at most {step.most_lag_minutes} are asked for"
                else:
                    continue
                word = "after" if lag >= 0 else "before"
                yield violation(
                    self,
                    timetable,
                    f"Visit {other.id} starts {abs(lag) * prepared.grain} minutes {word}"
                    f" {one.id} ends; {asked}.",
                    [one.index, other.index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts at the right distance from the steps before and after."""
        request = visit.request
        if request is None or len(request.steps) == 1:
            return EVERY
        prepared = state.prepared
        prep = prepared.requests[visit.request_index]
        mask = EVERY
        if visit.step > 1:
            before = state.placements[prep.visit(visit.occurrence, visit.step - 1)]
            if before is not None:
                least, most = lags(prepared, request, visit.step)
                end = before.start + before.duration
                last = prepared.ticks if most is None else end + most
                mask &= masks.span(end + least, last + 1)
        if visit.step < len(request.steps):
            after = state.placements[prep.visit(visit.occurrence, visit.step + 1)]
            if after is not None:
                least, most = lags(prepared, request, visit.step + 1)
                start = after.start - variant.duration
                first = 0 if most is None else start - most
                mask &= masks.span(first, start - least + 1)
        return mask

    def constrain(self, model: Verbs) -> None:
        """Keep the lags between neighbouring steps that are both free."""
        for prep in requests_with_free(model):
            request = prep.request
            if len(request.steps) == 1:
                continue
            for number in range(1, request.occurrences + 1):
                steps = prep.occurrence(number)
                for place, (one, other) in enumerate(pairwise(steps)):
                    if not (model.is_free(one) and model.is_free(other)):
                        continue
                    least, most = lags(model.prepared, request, place + 2)
                    both = [model.present(one), model.present(other)]
                    model.at_most(model.end(one) + least, model.start(other), when=both)
                    if most is not None:
                        model.at_most(model.start(other), model.end(one) + most, when=both)


def lags(prepared: Prepared, request: Request, step: int) -> tuple[int, int | None]:
    """Return the least and the most lag before a step, in ticks."""
    asked = request.steps[step - 1]
    most = asked.most_lag_minutes
    return (
        prepared.ticks_for(asked.least_lag_minutes),
        None if most is None else most // prepared.grain,
    )
