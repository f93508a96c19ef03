"""Webhooks: whom the service tells of what, and what became of it; signatures checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.told_once import ToldOnce
from allocator.frames.nested import encode

#: How a secret begins.
_PREFIX = "whsec_"
#: Seconds by which a message may be old, or its sender's clock ahead.
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Whom to tell of what.

    Attributes
    ----------
    id
        Its UUID.
    types
        What it hears: types of events, families such as ``"booking.*"``, or ``"*"``.
    old_secret_until
        Until when the secret before a rotation signs as well; None where it does not.
    version
        What a change has to name.
    """

    id: str
    url: str
    types: tuple[str, ...]
    enabled: bool
    disabled_at: datetime | None
    old_secret_until: datetime | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event for a webhook, and what became of it.

    Attributes
    ----------
    event, type, object
        The event's UUID, its type, and the UUID of what changed.
    state
        ``"waiting"``, ``"delivered"`` or ``"given_up"``.
    attempts, next_at
        How often it was sent, and when it is sent again.
    status, error
        What was answered last, and what went wrong.
    """

    event: str
    type: str
    object: str
    state: str
    attempts: int
    next_at: datetime | None
    status: int | None
    error: str | None
    ended_at: datetime | None


class Webhooks:
    """All webhooks: ``client.webhooks``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, url: str, types: Sequence[str] = ("*",)) -> ToldOnce[Webhook]:
        """Make a webhook; its secret is told this once.

        Parameters
        ----------
        url
            Where to send; a public address, by https or http.
        types
            Types of events, families such as ``"booking.*"``, or ``"*"``.
        """
        body = {"url": url, "types": list(types)}
        return _told(self._sender.send("POST", "/v1/webhooks", body))

    def read(self, name: str) -> Webhook:
        """Return a webhook, without its secret."""
        return read(Webhook, self._sender.send("GET", named("webhooks", name)))

    def list(self) -> Iterator[Webhook]:
        """Yield webhooks, page by page."""
        for document in self._sender.pages("/v1/webhooks"):
            yield read(Webhook, document)

    def change(
        self, name: str, *, url: str, types: Sequence[str], version: int, enabled: bool = True
    ) -> Webhook:
        """Write where a webhook leads and what it hears; switch it off, or on again."""
        body = {"url": url, "types": list(types), "enabled": enabled}
        return read(
            Webhook, self._sender.send("PUT", named("webhooks", name), body, version=version)
        )

    def rotate(self, name: str, grace_hours: int = 24) -> ToldOnce[Webhook]:
        """Give a webhook a new secret, which is told this once.

        Parameters
        ----------
        name
            Its id.
        grace_hours
            How long the old secret signs beside the new one; 0 ends it at once.
        """
        body = {"grace_hours": grace_hours}
        return _told(self._sender.send("POST", named("webhooks", name, "rotate"), body))

    def delete(self, name: str) -> None:
        """Delete a webhook, with all that waits for it."""
        self._sender.delete(named("webhooks", name))

    def replay(self, name: str, *, event: str | None = None, since: datetime | None = None) -> int:
        """Send again what a webhook hears, from an event or an instant on; return how many.

        Parameters
        ----------
        name
            Its id.
        event, since
            UUID of the first event, or an instant: one of the two.
        """
        body = {"event": event, "since": None if since is None else encode(since)}
        found: int = self._sender.send("POST", named("webhooks", name, "replay"), body)[
            "deliveries"
        ]
        return found

    def deliveries(self, name: str, *, state: str | None = None) -> Iterator[Delivery]:
        """Yield what was sent to a webhook, or is to be, page by page."""
        for document in self._sender.pages(named("webhooks", name, "deliveries"), state=state):
            yield read(Delivery, document)


def is_genuine(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> bool:
    """Say whether a message that a webhook received is the service's, and new.

    Parameters
    ----------
    secret
        What was told when the webhook was made, or its secret was rotated.
    headers
        Of the request, with names in any case.
    body
        As it came, byte by byte.
    now
        Seconds since 1970; the clock's where None.
    """
    known = {name.lower(): value for name, value in headers.items()}
    name, sent = known.get("webhook-id", ""), known.get("webhook-timestamp", "")
    if not (sent.isascii() and sent.isdigit()):
        return False
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.new(key, f"{name}.{sent}.".encode() + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(digest)
    told = known.get("webhook-signature", "").split()
    genuine = any(hmac.compare_digest(wanted, one.encode()) for one in told)
    return genuine and abs((time.time() if now is None else now) - int(sent)) < TOLERANCE_SECONDS


def _told(document: Mapping[str, object]) -> ToldOnce[Webhook]:
    return ToldOnce(thing=read(Webhook, document), secret=str(document["secret"]))
