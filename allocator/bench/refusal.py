"""A file that is no instance of a set is refused in the same words by every set."""

from __future__ import annotations

from pathlib import Path

from allocator.domain.faults import Fault, FaultCode, InvalidProblem


def no_instance(path: Path, of: str, error: Exception) -> InvalidProblem:
    """Return the refusal of a file of another form.

    Parameters
    ----------
    path
        The file.
    of
        The name of the set.
    error
        What reading it ended in.
    """
    why = f"it has no {error}" if isinstance(error, KeyError) else error
    message = f"{path.name} is no instance of {of}: {why}."
    return InvalidProblem([Fault(FaultCode.BROKEN_FILE, "instance", path.name, message)])
