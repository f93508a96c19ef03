"""Publish a solve: its places become bookings, through the same insert as everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, text

from allocator.domain.faults import Fault
from allocator.domain.garbage import collected_later
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.frames.nested import Decoder
from allocator.report.words import count
from api.auth.principal import Principal
from api.problems import (
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    RuleBroken,
    StoreUnavailable,
    Taken,
    WrongState,
)
from api.solving import at_once
from api.solving.asked import Asked, asked_of
from api.solving.at_once import Outcome
from api.solving.reading import Reading, look
from api.solving.units import Placed, Unit, place, units
from api.store import bookings as kept
from api.store import changes, claims, solves, things
from api.store.database import Database
from api.store.ids import as_answered
from api.store.tables import REQUEST
from api.store.world import Worlds, decoded
from api.usecases import bookings, holding, moving, placing, sessions
from api.usecases.tx import Tx

T = TypeVar("T")
#: Visits that one transaction books at most: others wait for it.
SHARE = 6_000
#: Locks that it takes at most: a database as it comes has room for 6,400.
LOCKS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What came of a publication.

    Attributes
    ----------
    booked, moved
        Names of the requests that are booked now, and UUIDs of the bookings that moved; with them
        names of group sessions that have another place, or other staff.
    lost
        What was not published, with the reason: somebody was faster, or a rule speaks against it
        by now. Such requests are in the next batch.
    """

    booked: tuple[str, ...]
    moved: tuple[str, ...]
    lost: tuple[Mapping[str, Any], ...]


class Cancelled(Exception):
    """Somebody has stopped a solve that would publish itself."""


class Publisher:
    """Publishes solves of one tenant."""

    def __init__(self, database: Database, worlds: Worlds, principal: Principal) -> None:
        self._database = database
        self._worlds = worlds
        self._principal = principal

    @collected_later()
    def publish(self, uid: UUID, only: Sequence[str] = (), *, by_itself: bool = False) -> Published:
        """Publish a solve, or some of it.

        Each unit has a transaction of its own: what loses a race takes nothing else with it. A
        publication that was cut off may be sent again; what is booked by then stays as it is.

        Parameters
        ----------
        only
            Names of requests, bookings and group sessions; empty is everything. What these depend
            on comes along.
        by_itself
            Whether nobody has asked for it but the solve: it ends then where that is cancelled.

        Raises
        ------
        NotFound, WrongState, Invalid, Cancelled
        """
        row = self._run(lambda tx: self._begin(tx, uid, only, by_itself))
        result = row.result
        named = {*only, *map(as_answered, only)}
        chosen = [
            unit
            for unit in units(placed_by(result))
            if not named or any(one.name in named for one in unit.placed)
        ]
        done = self._run(lambda tx: _booked_before(tx, chosen))
        chosen = [u for u in chosen if not (len(u.placed) == 1 and u.placed[0].name in done)]
        booked, moved, lost = list(done), list[str](), dict[str, Problem]()
        self._sessions(result, chosen)
        state = "published"
        try:
            for outcome in self._together(
                row, [u.placed[0] for u in chosen if _alone(u)], by_itself
            ):
                booked.extend(outcome.booked)
                lost.update(outcome.lost)
        except Cancelled:
            chosen, state = [], "solved"
        for unit in chosen:
            if _alone(unit):
                continue
            try:
                self._run(partial(self._unit, row=row, unit=unit, by_itself=by_itself))
            except StoreUnavailable:
                raise
            except Cancelled:
                state = "solved"
                break
            except Problem as problem:
                lost.update(dict.fromkeys((one.name for one in unit.placed), problem))
            else:
                for one in unit.placed:
                    (moved if one.before else booked).append(one.name)
        found = Published(
            booked=tuple(booked),
            moved=tuple(moved),
            lost=tuple(
                {"request": name, "problem": problem.document()} for name, problem in lost.items()
            ),
        )
        return self._run(lambda tx: self._end(tx, row, found, state))

    def _run(self, work: Callable[[Tx], T]) -> T:
        def run(connection: Connection, now: datetime) -> T:
            return work(
                Tx(connection=connection, now=now, principal=self._principal, worlds=self._worlds)
            )

        return self._database.run(self._principal.tenant, run)

    def _sessions(self, result: Mapping[str, Any], chosen: Sequence[Unit]) -> None:
        """Place the group sessions that somebody joins and that have no place yet.

        Where that does not go, those who would join are told when they are booked.
        """
        joined = {a.session for u in chosen for one in u.placed for a in one.visits if a.session}
        faults: list[Fault] = []
        held: Sequence[Assignment] = Decoder(faults).value(
            tuple[Assignment, ...], result["sessions"], ""
        )
        for at in held:
            if at.visit in joined:
                with suppress(Invalid, Forbidden, NotFound, Taken, RuleBroken, WrongState):
                    self._run(
                        partial(
                            sessions.place,
                            name=at.visit,
                            start=at.start,
                            resources=dict(at.resources),
                        )
                    )

    def _begin(self, tx: Tx, uid: UUID, only: Sequence[str], by_itself: bool) -> Any:
        tx.demand("solves.write")
        row = solves.find(tx.connection, tx.tenant, uid, "result", for_update=True)
        if row is None:
            raise NotFound(f"There is no solve {uid}.")
        if row.state not in ("solved", "publishing", "published"):
            raise WrongState(
                f"Solve {uid} is {row.state}; to publish it, it has to be solved.", state=row.state
            )
        if by_itself and row.cancel:
            raise Cancelled
        if only:
            placed = {one.name for unit in units(placed_by(row.result)) for one in unit.placed}
            for name in only:
                if name not in placed and as_answered(name) not in placed:
                    raise Invalid(
                        f"Solve {uid} places {count(len(placed), 'name')}, and {name!r} is none of"
                        " them: name what its result tells, or nothing for all."
                    )
        tx.connection.execute(_STATE, {"tenant": tx.tenant, "id": row.id, "state": "publishing"})
        return row

    def _end(self, tx: Tx, row: Any, found: Published, state: str) -> Published:
        """Write what came of it beside what others have published meanwhile; return it.

        Nothing is lost that is published by now.
        """
        now = solves.find(tx.connection, tx.tenant, row.uid, for_update=True)
        assert now is not None
        before = now.published or {"booked": [], "moved": [], "lost": []}
        there = {*before["booked"], *before["moved"]}
        found = replace(found, lost=tuple(one for one in found.lost if one["request"] not in there))
        booked, moved = {*before["booked"], *found.booked}, {*before["moved"], *found.moved}
        lost = {one["request"]: one for one in (*before["lost"], *found.lost)}
        document = {
            "booked": sorted(booked),
            "moved": sorted(moved),
            "lost": [one for name, one in lost.items() if name not in booked | moved],
        }
        done = {"tenant": tx.tenant, "id": row.id, "state": state}
        tx.connection.execute(_DONE, {**done, "published": json.dumps(document)})
        after = {"booked": len(found.booked), "moved": len(found.moved), "lost": len(found.lost)}
        tx.audit("solve.published", "solve", row.uid, {"state": row.state}, after)
        return found

    def _together(self, row: Any, placed: Sequence[Placed], by_itself: bool) -> Iterator[Outcome]:
        """Publish requests that depend on nothing that moves, in few transactions.

        They are read once, without a lock. Each share takes its own, and looks whether anybody
        else has changed something since.
        """
        if not placed:
            return
        asked = asked_of(row)
        reading = Reading(self._run(partial(look, asked=asked, placed=placed)), placed)
        for some in _shares(placed, reading):

            def share(tx: Tx, some: Sequence[Placed] = some) -> tuple[Outcome, int]:
                _demand_wanted(tx, row, by_itself)
                return at_once.book(tx, asked, some, reading), changes.number(tx.connection)

            outcome, transaction = self._run(share)
            if outcome.held:  # else nobody knows what else it has found, and freed
                reading.note([one for one in some if one.name not in outcome.lost], transaction)
            yield outcome

    def _unit(self, tx: Tx, *, row: Any, unit: Unit, by_itself: bool) -> None:
        """Publish a unit, whole: first all that moves leaves, then everything comes.

        Group sessions come first: whoever moves along with one takes their seat in it.
        """
        _demand_wanted(tx, row, by_itself)
        asked = asked_of(row)
        held = [one for one in unit.placed if one.session]
        movers = [one for one in unit.placed if one.before and not one.session]
        rows = {}
        for one in sorted(movers, key=lambda m: m.name):
            row = bookings.changing(tx, one.name, None, ["booked"], "move")
            request = bookings.request_of(row)
            there = kept.visits(tx.connection, tx.tenant, [row.id])[row.id]
            live = {request.visit_id(v.occurrence, v.step): v for v in there if v.state == "booked"}
            if all(_lies(live.get(a.visit), a) for a in one.visits):
                continue  # it was published before
            if not all(_lies(live.get(a.visit), a) for a in one.before):
                raise WrongState(f"Booking {one.name} has moved since it was read.")
            leaving = [live[a.visit] for a in one.before]
            _demand_time(tx, asked, one.name, leaving)
            rows[one.name] = row, request, [visit.id for visit in leaving]
        places = {}
        for one in sorted(held, key=lambda h: h.name):
            at = sessions.changing(tx, one.name)
            if _lies(at, one.visits[0]):
                continue  # it was published before
            if at is None or not _lies(at, one.before[0]):
                raise WrongState(f"Group session {one.name} has moved since it was read.")
            _demand_ahead(tx, f"Group session {one.name}", at.start, 0)
            places[one.name] = at
        freed = [v for _, _, ids in rows.values() for v in ids]
        claims.delete(tx.connection, tx.tenant, [*freed, *(p.id for p in places.values())])
        for one in held:
            if one.name in places:
                sessions.move(tx, one.name, places[one.name], one.visits[0])
        for one in unit.placed:
            if one.name in rows:
                row, request, _ = rows[one.name]
                moving.move(tx, row, placing.wanted_of(request, one.visits))
            elif not one.before:
                self._book(tx, one)
        for one in held:
            sessions.demand_all_there(tx, one.name)
            if one.name in places:
                for name in sessions.participants(tx, one.name):
                    if name not in rows:  # their time stays, and it may be somewhere else
                        moving.demand_allowed(tx, name)

    def _book(self, tx: Tx, one: Placed) -> None:
        stored = things.find(tx.connection, REQUEST, tx.tenant, one.name, for_update=True)
        if stored is None:
            raise NotFound(f"There is no request {one.name!r} any more.")
        there = kept.of_request(tx.connection, tx.tenant, stored.id)
        if there is not None and _same(tx, there.id, one):
            return
        request = decoded(Request, stored.spec, stored.ref)
        holding.book(tx, request, placing.wanted_of(request, one.visits), stored)


#: What stands in a result beside where a visit lies.
BESIDE = ("request", "service")
_STATE = text("UPDATE solve SET state = :state WHERE tenant_id = :tenant AND id = :id")


def _demand_wanted(tx: Tx, row: Any, by_itself: bool) -> None:
    """Stop where a solve publishes itself and somebody has cancelled it."""
    solve = {"tenant": tx.tenant, "id": row.id}
    if by_itself and tx.connection.execute(_CANCELLED, solve).scalar_one():
        raise Cancelled


def _shares(placed: Sequence[Placed], reading: Reading) -> Iterator[Sequence[Placed]]:
    """Cut requests into shares, each for a transaction, by their visits and by their locks."""
    some: list[Placed] = []
    locks = set[tuple[str, int]]()
    visits = 0
    for one in placed:
        more = reading.weeks(one) - locks
        if some and (visits + len(one.visits) > SHARE or len(locks) + len(more) > LOCKS):
            yield some
            some, visits, locks, more = [], 0, set(), more | reading.weeks(one)
        some.append(one)
        visits += len(one.visits)
        locks |= more
    if some:
        yield some


_CANCELLED = text("SELECT cancel FROM solve WHERE tenant_id = :tenant AND id = :id")
_DONE = text(
    "UPDATE solve SET state = :state, published = CAST(:published AS jsonb)"
    " WHERE tenant_id = :tenant AND id = :id"
)


def _lies(visit: Any | None, assignment: Assignment) -> bool:
    """Say whether a stored visit lies where an assignment has it, with the same resources."""
    return visit is not None and place(assignment) == place(
        replace(
            assignment,
            start=visit.span.lower,
            end=visit.span.upper,
            resources=tuple((role, tuple(names)) for role, names in visit.resources.items()),
            session=visit.session,
        )
    )


def _demand_time(tx: Tx, asked: Asked, booking: str, leaving: Sequence[Any]) -> None:
    """Refuse to move what starts too soon by now: a proposal may be published long after.

    What has to be placed anew needs no notice, as long as it has not begun.
    """
    anew = booking in asked.anew or any(str(v.uid) in asked.anew for v in leaving)
    start = min(visit.span.lower for visit in leaving)
    _demand_ahead(tx, f"Booking {booking}", start, 0 if anew else asked.notice_hours)


def _demand_ahead(tx: Tx, what: str, start: datetime, hours: int) -> None:
    if start <= tx.now + timedelta(hours=hours):
        raise WrongState(
            f"{what} starts at {start.isoformat()}; it is"
            f" {tx.now.isoformat(timespec='seconds')}, and {hours} hours of notice are needed."
        )


def _same(tx: Tx, booking: int, one: Placed) -> bool:
    """Say whether a booking lies where a solve has it: it was published before."""
    there = kept.visits(tx.connection, tx.tenant, [booking])[booking]
    return {v.span.lower for v in there if v.state == "booked"} == {a.start for a in one.visits}


def _booked_before(tx: Tx, chosen: Sequence[Unit]) -> list[str]:
    """Return the requests that lie where a solve has them: a publication was cut off after them."""
    new = {u.placed[0].name: u.placed[0] for u in chosen if len(u.placed) == 1}
    new = {name: one for name, one in new.items() if not one.before}
    starts: dict[str, set[datetime]] = {}
    for row in tx.connection.execute(_STARTS, {"tenant": tx.tenant, "refs": list(new)}):
        starts.setdefault(row.ref, set()).add(row.start)
    return [
        name
        for name, one in new.items()
        if name in starts and starts[name] == {a.start for a in one.visits}
    ]


_STARTS = text(
    "SELECT request.ref, lower(visit.span) AS start FROM request"
    " JOIN booking ON booking.tenant_id = request.tenant_id AND booking.request_id = request.id"
    " AND (booking.state = 'booked' OR booking.expires_at > now())"
    " JOIN visit ON visit.tenant_id = booking.tenant_id AND visit.booking_id = booking.id"
    " AND visit.state = 'booked' WHERE request.tenant_id = :tenant AND request.ref = ANY(:refs)"
)


def _alone(unit: Unit) -> bool:
    """Say whether a unit is a request that depends on nothing that moves."""
    return len(unit.placed) == 1 and not unit.placed[0].before


def placed_by(result: Mapping[str, Any]) -> list[Placed]:
    """Return what a solve places, by request, booking and group session."""
    after, before = _by_request(result["visits"]), _by_request(result["before"])
    return [
        Placed(name=key[0], visits=visits, before=before.get(key, ()), session=key[1])
        for key, visits in after.items()
    ]


def _by_request(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, bool], list[Assignment]]:
    """Return visits by the name of their request or booking; a session's place is neither's."""
    found: dict[tuple[str, bool], list[Assignment]] = {}
    for row in rows:
        session = row["request"] is None
        key = (row["visit"] if session else row["request"], session)
        found.setdefault(key, []).append(
            Assignment(
                visit=row["visit"],
                start=datetime.fromisoformat(row["start"]),
                end=datetime.fromisoformat(row["end"]),
                resources=tuple((role, tuple(names)) for role, names in row.get("resources", ())),
                session=row.get("session"),
            )
        )
    return found
