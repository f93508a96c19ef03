"""Names of things: the number inside, the UUID outside, and the tenant's own."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7

#: Longest name of a thing: names are indexed, and an entry of an index is limited.
LONGEST_NAME = 200


def new_uid() -> UUID:
    """Return a new UUID, later ones after earlier ones."""
    return uuid7()


def as_uid(text: str) -> UUID | None:
    """Return the UUID that a text is; None where it is another name."""
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
