"""Events: everything that changes, as ids alone; listed, and heard as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.client.sending import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """That something changed, and what; whoever wants more asks for it.

    Attributes
    ----------
    id
        Its own UUID, the same wherever and however often it is heard.
    type
        Such as ``"booking.booked"``: docs/events.md lists all.
    kind, object
        What changed, and its UUID.
    at
        When the transaction began that changed it.
    cursor
        What ``follow`` goes on after; "" in lists.
    """

    id: str
    type: str
    kind: str
    object: str
    at: datetime
    cursor: str = ""


class Events:
    """All events: ``client.events``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self, *, type: str | None = None, object: str | None = None) -> Iterator[Event]:
        """Yield the events of the last days, page by page, in order.

        Parameters
        ----------
        type
            A type, a family such as ``"booking.*"``, or ``"*"``.
        object
            UUID of what changed.
        """
        for document in self._sender.pages("/v1/events", type=type, object=object):
            yield _event(document)

    def follow(
        self, *, type: str | None = None, object: str | None = None, after: str = ""
    ) -> Iterator[Event]:
        """Yield events as they come, without an end: leave the loop when you have heard enough.

        Parameters
        ----------
        type, object
            As for ``list``.
        after
            The ``cursor`` of the last event that was heard, to miss none since; what is new
            where empty.
        """
        filters = {"type": type, "object": object}
        while True:
            for news in self._sender.events("/v1/events/stream", filters, after):
                after = news.id
                if news.data is not None:
                    yield _event(news.data, cursor=after)
            self._sender.pause()


def _event(document: Mapping[str, Any], cursor: str = "") -> Event:
    data = document["data"]
    return Event(
        id=data["id"],
        type=document["type"],
        kind=data["kind"],
        object=data["object"],
        at=datetime.fromisoformat(document["timestamp"]),
        cursor=cursor,
    )
