"""Events: everything that changes, as ids alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from api.problems import Invalid
from api.store import events
from api.store.ids import as_uid
from api.usecases.things import KINDS
from api.usecases.tx import Tx

#: What comes to pass, by what it comes to pass with.
HAPPENS: dict[str, tuple[str, ...]] = {
    "booking": (
        "held",
        "pending_approval",
        "booked",
        "rejected",
        "cancelled",
        "expired",
        "moved",
        "reassigned",
        "extended",
        "reduced",
    ),
    "visit": ("checked_in", "fulfilled", "no_show"),
    **{kind.name: ("created", "changed", "deleted") for kind in KINDS.values()},
    "request": ("created", "changed", "deleted", "withdrawn"),
    "person": ("created", "changed", "erased"),
    "session": ("created", "changed", "deleted", "placed", "moved", "taken_back"),
    "waitlist": (
        *("joined", "offered", "declined", "lapsed"),
        *("booked", "expired", "withdrawn"),
    ),
    "solve": ("queued", "solved", "failed", "cancelled", "published"),
    "absence": ("marked", "taken_back"),
    "lane": ("added", "removed"),
    "tenant": ("changed", "imported"),
    "key": ("created", "revoked", "signed_in", "signed_out"),
    "membership": ("created", "removed"),
    "link": ("created", "revoked"),
    "webhook": ("created", "changed", "rotated", "deleted", "disabled", "replayed"),
}
#: Every type of event.
TYPES = tuple(f"{family}.{what}" for family, all in HAPPENS.items() for what in all)
#: Everything that may be asked for: a type, a family of types, or all.
ASKED = frozenset({"*", *TYPES, *(f"{family}.*" for family in HAPPENS)})


def demand_type(name: str) -> None:
    """Refuse to listen for what never comes to pass."""
    if name not in ASKED:
        family = re.split(r"\.", name)[0]
        known = [f"{family}.{what}" for what in HAPPENS.get(family, ())]
        known = known or [f"{family}.*" for family in HAPPENS]
        raise Invalid(f"There is no event {name!r}; there are: {', '.join(known)}.")


def page(tx: Tx, *, type: str | None, object: str | None, after: int, limit: int) -> Sequence[Any]:
    """Return events in order, from after a position on."""
    tx.demand("events.read")
    if type is not None:
        demand_type(type)
    uid = None if object is None else as_uid(object)
    if object is not None and uid is None:
        raise Invalid(f"The object {object!r} is not a UUID.")
    return events.page(tx.connection, tx.tenant, type=type, object=uid, after=after, limit=limit)


def last(tx: Tx) -> int:
    """Return the position of the latest event: whoever listens from there on hears what is new."""
    tx.demand("events.read")
    return events.last(tx.connection, tx.tenant)
