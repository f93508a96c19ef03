"""What can go wrong, as problem documents (RFC 9457): one class for each stable type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class Problem(Exception):
    """Base of everything that a client is told went wrong.

    Attributes
    ----------
    status, type, title
        HTTP status, stable name, and a short sentence that is the same for all of a type.
    detail
        A whole sentence that names the object and both numbers.
    more
        Further members of the document.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong here."

    def __init__(self, detail: str = "", **more: Any) -> None:
        self.detail = detail or self.title
        self.more = more
        super().__init__(self.detail)

    def document(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "type": f"urn:allocator:problem:{self.type}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to it."""
        return {}


class Invalid(Problem):
    """What was sent cannot be meant as it stands; ``faults`` lists everything that is wrong."""

    status, type = 422, "invalid"
    title = "What was sent is not valid."


class Unauthenticated(Problem):
    """Nobody is known by what was sent."""

    status, type = 401, "unauthenticated"
    title = "Who is asking?"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="allocator"'}


class Forbidden(Problem):
    """Whoever asks may not do this."""

    status, type = 403, "forbidden"
    title = "This is not allowed."


class NotFound(Problem):
    """There is no such thing, or it is none of the asker's business."""

    status, type = 404, "not-found"
    title = "There is no such thing."


class MethodNotAllowed(Problem):
    """The path is there, but does not take this method; ``Allow`` lists those that it takes."""

    status, type = 405, "method-not-allowed"
    title = "This path does not take that method."

    def __init__(self, detail: str = "", *, allowed: Sequence[str] = (), **more: Any) -> None:
        super().__init__(detail, **more)
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class NotAcceptable(Problem):
    """It cannot be had in any form that the asker accepts."""

    status, type = 406, "not-acceptable"
    title = "It is not to be had in that form."


class UnsupportedMedia(Problem):
    """The body is of a kind that is not read here."""

    status, type = 415, "unsupported-media-type"
    title = "A body of this type is not read here."


class Taken(Problem):
    """A resource is taken at that time by something else."""

    status, type = 409, "taken"
    title = "That time is taken."


class RuleBroken(Problem):
    """A rule forbids it; ``violations`` lists the rules, each with its sentence."""

    status, type = 409, "rule-broken"
    title = "A rule forbids that."


class WrongState(Problem):
    """It is in a state in which that cannot be done."""

    status, type = 409, "wrong-state"
    title = "That cannot be done in this state."


class InUse(Problem):
    """Something else needs it."""

    status, type = 409, "in-use"
    title = "Something else needs it."


class Duplicate(Problem):
    """The name is taken."""

    status, type = 409, "duplicate"
    title = "That name is taken."


class Stale(Problem):
    """It has been changed since it was read."""

    status, type = 412, "stale"
    title = "It has been changed in the meantime."


class PreconditionRequired(Problem):
    """A change has to say which version it changes."""

    status, type = 428, "precondition-required"
    title = "A change has to name the version that it changes."


class KeyReused(Problem):
    """The idempotency key was used for another request."""

    status, type = 422, "idempotency-key-reused"
    title = "This idempotency key was used for something else."


class TooLarge(Problem):
    """More was sent than is taken at once."""

    status, type = 413, "too-large"
    title = "That is too much at once."


class TooMany(Problem):
    """A limit is reached; ``retry_after_seconds`` says when to come again."""

    status, type = 429, "too-many"
    title = "Too many requests."

    @property
    def headers(self) -> dict[str, str]:
        after, limit = (self.more.get(name) for name in ("retry_after_seconds", "limit"))
        told = {} if after is None else {"Retry-After": str(after)}
        if limit is not None:
            told |= {
                "RateLimit-Limit": str(limit),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(after),
            }
        return told


class StoreUnavailable(Problem):
    """The database cannot be reached; nothing was changed."""

    status, type = 503, "store-unavailable"
    title = "The database cannot be reached just now; nothing was changed."

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class IssuerUnavailable(Problem):
    """The keys that tokens are signed with cannot be read; keys of ours work on."""

    status, type = 503, "issuer-unavailable"
    title = "Whoever issues your tokens cannot be reached just now."

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "10"}
