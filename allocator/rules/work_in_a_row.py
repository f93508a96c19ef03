"""Work in a row: how long a resource works without a rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.breaks import reach_of
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

FAR = 1 << 40


class WorkInARow(Rule):
    """Claims, buffers included, with less than a rest between them make one stretch of work.

    From its first start to its last end it lasts at most so long. Work in several lanes at once
    is one stretch.
    """

    name = "work_in_a_row"
    sentence = "Nobody works longer in one go than their limit, without a rest in between."
    moving = True
    of_claims = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has such a limit."""
        return bool(_limits(prepared))

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the stretches of work that are too long."""
        prepared = timetable.prepared
        for resource, (most, rest) in _limits(prepared).items():
            claims = timetable.claims[resource]
            stretch: list[TickClaim] = []
            end = -FAR
            for claim in claims:
                if stretch and claim.first - end >= rest:
                    yield from self._judge(timetable, resource, stretch, end, most)
                    stretch = []
                end = max(end, claim.end) if stretch else claim.end
                stretch.append(claim)
            if stretch:
                yield from self._judge(timetable, resource, stretch, end, most)

    def _judge(
        self, timetable: Timetable, resource: int, claims: list[TickClaim], end: int, most: int
    ) -> Iterator[Violation]:
        first = claims[0].first
        if end - first > most:
            prepared = timetable.prepared
            limits = prepared.resources[resource].limits
            clock = prepared.clock_of(resource)
            names = ", ".join(dict.fromkeys(prepared.visits[c.visit].id for c in claims))
            yield violation(
                self,
                timetable,
                f"{prepared.who(resource)} works {(end - first) * prepared.grain} minutes from"
                f" {prepared.local(first, clock)} ({names}) without a rest of"
                f" {limits.rest_minutes}; at most {limits.minutes_in_a_row} are allowed.",
                [c.visit for c in claims],
                [resource],
            )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts whose claim makes no stretch too long, with those that it joins."""
        limit = _limits(state.prepared).get(resource)
        if limit is None:
            return EVERY
        most, rest = limit
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        if end - first > most:
            return 0
        if not state.claims[resource]:
            return EVERY
        return state.memo(
            resource,
            (self.name, first, end),
            lambda: ~_too_long(state, resource, first, end - first, most, rest),
        )

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those whose work in one go is limited."""
        return frozenset(
            number
            for number, resource in enumerate(prepared.resources)
            if resource.limits.minutes_in_a_row is not None
        )

    def constrain(self, model: Verbs) -> None:
        """Let a rest come after each claim, soon enough after its start.

        A stretch is short enough exactly when a rest, free of claims, starts at the end of its
        first claim or later, and at most the limit after that claim's start. Any other claim of
        the stretch has that rest within its own limit too, so the rest is asked for after each.
        """
        prepared = model.prepared
        for resource, (most, rest) in _limits(prepared).items():
            users = model.users(resource)
            if not users:
                continue
            reach = reach_of(model, resource)
            near = [
                (first, end)
                for first, end in _stretches(model.state, resource, rest)
                if end - first <= most and reach & masks.span(first - rest, end + rest)
            ]
            spans = [_spans(model, visit, need) for visit, need in users]
            longest = sum(max(end - first for first, end in some) + rest - 1 for some in spans)
            longest += sum(end - first + rest - 1 for first, end in near)
            if longest - (rest - 1) <= most:
                continue
            free = ~masks.covering(model.state.busy(resource), rest)
            for (visit, need), some in zip(users, spans, strict=True):
                starts = model.candidates(visit.index)
                soonest = masks.lowest(starts) + min(end for _, end in some)
                latest = masks.highest(starts) + max(first for first, _ in some) + most
                model.pause(
                    resource,
                    free & masks.span(soonest, latest + 1),
                    rest,
                    after=(visit.index, need),
                    within=most,
                )
            for first, end in near:
                if reach & masks.span(end, end + rest):
                    model.pause(resource, free & masks.span(end, first + most + 1), rest)


def _limits(prepared: Prepared) -> dict[int, tuple[int, int]]:
    """Return the longest stretch and the least rest, in ticks, by resource."""
    return prepared.memo(
        "work in a row",
        lambda: {
            number: (
                resource.limits.minutes_in_a_row // prepared.grain,
                prepared.ticks_for(resource.limits.rest_minutes),
            )
            for number, resource in enumerate(prepared.resources)
            if resource.limits.minutes_in_a_row is not None
            and resource.limits.rest_minutes is not None
        },
    )


def _stretches(state: State, resource: int, rest: int) -> list[tuple[int, int]]:
    """Return the stretches in which a resource works without a rest."""

    def compute() -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for claim in state.claims[resource]:
            if found and claim.first - found[-1][1] < rest:
                found[-1] = (found[-1][0], max(found[-1][1], claim.end))
            else:
                found.append((claim.first, claim.end))
        return found

    return state.memo(resource, ("stretches", rest), compute)


def _too_long(state: State, resource: int, offset: int, length: int, most: int, rest: int) -> Mask:
    """Return the starts from which a claim, so far after them, makes too long a stretch.

    The claim joins the stretches from number i to number i + k where it starts less than a rest
    after the end of i (but not of i - 1), and ends less than a rest before the start of i + k
    (but not of the next): for each k this is one span of starts for each i.
    """
    stretches = _stretches(state, resource, rest)
    firsts = np.array([-FAR, *(first for first, _ in stretches), FAR])
    ends = np.array([-FAR, *(end for _, end in stretches), FAR])
    begin: list[npt.NDArray[np.int64]] = []
    until: list[npt.NDArray[np.int64]] = []
    for k in range(len(stretches)):
        one = np.arange(1, len(stretches) + 1 - k)
        last = one + k
        if np.all(firsts[last] - ends[one] > length + 2 * rest - 2):
            break
        low = np.maximum(ends[one - 1] + rest, firsts[last] - length - rest + 1)
        high = np.minimum(ends[one] + rest, firsts[last + 1] - length - rest + 1)
        # Too long together; too long from the claim on; too long up to the claim's end.
        begin += [np.where(ends[last] - firsts[one] > most, low, FAR), low]
        until += [high, np.minimum(high, ends[last] - most)]
        begin.append(np.maximum(low, firsts[one] + most - length + 1))
        until.append(high)
    return masks.of_spans(
        np.concatenate(begin) - offset, np.concatenate(until) - offset, state.prepared.ticks
    )


def _spans(model: Verbs, visit: Visit, need: int) -> list[tuple[int, int]]:
    """Return where the claim of a free visit may lie, in ticks from its start, by duration."""
    what = visit.needs[need]
    found = []
    for duration in model.durations(visit.index):
        first, end = what.covers(duration)
        found.append((first - what.before, end + what.after))
    return found
