"""Names that a problem does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode

if TYPE_CHECKING:
    from allocator.domain.problem import Problem


def unknown_name(problem: Problem, kind: str, id: str, what: str, name: str) -> Iterator[Fault]:
    """Yield a fault where something names what is not there."""
    if not problem.knows(what, name):
        yield Fault(
            FaultCode.UNKNOWN_NAME,
            kind,
            id,
            f"{kind.capitalize()} {id} names the {what} {name!r}, which does not exist.",
        )
