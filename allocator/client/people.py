"""People: the only place in the service where names and addresses are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allocator.client.files import CSV, bring_in, export
from allocator.client.reading import read
from allocator.client.sending import Sender, named
from allocator.client.things import parts
from allocator.domain.resource import Resource
from allocator.frames.nested import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who comes to visits.

    Attributes
    ----------
    id
        Your own name for them, by which requests and bookings name them.
    name, email, phone
        Who they are.
    uid, version
        Their UUID, and what a change has to name; "" and 0 before they are sent.
    """

    id: str
    name: str
    email: str | None = None
    phone: str | None = None
    uid: str = ""
    version: int = 0


class People:
    """All people: ``client.people``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, person: Person, resource: Resource | None = None) -> Person:
        """Add somebody.

        Parameters
        ----------
        person
            Who.
        resource
            How they take part, such as their calendar and limits; a patient who is always there
            where None. Its id and name are the person's.
        """
        sent = _document(person, resource)
        return read(Person, self._sender.send("POST", "/v1/people", sent))

    def create_many(self, people: Iterable[tuple[Person, Resource | None]]) -> int:
        """Add many, 200 at a time, each part whole or not at all; return how many."""
        documents = [_document(person, resource) for person, resource in people]
        return sum(
            self._sender.send("POST", "/v1/people/import", part)["imported"]
            for part in parts(documents)
        )

    def read(self, name: str) -> Person:
        """Return somebody, by id or UUID."""
        return read(Person, self._sender.send("GET", named("people", name)))

    def list(
        self, *, name: str | None = None, email: str | None = None, phone: str | None = None
    ) -> Iterator[Person]:
        """Yield people, page by page, by a part of their name, their address or telephone."""
        for document in self._sender.pages("/v1/people", name=name, email=email, phone=phone):
            yield read(Person, document)

    def change(self, person: Person) -> Person:
        """Write what is known of somebody; the version is that of the one that was read."""
        body = {"name": person.name, "email": person.email, "phone": person.phone}
        path = named("people", person.uid or person.id)
        return read(Person, self._sender.send("PUT", path, body, version=person.version))

    def erase(self, name: str) -> None:
        """Blank everything that tells who somebody is."""
        self._sender.send("POST", named("people", name, "erase"))

    def bring_in(self, content: bytes, media: str = CSV) -> int:
        """Add everybody that a file holds: see ``Things.bring_in``."""
        return bring_in(self._sender, "people", content, media)

    def export(self, media: str = CSV) -> bytes:
        """Return everybody as a file holds them: see ``Things.export``."""
        return export(self._sender, "people", media)


def _document(person: Person, resource: Resource | None) -> dict[str, Any]:
    more = {key: getattr(person, key) for key in ("email", "phone") if getattr(person, key)}
    part = {} if resource is None else encode(resource)
    part = {key: value for key, value in part.items() if key not in ("id", "name")}
    return {"id": person.id, "name": person.name, **more, "resource": part}
