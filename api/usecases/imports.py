"""Many things at once, all or none, with every fault told where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from allocator.domain.request import Request
from api.problems import (
    Duplicate,
    Invalid,
    NotFound,
    Problem,
    RuleBroken,
    Taken,
    TooLarge,
    WrongState,
)
from api.store import things as store
from api.store.ids import new_uid
from api.store.tables import PERSON, RESOURCE
from api.store.world import decoded
from api.usecases import holding, sense, things
from api.usecases.placing import WantedVisit
from api.usecases.things import KINDS, Kind, spec
from api.usecases.tx import Tx

#: Something with where it stands.
Placed = tuple[str, Any]


def bring_in(kind: Kind, tx: Tx, rows: Sequence[Placed]) -> int:
    """Write things of a kind; return how many."""
    tx.demand(f"{kind.action}.write")
    places = _places(kind.name, [(place, thing.id) for place, thing in rows])
    _demand_new(tx, kind.table, kind.name, places)
    with _told_where(kind, places):
        things.write(tx, kind, [thing for _, thing in rows])
    return len(rows)


def bring_in_people(tx: Tx, rows: Sequence[Placed]) -> int:
    """Write people, each with the resource whose time their visits take; return how many."""
    tx.demand("people.write")
    people = []
    for place, person in rows:
        uid = new_uid()
        people.append((place, uid, person["id"] or str(uid), person))
    places = _places("person", [(place, ref) for place, _, ref, _ in people])
    _demand_new(tx, PERSON, "person", places)
    _demand_new(tx, RESOURCE, "resource", places)
    bodies = [{"kind": "patient", **p["resource"], "id": ref} for _, _, ref, p in people]
    made = things.parse(KINDS["resources"], bodies, [place for place, _, _, _ in people])
    for resource, (place, _, _, _) in zip(made, people, strict=True):
        things.demand_nameless(resource, place)
    with _told_where(KINDS["resources"], places):
        sense.look_at_people(tx, made)
    written = store.add(
        tx.connection,
        PERSON,
        tx.tenant,
        [
            {"uid": uid, "ref": ref, **{name: p[name] for name in ("name", "email", "phone")}}
            for _, uid, ref, p in people
        ],
    )
    numbers = {row.ref: row.id for row in written}
    resources = [
        {
            "ref": resource.id,
            "kind": resource.kind,
            "location": resource.location,
            "spec": spec(resource),
            "person_id": numbers.get(resource.id),
        }
        for resource in made
    ]
    if len(written) < len(people) or len(
        store.add(tx.connection, RESOURCE, tx.tenant, resources)
    ) < len(people):
        raise Duplicate("Somebody else wrote a person or resource of the same name just now.")
    kinds = {resource.id: {"kind": resource.kind} for resource in made}
    tx.audit_all("person.created", "person", [(row.uid, kinds[row.ref]) for row in written])
    return len(people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A booking that is brought in.

    Attributes
    ----------
    request
        Name of a request that is kept, or None.
    service, session, attendees
        What a single visit is for, where there is none.
    """

    request: str | None
    service: str
    session: str | None
    attendees: tuple[str, ...]
    visits: tuple[WantedVisit, ...]


#: Bookings that are brought in at once: each is looked at as carefully as any other.
MOST_BOOKINGS = 1000


def bring_in_bookings(tx: Tx, rows: Sequence[Placed]) -> int:
    """Book what has been agreed upon elsewhere, all or nothing; return how many.

    Raises
    ------
    TooLarge
    Invalid, NotFound, WrongState, Taken, RuleBroken
        As the first that cannot be booked, with all others as faults.
    """
    tx.demand("bookings.import")
    if len(rows) > MOST_BOOKINGS:
        raise TooLarge(f"At most {MOST_BOOKINGS} bookings are taken at once; {len(rows)} came.")
    found: list[tuple[str, Problem]] = []
    for place, brought in rows:
        step = tx.connection.begin_nested()
        try:
            _book(tx, brought)
        except (Invalid, NotFound, WrongState, Taken, RuleBroken) as problem:
            step.rollback()
            found.append((place, problem))
        else:
            step.commit()
    if found:
        place, first = found[0]
        faults = [
            _fault(problem.type.replace("-", "_"), "booking", "", problem.detail, place)
            for place, problem in found
        ]
        raise type(first)(f"{place}: {first.detail}", faults=faults) from first
    return len(rows)


def _book(tx: Tx, brought: Brought) -> None:
    if brought.request is None and not brought.service and brought.session is None:
        raise Invalid("It names no request, service or group session.")
    stored, request = None, holding.simple(brought.service, brought.attendees, brought.session)
    if brought.request is not None:
        stored = things.found(tx, KINDS["requests"], brought.request, for_update=True)
        request = decoded(Request, stored.spec, stored.ref)
    holding.bring_in(tx, request, brought.visits, stored)


def _places(name: str, rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return where each name stands; refuse names that stand twice."""
    places: dict[str, str] = {}
    faults = []
    for place, ref in rows:
        if ref in places:
            said = f"The {name} {ref!r} stands in {places[ref]} already."
            faults.append(_fault("duplicate", name, ref, said, place))
        places.setdefault(ref, place)
    if faults:
        raise Duplicate(faults[0]["message"], faults=faults)
    return places


def _demand_new(tx: Tx, table: Any, name: str, places: Mapping[str, str]) -> None:
    """Refuse names that are taken, each with where it stands."""
    names = bindparam("names", list(places), type_=ARRAY(Text))
    taken = tx.connection.execute(
        select(table.c.ref)
        .where(table.c.tenant_id == tx.tenant, table.c.ref == any_(names))
        .order_by(table.c.id)
    ).scalars()
    faults = [
        _fault("duplicate", name, ref, f"There is a {name} {ref!r} already.", places[ref])
        for ref in taken
    ]
    if faults:
        raise Duplicate(faults[0]["message"], faults=faults)


def _fault(code: str, kind: str, id: str, message: str, where: str) -> dict[str, str]:
    return {"code": code, "kind": kind, "id": id, "message": message, "where": where}


@contextmanager
def _told_where(kind: Kind, places: Mapping[str, str]) -> Iterator[None]:
    """Tell each fault with where it stands in what was sent."""
    try:
        yield
    except Invalid as problem:
        faults = [_placed(fault, kind, places) for fault in problem.more.get("faults", [])]
        raise Invalid(problem.detail, faults=faults) from problem


def _placed(fault: Mapping[str, Any], kind: Kind, places: Mapping[str, str]) -> dict[str, Any]:
    where = places.get(fault["id"], "") if fault["kind"] == kind.name else ""
    return {**fault, "where": where or fault["where"]}
