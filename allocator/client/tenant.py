"""The tenant, lanes that it adds, and its audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.things import decoded
from allocator.domain.steering import SteeringPolicy
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A clinic, or a chain of them.

    Attributes
    ----------
    zone, grain_minutes
        Its time zone, and the minutes on which visits start.
    policy
        ``terms`` (docs/access.md), ``travel`` and ``turnarounds``.
    version
        What a change has to name.
    """

    id: str
    name: str
    zone: str
    grain_minutes: int
    policy: Mapping[str, Any]
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraLane:
    """A lane more for a resource, for a while: overbooking on purpose, with its reason."""

    id: str
    start: datetime
    end: datetime
    lanes: int
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """Who changed what, and when.

    Attributes
    ----------
    actor
        ``key:``, ``user:``, ``link:`` or ``solve:`` with an id, or ``service``.
    action, kind, object
        What was done, to what, and its UUID.
    before, after
        How it stood, without personal data.
    """

    at: datetime
    actor: str
    action: str
    kind: str
    object: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Tenants:
    """The tenant that the key belongs to: ``client.tenant``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def read(self) -> Tenant:
        """Return it."""
        return read(Tenant, self._sender.send("GET", "/v1/tenant"))

    def change(self, *, name: str, policy: Mapping[str, Any], version: int) -> Tenant:
        """Write its name and policy.

        Raises
        ------
        Stale
            Where somebody was faster.
        """
        body = {"name": name, "policy": dict(policy)}
        return read(Tenant, self._sender.send("PUT", "/v1/tenant", body, version=version))

    def read_steering(self) -> SteeringPolicy:
        """Return when hours count as quiet or busy, and what is offered for quiet ones."""
        return decoded(SteeringPolicy, self._sender.send("GET", "/v1/tenant/off-peak"))

    def steer(self, version: int, **changes: Any) -> SteeringPolicy:
        """Change parts of that; what is not named stays as it is.

        Parameters
        ----------
        version
            Of the tenant.
        **changes
            Fields of ``SteeringPolicy``.
        """
        sent = {
            name: encode(tuple(value) if isinstance(value, list) else value)
            for name, value in changes.items()
        }
        found = self._sender.send("PATCH", "/v1/tenant/off-peak", sent, version=version)
        return decoded(SteeringPolicy, found)


class Lanes:
    """Lanes that were added to resources: ``client.lanes``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def add(
        self, resource: str, start: datetime, end: datetime, *, reason: str, lanes: int = 1
    ) -> ExtraLane:
        """Overbook a resource on purpose, for a while."""
        body = {"start": encode(start), "end": encode(end), "lanes": lanes, "reason": reason}
        path = named("resources", resource, "extra-lanes")
        return read(ExtraLane, self._sender.send("POST", path, body))

    def list(self, resource: str) -> Iterator[ExtraLane]:
        """Yield the lanes that were added to a resource."""
        for document in self._sender.pages(named("resources", resource, "extra-lanes")):
            yield read(ExtraLane, document)

    def remove(self, resource: str, lane: str) -> None:
        """Take lanes back; refused while what is booked needs them."""
        self._sender.delete(named("resources", resource, "extra-lanes", lane))


class Audit:
    """The audit log: ``client.audit``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self, *, object: str | None = None, action: str | None = None) -> Iterator[AuditLine]:
        """Yield its lines, page by page, in order.

        Parameters
        ----------
        object
            UUID of what changed.
        action
            Such as ``"booking.cancelled"``.
        """
        for document in self._sender.pages("/v1/audit", object=object, action=action):
            yield read(AuditLine, document)
