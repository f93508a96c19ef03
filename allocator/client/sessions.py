"""Group sessions, and where they are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from allocator.client.bookings import Resources, plain
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.things import Things
from allocator.domain.request import Session
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlace:
    """Where a group session is held.

    Attributes
    ----------
    taken, least, most
        Seats that are taken, that it needs to run, and that it has.
    enough
        Whether it runs; staff calls off what does not.
    """

    id: str
    session: str
    start: datetime
    end: datetime
    resources: Mapping[str, Sequence[str]]
    taken: int
    least: int
    most: int
    enough: bool


class Sessions(Things[Session]):
    """Group sessions: ``client.sessions``. See ``Things`` for what else they have."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender, "sessions", Session)

    def place(self, name: str, start: datetime, resources: Resources) -> SessionPlace:
        """Claim staff and room of a group session, once for all who will take part."""
        body = {"start": encode(start), "resources": plain(resources)}
        return read(SessionPlace, self._sender.send("POST", named("sessions", name, "place"), body))

    def read_place(self, name: str) -> SessionPlace:
        """Return where a group session is held, and how many have a seat."""
        return read(SessionPlace, self._sender.send("GET", named("sessions", name, "place")))

    def unplace(self, name: str) -> None:
        """Take the place back; nobody may have a seat any more."""
        self._sender.delete(named("sessions", name, "place"))
