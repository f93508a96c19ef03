"""The folder that a solve leaves: schedule, result and calendars, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from allocator.cli.common import Refused

if TYPE_CHECKING:
    from allocator.prepare.prepared import Prepared
    from allocator.solve.result import Result

SCHEDULE, RESULT, CALENDARS = "schedule.csv", "result.json", "calendars"

#: Seconds that reasons in a report may take; whoever waits at a terminal sees how far it is.
REASONS_SECONDS = 30.0


def refuse_in_the_way(folder: Path) -> None:
    """Refuse, before any work, a folder that could not be written.

    Raises
    ------
    Refused
        As ``refuse_folder_in_the_way``, or when a folder stands where a file would be made, or a
        file where the calendars would.
    """
    refuse_folder_in_the_way(folder, "--out")
    for name in (SCHEDULE, RESULT):
        if (folder / name).is_dir():
            raise Refused(f"{folder / name} is a folder, and in the way of a file of that name.")
    if (folder / CALENDARS).exists() and not (folder / CALENDARS).is_dir():
        raise Refused(f"{folder / CALENDARS} is a file, and in the way of a folder of that name.")


def refuse_folder_in_the_way(folder: Path, option: str) -> None:
    """Refuse, before any work, a folder that could not be made or written to.

    Raises
    ------
    Refused
        When a file stands where a folder would be made, or the nearest folder that there is may
        not be written.
    """
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise Refused(f"{there} is a file, and in the way: {option} names a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"{there} may not be written to: {option} needs a folder that may.")


def refuse_picture_in_the_way(file: Path, option: str) -> None:
    """Refuse, before any work, a picture or a report that could not be written.

    Raises
    ------
    Refused
        When a folder stands where the file would, a file where a folder would be made, or the
        nearest folder that there is may not be written.
    """
    if file.is_dir():
        raise Refused(f"{file} is a folder, and in the way: {option} names a file.")
    there = next(parent for parent in (*file.parents, Path()) if parent.exists())
    if not there.is_dir():
        raise Refused(f"{there} is a file, and in the way of {file}.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"{there} may not be written to: {option} needs a folder that may.")


def refuse_no_report(file: Path) -> None:
    """Refuse, before any work, a report that could not be made or written.

    Raises
    ------
    Refused
        As ``refuse_no_plots`` and ``refuse_picture_in_the_way``, or when it is no ``.html`` file.
    """
    if file.suffix.lower() != ".html":
        raise Refused(f"{file}: a report is written as .html.")
    refuse_no_plots()
    refuse_picture_in_the_way(file, "--report")


def refuse_no_picture(out: Path | None) -> None:
    """Refuse the file of ``--out`` where no picture can be written to it; None is no picture."""
    if out is not None:
        refuse_no_plots()
        refuse_picture_in_the_way(out, "--out")


def refuse_no_plots() -> None:
    """Refuse, before any work, to draw without what draws.

    Raises
    ------
    Refused
        When the extra ``plots`` is not installed: it says which command installs it.
    """
    from allocator.plots.extra import require

    try:
        require()
    except ImportError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):
            raise
        raise Refused(str(error)) from error


def write_result(prepared: Prepared, result: Result, folder: Path) -> int:
    """Write a schedule, what is known about it, and a calendar for each resource that serves.

    All is written beside its place before anything is replaced. Calendars that were there
    before go; other files stay.

    Parameters
    ----------
    prepared, result
        The problem and what came of it, with a schedule.
    folder
        It is made where it does not exist.

    Returns
    -------
    int
        How many calendars there are.
    """
    from allocator.frames import write_icalendars, write_schedule
    from allocator.report.document import result_document

    schedule, problem = result.schedule, prepared.problem
    if schedule is None:
        raise ValueError("A result without a schedule is not written.")
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=folder, prefix=".allocator-"))
    try:
        kinds = {r.kind for n, r in enumerate(prepared.resources) if not prepared.attends_only(n)}
        write_schedule(schedule, problem, staged / SCHEDULE)
        document = json.dumps(result_document(result), indent=2, ensure_ascii=False)
        (staged / RESULT).write_text(document + "\n", encoding="utf-8")
        (staged / CALENDARS).mkdir()
        calendars = write_icalendars(schedule, problem, staged / CALENDARS, kinds=sorted(kinds))
        (folder / CALENDARS).mkdir(exist_ok=True)
        for path in (folder / CALENDARS).glob("*.ics"):
            if path.name not in {calendar.name for calendar in calendars}:
                path.unlink()
        for path in (*calendars, staged / RESULT, staged / SCHEDULE):
            os.replace(path, folder / path.relative_to(staged))
    except BaseException:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return len(calendars)
