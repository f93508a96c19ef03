"""Schedules in and out: DataFrames, CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, attendee_role
from allocator.domain.schedule import Assignment, FunnelStep, Schedule, Unplaced
from allocator.domain.time import Span, zone_of
from allocator.frames.cells import AMOUNTS, FILLED, INSTANT, INTEGER, LIST, TEXT, CellType
from allocator.frames.files import write_file
from allocator.frames.nested import Decoder, bad, dump, encode, parse
from allocator.frames.notation import CellError, write_text
from allocator.frames.schedule_rows import (
    FIXED,
    ROLE,
    header,
    rows_of,
    several_in_csv,
    several_in_frame,
)
from allocator.frames.sheets import (
    Sheet,
    broken,
    close,
    decode,
    read_bytes,
    sheet_from_frame,
    sheet_from_text,
    write_csv,
)
from allocator.frames.visits import Visits

FORMAT = "allocator-schedule"


def schedule_to_frame(
    schedule: Schedule, problem: Problem, *, unplaced: bool = False
) -> pd.DataFrame:
    """Return one row for each assignment; join it to your own by ``request``.

    Parameters
    ----------
    schedule, problem
        The schedule and what it is a schedule of.
    unplaced
        Whether the visits left unplaced follow, with their reasons.

    Returns
    -------
    DataFrame
        Times are aware, in the zone of the visit's location. There is one column for each role
        of the services' needs.
    """
    rows = list(rows_of(schedule, Visits(problem, schedule), unplaced, several_in_frame))
    names = header(problem, unplaced or any("resources" in row for row in rows), unplaced)
    zones = {row["@zone"] for row in rows if "@zone" in row} or {problem.horizon.zone}
    data: dict[str, pd.Series] = {}
    for title, key in names:
        values = [row.get(key) for row in rows]
        column = FIXED.get(key)
        if column is not None and column.type is INSTANT:
            local = [
                None if v is None else pd.Timestamp(v).tz_convert(row["@zone"])
                for v, row in zip(values, rows, strict=True)
            ]
            one = f"datetime64[us, {next(iter(zones))}]" if len(zones) == 1 else "object"
            data[title] = pd.Series(local, dtype=one)
        elif column is not None and column.type is INTEGER:
            data[title] = pd.Series(values, dtype="Int64")
        else:
            data[title] = pd.Series(values, dtype="str")
    return pd.DataFrame(data)


def schedule_from_frame(frame: pd.DataFrame, problem: Problem) -> Schedule:
    """Build a schedule from a frame such as ``schedule_to_frame`` returns.

    Raises
    ------
    InvalidSchedule
        With every fault; rows are named by the frame's index.
    """
    faults: list[Fault] = []
    sheet = sheet_from_frame("schedule", frame, faults, strip=False)
    return _from_sheet(sheet, problem, faults, exact=True)


def write_schedule(schedule: Schedule, problem: Problem, path: Path | str) -> None:
    """Write a schedule to a ``.csv`` or ``.json`` file, whole or not at all.

    Raises
    ------
    ValueError
        When the path has another suffix.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        document = {"format": FORMAT, "version": 1, **encode(schedule)}
        write_file(path, dump(document).encode())
    elif path.suffix.lower() == ".csv":
        write_file(path, _csv(schedule, problem))
    else:
        raise ValueError(f"{path.name}: a schedule is written to a .csv or a .json file.")


def read_schedule(path: Path | str, problem: Problem) -> Schedule:
    """Read a schedule of a problem from a ``.csv`` or ``.json`` file.

    Raises
    ------
    InvalidSchedule
        With every fault, each with its file and row (or path in the document).
    """
    path = Path(path)
    faults: list[Fault] = []
    if path.suffix.lower() not in (".csv", ".json"):
        message = "A schedule is read from a .csv or a .json file."
        raise InvalidSchedule([broken(path.name, message)])
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    if text is None:
        raise InvalidSchedule(faults)
    if path.suffix.lower() == ".json":
        try:
            return _from_json(text, problem)
        except InvalidSchedule as error:
            raise InvalidSchedule(
                replace(fault, where=f"{path.name} {fault.where}".strip()) for fault in error.faults
            ) from None
    sheet = sheet_from_text(text, path.name, faults)
    if sheet is None:
        raise InvalidSchedule(faults)
    return _from_sheet(sheet, problem, faults, exact=False)


def _csv(schedule: Schedule, problem: Problem) -> bytes:
    rows = list(rows_of(schedule, Visits(problem, schedule), True, several_in_csv))
    names = header(problem, any("resources" in row for row in rows), True)
    lines = []
    for row in rows:
        zone = zone_of(row.get("@zone", problem.horizon.zone))
        line = []
        for _, key in names:
            value = row.get(key)
            column = FIXED.get(key)
            if value is None or value == "":
                line.append("")
            elif column is None or column.type in (LIST, AMOUNTS, FILLED):
                line.append(value)  # written already
            else:
                line.append(column.type.write(value, zone))
        lines.append(line)
    return write_csv([write_text(title) for title, _ in names], lines)


class _Cells:
    """Reads the cells of one row; an exact id of the problem is taken as it stands."""

    def __init__(
        self, row: list[Any], at: dict[str, int], known: Callable[[str, str], bool] | None
    ) -> None:
        self._row = row
        self._at = at
        self._known = known
        self.bad: list[tuple[str, FaultCode]] = []

    def __call__(self, name: str, type: CellType, kind: str = "", key: str = "") -> Any:
        """Read one cell, None where it is empty."""
        at = self._at.get(key or name)
        cell = "" if at is None else self._row[at]
        if isinstance(cell, str):
            if self._known is not None and kind and self._known(kind, cell):
                return (cell,) if type is LIST else cell
            if self._known is None or kind or type is not TEXT:
                cell = cell.strip()
            if not cell:
                return None
            if self._known is not None and type is TEXT and not kind:
                return cell
        try:
            return type.read(cell)
        except CellError as error:
            self.bad.append((f"{name} {error.said}.", error.code))
            return None


def _from_sheet(sheet: Sheet, problem: Problem, faults: list[Fault], exact: bool) -> Schedule:
    visits = Visits(problem)
    at: dict[str, int] = {}
    roles: list[str] = []
    for index, title in enumerate(sheet.header):
        name = title if exact else TEXT.read(title.strip())
        role = name.removeprefix(ROLE)
        if name in FIXED:
            at[name] = index
        elif role in visits.roles:
            at[ROLE + role] = index
            roles.append(role)
        elif name:
            known = [*FIXED, *visits.roles]
            message = f"The column {name!r} is unknown, and no role{close(name, known)}"
            faults.append(broken(sheet.source, message, FaultCode.UNKNOWN_NAME))
    for name in ("visit", "start", "end"):
        if name not in at:
            message = f"The column {name} is missing."
            faults.append(broken(sheet.source, message, FaultCode.MISSING))
    if any(name not in at for name in ("visit", "start", "end")):
        raise InvalidSchedule(faults)

    def exists(kind: str, name: str) -> bool:
        if kind == "visit":
            return name in visits
        return problem.knows(kind, name)

    placed: list[tuple[Assignment, str]] = []
    left: list[tuple[Unplaced, str]] = []
    for index, row in enumerate(sheet.rows):
        cells = _Cells(row, at, exists if exact else None)
        where = sheet.where(index)
        made = _row(cells, roles, visits)
        for said, code in cells.bad:
            visit = made.visit
            who = f"Assignment {visit}" if visit else "An assignment"
            faults.append(Fault(code, "assignment", visit, f"{who}: {said}", where))
        if not cells.bad and isinstance(made, Assignment):
            placed.append((made, where))
        elif not cells.bad and isinstance(made, Unplaced):
            left.append((made, where))
    faults += _schedule_faults(placed, left, visits)
    if faults:
        raise InvalidSchedule(faults)
    return Schedule(
        assignments=tuple(assignment for assignment, _ in placed),
        unplaced=tuple(unplaced for unplaced, _ in left),
    )


def _row(cells: _Cells, roles: list[str], visits: Visits) -> Assignment | Unplaced:
    visit = cells("visit", TEXT, "visit")
    if visit is None and not cells.bad:
        cells.bad.append(("visit is empty; it is required.", FaultCode.MISSING))
    visit = visit or ""
    request = cells("request", TEXT, "request")
    start, end = cells("start", INSTANT), cells("end", INSTANT)
    minutes = cells("minutes", INTEGER)
    session = cells("session", TEXT, "session")
    reason = cells("reason", TEXT) or ""
    funnel = cells("funnel", AMOUNTS) or ()
    filled = {role: cells(role, LIST, "resource", ROLE + role) or () for role in roles}
    came = cells("attendees", LIST, "resource") or ()
    all_roles = cells("resources", FILLED)
    if not cells.bad and (start is None) != (end is None):
        given, missing = ("start", "end") if end is None else ("end", "start")
        said = f"{given} is given and {missing} is empty; a placed visit has both."
        cells.bad.append((said, FaultCode.MISSING))
    if start is None or end is None:
        steps = tuple(FunnelStep(rule=rule, left=number) for rule, number in funnel)
        return Unplaced(visit=visit, request=request or "", funnel=steps, reason=reason)
    if visit in visits:
        owner = visits[visit].request
        if request is not None and request != (owner.id if owner else visit):
            said = f"request is {request}; the visit is of {owner.id if owner else 'a session'}."
            cells.bad.append((said, FaultCode.CONTRADICTION))
    made = Assignment(visit=visit, start=start, end=end, session=session)
    if minutes is not None and minutes != made.minutes:
        said = f"minutes is {minutes}; from start to end it is {made.minutes}."
        cells.bad.append((said, FaultCode.CONTRADICTION))
    if all_roles is not None:
        told = dict(all_roles)
        attending = tuple(
            id for role, ids in told.items() if role.startswith(ATTENDEE) for id in ids
        )
        same = all(told.get(role, ()) == ids for role, ids in filled.items() if ids)
        if not same or (came and attending != came):
            said = "resources says otherwise than the columns of the roles and attendees."
            cells.bad.append((said, FaultCode.CONTRADICTION))
        return replace(made, resources=all_roles)
    order = [*visits.needed(visit)] if visit in visits else []
    order += [role for role in roles if role not in order]
    return replace(
        made,
        resources=(
            *((role, filled[role]) for role in order if filled.get(role)),
            *((attendee_role(id), (id,)) for id in came),
        ),
    )


def _from_json(text: str, problem: Problem) -> Schedule:
    faults: list[Fault] = []
    found = parse(text, FORMAT, faults)
    if found is None:
        raise InvalidSchedule(faults)
    made: Any = Decoder(faults).object(Schedule, found, "", ("format", "version"))
    if not bad(made) and not faults:
        faults += _schedule_faults(
            [(a, f"assignments[{at}]") for at, a in enumerate(made.assignments)],
            [(u, f"unplaced[{at}]") for at, u in enumerate(made.unplaced)],
            Visits(problem),
        )
    if faults:
        raise InvalidSchedule(faults)
    return made


def _schedule_faults(
    placed: list[tuple[Assignment, str]], left: list[tuple[Unplaced, str]], visits: Visits
) -> Iterator[Fault]:
    """Yield every name that the problem does not have, and every span that is none."""
    problem = visits.problem
    seen: dict[str, str] = {}
    ids = visits.ids()
    both: list[tuple[Assignment | Unplaced, str]] = [*placed, *left]
    for made, where in both:
        id = made.visit
        if id not in visits:
            yield _unknown(id, "visit", id, where, close(id, ids))
        if id in seen:
            message = f"Assignment {id}: the visit stands at {seen[id]} already."
            yield Fault(FaultCode.DUPLICATE, "assignment", id, message, where)
        seen.setdefault(id, where)
        if isinstance(made, Unplaced):
            owner = visits[id].request if id in visits else None
            if made.request not in ("", id, owner.id if owner else ""):
                message = f"Assignment {id}: request is {made.request!r}; the visit is of another."
                yield Fault(FaultCode.CONTRADICTION, "assignment", id, message, where)
            continue
        span = Span(start=made.start, end=made.end)
        for fault in span.faults("assignment", id, "its span", problem.horizon.zone):
            yield replace(fault, where=where)
        if made.session is not None and not problem.knows("session", made.session):
            yield _unknown(id, "session", made.session, where, ".")
        needed = visits.needed(id) if id in visits else visits.roles
        for role, names in made.resources:
            if role not in needed and not role.startswith(ATTENDEE):
                words = ", ".join(needed) or "none"
                message = f"Assignment {id} names the role {role!r}; its service has: {words}."
                yield Fault(FaultCode.UNKNOWN_NAME, "assignment", id, message, where)
            for name in names:
                if not problem.knows("resource", name):
                    yield _unknown(id, "resource", name, where, ".")


def _unknown(id: str, what: str, name: str, where: str, end: str) -> Fault:
    message = f"Assignment {id} names the {what} {name!r}, which does not exist{end}"
    return Fault(FaultCode.UNKNOWN_NAME, "assignment", id, message, where)
