"""Group sessions in a solve: where they are held, which have to move, and who moves along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from allocator.domain.request import Request, Session, Step
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, Span
from api.solving.anew import Mine, Part, assignment, stuck
from api.solving.asked import Asked
from api.store.world import World
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The group sessions of a horizon.

    Attributes
    ----------
    held
        Where those are held that have their place, by name.
    anew
        Those of them that should be held elsewhere, or with others: rows by name.
    empty
        Names of those in ``anew`` in which nobody has a seat.
    left
        Names of those that should move and stay where they are: nobody is placed in them.
    open
        Names of those that somebody may join.
    stays
        The places of ``left`` that could not even be tried, each with the reason.
    outside
        The places that reach out of the horizon.
    """

    held: Mapping[str, Assignment]
    anew: Mapping[str, Any]
    empty: frozenset[str]
    left: frozenset[str]
    open: frozenset[str]
    stays: tuple[tuple[Any, str], ...]
    outside: tuple[Any, ...]
    _seats: Mapping[str, int]

    def sessions(
        self, world: World, joined: Collection[str], horizon: Horizon
    ) -> tuple[Session, ...]:
        """Return the sessions of the problem: those that are held, and those somebody may join."""
        names = ((self.open & set(joined)) | self.held.keys()) - self.empty
        return tuple(self._asked(world.sessions[name], horizon) for name in sorted(names))

    def _asked(self, session: Session, horizon: Horizon) -> Session:
        """Return a session as it is asked for: where it stays, it may lie anywhere.

        One that has to move runs with as many as it has, be they too few: the staff calls it off.
        """
        if session.id in self.anew:
            return replace(
                session,
                windows=_windows(session, self.anew[session.id], horizon),
                least=min(session.least, self._seats[session.id]),
            )
        return replace(session, windows=()) if session.id in self.held else session

    def fixed(self) -> Iterator[Assignment]:
        """Yield where sessions are held that stay."""
        for name, at in self.held.items():
            if name not in self.anew:
                yield at

    def moving(self) -> dict[str, Mine]:
        """Return the sessions with participants that are placed anew, by their visits' names."""
        return {
            name: Mine(owner=name, visit=name, uid=str(row.uid), session=True)
            for name, row in self.anew.items()
            if name not in self.empty
        }

    def parts(self, world: World, horizon: Horizon) -> Iterator[Part]:
        """Yield the sessions that are placed anew with nobody in them: as requests of their own.

        A problem holds no session without participants.
        """
        for name in sorted(self.empty):
            row = self.anew[name]
            uid = str(row.uid)
            yield Part(
                request=Request(
                    id=uid,
                    steps=(Step(service=row.service),),
                    windows=_windows(world.sessions[name], row, horizon),
                ),
                published=(assignment(row, uid),),
                visits=(Mine(owner=name, visit=name, uid=uid, session=True),),
            )


def groups(
    tx: Tx,
    world: World,
    asked: Asked,
    horizon: Horizon,
    booked: Sequence[Any],
    stay: Collection[str],
) -> Groups:
    """Return the group sessions of a horizon, and which of them are to be placed anew.

    Parameters
    ----------
    booked
        All booked visits of the horizon.
    stay
        Visits (UUIDs) that stay where they are, whatever was asked; with one of its participants
        a session stays, too.
    """
    days = {"tenant": tx.tenant, "start": horizon.start, "end": horizon.end}
    rows = tx.connection.execute(_PLACED, days).all()
    seats: dict[str, list[str]] = {row.ref: [] for row in rows}
    for visit in booked:
        if visit.session in seats:
            seats[visit.session].append(str(visit.uid))
    within = [r for r in rows if r.start >= horizon.start and r.finish <= horizon.end]
    held = {row.ref: assignment(row, row.ref) for row in within}
    anew, left, stays = dict[str, Any](), set[str](), list[tuple[Any, str]]()
    for row in rows:
        if str(row.uid) not in asked.anew:
            continue
        why = stuck(row, world, tx.now, horizon)
        if why:
            stays.append((row, why))
        if why or not set(stay).isdisjoint({str(row.uid), *seats[row.ref]}):
            left.add(row.ref)
        else:
            anew[row.ref] = row
    empty = frozenset(name for name in anew if not seats[name])
    new = {
        s.id for s in world.sessions.values() if s.id not in held and touches(s.windows, horizon)
    }
    if new:
        found = tx.connection.execute(_ELSEWHERE, {"tenant": tx.tenant, "refs": sorted(new)})
        new -= set(found.scalars())
    return Groups(
        held=held,
        anew=anew,
        empty=empty,
        left=frozenset(left),
        open=frozenset(new | held.keys()) - left - empty,
        stays=tuple(stays),
        outside=tuple(row for row in rows if row.ref not in held),
        _seats={name: len(taken) for name, taken in seats.items()},
    )


_PLACED = text(
    "SELECT visit.uid, session.ref, visit.service, lower(visit.span) AS start,"
    " upper(visit.span) AS finish, visit.resources, NULL AS session, NULL AS booking,"
    " NULL AS person FROM visit JOIN session ON session.tenant_id = visit.tenant_id"
    " AND session.id = visit.session_id WHERE visit.tenant_id = :tenant"
    " AND visit.booking_id IS NULL AND visit.state = 'booked'"
    " AND visit.ends_at > :start AND visit.starts_at < :end ORDER BY visit.id"
)
_ELSEWHERE = text(
    "SELECT session.ref FROM visit JOIN session ON session.tenant_id = visit.tenant_id"
    " AND session.id = visit.session_id WHERE visit.tenant_id = :tenant"
    " AND visit.booking_id IS NULL AND visit.state <> 'cancelled' AND session.ref = ANY(:refs)"
)


def touches(windows: Sequence[Span], horizon: Horizon) -> bool:
    """Say whether what has these windows could lie in a horizon."""
    return not windows or any(w.start < horizon.end and w.end > horizon.start for w in windows)


def _windows(session: Session, row: Any, horizon: Horizon) -> tuple[Span, ...]:
    """Return where a session may lie; one that is held outside of its windows keeps its time."""
    if touches(session.windows, horizon):
        return session.windows
    return (Span(start=row.start, end=row.finish),)
