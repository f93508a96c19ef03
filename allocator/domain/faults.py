"""Faults: what is wrong with a problem, said once, clearly, and all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class FaultCode(Enum):
    """The kinds of fault; the value is one sentence that says what to do about it."""

    UNKNOWN_NAME = "A name is used that nothing defines: define it, or mend the spelling."
    DUPLICATE = "Two objects have the same id: give each its own."
    WRONG_TYPE = "A value is of the wrong type: write it as the file format says."
    WRONG_NUMBER = "A number is outside what is possible: stay within the limits named."
    OFF_GRID = "A duration or a start is no multiple of the grain: change it, or the grain."
    NAIVE_TIME = "A time has no zone or offset: write the offset, as in 2026-03-02T09:00+01:00."
    EMPTY_SPAN = "A span ends before it starts: swap its ends or give it a length."
    OUTSIDE_HORIZON = "A time lies outside the horizon: move it, or make the horizon longer."
    OVERLAP = "Two definitions cover the same time: join them, or move one."
    NOBODY = "A need that nothing can meet: add a resource, or ask for less."
    CONTRADICTION = "Two statements cannot both hold: drop one of them."
    TOO_LARGE = "A size beyond the limits: split the problem, or use a coarser grain."
    UNKNOWN_ZONE = "A time zone that the zone database does not know: use one like Europe/Berlin."
    BROKEN_FILE = "A file cannot be read as its format says: mend the row named."
    MISSING = "Something that is required is missing: add it."


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    code
        Its kind.
    kind
        The kind of object at fault, such as ``"resource"``.
    id
        The object's id, or ``""`` for the problem itself.
    message
        A whole sentence that names the object and both numbers.
    where
        File and row, where the object came from a file.
    """

    code: FaultCode
    kind: str
    id: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class AllocatorError(Exception):
    """Base of all errors that allocator raises on purpose."""


class InvalidProblem(AllocatorError):
    """The problem cannot be meant as it stands; ``faults`` lists everything that is wrong."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class InvalidSchedule(AllocatorError):
    """A schedule names things that its problem does not have; ``faults`` lists them all."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SolverDisagreement(AllocatorError):
    """Model and twins disagree about a schedule: a bug of allocator's, never of the input."""
