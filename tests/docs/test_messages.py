"""Examples of faults in docs/messages.md are what allocator says, word for word."""

from pathlib import Path

import pytest
from cli.running import damaged, run
from docs.test_complete import section

from allocator.domain.faults import FaultCode

#: For each code: a file of the handmade clinic, what stands there, and what is put in its place.
#: A file that the clinic does not have is written anew.
DAMAGE = {
    "UNKNOWN_NAME": ("requests.csv", "R2,speech_therapy", "R2,speech"),
    "DUPLICATE": (
        "resources.csv",
        "jonas,practitioner",
        "mira,practitioner,,,,,,,\njonas,practitioner",
    ),
    "WRONG_TYPE": ("services.csv", "Speech therapy,60", "Speech therapy,one hour"),
    "WRONG_NUMBER": ("requests.csv", "P2,,,2,3", "P2,,,12,3"),
    "OFF_GRID": ("services.csv", "Speech therapy,60", "Speech therapy,50"),
    "NAIVE_TIME": ("requests.csv", "2026-03-02T11:00+01:00,2026", "2026-03-02T11:00,2026"),
    "EMPTY_SPAN": ("requests.csv", "2026-03-02T11:00+01:00,2026", "2026-03-02T13:00+01:00,2026"),
    "OUTSIDE_HORIZON": (
        "published.csv",
        "",
        "visit,start,end,resources\n"
        "R4,2026-05-04T11:00+02:00,2026-05-04T12:00+02:00,practitioner=jonas\n",
    ),
    "OVERLAP": (
        "opening_hours.csv",
        "mira,mon,09:00,12:00",
        "mira,mon,11:00,15:00,no\nmira,mon,09:00,12:00",
    ),
    "NOBODY": (
        "needs.csv",
        "physiotherapy,practitioner,practitioner,physio",
        "physiotherapy,practitioner,practitioner,spanish",
    ),
    "CONTRADICTION": ("apart.csv", "", "one,other\nmira,mira\n"),
    "TOO_LARGE": (
        "problem.csv",
        "days,2\nzone,Europe/Berlin\ngrain_minutes,15",
        "days,730\nzone,Europe/Berlin\ngrain_minutes,1",
    ),
    "UNKNOWN_ZONE": ("problem.csv", "Europe/Berlin", "Europe/Berln"),
    "BROKEN_FILE": (
        "requests.csv",
        "R2,speech_therapy,P2,",
        "R2,speech_therapy,P2,,,,,,,,,,,,,,,,",
    ),
    "MISSING": ("services.csv", "Speech therapy,60", "Speech therapy,"),
}


def test_every_code_is_brought_about():
    """None is left out of the table."""
    assert list(DAMAGE) == [code.name for code in FaultCode]


@pytest.mark.parametrize("code", FaultCode, ids=lambda code: code.name.lower())
def test_the_example_is_what_allocator_says(tmp_path: Path, code: FaultCode):
    """One fault, one line, with its file and row, and its code's sentence below."""
    file, old, new = DAMAGE[code.name]
    folder = damaged(tmp_path / "clinic", "problem.csv", "", "")
    if old:
        damaged(folder, file, old, new)
    else:
        (folder / file).write_text(new, encoding="utf-8")
    answer = run("solve", folder, "--time-limit", "1")
    assert answer.exit_code == 2
    head, line, meaning = answer.stderr.splitlines()
    assert head == "1 fault in the input"
    assert line.strip().startswith(file)
    assert line.strip() in section("messages.md", code.name.lower()).replace("> ", "")
    assert meaning.strip() == f"{code.name.lower()}: {code.value}"
