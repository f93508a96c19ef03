"""The page ``docs/formats.md``, made from the tables: ``python -m allocator.frames.document``."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.frames import cells
from allocator.frames.cells import CellType
from allocator.frames.columns import (
    REQUIRED,
    Column,
    Table,
    default_of,
    defaults,
    hints,
    variant_name,
    variants,
)
from allocator.frames.flatten import cell_text
from allocator.frames.nested import encode
from allocator.frames.schedule_rows import AFTER, BEFORE
from allocator.frames.tables import PROBLEM, TABLES

START = """\
# Formats

<!-- Made by `python -m allocator.frames.document`; change `allocator/frames/tables.py`. -->

A problem comes in three forms that hold the same and turn into each other without loss:

- a **folder** of CSV files (`read_problem("clinic")`, `write_problem(problem, "clinic")`);
- **DataFrames**, one for each file, under its name without `.csv` (`problem_from_frames`,
  `problem_to_frames`);
- one **JSON** document (`read_problem("clinic.json")`, `problem_from_json`, `problem_to_json`).

Only `problem.csv` is required. A file that is not there holds nothing, a column that is not there
is empty, and an empty cell has the default. An unknown file, column, key or table is a fault.
Every fault of every file is told at once, with its file and row; row 1 is the header, as in a
spreadsheet. Nothing is built, and nothing written, while there is a fault.

Files are UTF-8. Commas, semicolons and tabs are told apart by the header. Spaces round a cell,
empty rows and a byte order mark do not count. Other files in the folder are left alone, such as
`schedule.csv`, notes, and hidden files; spreadsheets (`.xlsx`, `.ods`) are refused.

Names of rules and goals are looked up as well, with the file and row of each that nobody knows.
Rules and goals of your own are known where they are given: `read_problem("clinic", goals=(*GOALS,
mine))`, and `rules=` likewise, as for `solve`.

In a DataFrame a cell may also hold what it means: an aware timestamp, a number, a list of names.
NaN, NaT and None are empty. Rows are named by the frame's index.

## A folder to begin with

Two practitioners and two rooms for two weeks, physiotherapy for two patients (one of them up to six
times, at least four), and a back school on Wednesday afternoon for at least two. Each file is a
table that a spreadsheet can write; leave out what you do not need, and add columns from below.

```text
problem.csv
key,value
name,Practice by the park
first,2026-03-02
days,14
zone,Europe/Berlin

calendars.csv
id
office

opening_hours.csv
calendar,weekdays,start,end
office,mon-fri,08:00,12:00
office,mon-thu,13:00,17:00

resources.csv
id,kind,name,calendar,skills
anna,practitioner,Anna Berg,office,physio;groups
ben,practitioner,Ben Otto,office,physio
room-1,room,Room 1,office,
gym,room,Gym,office,
P1,patient,,,
P2,patient,,,

services.csv
id,name,minutes
physio,Physiotherapy,45
back,Back school,60

needs.csv
service,role,kind,skills,names
physio,practitioner,practitioner,physio,
physio,room,room,,
back,practitioner,practitioner,groups,
back,room,room,,gym

requests.csv
id,service,sessions,attendees,priority,series,count,at_least,least_days_between,most_per_week
R1,physio,,P1,2,flexible,6,4,2,2
R2,physio,,P2,3,,,,,
R3,,back-wed,P1,3,,,,,
R4,,back-wed,P2,3,,,,,

sessions.csv
id,service,least,most,window_start,window_end
back-wed,back,2,8,2026-03-04T13:00+01:00,2026-03-04T17:00+01:00
```

`allocator solve FOLDER` serves all four requests, R1 with four visits of six: two a week.

## How cells are written

| type | how | example |
| --- | --- | --- |
"""

NOTATION = """
A name inside a list that holds one of `; = , "`, or that is empty, is quoted like a JSON string:
`"a;b"`. So is text that starts with one of `= + - @`, which a spreadsheet would take for a
formula, and text with spaces at its ends. The word `none` is the empty list, where an empty cell
means another default.

The offset of a time is the one of that day: nine o'clock in Berlin is `2026-03-02T09:00+01:00` in
winter and `2026-06-02T09:00+02:00` in summer. `…T09:00+01:00` in summer is ten o'clock. Opening
hours, breaks and dates are local, and need none.
"""

SCHEDULE = """
## schedule.csv

One row for each visit (`read_schedule`, `write_schedule`, `schedule_to_frame`,
`schedule_from_frame`). Times are on the clock of the visit's location, with their offset. After
`minutes` follows a column for each role of the services, such as `practitioner` and `room`; a
role that has the name of another column gets `role:` before it. Cells of roles hold lists.
`request` holds your own ids, so that rows join back to your data.

Copied to `published.csv`, it is what the next problem starts from: who fills which role is read
from the columns of the roles and `attendees`, visits that are not placed are left out, and what
is there for information is passed over. So is a frame under the name `published`.

| column | type | meaning |
| --- | --- | --- |
"""

JSON = """
## JSON

One object, with `"format": "allocator-problem"` and `"version": 1`, and the fields below, which
have the names of the domain's. Dates and times are text, as above. Lists of fixed length are
pairs. What is left out has its default; unknown keys are faults, and their places are paths such
as `requests[16].priority`. A schedule has `"format": "allocator-schedule"`.
"""

ICALENDAR = """
## iCalendar

`schedule_to_icalendar` returns the visits of one resource, `write_icalendars` a file for each.
Times are in UTC, so that every reader shows them on its own clock. A visit keeps its `UID` when
it moves; `DTSTAMP` is the instant at which the problem is asked, so the same schedule gives the
same bytes. Whoever takes part stands in the description; participants of a group session do not
see each other.
"""


def page() -> str:
    """Return the whole page."""
    parts = [START]
    parts += [f"| {t.name} | {t.meaning} | {_code(t.example)} |\n" for t in _types()]
    parts.append(NOTATION)
    for table in TABLES:
        parts += _table(table)
    parts.append(SCHEDULE)
    parts += [f"| `{c.name}` | {c.type.name} | {c.meaning} |\n" for c in (*BEFORE, *AFTER)]
    parts.append(JSON)
    for cls in _classes(Problem) + [c for c in _classes(Schedule) if c not in _classes(Problem)]:
        parts += _object(cls)
    parts.append(ICALENDAR)
    return "".join(parts)


def _types() -> list[CellType]:
    found = [value for value in vars(cells).values() if isinstance(value, CellType)]
    return [t for t in found if any(c.type is t for table in TABLES for c in table.columns)] + [
        t for t in found if t is cells.AMOUNTS
    ]


def _table(table: Table) -> Iterator[str]:
    yield f"\n## {table.file}\n\n{table.meaning}\n\n"
    head = "key" if table is PROBLEM else "column"
    yield f"| {head} | type | when empty | meaning |\n| --- | --- | --- | --- |\n"
    for column in table.columns:
        meaning = column.meaning
        if column.type.name not in {t.name for t in _types()}:
            meaning = f"{meaning} {column.type.meaning}"
        when = _default(table, column)
        yield f"| `{column.name}` | {column.type.name} | {when} | {meaning} |\n"


def _default(table: Table, column: Column) -> str:
    default = default_of(table, column)
    if default is REQUIRED:
        return "**required**"
    if default is None or default == "" or default == () or default == frozenset():
        return ""
    return _code(cell_text(table, column, default, UTC))


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _classes(cls: type) -> list[type]:
    """Return a class and all that it is made of, each once."""
    found = [cls]
    for one in found:
        for hint in hints(one).values():
            for inner in _inside(hint):
                if inner not in found:
                    found.append(inner)
    return found


def _inside(hint: Any) -> Iterator[type]:
    yield from variants(hint)
    for arg in get_args(hint):
        if arg is not Ellipsis:
            yield from _inside(arg)


def _object(cls: type) -> Iterator[str]:
    yield f"\n### {cls.__name__}\n\n| field | holds | when left out |\n| --- | --- | --- |\n"
    if cls.__name__.endswith("Series"):
        yield f'| `type` | `"{variant_name(cls)}"` | **required** |\n'
    for name, default in defaults(cls).items():
        yield f"| `{name}` | {_holds(hints(cls)[name])} | {_left_out(default)} |\n"


def _holds(hint: Any) -> str:
    options = variants(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (tuple, frozenset):
        if origin is frozenset or args[-1] is Ellipsis:
            return f"list: {_holds(args[0])}"
        return f"pair: {' and '.join(_holds(arg) for arg in args)}"
    if options:
        return " or ".join(f"{option.__name__}" for option in options)
    if NoneType in args:
        return _holds(next(arg for arg in args if arg is not NoneType))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f'`"{member.value}"`' for member in hint)
    names = {str: "text", int: "number", bool: "true or false", date: "date", datetime: "time"}
    return names[hint]


def _left_out(default: Any) -> str:
    if default is REQUIRED:
        return "**required**"
    if default is None or default == "" or default == () or default == frozenset():
        return ""
    if isinstance(default, Enum):
        return f'`"{default.value}"`'
    if dataclasses.is_dataclass(default):
        return "its defaults"
    return f"`{json.dumps(encode(default))}`"


def main(path: Path = Path("docs/formats.md")) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
