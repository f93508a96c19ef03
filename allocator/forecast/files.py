"""Claims and refused demand from CSV files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem


def read_claims(path: Path | str, problem: Problem) -> pd.DataFrame:
    """Read claims, or refused demand, from a CSV file.

    Parameters
    ----------
    path
        A file with the columns that ``learn`` asks for, times with their offsets; where it has no
        ``kind``, ``resource`` says which resource of the problem was taken.
    problem
        The world.

    Returns
    -------
    pandas.DataFrame
        As ``learn`` takes it.

    Raises
    ------
    InvalidProblem
        When the file cannot be read, or names a resource that the problem does not have.
    """
    name = Path(path).name
    try:
        frame = pd.read_csv(path, dtype=str, skipinitialspace=True, encoding="utf-8-sig")
    except ValueError as error:  # pandas' own errors are below it
        message = f"This cannot be read as CSV: {error}."
        raise _fault(FaultCode.BROKEN_FILE, name, "", message) from error
    if "kind" not in frame and "resource" in frame:
        kinds = {resource.id: resource.kind for resource in problem.resources}
        frame["kind"] = frame["resource"].map(kinds)
        unknown = frame["resource"][frame["kind"].isna()]
        if len(unknown):
            row, id = unknown.index[0] + 2, str(unknown.iloc[0])
            message = f"There is no resource {id!r} in the problem."
            raise _fault(FaultCode.UNKNOWN_NAME, f"{name} row {row}", id, message)
    return frame


def _fault(code: FaultCode, where: str, id: str, message: str) -> InvalidProblem:
    return InvalidProblem([Fault(code, "claims", id, message, where)])
