"""What the service refuses, as exceptions: one class for each thing that a caller can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from allocator.domain.faults import AllocatorError

_PREFIX = "urn:allocator:problem:"
#: Members that every problem document has.
_COMMON = ("type", "title", "status", "detail")


class ServiceProblem(AllocatorError):
    """The service has refused something, or could not be reached.

    Attributes
    ----------
    type
        Stable name, such as ``"taken"``: docs/http.md lists all.
    status
        HTTP status; 0 where there was no answer.
    detail
        A whole sentence that names the object and both numbers.
    members
        Further members of the problem document, such as ``violations`` or ``faults``.
    request_id
        The answer's name in the service's log, or "".
    retry_after_seconds
        When to come again, as the service says; None where it does not.
    """

    def __init__(
        self,
        detail: str,
        *,
        type: str,
        status: int = 0,
        members: Mapping[str, Any] | None = None,
        request_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        self.detail = detail
        self.type = type
        self.status = status
        self.members = dict(members or {})
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class NotAllowed(ServiceProblem):
    """Nobody is known by the key, or the key may not do this (401, 403)."""


class NotThere(ServiceProblem):
    """There is no such thing, or it is none of the key's business (404)."""


class Conflict(ServiceProblem):
    """Something else stands against it: the time is taken, a rule is broken, a state (409)."""


class Stale(ServiceProblem):
    """It has been changed since it was read: read it again (412)."""


class TooMany(ServiceProblem):
    """A limit was reached, for longer than the client waits (429)."""


class Unavailable(ServiceProblem):
    """The service could not be reached, or not its database, for longer than the client waits.

    Of a change nobody knows then whether it was made.
    """


_CLASSES: dict[int, type[ServiceProblem]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotThere,
    409: Conflict,
    412: Stale,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def problem_of(answer: httpx2.Response) -> ServiceProblem:
    """Return what an answer says went wrong; a proxy's has no document."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or "detail" not in document:
        document = {"type": "unknown", "detail": f"The answer was {answer.status_code}."}
    return _CLASSES.get(answer.status_code, ServiceProblem)(
        document["detail"],
        type=str(document.get("type", "unknown")).removeprefix(_PREFIX),
        status=answer.status_code,
        members={key: value for key, value in document.items() if key not in _COMMON},
        request_id=answer.headers.get("x-request-id", ""),
        retry_after_seconds=_seconds(answer.headers.get("retry-after")),
    )


def _seconds(header: str | None) -> float | None:
    """Return what ``Retry-After`` says; None for a date, which the service never sends."""
    return float(header) if header is not None and header.isdigit() else None
