"""The world and the requests: created, read, changed, listed, imported and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, false
from sqlalchemy.exc import IntegrityError

from allocator.domain.calendar import Calendar
from allocator.domain.faults import Fault, FaultCode
from allocator.domain.request import Request, Session
from allocator.domain.resource import Location, Resource
from allocator.domain.service import Service
from allocator.frames.nested import Decoder, bad, encode
from api.auth.permissions import demand_location, may
from api.problems import (
    Duplicate,
    InUse,
    Invalid,
    NotFound,
    PreconditionRequired,
    Stale,
    WrongState,
)
from api.store import lanes, things
from api.store.ids import LONGEST_NAME, new_uid
from api.store.tables import CALENDAR, LOCATION, REQUEST, RESOURCE, SERVICE, SESSION
from api.store.world import changing, decoded, read_world
from api.usecases import expiry, needed
from api.usecases.rules import faults as told
from api.usecases.sense import look_at_people, look_at_requests, look_at_world
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of thing.

    Attributes
    ----------
    name, plural
        As paths and messages have it.
    table
        Where it is kept.
    cls
        What it is in the library, whose JSON is what clients send and get.
    action
        Family of actions that one needs.
    world
        Whether bookings are made of it.
    """

    name: str
    plural: str
    table: Table
    cls: type
    action: str = "catalogue"
    world: bool = True


KINDS = {
    kind.plural: kind
    for kind in (
        Kind(name="location", plural="locations", table=LOCATION, cls=Location),
        Kind(name="calendar", plural="calendars", table=CALENDAR, cls=Calendar),
        Kind(name="resource", plural="resources", table=RESOURCE, cls=Resource),
        Kind(name="service", plural="services", table=SERVICE, cls=Service),
        Kind(name="session", plural="sessions", table=SESSION, cls=Session),
        Kind(
            name="request",
            plural="requests",
            table=REQUEST,
            cls=Request,
            action="requests",
            world=False,
        ),
    )
}


def parse(
    kind: Kind, bodies: Sequence[Mapping[str, Any]], places: Sequence[str] | None = None
) -> list[Any]:
    """Return what was sent as the library has it; without an id it gets a new one.

    Parameters
    ----------
    places
        Where each stands, for faults.

    Raises
    ------
    Invalid
        With every fault of every body.
    """
    faults: list[Fault] = []
    found = []
    for number, body in enumerate(bodies):
        given = {"id": str(new_uid()), **body}
        path = f"{kind.plural}[{number}]" if len(bodies) > 1 else ""
        if places is not None:
            path = places[number]
        found.append(Decoder(faults).object(kind.cls, given, path))
        faults += lengths(kind, given, path)
    if faults or any(bad(thing) for thing in found):
        raise Invalid(faults[0].message, faults=told(faults))
    return found


def lengths(kind: Kind, given: Mapping[str, Any], path: str) -> list[Fault]:
    """Return the faults of names that are too long to be found by, or empty."""
    said = {name: given.get(name, "x") for name in ("id", "kind")}
    return [
        Fault(
            FaultCode.WRONG_NUMBER,
            kind.name,
            "",
            f"{name} has {len(text)} characters; 1 to {LONGEST_NAME} are possible.",
            f"{path}.{name}" if path else name,
        )
        for name, text in said.items()
        if isinstance(text, str) and not 1 <= len(text) <= LONGEST_NAME
    ]


def spec(thing: Any) -> dict[str, Any]:
    """Return what is kept of a thing: all but its name, which has a column of its own."""
    kept: dict[str, Any] = encode(thing)
    kept.pop("id")
    return kept


def _audited(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit log keeps of a specification: not what people are called."""
    return {key: value for key, value in spec.items() if key not in ("name", "label")}


def demand_nameless(resource: Resource, where: str = "name") -> None:
    """Refuse a name with a person's resource: people's names are kept with people alone."""
    if resource.name:
        said = (
            f"The resource {resource.id!r} is a person's; its name is kept with the person alone."
        )
        fault = {"code": "contradiction", "kind": "resource", "id": resource.id, "message": said}
        raise Invalid(said, faults=[{**fault, "where": where}])


def create(tx: Tx, kind: Kind, bodies: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Write new things, all or none."""
    tx.demand(f"{kind.action}.write")
    return write(tx, kind, parse(kind, bodies))


def write(tx: Tx, kind: Kind, made: Sequence[Any]) -> list[Any]:
    """Write new things that have been read, all or none."""
    if kind.world:
        changing(tx.connection, tx.tenant)
    _demand_there(tx, kind, *made)
    rows = [{"ref": thing.id, "spec": spec(thing), **columns(kind, thing)} for thing in made]
    names = [row["ref"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) < 1000 else []
    if twice or len(set(names)) < len(names):
        raise Duplicate(f"The {kind.name} {(twice or names)[0]!r} is sent more than once.")
    written = things.add(tx.connection, kind.table, tx.tenant, rows)
    if len(written) < len(rows):
        new = {row.ref for row in written}
        taken = next(row["ref"] for row in rows if row["ref"] not in new)
        raise Duplicate(f"There is a {kind.name} {taken!r} already.", id=taken)
    _look(tx, kind, made)
    made_of = [(row.uid, _audited(row.spec)) for row in written]
    tx.audit_all(f"{kind.name}.created", kind.name, made_of)
    return written


def read(tx: Tx, kind: Kind, name: str) -> Any:
    """Return a thing."""
    tx.demand(f"{kind.action}.read")
    return found(tx, kind, name)


def found(tx: Tx, kind: Kind, name: str, *, for_update: bool = False) -> Any:
    """Return a thing that is the asker's business; with ``for_update`` nobody else changes it."""
    row = things.find(tx.connection, kind.table, tx.tenant, name, for_update=for_update)
    if row is None or not _mine(tx, kind, row):
        raise NotFound(f"There is no {kind.name} {name!r}.")
    return row


def change(tx: Tx, kind: Kind, name: str, body: Mapping[str, Any], version: int | None) -> Any:
    """Put a new specification in the place of a thing's old one."""
    tx.demand(f"{kind.action}.write")
    if kind.world:
        changing(tx.connection, tx.tenant)
    row = _current(tx, kind, name, version)
    if kind.name == "request" and row.state == "withdrawn":
        raise WrongState(f"The request {row.ref!r} is withdrawn; ask anew.", state=row.state)
    if body.get("id", row.ref) != row.ref:
        raise Invalid(
            f"The {kind.name} {row.ref!r} cannot become {body['id']!r}: its id stays as it is."
        )
    (thing,) = parse(kind, [{**body, "id": row.ref}])
    _demand_there(tx, kind, thing, decoded(kind.cls, row.spec, row.ref))
    if kind.name == "resource" and row.person_id is not None:
        demand_nameless(thing)
    after = spec(thing)
    fewer = kind.name == "resource" and thing.lanes < row.spec.get("lanes", 1)
    if fewer and not narrow(tx, row, thing.lanes):
        raise InUse(
            f"More than {thing.lanes} of the {row.spec['lanes']} lanes of {row.ref} are taken at"
            " once; cancel or move some of it first."
        )
    if kind.name == "session":
        needed.demand_kept(tx, row, thing)
    changed = things.change(
        tx.connection, kind.table, tx.tenant, row.id, spec=after, **columns(kind, thing)
    )
    if kind.name == "resource" and row.person_id is not None:
        look_at_people(tx, [thing])
    else:
        _look(tx, kind, [thing])
    tx.audit(f"{kind.name}.changed", kind.name, row.uid, _audited(row.spec), _audited(after))
    return changed


def narrow(tx: Tx, row: Any, count: int) -> bool:
    """Bring what is claimed of a resource into fewer lanes; False where it needs more."""
    expiry.free(tx.connection, tx.tenant, tx.now, [row.id])
    world = read_world(tx.connection, tx.tenant)
    return lanes.narrow(
        tx.connection,
        tx.tenant,
        row.id,
        world.lanes_of(row.ref, count),
    )


def remove(tx: Tx, kind: Kind, name: str, version: int | None) -> None:
    """Delete a thing that nothing needs any more; a request that was booked is withdrawn."""
    tx.demand(f"{kind.action}.write")
    if kind.world:
        changing(tx.connection, tx.tenant)
    row = _current(tx, kind, name, version)
    _demand_there(tx, kind, decoded(kind.cls, row.spec, row.ref))
    needed.demand_unneeded(tx, kind.name, row)
    needed.leave(tx, kind.name, row.id)
    try:
        with tx.connection.begin_nested():
            things.remove(tx.connection, kind.table, tx.tenant, row.id)
    except IntegrityError as error:
        if kind.name == "request":
            return _withdraw(tx, row)
        raise InUse(
            f"Bookings that are over tell of the {kind.name} {row.ref!r}; it cannot be deleted."
        ) from error
    if kind.world:
        try:
            look_at_world(tx)
        except Invalid as problem:
            raise InUse(
                f"The {kind.name} {row.ref!r} is needed: {problem.detail}", **problem.more
            ) from problem
    tx.audit(f"{kind.name}.deleted", kind.name, row.uid, _audited(row.spec), None)


def _withdraw(tx: Tx, row: Any) -> None:
    """Keep a request of which bookings that are over tell, but place it no more."""
    set_request(tx.connection, tx.tenant, row.id, "withdrawn")
    tx.audit("request.withdrawn", "request", row.uid, {"state": row.state}, {"state": "withdrawn"})


def page(
    tx: Tx,
    kind: Kind,
    *,
    after: int,
    limit: int,
    filters: Mapping[str, str | None],
    people: bool = True,
) -> Sequence[Any]:
    """Return things, some at a time; ``people`` says whether resources that are people count."""
    tx.demand(f"{kind.action}.read")
    where = [
        kind.table.c[column] == value for column, value in filters.items() if value is not None
    ]
    if kind.name == "request" and tx.principal.own_only:
        mine = tx.principal.person
        where.append(false() if mine is None else kind.table.c.person_id == mine)
    if kind.name == "resource" and not (people and may(tx.principal, "people.read")):
        where.append(kind.table.c.person_id.is_(None))
    return things.page(tx.connection, kind.table, tx.tenant, after=after, limit=limit, where=where)


def _current(tx: Tx, kind: Kind, name: str, version: int | None) -> Any:
    """Return a thing that is to be changed; nobody else changes it until the end."""
    row = found(tx, kind, name, for_update=True)
    if version is None:
        raise PreconditionRequired(
            f"Send If-Match with the version of {kind.name} {name!r}; it is {row.version}."
        )
    if version != row.version:
        raise Stale(f"The {kind.name} {name!r} has version {row.version}; you name {version}.")
    return row


def _demand_there(tx: Tx, kind: Kind, *things: Any) -> None:
    """Leave what stands elsewhere to whoever works there; what stands nowhere is everybody's."""
    for thing in things:
        place = thing.id if kind.name == "location" else getattr(thing, "location", None)
        demand_location(tx.principal, place)


def _mine(tx: Tx, kind: Kind, row: Any) -> bool:
    """Say whether a thing is the asker's business; what a person is called is not everybody's."""
    who = tx.principal
    if kind.name == "request" and who.own_only:
        return row.person_id is not None and row.person_id == who.person
    if kind.name == "resource" and row.person_id is not None:
        return row.person_id == who.person or may(who, "people.read")
    return True


def columns(kind: Kind, thing: Any) -> dict[str, Any]:
    """Return what is kept in columns of their own, to be found by."""
    if kind.name == "resource":
        return {"kind": thing.kind, "location": thing.location}
    if kind.name == "request":
        return {"person_id": None}
    return {}


def _look(tx: Tx, kind: Kind, made: Sequence[Any]) -> None:
    """Refuse what makes no sense beside everything else."""
    if kind.name == "request":
        look_at_requests(tx, made)
    else:
        look_at_world(tx)


def set_request(connection: Connection, tenant: int, number: int, state: str) -> None:
    """Write the state of a request."""
    things.change(connection, REQUEST, tenant, number, state=state)
