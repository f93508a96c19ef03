"""Tickets: what the token of a suggestion stands for. They hold ids, instants, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allocator.domain.steering import Saving
from api.problems import Invalid
from api.sealing import Seal
from api.signing import sealed, unsealed
from api.usecases.placing import WantedVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A place that was suggested.

    Attributes
    ----------
    until
        When it was suggested too long ago.
    service, session, attendees
        What for: a single visit.
    place
        Or the group session that gets its place there.
    request
        Or a request that is kept.
    booking
        Or the booking that moves there, or gets these visits beside those that it has.
    urgent
        Whether a reviewer has to look at it.
    visits
        Where visits are to lie.
    sessions
        Where group sessions are to be held that have no place yet.
    saving, currency
        What was offered for it, and in which currency where it is an amount.
    """

    until: datetime
    service: str | None = None
    session: str | None = None
    attendees: tuple[str, ...] = ()
    place: str | None = None
    request: str | None = None
    booking: str | None = None
    urgent: bool = False
    visits: tuple[WantedVisit, ...] = ()
    sessions: tuple[WantedVisit, ...] = ()
    saving: Saving | None = None
    currency: str = ""

    def token(self, secret: bytes) -> str:
        """Return the token that stands for it."""
        what = {
            "s": self.service,
            "g": self.session,
            "a": list(self.attendees),
            "l": self.place,
            "r": self.request,
            "b": self.booking,
            "p": self.urgent,
            "h": [_written(place) for place in self.sessions],
            "o": None if self.saving is None else _saved(self.saving, self.currency),
        }
        document = {
            "u": int(self.until.timestamp()),
            "v": [_written(visit) for visit in self.visits],
            **{key: value for key, value in what.items() if value},
        }
        return sealed(secret, document)


def opened(known: Sequence[bytes], token: str) -> Ticket:
    """Return what a token stands for, be it too old.

    Parameters
    ----------
    known
        The secrets of the tenant, by any of which it may be signed.

    Raises
    ------
    Invalid
        Where the tenant has never given it out.
    """
    found = unsealed(known, token)
    if found is None:
        raise Invalid("The token is none that was given out here.")
    offered = found.get("o") or {}
    return Ticket(
        until=_instant(found["u"]),
        service=found.get("s"),
        session=found.get("g"),
        attendees=tuple(found.get("a", ())),
        place=found.get("l"),
        request=found.get("r"),
        booking=found.get("b"),
        urgent=found.get("p", False),
        visits=tuple(_read(visit) for visit in found["v"]),
        sessions=tuple(_read(place) for place in found.get("h", ())),
        saving=Saving(below=offered["below"], percent=offered["percent"], cents=offered["cents"])
        if offered
        else None,
        currency=offered.get("currency", ""),
    )


def secrets(seal: Seal, tenant: int) -> list[bytes]:
    """Return the secrets of a tenant's tokens, the first of which signs; they are kept nowhere."""
    return seal.derived(f"suggestions of tenant {tenant}")


def _saved(saving: Saving, currency: str) -> dict[str, Any]:
    return {
        "below": saving.below,
        "percent": saving.percent,
        "cents": saving.cents,
        "currency": currency,
    }


def _written(visit: WantedVisit) -> list[Any]:
    resources = {role: list(names) for role, names in visit.resources.items()}
    start = int(visit.start.timestamp())
    attending = None if visit.attending is None else sorted(visit.attending)
    return [visit.occurrence, visit.step, start, resources, visit.session, attending]


def _read(given: list[Any]) -> WantedVisit:
    occurrence, step, start, resources, session, attending = given
    named: Mapping[str, tuple[str, ...]] = {r: tuple(n) for r, n in resources.items()}
    return WantedVisit(
        occurrence=occurrence,
        step=step,
        start=_instant(start),
        resources=named,
        session=session,
        attending=None if attending is None else frozenset(attending),
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
