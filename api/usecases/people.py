"""People: who comes to visits. Their names and how to reach them are kept here alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, text

from api.problems import Duplicate, NotFound, PreconditionRequired, Stale, WrongState
from api.store import things
from api.store.ids import new_uid
from api.store.tables import PERSON, RESOURCE
from api.store.world import pause
from api.usecases import waitlist
from api.usecases.sense import look_at_people
from api.usecases.things import KINDS, demand_nameless, parse, spec
from api.usecases.tx import Tx

ERASED = "erased"


def create(
    tx: Tx,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    ref: str | None,
    resource: Mapping[str, Any],
) -> Any:
    """Write somebody, and the resource whose time their visits take."""
    tx.demand("people.write")
    uid = new_uid()
    ref = ref or str(uid)
    body = {"kind": "patient", **resource, "id": ref}
    (made,) = parse(KINDS["resources"], [body])
    demand_nameless(made)
    look_at_people(tx, [made])
    written = things.add(
        tx.connection,
        PERSON,
        tx.tenant,
        [{"uid": uid, "ref": ref, "name": name, "email": email, "phone": phone}],
    )
    if not written:
        raise Duplicate(f"There is a person {ref!r} already.", id=ref)
    (person,) = written
    row = {
        "ref": ref,
        "kind": made.kind,
        "location": made.location,
        "spec": spec(made),
        "person_id": person.id,
    }
    if not things.add(tx.connection, RESOURCE, tx.tenant, [row]):
        raise Duplicate(f"There is a resource {ref!r} already.", id=ref)
    tx.audit("person.created", "person", uid, None, {"kind": made.kind})
    return person


def read(tx: Tx, name: str) -> Any:
    """Return somebody; everybody may read themselves."""
    row = things.find(tx.connection, PERSON, tx.tenant, name)
    if row is not None and row.id == tx.principal.person:
        return row
    tx.demand("people.read")
    if row is None:
        raise NotFound(f"There is no person {name!r}.")
    return row


def page(
    tx: Tx,
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    after: int,
    limit: int,
) -> Sequence[Any]:
    """Return people, some at a time: by a part of their name, their e-mail address or telephone.

    Upper and lower case are the same.
    """
    tx.demand("people.read")
    where = [] if name is None else [PERSON.c.name.icontains(name, autoescape=True)]
    if email is not None:
        where.append(func.lower(PERSON.c.email) == email.lower())
    if phone is not None:
        where.append(PERSON.c.phone == phone)
    return things.page(tx.connection, PERSON, tx.tenant, after=after, limit=limit, where=where)


def export(tx: Tx, *, after: int, limit: int) -> Sequence[Any]:
    """Return people with how they take part, some at a time; those who were erased are left out."""
    tx.demand("people.read")
    return tx.connection.execute(
        _EXPORT, {"tenant": tx.tenant, "after": after, "limit": limit}
    ).all()


_EXPORT = text(
    "SELECT person.id, person.ref, person.name, email, phone, spec FROM person"
    " JOIN resource ON resource.tenant_id = person.tenant_id AND person_id = person.id"
    " WHERE person.tenant_id = :tenant AND person.id > :after AND erased_at IS NULL"
    " ORDER BY person.id LIMIT :limit"
)


def change(
    tx: Tx, name: str, version: int | None, *, full_name: str, email: str | None, phone: str | None
) -> Any:
    """Write what is known of somebody."""
    tx.demand("people.write")
    row = things.find(tx.connection, PERSON, tx.tenant, name, for_update=True)
    if row is None:
        raise NotFound(f"There is no person {name!r}.")
    if row.erased_at is not None:
        raise WrongState(f"The person {name!r} was erased at {row.erased_at.isoformat()}.")
    if version is None:
        raise PreconditionRequired(f"Send If-Match with the version; it is {row.version}.")
    if version != row.version:
        raise Stale(f"The person {name!r} has version {row.version}; you name {version}.")
    changed = things.change(
        tx.connection, PERSON, tx.tenant, row.id, name=full_name, email=email, phone=phone
    )
    fields = [f for f in ("name", "email", "phone") if getattr(row, f) != getattr(changed, f)]
    before = {"version": row.version}
    after = {"version": changed.version, "changed": fields}
    tx.audit("person.changed", "person", row.uid, before, after)
    return changed


def erase(tx: Tx, name: str) -> None:
    """Blank everything that tells who somebody is; their bookings and the audit log stay.

    What they still ask for is withdrawn, and nothing new is booked for them. Whoever came in as
    that person comes in no more: keys, memberships and links end.
    """
    tx.demand("people.erase")
    pause(tx.connection, tx.tenant)  # whoever is booking for them has read that they are there
    row = things.find(tx.connection, PERSON, tx.tenant, name, for_update=True)
    if row is None:
        raise NotFound(f"There is no person {name!r}.")
    things.change(
        tx.connection,
        PERSON,
        tx.tenant,
        row.id,
        name=ERASED,
        email=None,
        phone=None,
        erased_at=text("coalesce(erased_at, now())"),
    )
    waitlist.leave(tx, row.id)
    asked = tx.connection.execute(_WITHDRAW, {"tenant": tx.tenant, "person": row.id}).scalars()
    tx.audit_all("request.withdrawn", "request", [(uid, {"state": "withdrawn"}) for uid in asked])
    for statement in _BLANK:
        tx.connection.execute(statement, {"tenant": tx.tenant, "person": row.id})
    erased = {"erased": row.erased_at is not None}
    tx.audit("person.erased", "person", row.uid, erased, {"erased": True})


_WITHDRAW = text(
    "UPDATE request SET state = 'withdrawn', version = version + 1, changed_at = now()"
    " WHERE tenant_id = :tenant AND person_id = :person AND state = 'requested' RETURNING uid"
)
_THEIRS = " UNION ALL ".join(
    f"SELECT CAST(uid AS text) FROM {table} WHERE tenant_id = :tenant AND {column} = :person"
    for table, column in (
        ("person", "id"),
        ("request", "person_id"),
        ("booking", "person_id"),
        ("membership", "person_id"),
    )
)
_OF_PERSON = "SELECT id FROM {table} WHERE tenant_id = :tenant AND person_id = :person"
#: What may tell of somebody outside the table of people: answers that are kept to be given again,
#: labels and reasons that were typed, names of keys, subjects of tokens.
_BLANK = tuple(
    text(f"{statement} WHERE tenant_id = :tenant AND {which}")
    for statement, which in (
        (
            "DELETE FROM idempotency",
            f"(answer ->> 'id' IN ({_THEIRS}) OR answer ->> 'uid' IN ({_THEIRS})"
            f" OR jsonb_path_query_array(answer, '$.items[*].uid') ?| ARRAY({_THEIRS})"
            " OR jsonb_typeof(answer) = 'string')",  # sealed: whom it names is not to be seen
        ),
        ("UPDATE resource SET spec = spec - 'name'", "person_id = :person"),
        ("UPDATE request SET spec = spec - 'label'", "person_id = :person"),
        ("UPDATE booking SET spec = spec - 'label', reason = NULL", "person_id = :person"),
        ("DELETE FROM web_session", f"api_key_id IN ({_OF_PERSON.format(table='api_key')})"),
        (
            f"UPDATE api_key SET name = '{ERASED}', revoked_at = coalesce(revoked_at, now())",
            "person_id = :person",
        ),
        ("DELETE FROM membership", "person_id = :person"),
        (
            "UPDATE link SET revoked_at = coalesce(revoked_at, now())",
            f"booking_id IN ({_OF_PERSON.format(table='booking')})",
        ),
    )
)
