"""One table by itself: what its rows have room for comes back the same, and the rest is named."""

from datetime import UTC, datetime, timedelta

import pytest
from cli.running import ROOT

from allocator.domain.faults import Fault
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.time import Span
from allocator.frames import read_problem
from allocator.frames.alone import header_alone, read_alone, rows_alone
from allocator.frames.sheets import write_csv

CLINIC = read_problem(ROOT / "data" / "handmade")
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def written(name: str, items: object) -> str:
    return write_csv(header_alone(name), list(rows_alone(name, items))).decode()


@pytest.mark.parametrize("name", ["locations", "resources", "requests"])
def test_what_has_room_in_its_rows_comes_back(name: str):
    """Each object with its row, of which the header is the first."""
    items = getattr(CLINIC, name)
    faults: list[Fault] = []
    found = read_alone(name, written(name, items), faults)
    assert (faults, [item for _, item in found]) == ([], list(items))
    assert [place for place, _ in found][:1] == [f"{name}.csv row 2"]


def test_what_has_no_room_is_named_and_not_taken_for_whole():
    """Two windows, a chain, and somebody who need not come: each has a table of its own."""
    span = Span(start=NINE, end=NINE + timedelta(hours=1))
    other = Span(start=NINE + timedelta(days=1), end=NINE + timedelta(days=2))
    request = Request(
        id="R1",
        steps=(Step(service="physio"), Step(service="physio")),
        attendees=(Attendee(resource="P1", required=False),),
        windows=(span, other),
    )
    text = written("requests", [request])
    assert text.splitlines()[1].endswith(",attendees;steps;windows")
    faults: list[Fault] = []
    assert read_alone("requests", text, faults) == []
    assert [str(fault) for fault in faults] == [
        "requests.csv row 2: The row has no room for: attendees;steps;windows; bring it in as JSON."
    ]


def test_every_fault_is_told_with_its_row():
    """A column that nobody knows, a number that is none, and an id that is missing."""
    faults: list[Fault] = []
    text = "id,service,priority,colour\nR1,physio,x,red\n,physio,1,\n"
    assert read_alone("requests", text, faults) == []
    assert [fault.where for fault in faults] == [
        "requests.csv",
        "requests.csv row 2",
        "requests.csv row 3",
    ]
