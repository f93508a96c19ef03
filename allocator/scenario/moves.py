"""What moved between two schedules, also of two problems, and whom to tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, FlexibleSeries
from allocator.domain.schedule import Assignment, Schedule, in_utc
from allocator.explain.difference import matched

MOVED, ADDED, DROPPED = "moved", "added", "dropped"


@dataclass(frozen=True, slots=True)
class Move:
    """A visit that lies elsewhere than before, or is only there before or after.

    Attributes
    ----------
    visit, request
        Ids; the request is empty for a group session.
    before, after
        Where it lies; None is nowhere.
    """

    visit: str
    request: str
    before: Assignment | None
    after: Assignment | None

    @property
    def change(self) -> str:
        """``"moved"``, ``"added"`` or ``"dropped"``."""
        if self.before is None:
            return ADDED
        return DROPPED if self.after is None else MOVED

    def tell(self) -> tuple[str, ...]:
        """Return the resources that have to be told: all whose time changes.

        Where start and end stay as they were these are whoever comes or goes, and the attendees,
        who are met by others.
        """
        was, now = self.before, self.after
        if was is None or now is None:
            one = was or now
            assert one is not None
            return tuple(dict.fromkeys(one.everyone()))
        before, after = set(was.everyone()), set(now.everyone())
        if (was.start, was.end) != (now.start, now.end):
            told = before | after
        else:
            told = before ^ after
            told |= {id for role, ids in now.resources if role.startswith(ATTENDEE) for id in ids}
        return tuple(id for id in dict.fromkeys([*was.everyone(), *now.everyone()]) if id in told)


def moves(before: tuple[Problem, Schedule], after: tuple[Problem, Schedule]) -> tuple[Move, ...]:
    """Return every visit that lies otherwise in one schedule than in another.

    Visits of a flexible series are interchangeable: those that start at the same time are the
    same.

    Parameters
    ----------
    before, after
        Each a problem with a schedule of it; requests of one id are the same request.
    """
    owner = {**owners(before[0]), **owners(after[0])}
    found = []
    for was, now in pairs(before, after):
        if was is None or now is None or not _same(was, now):
            one = now or was
            assert one is not None
            found.append(Move(one.visit, owner.get(one.visit, ""), was, now))
    return tuple(sorted(found, key=_when))


def owners(problem: Problem) -> dict[str, str]:
    """Return the request of each visit, by ids."""
    return {visit: request.id for request in problem.requests for visit in request.visit_ids()}


def interchangeable(*problems: Problem) -> Callable[[str], tuple[str, str]]:
    """Return what groups visits that are interchangeable: those of flexible series are.

    A chain's steps are not, so a series of chains has a group for each step.
    """
    owner = {visit: id for problem in problems for visit, id in owners(problem).items()}
    flexible = {
        request.id
        for problem in problems
        for request in problem.requests
        if isinstance(request.series, FlexibleSeries)
    }

    def group(visit: str) -> tuple[str, str]:
        request = owner.get(visit, "")
        if request not in flexible:
            return "", visit
        return request, visit.rpartition(".")[2] if "." in visit[len(request) :] else ""

    return group


def pairs(
    before: tuple[Problem, Schedule], after: tuple[Problem, Schedule]
) -> Iterator[tuple[Assignment | None, Assignment | None]]:
    """Yield each visit as it lies in both schedules; None where it does not lie in one."""
    group = interchangeable(before[0], after[0])

    def alike(assignments: Iterable[Assignment]) -> dict[tuple[str, str], list[Assignment]]:
        groups: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
        for one in assignments:
            groups[group(one.visit)].append(one)
        return groups

    were, come = alike(before[1].assignments), alike(after[1].assignments)
    for key in dict.fromkeys([*were, *come]):
        yield from matched(were.get(key, []), come.get(key, []), lambda one: one.start)


def _same(was: Assignment, now: Assignment) -> bool:
    """Say whether two places are one: the same time, resources and session."""
    return (was.start, was.end, was.resources, was.session) == (
        now.start,
        now.end,
        now.resources,
        now.session,
    )


def _when(move: Move) -> tuple[datetime, str]:
    """Return by what moves are listed: when the visit was or is, then its id."""
    one = move.before or move.after
    assert one is not None
    return in_utc(one.start), move.visit


def told(some: Iterable[Move]) -> Iterator[tuple[str, int]]:
    """Yield whom to tell, with of how many visits, those with the most first."""
    counts: dict[str, int] = {}
    for move in some:
        for id in move.tell():
            counts[id] = counts.get(id, 0) + 1
    yield from sorted(counts.items(), key=lambda item: (-item[1], item[0]))
