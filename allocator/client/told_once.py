"""What has a secret that is told once: webhooks, keys, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOnce(Generic[T]):
    """A thing with its secret, which no other answer tells again.

    Attributes
    ----------
    thing
        The webhook, key or link.
    secret
        Keep it where nobody else reads it; it is not shown where this object is.
    """

    thing: T
    secret: str

    def __repr__(self) -> str:
        return f"ToldOnce(thing={self.thing!r})"
