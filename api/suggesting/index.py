"""The index of a tenant: what is taken, in memory, and in step with what is committed.

Whoever asks a question asks the database first what has changed since the last one: an answer is as
new as the moment at which it was asked for, in whatever process. What is wrong with it all the same
costs a refusal, never a double booking: whatever is booked goes through the constraint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from threading import Lock, RLock
from typing import Any
from uuid import UUID

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import PRIORITIES, Pin, Request
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, wall_to_instant, zone_of
from allocator.suggest import ExpectedLoad, Index
from api.problems import Invalid
from api.solving.anew import as_its_service, assignment
from api.store import changes, forecasts, people, taken
from api.store.changes import Looked, Seen
from api.store.database import Ask, Database, asking
from api.store.taken import Changed
from api.store.world import World, decoded
from api.suggesting.expected import Expected
from api.suggesting.visits import Visits
from api.suggesting.waiting import Waiting, attendees
from api.usecases.policy import policy, steering
from api.usecases.rules import faults as told
from api.usecases.tx import Tx
from api.usecases.weights import objective

#: Requests that wait, of which so many are known at most.
MOST = 2_000


class TenantIndex:
    """What is taken of a tenant's resources, for one version of its world.

    Parameters
    ----------
    world
        What the tenant's bookings are made of.
    people
        Those of whom the problem has a resource: rows as ``api.store.people`` has them.
    problem
        The same as the library has it, with the people who come, and group sessions where they
        are held, if they are.
    seen
        What was looked with before it was read.

    Attributes
    ----------
    world, seen
        As given; ``seen`` is of the last time.
    people, erased
        Numbers of the people whom it knows, by the names of their resources, and since when those
        are erased who are.
    held
        Where group sessions are held, by name.
    index
        Answers questions; whoever asks several that belong together holds ``turn``.
    steering, expected, forecast
        How people are steered to quiet hours, how busy hours are expected to be, and the same by
        the ticks of the horizon; or None.
    turn
        Held by whoever changes it.
    """

    def __init__(self, world: World, people: Iterable[Any], problem: Problem, seen: Seen) -> None:
        self.world = world
        self.people: dict[str, int] = {}
        self.erased: dict[str, datetime] = {}
        for row in people:
            self._meet(row)
        self.index = Index(problem)
        self.turn = RLock()
        self._following = Lock()
        self.steering = steering(world)
        self.expected: Expected | None = None
        self.forecast: ExpectedLoad | None = None
        self.seen = seen
        self._waiting = Waiting(self.index)
        self.held = {a.visit: a for a in problem.published}
        self._visits = Visits(self.index, world, self.held)
        self._until = _until(world, problem.horizon)
        self._whole = True

    def __len__(self) -> int:
        """Count the visits that it has."""
        return len(self._visits)

    @property
    def horizon(self) -> Horizon:
        """The days looked at: whole weeks, with the day before and the day after."""
        return self.index.problem.horizon

    @property
    def last(self) -> date:
        """The last local day in which places are suggested."""
        today = self.horizon.asked_at.astimezone(zone_of(self.world.zone)).date()
        return today + timedelta(days=policy(self.world).suggest_days - 1)

    @cached_property
    def end(self) -> datetime:
        """When that day is over."""
        return wall_to_instant(self.last + timedelta(days=1), 0, self.world.zone)

    @classmethod
    def read(cls, tx: Tx, odd: Collection[str] = ()) -> TenantIndex:
        """Read the index of a tenant as it is now.

        Parameters
        ----------
        odd
            People whose resources have to be there from the first: they have work of their own.

        Raises
        ------
        Invalid
            Where the world cannot be meant as it stands.
        """
        seen = changes.look(tx.connection)
        world = tx.worlds.glance(tx.connection, tx.tenant)
        horizon = _horizon(world, tx.now)
        rows = taken.within(tx.connection, tx.tenant, horizon.start, horizon.end)
        held = {a.visit: a for row in rows if (a := _session(row, world, horizon)) is not None}
        waits = taken.waiting(tx.connection, tx.tenant, MOST)
        names = _named(rows, world) | (attendees(waits) - world.resources.keys())
        strangers = _people(tx, names | set(odd))
        known = {**world.resources, **{row.ref: _resource(row) for row in strangers}}
        try:
            problem = Problem(
                horizon=horizon,
                locations=world.locations,
                travel=world.travel,
                calendars=tuple(world.calendars.values()),
                resources=tuple(known[name] for name in sorted(known)),
                services=tuple(world.services.values()),
                turnarounds=world.turnarounds,
                sessions=tuple(
                    replace(session, windows=()) if name in held else session
                    for name, session in world.sessions.items()
                ),
                published=tuple(held.values()),
                pins=tuple(Pin(visit=name) for name in held),
                levels=objective(world, PRIORITIES),
            )
        except InvalidProblem as error:
            raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
        found = cls(world, strangers, problem, seen)
        for row in rows:
            found._take(row)
        found._waiting.take(waits)
        found._expect(tx)
        return found

    def keep_up(
        self, database: Database, tenant: int, looked: Looked | None = None
    ) -> datetime | None:
        """Bring it into step without a transaction; return when it was.

        That is a trip where nothing has changed, and two where only what is booked has. None is
        where it takes more.

        Parameters
        ----------
        looked
            What has changed by now, where that was asked already.
        """
        looked = looked or self._look(database.ask, tenant)
        if looked.found.objects == ():
            return self._brought(looked, Changed(), None)
        with self._following:  # whoever waits here keeps no connection from whoever is ahead
            return self._followed(database.ask, tenant, looked, None)

    def follow(self, tx: Tx) -> bool:
        """Bring it into step with everything that is committed.

        Returns
        -------
        bool
            False where it has to be read anew: the world has changed, a day is over, the server
            has started anew, or too much has happened.
        """
        ask = asking(tx.connection)
        return self._followed(ask, tx.tenant, self._look(ask, tx.tenant), tx) is not None

    def _look(self, ask: Ask, tenant: int) -> Looked:
        seen = self.seen
        return Looked(seen, changes.since(ask, tenant, seen))

    def _followed(self, ask: Ask, tenant: int, looked: Looked, tx: Tx | None) -> datetime | None:
        """Take in what has changed; others are answered while the database is asked what it is.

        Parameters
        ----------
        tx
            A transaction in which more can be read, where there is one.
        """
        while True:
            if self.seen is not looked.seen:  # somebody else has brought it further
                looked = self._look(ask, tenant)
            objects, new = looked.found.objects, Changed()
            if objects is None:
                return None
            if objects:
                days = (self.horizon.start, self.horizon.end)
                new = taken.changed(ask, tenant, *days, objects)
            with self.turn:
                if not objects or self.seen is looked.seen:
                    return self._brought(looked, new, tx)

    def _brought(self, looked: Looked, new: Changed, tx: Tx | None) -> datetime | None:
        """Bring it into step with what was found; None where that takes more."""
        found = looked.found
        learns = found.learnt_at != (self.expected and self.expected.learnt_at)
        if found.world_version != self.world.version or (learns and tx is None):
            return None
        with self.turn:
            if not self._whole or found.asked_at >= self._until:
                return None
            if found.objects:
                if not self._take_in(found.objects, new):
                    return None
                self.seen = found.seen
            if learns and tx is not None:
                self._expect(tx)
            for uid in self._visits.over(found.asked_at):
                self._leave(uid)
            return found.asked_at

    def _take_in(self, objects: Sequence[UUID], new: Changed) -> bool:
        """Have visits and requests as they are by now; False where it has to be read anew."""
        sessions = any(self._visits.is_session(uid) for uid in objects)
        if sessions or any(row.booking is None for row in new.visits):
            return False
        self._whole = False
        if not self.know(new.people):
            return False
        for uid in objects:
            self._leave(uid)
        for row in new.visits:
            self._take(row)
        self._waiting.take(new.requests)
        self.erased |= {row.ref: row.erased_at for row in new.erased if row.ref in self.people}
        self._whole = True
        return True

    def _take(self, row: Any) -> None:
        """Take in a visit where it lies."""
        self._visits.take(row)

    def _leave(self, uid: UUID) -> None:
        """Take out a visit, or all visits of a booking."""
        self._visits.leave(uid)

    def _expect(self, tx: Tx) -> None:
        """Read how busy hours are expected to be."""
        self.expected = Expected.of(forecasts.read(tx.connection, tx.tenant))
        self.forecast = None if self.expected is None else self.expected.on(self.horizon)

    def know(self, rows: Iterable[Any]) -> bool:
        """Take in people by their resources; False where one has to be there from the first."""
        with self.turn:
            try:
                for row in rows:
                    if not self.index.has(row.ref):
                        self.index.know(_resource(row))
                    self._meet(row)
            except InvalidProblem:
                return False
            return True

    def _meet(self, row: Any) -> None:
        """Write down whose resource somebody's is."""
        self.people[row.ref] = row.person_id
        if row.erased_at is not None:
            self.erased[row.ref] = row.erased_at

    @contextmanager
    def anew(self, booking: UUID, request: Request, kept: Sequence[Assignment]) -> Iterator[None]:
        """Have a booking in the index as a request of which only some visits lie where they do.

        The others wait, and what they claim is free, until the end.

        Parameters
        ----------
        booking
            UUID of the booking.
        request, kept
            What is asked for, and where those of its visits lie that stay.

        Raises
        ------
        InvalidProblem, InvalidSchedule
            Where it cannot be meant as it stands.
        """
        with self.turn, self._visits.anew(booking, request, kept):
            yield


def _horizon(world: World, now: datetime) -> Horizon:
    """Return the days that are looked at: whole weeks, with the day before and the day after.

    As bookings are checked: work and visits of a week count whole, at either end.
    """
    today = now.astimezone(zone_of(world.zone)).date()
    back = today.weekday() + 1
    last = today + timedelta(days=policy(world).suggest_days - 1)
    return Horizon(
        first=today - timedelta(days=back),
        days=(last - today).days + back + 8 - last.weekday(),
        zone=world.zone,
        grain_minutes=world.grain_minutes,
        now=now,
    )


def _until(world: World, horizon: Horizon) -> datetime:
    """Return when an index is too old: a day is over, or a reserve is released."""
    now = horizon.asked_at
    today = now.astimezone(zone_of(world.zone)).date()
    released = [
        reserve.span.start - timedelta(hours=reserve.release_hours)
        for resource in world.resources.values()
        for reserve in resource.reserves
        if reserve.release_hours is not None
    ]
    midnight = wall_to_instant(today + timedelta(days=1), 0, world.zone)
    return min([midnight, *(at for at in released if at > now)])


def _session(row: Any, world: World, horizon: Horizon) -> Assignment | None:
    """Return where a group session is held; None for what is none, or cannot be said."""
    if (
        row.booking is not None
        or row.state != "booked"
        or row.session not in world.sessions
        or row.service != world.sessions[row.session].service
        or not as_its_service(row, world)
        or row.start < horizon.start
        or row.finish > horizon.end
    ):
        return None
    return replace(assignment(row, row.session), session=None)  # it joins none: it is one


def _named(rows: Sequence[Any], world: World) -> set[str]:
    """Return who comes to visits."""
    names = {name for row in rows for filled in row.resources.values() for name in filled}
    names |= {claim[0] for row in rows for claim in row.claims}
    return names - world.resources.keys()


def _people(tx: Tx, names: Collection[str]) -> Sequence[Any]:
    return people.resources(tx.connection, tx.tenant, sorted(names))


def _resource(row: Any) -> Resource:
    return decoded(Resource, row.spec, row.ref)
