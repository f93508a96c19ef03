"""A table of a schedule in place of published.csv: what one solve wrote, another starts from."""

from __future__ import annotations

from typing import Any

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.request import ATTENDEE, attendee_role
from allocator.domain.time import zone_of
from allocator.frames.cells import FILLED, LIST, TEXT
from allocator.frames.notation import CellError
from allocator.frames.schedule_rows import FIXED, ROLE
from allocator.frames.sheets import Sheet

#: Columns that stand in both tables.
SHARED = ("visit", "start", "end", "resources", "session")


def as_published(sheet: Sheet, roles: set[str], faults: list[Fault]) -> Sheet:
    """Turn a table of a schedule into one of what is published; any other is left as it is.

    Visits that are not placed are left out, who fills which role is read from the columns of the
    roles and of the attendees, and what is there for information is passed over.

    Parameters
    ----------
    sheet
        The table.
    roles
        The roles of all services.
    faults
        Gathers what cannot be read.
    """
    if not any(name in FIXED and name not in SHARED for name in sheet.header):
        return sheet
    at = {name: index for index, name in enumerate(sheet.header) if name in FIXED}
    filled: list[tuple[str, int]] = []
    unknown: list[int] = []
    for index, title in enumerate(sheet.header):
        role = TEXT.read(title).removeprefix(ROLE)
        if title not in FIXED and role in roles:
            filled.append((role, index))
        elif title not in FIXED and title:
            unknown.append(index)
    kept = [name for name in SHARED if name in at and name != "resources"]
    rows: list[list[Any]] = []
    numbers: list[object] = []
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        if all(name in at and row[at[name]] == "" for name in ("start", "end")):
            continue
        where = Sheet(sheet.source, [], [[]], [number]).where(0)
        cells = [row[at[name]] for name in kept] + [row[index] for index in unknown]
        rows.append([*cells, _resources(row, at, filled, where, faults)])
        numbers.append(number)
    header = [*kept, *(sheet.header[index] for index in unknown), "resources"]
    return Sheet(sheet.source, header, rows, numbers)


def _resources(
    row: list[Any],
    at: dict[str, int],
    filled: list[tuple[str, int]],
    where: str,
    faults: list[Fault],
) -> Any:
    """Return the cell that says who fills which role."""
    visit = str(row[at["visit"]]) if "visit" in at else ""

    def fault(code: FaultCode, said: str) -> None:
        message = f"Assignment {visit}: {said}"
        faults.append(Fault(code, "assignment", visit, message, where))

    told: dict[str, tuple[str, ...]] = {}
    cells = [(role, row[index]) for role, index in filled]
    cells += [("", row[at["attendees"]])] if "attendees" in at else []
    for role, cell in cells:
        try:
            names = () if cell == "" else LIST.read(cell)
        except CellError as error:
            fault(error.code, f"{role or 'attendees'} {error.said}.")
            continue
        if role and names:
            told[role] = names
        elif not role:
            told |= {attendee_role(name): (name,) for name in names}
    whole = row[at["resources"]] if "resources" in at else ""
    if whole == "":
        return FILLED.write(tuple(told.items()), zone_of("UTC"))
    try:
        said = dict(FILLED.read(whole))
    except CellError:
        return whole  # told where the cell is read
    mine = {role: names for role, names in said.items() if not role.startswith(ATTENDEE)}
    here = {role: names for role, names in told.items() if not role.startswith(ATTENDEE)}
    if any(mine.get(role) != names for role, names in here.items()):
        text = "resources says otherwise than the columns of the roles."
        fault(FaultCode.CONTRADICTION, text)
    return whole
