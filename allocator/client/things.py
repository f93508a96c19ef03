"""Calendars, resources, services and what else a clinic consists of, and requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from allocator.client.files import CSV, bring_in, export
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.domain.faults import Fault, InvalidProblem
from allocator.frames.columns import defaults
from allocator.frames.nested import Decoder, encode

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")
#: Things sent at once: the service takes 1,000, and 1 MB.
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[T]):
    """A thing as the service keeps it.

    Attributes
    ----------
    thing
        The library's own: a resource, a request.
    uid
        Its UUID.
    version
        What a change of it has to name.
    state
        Of a request: ``"requested"``, ``"scheduled"`` or ``"withdrawn"``; else None.
    created_at, changed_at
        When it came, and when it was written last.
    """

    thing: T
    uid: str
    version: int
    created_at: datetime
    changed_at: datetime
    state: str | None = None


class Things(Generic[T]):
    """Everything of a kind, such as ``client.resources``."""

    def __init__(self, sender: Sender, plural: str, cls: type[T]) -> None:
        self._sender = sender
        self._plural = plural
        self._cls = cls

    def create(self, thing: T) -> Kept[T]:
        """Add one.

        Raises
        ------
        ServiceProblem
            Such as ``Conflict`` of the type ``"duplicate"``.
        """
        return self._kept(self._sender.send("POST", f"/v1/{self._plural}", encode(thing)))

    def create_many(self, things: Iterable[T]) -> Sequence[Kept[T]]:
        """Add many, 200 at a time; each such part is written whole or not at all."""
        found: list[Kept[T]] = []
        for part in parts([encode(thing) for thing in things]):
            page = self._sender.send("POST", f"/v1/{self._plural}", part)
            found += [self._kept(document) for document in page["items"]]
        return found

    def read(self, name: str) -> Kept[T]:
        """Return one, by its id or UUID."""
        return self._kept(self._sender.send("GET", named(self._plural, name)))

    def list(self, **filters: str | None) -> Iterator[Kept[T]]:
        """Yield all, page by page.

        Parameters
        ----------
        **filters
            For resources ``kind`` and ``location``, for requests ``state``.
        """
        for document in self._sender.pages(f"/v1/{self._plural}", **filters):
            yield self._kept(document)

    def change(self, thing: T, version: int) -> Kept[T]:
        """Write one that is there.

        Parameters
        ----------
        thing
            With the id of the one that it replaces.
        version
            Of the one that was read.

        Raises
        ------
        Stale
            Where somebody was faster.
        """
        document = encode(thing)
        path = named(self._plural, document["id"])
        return self._kept(self._sender.send("PUT", path, document, version=version))

    def delete(self, name: str, version: int) -> None:
        """Delete one; a request that was booked once is withdrawn instead."""
        self._sender.delete(named(self._plural, name), version=version)

    def bring_in(self, content: bytes, media: str = CSV) -> int:
        """Add all that a file holds, whole or not at all; return how many there were.

        Parameters
        ----------
        content
            What the file holds.
        media
            ``"text/csv"``, ``"application/json"`` or ``"application/x-ndjson"``.

        Raises
        ------
        ServiceProblem
            Of the type ``"invalid"``, with every fault and its row in ``members["faults"]``.
        """
        return bring_in(self._sender, self._plural, content, media)

    def export(self, media: str = CSV) -> bytes:
        """Return all as a file holds them.

        Parameters
        ----------
        media
            As for ``bring_in``.
        """
        return export(self._sender, self._plural, media)

    def frame(self, **filters: str | None) -> DataFrame:
        """Return all as a data frame, with the columns of their CSV file as text (docs/formats.md).

        Parameters
        ----------
        **filters
            As for ``list``.
        """
        from allocator.frames.alone import frame_alone

        return frame_alone(self._plural, [kept.thing for kept in self.list(**filters)])

    def create_frame(self, frame: DataFrame) -> Sequence[Kept[T]]:
        """Add every row of a data frame.

        Parameters
        ----------
        frame
            With columns of their CSV file.

        Raises
        ------
        InvalidProblem
            With every fault, and its row; nothing is sent then.
        """
        from allocator.frames.alone import things_of_frame

        return self.create_many(things_of_frame(self._plural, frame))

    def _kept(self, document: Mapping[str, Any]) -> Kept[T]:
        found: Kept[T] = read(Kept, document, thing=decoded(self._cls, document))
        return found


def decoded(cls: type[T], document: Mapping[str, Any]) -> T:
    """Return an object of the library's; what it does not know of a document is passed over.

    Raises
    ------
    InvalidProblem
        Where the service speaks of things that this version does not know.
    """
    faults: list[Fault] = []
    kind: Any = cls
    known = defaults(kind)
    own = {key: value for key, value in document.items() if key in known}
    found: T = Decoder(faults).object(cls, own, "")
    if faults:
        raise InvalidProblem(faults)
    return found


def parts(documents: list[Any]) -> Iterator[list[Any]]:
    """Yield documents, some at a time."""
    for start in range(0, len(documents), MOST):
        yield documents[start : start + MOST]
