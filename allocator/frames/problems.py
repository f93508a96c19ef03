"""Problems in and out: a folder of CSV files, DataFrames, or one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.time import Horizon
from allocator.domain.validate import STAND_IN
from allocator.frames.assemble import Assembly
from allocator.frames.columns import hints
from allocator.frames.files import write_file, write_folder
from allocator.frames.flatten import all_frames, csv_cells
from allocator.frames.named_documents import opened
from allocator.frames.nested import Decoder, bad, dump, encode, parse_any
from allocator.frames.places import Known, Objects, Place, Places, settle
from allocator.frames.sheets import (
    broken,
    close,
    decode,
    read_bytes,
    sheet_from_csv,
    sheet_from_frame,
    write_csv,
)
from allocator.frames.tables import BY_NAME, PROBLEM, TABLES
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.rules import RULES
from allocator.rules.rule import Rule

FORMAT = "allocator-problem"
#: Files of a folder that are passed over.
BESIDES = ("schedule.csv",)
_SPREADSHEETS = (".csv", ".tsv", ".xls", ".xlsx", ".ods")


def read_problem(
    path: Path | str, *, rules: Sequence[Rule] = RULES, goals: Sequence[Goal] = GOALS
) -> Problem:
    """Read a problem from a folder of CSV files or a JSON file.

    Parameters
    ----------
    path
        The folder, or a file that ends in ``.json``.
    rules, goals
        All that the problem may name: add your own to the lists, as for ``solve``.

    Returns
    -------
    Problem
        Frozen and validated.

    Raises
    ------
    InvalidProblem
        With every fault of every file, each with its file and row (or path in the document).
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, (rules, goals))
    if path.suffix.lower() != ".json":
        what = "no folder, and no .json file" if path.exists() else "no such file or folder"
        raise InvalidProblem([broken(path.name, f"There is {what}.", FaultCode.MISSING)])
    faults: list[Fault] = []
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    if text is None:
        raise InvalidProblem(faults)
    try:
        return problem_from_json(text, rules=rules, goals=goals)
    except InvalidProblem as error:
        raise InvalidProblem(
            replace(fault, where=f"{path.name} {fault.where}".strip()) for fault in error.faults
        ) from None


def read_request(path: Path | str) -> Request:
    """Read one request from a JSON file: an object as in the list ``requests`` of a problem.

    Whether a problem knows what it names is not asked.

    Raises
    ------
    InvalidProblem
        With every fault, each with its path in the document.
    """
    path = Path(path)
    faults: list[Fault] = []
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    request = None
    if text is not None:
        given = parse_any(text, faults)
        if not faults:
            request = Decoder(faults).object(Request, given, "")
    if faults or bad(request):
        raise InvalidProblem(
            replace(f, where=" ".join(dict.fromkeys((path.name, f.where))).strip()) for f in faults
        )
    assert isinstance(request, Request)
    return request


def write_problem(problem: Problem, path: Path | str) -> None:
    """Write a problem to a folder of CSV files, or to a file that ends in ``.json``.

    It appears whole or not at all. Tables that a folder held before are replaced; its other
    files stay.

    Parameters
    ----------
    problem
        What to write.
    path
        A name without suffix is a folder.

    Raises
    ------
    ValueError
        When the path has another suffix.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        write_file(path, problem_to_json(problem).encode())
    elif path.suffix and not path.is_dir():
        raise ValueError(f"{path.name}: a problem is written to a folder or to a .json file.")
    else:
        files = {}
        for table in TABLES:
            header, rows = csv_cells(table, problem)
            if rows:
                files[table.file] = write_csv(header, rows)
        write_folder(path, files, {table.file for table in TABLES})


def problem_from_frames(
    frames: Mapping[str, pd.DataFrame],
    *,
    rules: Sequence[Rule] = RULES,
    goals: Sequence[Goal] = GOALS,
) -> Problem:
    """Build a problem from DataFrames.

    Parameters
    ----------
    frames
        By the names of the tables, with the columns of the CSV files. Cells may hold native
        values (aware timestamps, numbers, lists) or what the CSV files hold.
    rules, goals
        All that the problem may name: add your own to the lists, as for ``solve``.

    Returns
    -------
    Problem
        Frozen and validated.

    Raises
    ------
    InvalidProblem
        With every fault; rows are named by the frame's index.
    """
    assembly = Assembly(f"The frame {PROBLEM.name}", (rules, goals))
    sheets = {}
    for name, frame in frames.items():
        if name in BY_NAME:
            sheets[name] = sheet_from_frame(name, frame, assembly.faults)
        else:
            message = f"There is no table {name!r}{close(str(name), list(BY_NAME))}"
            assembly.faults.append(broken(f"frame {name}", message, FaultCode.UNKNOWN_NAME))
    assembly.lost = bool(assembly.faults)
    return assembly.problem(sheets)


def problem_to_frames(problem: Problem) -> dict[str, pd.DataFrame]:
    """Return all tables of a problem as DataFrames.

    Times are aware timestamps in UTC, dates are timestamps at midnight, numbers are ``Int64``,
    and yes or no is ``boolean``; all else is text as in the CSV files.
    """
    return all_frames(problem)


def problem_to_json(problem: Problem) -> str:
    """Return a problem as one JSON document, named like the fields of the domain."""
    return dump({"format": FORMAT, "version": 1, **encode(problem)})


def problem_from_json(
    document: str | Mapping[str, Any],
    *,
    rules: Sequence[Rule] = RULES,
    goals: Sequence[Goal] = GOALS,
) -> Problem:
    """Build a problem from one JSON document.

    Parameters
    ----------
    document
        Its text, or what ``json.loads`` made of it.
    rules, goals
        All that the problem may name: add your own to the lists, as for ``solve``.

    Returns
    -------
    Problem
        Frozen and validated.

    Raises
    ------
    InvalidProblem
        With every fault; places are paths such as ``requests[16].priority``.
    """
    found = opened(document, FORMAT)
    faults: list[Fault] = []
    fields = Decoder(faults).fields(Problem, found, "", ("format", "version"))
    whole = not bad(fields)
    if not whole:
        mended = {**found, "horizon": _mended(found.get("horizon"))}
        fields = Decoder([]).fields(Problem, mended, "", ("format", "version"))
    places = Places()
    spoilt: set[tuple[str, str]] = set()
    lost = False
    heads = {fault.where.partition(".")[0] for fault in faults}
    for table in TABLES:
        if table.kind and table is not PROBLEM:
            given = found.get(table.field, ())
            kept = fields.get(table.field, ())
            lost |= isinstance(given, list) and len(kept) < len(given)
            if isinstance(given, list) and len(kept) == len(given):
                objects = Objects(table.field, given)
                name_of = table.name_of or (lambda item: str(item.id))
                for at, item in enumerate(kept):
                    places.add(table.kind, name_of(item), Place(objects, at))
                    if objects.where(at) in heads:
                        spoilt.add((table.kind, name_of(item)))
    places.keys = {column.name: column.target for column in PROBLEM.columns}
    return settle(fields, faults, places, spoilt, lost, whole, (rules, goals))


def _mended(horizon: Any) -> dict[str, Any]:
    """Return a horizon of which every field can be read: that of a stand-in where it cannot."""
    given = horizon if isinstance(horizon, dict) else {}
    kinds = hints(Horizon)
    kept = {
        name: value
        for name, value in given.items()
        if name in kinds and not bad(Decoder([]).value(kinds[name], value, ""))
    }
    return {**encode(STAND_IN), **kept}


def _read_folder(folder: Path, known: Known) -> Problem:
    assembly = Assembly(f"The file {PROBLEM.file}", known)
    sheets = {}
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith((".", "~$"))
        if hidden or path.name in BESIDES or path.suffix.lower() not in _SPREADSHEETS:
            continue
        if path.suffix == ".csv" and path.stem in BY_NAME:
            sheet = sheet_from_csv(path, assembly.faults)
            if sheet is None:
                assembly.lost = True
            else:
                sheets[path.stem] = sheet
            continue
        files = [table.file for table in TABLES]
        message = f"The file is none of a problem's{close(path.name, files)}"
        assembly.faults.append(broken(path.name, message, FaultCode.UNKNOWN_NAME))
        assembly.lost = True
    return assembly.problem(sheets)
