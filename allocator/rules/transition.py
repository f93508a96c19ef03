"""Transitions: time that a resource needs between two uses, depending on both."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, usable, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs

Reach = tuple[int, int]
Spans = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class Transition(Rule):
    """Sequence-dependent setup times on resources with one lane.

    A gap holds between every two uses, not between neighbours alone: what comes in between
    neither shortens it nor makes up for it. Uses that overlap have no gap at all.

    With several lanes the lane of a use is not known, so they have no transitions.

    Attributes
    ----------
    padded
        Whether gaps are counted between claims (buffers included) or between parts.
    """

    moving = True
    of_claims = True
    padded: bool

    def gaps(self, prepared: Prepared, resource: int) -> dict[tuple[Hashable, Hashable], int]:
        """Return the ticks, above 0, between two kinds of use of a resource, in their order."""
        raise NotImplementedError

    def use(self, prepared: Prepared, visit: Visit, location: int) -> Hashable:
        """Return the kind of use that a visit at a location makes; None needs no gaps."""
        raise NotImplementedError

    def sees(self, prepared: Prepared, visit: Visit, variant: Variant) -> Hashable:
        """Return the kind of use."""
        return self.use(prepared, visit, variant.location)

    def ways(
        self, model: Verbs, visit: Visit, need: int, resource: int
    ) -> Iterator[tuple[Hashable, Literal | None]]:
        """Yield the kinds of use that a free visit may make, each with when it does."""
        raise NotImplementedError

    def message(self, timetable: Timetable, one: TickClaim, other: TickClaim, gap: int) -> str:
        """Write that the second use follows the first too soon."""
        raise NotImplementedError

    def given(self, model: Verbs, one: tuple[Visit, int], other: tuple[Visit, int]) -> Reach:
        """Return the gaps that other rules keep already, by who is first."""
        return 0, 0

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the uses that follow each other too soon."""
        prepared, placements, visits = (
            timetable.prepared,
            timetable.placements,
            timetable.prepared.visits,
        )
        for resource, claims in enumerate(timetable.claims):
            if len(claims) < 2:
                continue
            gaps = self.gaps(prepared, resource)
            if not gaps:
                continue
            longest = max(gaps.values())
            uses = []
            for claim in claims:
                placement = placements[claim.visit]
                assert placement is not None
                kind = self.use(prepared, visits[claim.visit], placement.location)
                if kind is not None:
                    uses.append((*self._span(claim), kind, claim))
            uses.sort(key=lambda u: u[:2])
            for number, (_, end, kind, claim) in enumerate(uses):
                for first, _, later, other in uses[number + 1 :]:
                    if first >= end + longest:
                        break
                    gap = gaps.get((kind, later), 0)
                    either = gap or gaps.get((later, kind), 0)  # what overlaps has no order
                    if first < end + gap and either and claim.visit != other.visit:
                        yield violation(
                            self,
                            timetable,
                            self.message(timetable, claim, other, either),
                            [claim.visit, other.visit],
                            [resource],
                        )

    def _span(self, claim: TickClaim) -> Reach:
        if self.padded:
            return claim.first, claim.end
        return claim.part_first, claim.part_end

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts with every gap to what is placed."""
        if not state.claims[resource]:
            return EVERY
        gaps = self.gaps(state.prepared, resource)
        kind = self.use(state.prepared, visit, variant.location) if gaps else None
        if kind is None:
            return EVERY
        first, end = self._covers(visit, need, variant.duration)
        key = (self.name, kind, first, end)
        return state.memo(
            resource, key, lambda: self._starts(state, resource, gaps, kind, first, end)
        )

    def _covers(self, visit: Visit, need: int, duration: int) -> Reach:
        what = visit.needs[need]
        first, end = what.covers(duration)
        return (first - what.before, end + what.after) if self.padded else (first, end)

    def _starts(
        self,
        state: State,
        resource: int,
        gaps: dict[tuple[Hashable, Hashable], int],
        kind: Hashable,
        first: int,
        end: int,
    ) -> Mask:
        firsts, ends = [], []
        for other, (other_first, other_end) in self._placed(state, resource).items():
            before, after = gaps.get((other, kind), 0), gaps.get((kind, other), 0)
            if before or after:
                firsts.append(other_first - after - end + 1)
                ends.append(other_end + before - first)
        if not firsts:
            return EVERY
        return ~masks.of_spans(np.concatenate(firsts), np.concatenate(ends), state.prepared.ticks)

    def _placed(self, state: State, resource: int) -> dict[Hashable, Spans]:
        """Return where a resource is in use, by kind of use."""

        def compute() -> dict[Hashable, Spans]:
            prepared = state.prepared
            found: dict[Hashable, list[Reach]] = {}
            for claim in state.claims[resource]:
                placement = state.placements[claim.visit]
                assert placement is not None
                kind = self.use(prepared, prepared.visits[claim.visit], placement.location)
                if kind is not None:
                    found.setdefault(kind, []).append(self._span(claim))
            return {
                kind: (np.array([f for f, _ in some]), np.array([e for _, e in some]))
                for kind, some in found.items()
            }

        return state.memo(resource, (self.name, "placed"), compute)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that need time between some uses."""
        return frozenset(
            number for number in range(len(prepared.resources)) if self.gaps(prepared, number)
        )

    def constrain(self, model: Verbs) -> None:
        """Separate each two free visits that may come too close on a resource."""
        for resource in usable(model):
            users = model.users(resource)
            gaps = self.gaps(model.prepared, resource) if len(users) > 1 else None
            if not gaps:
                continue
            known = [
                (visit, need, self._reach(model, visit, need), list(ways))
                for visit, need in users
                if (ways := list(self.ways(model, visit, need, resource)))
            ]
            for number, one in enumerate(known):
                for other in known[number + 1 :]:
                    if one[0] is not other[0]:
                        self._separate(model, resource, gaps, one, other)

    def _reach(self, model: Verbs, visit: Visit, need: int) -> Reach:
        """Return the first tick that a free visit may take for a need, and the end of its last."""
        starts = model.candidates(visit.index)
        covers = [self._covers(visit, need, d) for d in model.durations(visit.index)]
        return (
            masks.lowest(starts) + min(first for first, _ in covers),
            masks.highest(starts) + max(end for _, end in covers),
        )

    def _separate(
        self,
        model: Verbs,
        resource: int,
        gaps: dict[tuple[Hashable, Hashable], int],
        one: tuple[Visit, int, Reach, list[tuple[Hashable, Literal | None]]],
        other: tuple[Visit, int, Reach, list[tuple[Hashable, Literal | None]]],
    ) -> None:
        visit, need, (first, end), ways = one
        visit2, need2, (first2, end2), ways2 = other
        known, known2 = self.given(model, (visit, need), (visit2, need2))
        for kind, literal in ways:
            for kind2, literal2 in ways2:
                after, before = gaps.get((kind, kind2), 0), gaps.get((kind2, kind), 0)
                if (
                    (after > known or before > known2)
                    and first2 < end + after
                    and first < end2 + before
                ):
                    model.separate(
                        (visit.index, need, resource),
                        (visit2.index, need2, resource),
                        after,
                        before,
                        padded=self.padded,
                        enforced=[li for li in (literal, literal2) if li is not None],
                    )
