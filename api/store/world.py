"""The world of a tenant: its places, calendars, resources and services, as the library has them.

People's resources are not part of it: there are many, they come and go, and a booking needs a few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, TextClause, select, text

from allocator.domain.calendar import Block, Calendar, DailySpan, WeeklyRule
from allocator.domain.faults import Fault
from allocator.domain.request import Session
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.service import Selector, Service, Turnaround
from allocator.domain.time import Span
from allocator.frames.nested import Decoder
from api.store.database import fetched
from api.store.tables import CALENDAR, LOCATION, RESOURCE, SERVICE, SESSION, TENANT

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExtraLanes:
    """Lanes that a policy adds to a resource for a while."""

    start: datetime
    end: datetime
    lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a tenant's bookings are made of.

    Attributes
    ----------
    version
        Changes whenever anything in it does.
    zone, grain_minutes, policy
        The tenant's own settings; ``policy`` as it is stored.
    numbers
        Database numbers of the resources and sessions, by kind and name.
    extra_lanes
        Lanes that a policy adds to resources, by name.
    """

    version: int
    zone: str
    grain_minutes: int
    policy: Mapping[str, Any]
    locations: tuple[Location, ...]
    calendars: Mapping[str, Calendar]
    resources: Mapping[str, Resource]
    services: Mapping[str, Service]
    sessions: Mapping[str, Session]
    travel: tuple[Travel, ...]
    turnarounds: tuple[Turnaround, ...]
    numbers: Mapping[str, Mapping[str, int]]
    extra_lanes: Mapping[str, Sequence[ExtraLanes]]
    _support: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    def support(self, service: str) -> frozenset[str]:
        """Return resources without which a service makes no sense.

        Those are the ones that it names, and for each need as many as it asks for: all that there
        are where places have several zones, since the first of them says by which clock it starts.
        """
        known = self._support.get(service)
        if known is None:
            what = self.services[service]
            names = {name for name, _ in what.minutes_by_resource}
            for need in what.needs:
                pool: list[str] = []
                for selector in need.alternatives:
                    names |= selector.names
                    pool += [r.id for r in self.matching(selector) if r.lanes >= need.uses]
                names.update(pool if self._zones > 1 else pool[: need.quantity])
            known = self._support[service] = frozenset(names)
        return known

    @property
    def _zones(self) -> int:
        return len({self.zone, *(self.zone_of(location.id) for location in self.locations)})

    def matching(self, selector: Selector) -> Iterator[Resource]:
        """Yield the resources that meet what a selector says, on whatever day."""
        for resource in self.resources.values():
            if (
                (not selector.kind or resource.kind == selector.kind)
                and (selector.location is None or resource.location == selector.location)
                and (not selector.names or resource.id in selector.names)
                and selector.skills <= {skill.name for skill in resource.skills}
            ):
                yield resource

    def more_lanes(
        self, resource: str, start: datetime, end: datetime, *, throughout: bool = False
    ) -> int:
        """Return how many lanes are added to a resource somewhere in a span, or throughout."""
        return max(
            (
                extra.lanes
                for extra in self.extra_lanes.get(resource, ())
                if (
                    extra.start <= start and end <= extra.end
                    if throughout
                    else extra.start < end and start < extra.end
                )
            ),
            default=0,
        )

    def lanes_of(self, resource: str, own: int) -> Callable[[datetime, datetime], int]:
        """Return how many lanes a resource has throughout a span, beside so many of its own."""
        return lambda start, end: own + self.more_lanes(resource, start, end, throughout=True)

    def zone_of(self, location: str | None) -> str:
        """Return the zone of a location; the tenant's where it names none."""
        named = next((x.zone for x in self.locations if x.id == location), "")
        return named or self.zone


class Worlds:
    """The worlds last read, by tenant; each is read again once it has changed."""

    def __init__(self) -> None:
        self._known: dict[int, World] = {}
        self._lock = Lock()

    def get(self, connection: Connection, tenant: int) -> World:
        """Return a tenant's world as this transaction sees it.

        The world is held still until the transaction ends: whoever changes it waits.
        """
        return self._as_of(connection, tenant, _HELD)

    def glance(self, connection: Connection, tenant: int) -> World:
        """Return a tenant's world as it is now; it may change while the transaction runs."""
        return self._as_of(connection, tenant, _VERSION)

    def _as_of(self, connection: Connection, tenant: int, asked: TextClause) -> World:
        ((version, own),) = fetched(connection, asked, {"tenant": tenant})
        known = self._known.get(tenant)
        if known is None or known.version != version:
            known = read_world(connection, tenant)
            if own:  # may yet be rolled back, and the next change gets the same version
                return known
            with self._lock:
                self._known[tenant] = known
        return known


_HELD = text("SELECT world_version, own FROM held_world(:tenant)")
_MOVE = text("SELECT pg_advisory_xact_lock(1, CAST(:tenant AS integer))")
_VERSION = text(
    "SELECT world_version, xmin = CAST(pg_current_xact_id_if_assigned() AS xid) AS own"
    " FROM tenant WHERE id = :tenant"
)
_NEXT = text("UPDATE tenant SET world_version = world_version + 1 WHERE id = :tenant")


def pause(connection: Connection, tenant: int) -> None:
    """Wait for bookings under way, and let none begin until this transaction has ended."""
    connection.execute(_MOVE, {"tenant": tenant})


def changing(connection: Connection, tenant: int) -> None:
    """Do the same, and have the world be another."""
    pause(connection, tenant)
    connection.execute(_NEXT, {"tenant": tenant})


def decoded(cls: type[T], spec: Mapping[str, Any], ref: str) -> T:
    """Return what a specification says, as the library has it."""
    faults: list[Fault] = []
    found: T = Decoder(faults).object(cls, {**spec, "id": ref}, "")
    if faults:
        raise ValueError(f"{cls.__name__} {ref} in the database: {faults[0]}")
    return found


#: The calendar of what has none.
ALWAYS = Calendar(
    id="always",
    weekly=(
        WeeklyRule(
            weekdays=frozenset(range(7)), hours=DailySpan(start_minute=0, end_minute=24 * 60)
        ),
    ),
)


def absent(
    calendars: dict[str, Calendar], resources: dict[str, Resource], absences: Iterable[Any]
) -> None:
    """Give each resource that is absent for a while a calendar of its own, with that blocked."""
    for row in absences:
        resource = resources.get(row.ref)
        if resource is None or (resource.calendar and resource.calendar not in calendars):
            continue
        own = f"{row.ref} with absences"
        calendar = calendars[resource.calendar] if resource.calendar else ALWAYS
        block = Block(span=Span(start=row.start, end=row.finish), reason="absence")
        calendars[own] = replace(calendar, id=own, blocks=(*calendar.blocks, block))
        resources[row.ref] = replace(resource, calendar=own)


_ABSENT = text(
    "SELECT resource.ref, lower(span) AS start, upper(span) AS finish FROM absence"
    " JOIN resource ON resource.tenant_id = absence.tenant_id"
    " AND resource.id = absence.resource_id"
    " WHERE absence.tenant_id = :tenant AND upper(span) > now() ORDER BY absence.id"
)


def read_world(connection: Connection, tenant: int) -> World:
    """Read a tenant's world."""
    row = connection.execute(select(TENANT).where(TENANT.c.id == tenant)).one()
    faults: list[Fault] = []
    decoder = Decoder(faults)
    travel: Sequence[Travel] = decoder.value(
        tuple[Travel, ...], row.policy.get("travel", []), "travel"
    )
    turnarounds: Sequence[Turnaround] = decoder.value(
        tuple[Turnaround, ...], row.policy.get("turnarounds", []), "turnarounds"
    )

    def everything(table: Any, *where: Any) -> Iterable[Any]:
        columns = (table.c.id, table.c.ref, table.c.spec)
        asked = select(*columns).where(table.c.tenant_id == tenant, *where)
        return connection.execute(asked.order_by(table.c.ref)).all()

    resources = list(everything(RESOURCE, RESOURCE.c.person_id.is_(None)))
    sessions = list(everything(SESSION))
    extra: dict[str, list[ExtraLanes]] = {}
    for x in connection.execute(_EXTRA, {"tenant": tenant}):
        extra.setdefault(x.ref, []).append(ExtraLanes(x.start, x.finish, x.lanes))
    calendars = {x.ref: decoded(Calendar, x.spec, x.ref) for x in everything(CALENDAR)}
    known = {x.ref: decoded(Resource, x.spec, x.ref) for x in resources}
    absent(calendars, known, connection.execute(_ABSENT, {"tenant": tenant}))
    return World(
        version=row.world_version,
        zone=row.zone,
        grain_minutes=row.grain_minutes,
        policy=row.policy,
        locations=tuple(decoded(Location, x.spec, x.ref) for x in everything(LOCATION)),
        calendars=calendars,
        resources=known,
        services={x.ref: decoded(Service, x.spec, x.ref) for x in everything(SERVICE)},
        sessions={x.ref: decoded(Session, x.spec, x.ref) for x in sessions},
        travel=tuple(travel),
        turnarounds=tuple(turnarounds),
        numbers={
            "resource": {x.ref: x.id for x in resources},
            "session": {x.ref: x.id for x in sessions},
        },
        extra_lanes=extra,
    )


_EXTRA = text(
    "SELECT resource.ref, lower(span) AS start, upper(span) AS finish, lanes"
    " FROM extra_lane JOIN resource ON resource.tenant_id = extra_lane.tenant_id"
    " AND resource.id = extra_lane.resource_id WHERE extra_lane.tenant_id = :tenant"
    " AND upper(span) > now()"
)
