"""Files of instances: the example's workbooks, and JSON with the same in it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from allocator.bench.meetings.instance import Instance, Meeting
from allocator.bench.meetings.workbook import read_workbook
from allocator.bench.refusal import no_instance


def read_instance(path: Path) -> Instance:
    """Read an instance from one of the example's workbooks, or from the JSON form of one.

    Raises
    ------
    InvalidProblem
        When the file has another form.
    """
    try:
        found = read_workbook(path) if path.suffix == ".xlsx" else _from_json(path)
        if not found.rooms:
            raise ValueError("it has no rooms")
    except (KeyError, IndexError, TypeError, ValueError, BadZipFile, ParseError) as error:
        raise no_instance(path, "meetings", error) from error
    return found


def _from_json(path: Path) -> Instance:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Instance(
        name=str(data["name"]),
        day_of=tuple(int(grain["day"]) for grain in data["grains"]),
        rooms=tuple(int(room["capacity"]) for room in data["rooms"]),
        persons=len(data["persons"]),
        meetings=tuple(
            Meeting(
                str(meeting["topic"]),
                int(meeting["grains"]),
                tuple(int(person) for person in meeting["required"]),
                tuple(int(person) for person in meeting["preferred"]),
            )
            for meeting in data["meetings"]
        ),
    )
