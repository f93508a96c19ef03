"""Names of things: the number inside, the UUID outside, and the tenant's own."""

from __future__ import annotations

import base64
import re
from uuid import UUID

from uuid_utils.compat import uuid7

#: Longest name of a thing: names are indexed, and an entry of an index is limited.
LONGEST_NAME = 200


def new_uid() -> UUID:
    """Return a new UUID, later ones after earlier ones."""
    return uuid7()


def as_uid(text: str) -> UUID | None:
    """Return the UUID that a text is, in either case, with dashes or without.

    None where it is another name.
    """
    return UUID(text) if _UID.fullmatch(text) else None


_UID = re.compile(
    "[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I | re.A
)


def as_answered(name: str) -> str:
    """Return a name as answers write it: a UUID in lower case with dashes, others as they are."""
    uid = as_uid(name)
    return name if uid is None else str(uid)


def of_number(number: int) -> str:
    """Return how something is named that has a number alone."""
    return base64.urlsafe_b64encode(number.to_bytes(8)).decode().rstrip("=")


def number_of(name: str) -> int | None:
    """Return the number that is named so; None where it is another name."""
    if _NUMBER.fullmatch(name) is None:
        return None
    return int.from_bytes(base64.urlsafe_b64decode(f"{name}="), signed=True)


_NUMBER = re.compile("[0-9A-Za-z_-]{11}", re.A)
