"""Breaks: pauses that float inside a window of the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, usable, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

Bounds = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Pause:
    """A break on one date, in ticks: it lies whole between ``first`` and ``end``."""

    first: int
    end: int
    length: int

    @property
    def starts(self) -> Mask:
        """Where it may start."""
        return masks.span(self.first, self.end - self.length + 1)


@dataclass(frozen=True, slots=True)
class Group:
    """Breaks of one date whose windows hang together, so that they are found room for at once."""

    first: int
    end: int
    pauses: tuple[Pause, ...]


class Breaks(Rule):
    """Floating breaks: a stretch of the window in which the resource holds no claim.

    Windows count in whole ticks, on the local dates of the resource. A window that is not
    whole in the horizon, or that the grid or a clock change leaves too short, asks for nothing.
    Breaks of one resource do not overlap. A resource with several lanes rests in all of them.
    Where other visits have used up a window, nothing more comes into it.
    """

    name = "breaks"
    sentence = "A resource has its breaks, each somewhere inside its window."
    moving = True
    of_claims = True
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has breaks; days have no room for them as ticks."""
        return not prepared.horizon.by_day and any(r.breaks for r in prepared.resources)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the windows in which claims leave too little room for the breaks."""
        prepared = timetable.prepared
        for resource, claims in enumerate(timetable.claims):
            if not claims or not prepared.resources[resource].breaks:
                continue
            coming, inside = 0, []
            for group in break_groups(prepared, resource):
                while coming < len(claims) and claims[coming].first < group.end:
                    inside.append(claims[coming])
                    coming += 1
                inside = [c for c in inside if c.end > group.first]
                if inside and not _room(group, inside):
                    yield violation(
                        self,
                        timetable,
                        _message(prepared, resource, group, inside),
                        [c.visit for c in inside],
                        [resource],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that leave room for every break, before the claim or after it.

        With B the ticks at which a break of length d could start, a claim of the stretch from
        c to e is allowed where min(B) + d <= c or max(B) >= e.
        """
        prepared = state.prepared
        if not prepared.resources[resource].breaks:
            return EVERY
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        return state.memo(
            resource, (self.name, first, end), lambda: _starts(state, resource, first, end)
        )

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those with breaks."""
        return frozenset(n for n, resource in enumerate(prepared.resources) if resource.breaks)

    def constrain(self, model: Verbs) -> None:
        """Reserve each break that free visits might take, among the starts still free."""
        prepared = model.prepared
        for resource in usable(model):
            if not prepared.resources[resource].breaks or not model.users(resource):
                continue
            reach = reach_of(model, resource)
            busy = model.state.busy(resource)
            for group in break_groups(prepared, resource):
                if not reach & masks.span(group.first, group.end):
                    continue
                free = [p.starts & ~masks.covering(busy, p.length) for p in group.pauses]
                if _soonest(group, free)[-1] is None:
                    continue  # what is fixed takes the breaks: masks keep all else away
                for pause, starts in zip(group.pauses, free, strict=True):
                    model.reserve(resource, starts, pause.length)


def break_groups(prepared: Prepared, resource: int) -> list[Group]:
    """Return the breaks of a resource, date by date."""
    thing = prepared.resources[resource]
    clock = prepared.clock_of(resource)

    def compute() -> list[Group]:
        found: list[Pause] = []
        grain = 60 * prepared.grain
        for pause in thing.breaks:
            firsts = -(-clock.seconds(pause.window.start_minute) // grain)
            ends = clock.seconds(pause.window.end_minute) // grain
            length = prepared.ticks_for(pause.minutes)
            on = np.isin(clock.weekday_of_day, sorted(pause.weekdays))
            on &= (firsts >= 0) & (ends <= prepared.ticks) & (ends - firsts >= length)
            found += [
                Pause(int(firsts[day]), int(ends[day]), length)
                for day in np.flatnonzero(on).tolist()
            ]
        groups: list[Group] = []
        for one in sorted(found, key=lambda p: (p.first, p.end, p.length)):
            if groups and one.first < groups[-1].end:
                last = groups.pop()
                groups.append(Group(last.first, max(last.end, one.end), (*last.pauses, one)))
            else:
                groups.append(Group(one.first, one.end, (one,)))
        return groups

    return prepared.memo(("breaks", clock.zone, thing.breaks), compute)


def _room(group: Group, claims: list[TickClaim]) -> bool:
    """Say whether the breaks of a group fit between claims (in order of start), one by one."""
    gaps = _gaps(group, claims)

    def fits(at: int, left: tuple[Pause, ...]) -> bool:
        if not left:
            return True
        tried = set()
        for number, pause in enumerate(left):
            if pause in tried:
                continue
            tried.add(pause)
            for first, end in gaps:
                start = max(first, pause.first, at)
                if start + pause.length <= min(end, pause.end):
                    if fits(start + pause.length, left[:number] + left[number + 1 :]):
                        return True
                    break
        return False

    return fits(group.first, group.pauses)


def _gaps(group: Group, claims: list[TickClaim]) -> list[tuple[int, int]]:
    """Return the stretches of a group that claims (in order of start) leave."""
    gaps: list[tuple[int, int]] = []
    at = group.first
    for claim in claims:
        if claim.first > at:
            gaps.append((at, claim.first))
        at = max(at, claim.end)
    if at < group.end:
        gaps.append((at, group.end))
    return gaps


def _message(prepared: Prepared, resource: int, group: Group, claims: list[TickClaim]) -> str:
    clock = prepared.clock_of(resource)
    gaps = [end - first for first, end in _gaps(group, claims)]
    if len(group.pauses) == 1:
        wanted = f"a break of {group.pauses[0].length * prepared.grain}"
        left = f"{max(gaps, default=0) * prepared.grain} are left in one piece"
    else:
        lengths = " and ".join(str(p.length * prepared.grain) for p in group.pauses)
        wanted, left = f"breaks of {lengths}", f"{sum(gaps) * prepared.grain} are left in pieces"
    names = ", ".join(dict.fromkeys(prepared.visits[c.visit].id for c in claims))
    return (
        f"{prepared.who(resource)} has {wanted} minutes between"
        f" {prepared.local(group.first, clock)} and {prepared.local(group.end, clock)[-5:]};"
        f" {left}, beside {names}."
    )


def _starts(state: State, resource: int, first: int, end: int) -> Mask:
    """Return the starts from which a claim, so far after them, leaves room for the breaks."""
    (finished, latest), islands = _bounds(state, resource)
    forbidden = masks.of_spans(latest - end + 1, finished - first, state.prepared.ticks)
    for soonest, last in islands:
        forbidden &= ~masks.span(soonest - first, last - end + 1)
    return ~forbidden


def _bounds(state: State, resource: int) -> tuple[Bounds, list[tuple[int, int]]]:
    """Return by group when its breaks could be over at the soonest, and start at the latest.

    A claim lies after all of them, before all of them, or between some and the others: the
    islands are what it may take then.
    """

    def compute() -> tuple[Bounds, list[tuple[int, int]]]:
        free = ~state.busy(resource)
        finished: list[npt.NDArray[np.int64]] = []
        latest: list[npt.NDArray[np.int64]] = []
        alone, together = _by_length(state.prepared, resource)
        for length, firsts, ends, starts in alone:
            ticks = masks.ticks_of(masks.runs_of(free, length) & starts)
            low, high = np.searchsorted(ticks, firsts), np.searchsorted(ticks, ends)
            some = high > low
            soonest, last = ends.copy(), firsts.copy()
            soonest[some] = ticks[low[some]] + length
            last[some] = ticks[high[some] - 1]
            finished.append(soonest)
            latest.append(last)
        islands: list[tuple[int, int]] = []
        for group in together:
            room = [masks.runs_of(free, p.length) & p.starts for p in group.pauses]
            before, after = _soonest(group, room), _latest(group, room)
            over, begin = before[-1], after[-1]
            finished.append(np.array([group.end if over is None else over]))
            latest.append(np.array([group.first if begin is None else begin]))
            for subset in range(1, len(before) - 1):
                over, begin = before[subset], after[len(before) - 1 - subset]
                if over is not None and begin is not None and over < begin:
                    islands.append((over, begin))
        none = np.empty(0, dtype=np.int64)
        return (np.concatenate([none, *finished]), np.concatenate([none, *latest])), islands

    return state.memo(resource, "breaks", compute)


Alone = tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64], Mask]


def _by_length(prepared: Prepared, resource: int) -> tuple[list[Alone], list[Group]]:
    """Return breaks that are alone in their group by length, as arrays, and the other groups."""
    groups = break_groups(prepared, resource)

    def compute() -> tuple[list[Alone], list[Group]]:
        by_length: dict[int, list[Group]] = {}
        for group in groups:
            if len(group.pauses) == 1:
                by_length.setdefault(group.pauses[0].length, []).append(group)
        alone = []
        for length, some in sorted(by_length.items()):
            firsts, ends = np.array([g.first for g in some]), np.array([g.end for g in some])
            starts = masks.of_spans(firsts, ends - length + 1, prepared.ticks)
            alone.append((length, firsts, ends, starts))
        return alone, [g for g in groups if len(g.pauses) > 1]

    thing = prepared.resources[resource]
    key = ("breaks by length", prepared.clock_of(resource).zone, thing.breaks)
    return prepared.memo(key, compute)


def _soonest(group: Group, room: list[Mask]) -> list[int | None]:
    """Return by subset of the breaks (as bits) when they could be over; None where never.

    Dynamic programming over subsets: one of them is last, and starts as soon as it can.
    """
    over: list[int | None] = [group.first]
    for subset in range(1, 1 << len(room)):
        best: int | None = None
        for number, pause in enumerate(group.pauses):
            before = over[subset & ~(1 << number)] if subset >> number & 1 else None
            starts = 0 if before is None else room[number] >> before << before
            if starts:
                end = masks.lowest(starts) + pause.length
                best = end if best is None else min(best, end)
        over.append(best)
    return over


def _latest(group: Group, room: list[Mask]) -> list[int | None]:
    """Return by subset of the breaks (as bits) when they could start at the latest."""
    begin: list[int | None] = [group.end]
    for subset in range(1, 1 << len(room)):
        best: int | None = None
        for number, pause in enumerate(group.pauses):
            after = begin[subset & ~(1 << number)] if subset >> number & 1 else None
            starts = 0 if after is None else room[number] & masks.span(0, after - pause.length + 1)
            if starts:
                last = masks.highest(starts)
                best = last if best is None else max(best, last)
        begin.append(best)
    return begin


def reach_of(model: Verbs, resource: int) -> Mask:
    """Return the ticks that free visits may take of a resource."""
    reach = 0
    for visit, need in model.users(resource):
        what = visit.needs[need]
        for duration in model.durations(visit.index):
            first, end = what.covers(duration)
            first, end = first - what.before, end + what.after
            starts = model.candidates(visit.index)
            longer = masks.covering(masks.shift(starts, end - first - 1), end - first)
            reach |= masks.shift(longer, first)
    return reach
