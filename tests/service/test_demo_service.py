"""The day at the demonstration clinic, from its first call to its table."""

from __future__ import annotations

import io

import psutil
from rich.console import Console
from service.processes import gone, until

from api.demo_service import run


def test_the_day_goes_by_and_everything_stops() -> None:
    """All who call get their time, every request is booked or left, and no process stays."""
    console = Console(file=io.StringIO(), width=100)
    before = set(psutil.Process().children(recursive=True))
    day = run(console, seconds=1)
    assert (day.called, day.held, day.refused, day.waiting) == (64, 64, 0, 82)
    assert day.status in ("optimal", "feasible")
    assert 0 < day.booked == day.waiting - day.left
    assert day.lost <= day.left
    assert set(day.seconds) == {"started", "held", "sent", "solved", "published"}
    console.print(day.table())
    assert "held and confirmed" in console.file.getvalue()  # type: ignore[attr-defined]
    until(lambda: all(map(gone, set(psutil.Process().children(recursive=True)) - before)))
