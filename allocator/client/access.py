"""Who may come in: keys, memberships and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.told_once import ToldOnce
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a program comes in with, without its secret.

    Attributes
    ----------
    role, scopes, locations
        What it may do, and where; docs/access.md has all of them.
    publishable
        Whether it may stand in a page that everybody can read.
    """

    id: str
    name: str
    role: str
    scopes: tuple[str, ...]
    locations: tuple[str, ...]
    publishable: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What somebody who signs in elsewhere is to the tenant."""

    id: str
    issuer: str
    subject: str
    role: str
    locations: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an e-mail opens a booking with, for one purpose, without its secret.

    Attributes
    ----------
    purpose
        ``"view"``, ``"confirm"``, ``"cancel"`` or ``"reschedule"``.
    """

    id: str
    purpose: str
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime


class Keys:
    """All keys: ``client.keys``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        name: str,
        role: str,
        *,
        scopes: Sequence[str] = ("*",),
        locations: Sequence[str] = (),
        person: str | None = None,
        publishable: bool = False,
        expires_at: datetime | None = None,
    ) -> ToldOnce[Key]:
        """Make a key; its secret is told this once.

        Parameters
        ----------
        name
            What it is for.
        role
            ``"client"``, ``"scheduler"``, ``"reviewer"``, ``"administrator"`` or ``"auditor"``.
        scopes, locations
            What confines it further: actions, families of them or ``"*"``, and where it works.
        person
            Whose key it is, for a client's own.
        publishable, expires_at
            Whether it may stand in a public page, and when it ends.
        """
        body = {
            "name": name,
            "role": role,
            "scopes": list(scopes),
            "locations": list(locations),
            "person": person,
            "publishable": publishable,
            "expires_at": None if expires_at is None else encode(expires_at),
        }
        found = self._sender.send("POST", "/v1/keys", body)
        return ToldOnce(thing=read(Key, found), secret=found["key"])

    def list(self) -> Iterator[Key]:
        """Yield keys, page by page."""
        for document in self._sender.pages("/v1/keys"):
            yield read(Key, document)

    def revoke(self, name: str) -> Key:
        """Make a key worthless from now on."""
        return read(Key, self._sender.send("DELETE", named("keys", name)))


class Memberships:
    """All memberships: ``client.memberships``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        issuer: str,
        subject: str,
        role: str,
        *,
        locations: Sequence[str] = (),
        person: str | None = None,
    ) -> Membership:
        """Say what somebody who signs in elsewhere is to the tenant."""
        body = {
            "issuer": issuer,
            "subject": subject,
            "role": role,
            "locations": list(locations),
            "person": person,
        }
        return read(Membership, self._sender.send("POST", "/v1/memberships", body))

    def list(self) -> Iterator[Membership]:
        """Yield memberships, page by page."""
        for document in self._sender.pages("/v1/memberships"):
            yield read(Membership, document)

    def remove(self, name: str) -> None:
        """End a membership."""
        self._sender.delete(named("memberships", name))


class Links:
    """Links to bookings, for e-mails: ``client.links``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, booking: str, purpose: str, expires_at: datetime) -> ToldOnce[Link]:
        """Make a link for one booking and one purpose; its secret is told this once."""
        body = {"purpose": purpose, "expires_at": encode(expires_at)}
        found = self._sender.send("POST", named("bookings", booking, "links"), body)
        return ToldOnce(thing=read(Link, found), secret=found["token"])

    def list(self, booking: str) -> Iterator[Link]:
        """Yield the links to a booking."""
        for document in self._sender.pages(named("bookings", booking, "links")):
            yield read(Link, document)

    def revoke(self, booking: str, link: str) -> None:
        """Make a link worthless from now on."""
        self._sender.delete(named("bookings", booking, "links", link))
