"""Precedence: one visit ends before another starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from allocator.domain.request import Precedence as Asked
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Literal, Verbs

Ends = tuple[Literal, Expression]


class Sides(NamedTuple):
    """A precedence with the numbers of its visits, and its lags in ticks."""

    asked: Asked
    before: tuple[int, ...]
    after: tuple[int, ...]
    least: int
    most: int | None


class Precedence(Rule):
    """Precedence with minimum and maximum time lags, among the visits that are placed.

    A request's id stands for all its visits: each of ``before`` ends at least the least lag
    before each of ``after`` starts, and from the last such end to the first such start it is
    at most the most lag. A request does not precede itself: where it is named with one of its
    visits, its others are meant. In ticks the least lag is rounded up, the most down.
    """

    name = "precedence"
    sentence = (
        "A visit that precedes another ends before it starts, at least and at most so many"
        " minutes earlier."
    )
    moving = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether there is any precedence."""
        return bool(prepared.problem.precedences)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether any precedence names the visit."""
        return visit.index in _sides_of(prepared)

    def ties(self, prepared: Prepared) -> Iterator[tuple[int, ...]]:
        """Yield the visits of both sides of each precedence."""
        yield from ((*sides.before, *sides.after) for sides in _all_sides(prepared))

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield pairs in the wrong order or too close, and sides too far from each other."""
        prepared = timetable.prepared
        for sides in _all_sides(prepared):
            asked = sides.asked
            before = _placed(prepared, timetable.placements, sides.before)
            after = _placed(prepared, timetable.placements, sides.after)
            if not before or not after:
                continue
            # Frozen visits come first among equals: what they break alone is inherited.
            last = max(before, key=lambda x: (_end(x[1]), x[0].index in prepared.frozen))
            first = min(after, key=lambda x: (x[1].start, x[0].index not in prepared.frozen))
            lag = first[1].start - _end(last[1])
            if lag < sides.least:
                pairs = {
                    (one[0].index, other[0].index): (one, other)
                    for one, other in [
                        *((one, first) for one in before),
                        *((last, other) for other in after),
                    ]
                    if other[1].start - _end(one[1]) < sides.least
                }
                for _, (one, other) in sorted(pairs.items(), key=lambda x: x[0]):
                    yield violation(
                        self,
                        timetable,
                        f"Precedence {asked.id}: visit {other[0].id} starts"
                        f" {_told(prepared, other[1].start - _end(one[1]))} {one[0].id} ends; at"
                        f" least {asked.least_lag_minutes} minutes after are asked for.",
                        [one[0].index, other[0].index],
                    )
            if sides.most is not None and lag > sides.most:
                yield violation(
                    self,
                    timetable,
                    f"Precedence {asked.id}: {asked.after} starts {_told(prepared, lag)}"
                    f" {asked.before} ends; at most {asked.most_lag_minutes} minutes after are"
                    " asked for.",
                    [last[0].index, first[0].index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts far enough from all of the other side, and not too far.

        Another pending visit of either side could still bring the sides closer, so that the
        most lag is left to the model then.
        """
        mask = EVERY
        prepared = state.prepared
        for sides in _sides_of(prepared).get(visit.index, ()):
            ends = [
                _end(p) for v, p in _placed(prepared, state.placements, sides.before) if v != visit
            ]
            starts = [
                p.start for v, p in _placed(prepared, state.placements, sides.after) if v != visit
            ]
            least, most = sides.least, sides.most
            if any(v in state.pending and v != visit.index for v in (*sides.before, *sides.after)):
                most = None
            if visit.index in sides.before and starts:
                reach = min(starts) - variant.duration
                mask &= masks.span(0, reach - least + 1)
                if most is not None:
                    near = masks.span(reach - most, prepared.ticks)
                    inside = masks.span(0, max(ends) - variant.duration + 1) if ends else 0
                    mask &= near | inside
            elif visit.index in sides.after and ends:
                mask &= masks.span(max(ends) + least, prepared.ticks)
                if most is not None:
                    near = masks.span(0, max(ends) + most + 1)
                    inside = masks.span(min(starts), prepared.ticks) if starts else 0
                    mask &= near | inside
        return mask

    def constrain(self, model: Verbs) -> None:
        """Separate the free visits of both sides, and keep the sides in touch."""
        for sides in _all_sides(model.prepared):
            before = [v for v in sides.before if model.is_free(v)]
            after = [v for v in sides.after if model.is_free(v)]
            if before and after:
                _separate(model, before, after, sides.least)
            if sides.most is not None and (before or after):
                _keep_in_touch(model, sides, before, after)


def _separate(model: Verbs, before: list[int], after: list[int], least: int) -> None:
    if len(before) > 1 and len(after) > 1:
        # All ends lie before an instant that lies before all starts.
        middle = model.integer(0, model.prepared.ticks + least, "")
        for one in before:
            model.at_most(model.end(one) + least, middle, when=[model.present(one)])
        for other in after:
            model.at_most(middle, model.start(other), when=[model.present(other)])
        return
    for one in before:
        for other in after:
            both = [model.present(one), model.present(other)]
            model.at_most(model.end(one) + least, model.start(other), when=both)


def _keep_in_touch(model: Verbs, sides: Sides, before: list[int], after: list[int]) -> None:
    """Let some visit end, and some visit of the other side start, no further apart than the most.

    Where fixed visits are too far apart by themselves, the free ones may stay behind them.
    """
    assert sides.most is not None
    prepared = model.prepared
    placements = model.state.placements
    fixed_ends = [_end(p) for _, p in _placed(prepared, placements, sides.before)]
    fixed_starts = [p.start for _, p in _placed(prepared, placements, sides.after)]
    ends: list[Ends] = [(model.present(v), model.end(v)) for v in before]
    starts: list[Ends] = [(model.present(v), model.start(v)) for v in after]
    always = model.all_of([])
    ends += [(always, tick) for tick in (max(fixed_ends, default=None),) if tick is not None]
    starts += [(always, tick) for tick in (min(fixed_starts, default=None),) if tick is not None]
    if not ends or not starts:
        return
    if len(ends) == len(starts) == 1:
        ((one, end),), ((other, start),) = ends, starts
        model.at_most(start, end + sides.most, when=[one, other])
        return
    both = [model.any_of(p for p, _ in ends), model.any_of(p for p, _ in starts)]
    middle = model.integer(0, prepared.ticks, "")
    late = [model.boolean() for _ in ends]
    for witness, (present, end) in zip(late, ends, strict=True):
        model.imply([witness], present)
        model.at_most(middle, end, when=[witness])
    early = [model.boolean() for _ in starts]
    for witness, (present, start) in zip(early, starts, strict=True):
        model.imply([witness], present)
        model.at_most(start, middle + sides.most, when=[witness])
    if fixed_ends and fixed_starts and min(fixed_starts) - max(fixed_ends) > sides.most:
        behind = model.boolean()
        for one in before:
            model.at_most(model.end(one), max(fixed_ends), when=[model.present(one), behind])
        for other in after:
            model.at_most(
                min(fixed_starts), model.start(other), when=[model.present(other), behind]
            )
        early.append(behind)
    model.imply(both, model.any_of(late))
    model.imply(both, model.any_of(early))


def _all_sides(prepared: Prepared) -> list[Sides]:
    def compute() -> list[Sides]:
        found = []
        for asked in sorted(prepared.problem.precedences, key=lambda p: p.id):
            before, after = prepared.named_visits(asked.before), prepared.named_visits(asked.after)
            shared = set(before) & set(after)
            if len(before) > len(after):
                before = tuple(v for v in before if v not in shared)
            else:
                after = tuple(v for v in after if v not in shared)
            least = prepared.ticks_for(asked.least_lag_minutes)
            most = asked.most_lag_minutes
            most = None if most is None else most // prepared.grain
            found.append(Sides(asked, before, after, least, most))
        return found

    return prepared.memo("precedences", compute)


def _sides_of(prepared: Prepared) -> dict[int, list[Sides]]:
    """Return the precedences by visit."""

    def compute() -> dict[int, list[Sides]]:
        by_visit: dict[int, list[Sides]] = {}
        for sides in _all_sides(prepared):
            for visit in (*sides.before, *sides.after):
                by_visit.setdefault(visit, []).append(sides)
        return by_visit

    return prepared.memo("precedences by visit", compute)


def _placed(
    prepared: Prepared, placements: Sequence[Placement | None], visits: tuple[int, ...]
) -> list[tuple[Visit, Placement]]:
    return [(prepared.visits[v], p) for v in visits if (p := placements[v]) is not None]


def _end(placement: Placement) -> int:
    return placement.start + placement.duration


def _told(prepared: Prepared, lag: int) -> str:
    return f"{abs(lag) * prepared.grain} minutes {'after' if lag >= 0 else 'before'}"
