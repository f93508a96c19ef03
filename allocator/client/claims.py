"""Claims: what is taken of resources, and by what; they come and go with bookings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from allocator.client.files import CSV, export
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is taken of a resource, buffers included, and by what.

    Attributes
    ----------
    id
        Its own; another once it moves.
    state
        ``"hold"``, ``"pending_approval"`` or ``"booked"``.
    expires_at
        Until when it is held; None once it is booked.
    visit, booking, session
        What has it: the visit's UUID, its booking's, or the group session.
    """

    id: str
    resource: str
    role: str
    lane: int
    state: str
    start: datetime
    end: datetime
    expires_at: datetime | None
    visit: str
    booking: str | None
    session: str | None


class Claims:
    """All claims: ``client.claims``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        resource: str | None = None,
        state: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Claim]:
        """Yield what is taken, page by page, by resource, state and time."""
        filters = {
            "resource": resource,
            "state": state,
            "from": None if since is None else encode(since),
            "to": None if until is None else encode(until),
        }
        for document in self._sender.pages("/v1/claims", **filters):
            yield read(Claim, document)

    def read(self, name: str) -> Claim:
        """Return a claim."""
        return read(Claim, self._sender.send("GET", named("claims", name)))

    def export(self, media: str = CSV) -> bytes:
        """Return all claims as a file holds them: see ``Things.export``."""
        return export(self._sender, "claims", media)
