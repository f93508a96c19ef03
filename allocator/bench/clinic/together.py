"""Rules that visits break together: lanes, group sessions, seats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from allocator.bench.clinic.placed import ATTENDEE, Placed
from allocator.domain.problem import Problem
from allocator.report.words import count


class Claim(NamedTuple):
    """Lanes that a visit takes of somebody or something: buffers included."""

    id: str
    start: datetime
    end: datetime
    uses: int
    by: Placed


def claims(placed: Placed) -> Iterator[Claim]:
    """Yield what a visit takes.

    Parameters
    ----------
    placed
        The visit.
    """
    at = placed.at
    for role, ids in at.resources:
        if role.startswith(ATTENDEE):
            yield from (Claim(id, at.start, at.end, 1, placed) for id in ids)
    for need in placed.service.needs if placed.service is not None else ():
        start, end = at.start, at.end
        if need.part is not None and need.part.from_end:
            end -= timedelta(minutes=need.part.offset_minutes)
            start = end - timedelta(minutes=need.part.minutes)
        elif need.part is not None:
            start += timedelta(minutes=need.part.offset_minutes)
            end = start + timedelta(minutes=need.part.minutes)
        start -= timedelta(minutes=need.before_minutes)
        end += timedelta(minutes=need.after_minutes)
        yield from (Claim(id, start, end, need.uses, placed) for id in at.filling(need.role))


def lanes(problem: Problem, placed: Sequence[Placed]) -> Iterator[str]:
    """Yield whenever a visit begins to take more lanes than there are.

    Parameters
    ----------
    problem
        What was asked for.
    placed
        What is placed of it.
    """
    by_id: dict[str, list[Claim]] = defaultdict(list)
    for some in placed:
        for claim in claims(some):
            by_id[claim.id].append(claim)
    for id, some_claims in sorted(by_id.items()):
        most = problem.resource(id).lanes
        there: list[Claim] = []
        for claim in sorted(some_claims, key=lambda one: (one.start, one.by.at.visit)):
            there = [other for other in there if other.end > claim.start] + [claim]
            taken = sum(other.uses for other in there)
            if taken > most and not all(other.by.held for other in there):
                visits = ", ".join(other.by.at.visit for other in there)
                yield (
                    f"{id} has {count(most, 'lane')}, of which {taken} are taken from"
                    f" {claim.start:%Y-%m-%d %H:%M} UTC on: {visits}."
                )


def sessions(placed: Sequence[Placed]) -> Iterator[str]:
    """Yield who is elsewhere than the group session that they join.

    Parameters
    ----------
    placed
        What is placed.
    """
    by_visit = {some.at.visit: some.at for some in placed}
    for some in placed:
        name = some.at.session
        if name is None:
            continue
        session = by_visit.get(name)
        if session is None:
            yield f"Visit {some.at.visit} joins {name}, which is not held."
        elif (session.start, session.end) != (some.at.start, some.at.end):
            yield f"Visit {some.at.visit} is not there for all of {name}."


def seats(problem: Problem, placed: Sequence[Placed]) -> Iterator[str]:
    """Yield rooms that have no seat for all who come.

    Parameters
    ----------
    problem
        What was asked for.
    placed
        What is placed of it.
    """
    people: Counter[str] = Counter()
    moved = {some.at.session or some.at.visit for some in placed if not some.held}
    for some in placed:
        come = sum(len(ids) for role, ids in some.at.resources if role.startswith(ATTENDEE))
        people[some.at.session or some.at.visit] += come
    for some in placed:
        visit = some.at.visit
        for need in some.service.needs if some.service is not None and visit in moved else ():
            for id in some.at.filling(need.role):
                most = problem.resource(id).seats
                if most is not None and people[visit] > most:
                    yield f"Visit {visit} has {people[visit]} people; {id} has {most} seats."
