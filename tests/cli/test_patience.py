"""Progress on stderr: nothing for what is quick, something for what takes long."""

import io
import threading

import pytest
from rich.console import Console
from tiny import problem, request

from allocator.cli import patience as module
from allocator.cli.patience import Patience
from allocator.solve import Progress


def console(*, terminal: bool) -> Console:
    """Return a console that writes to memory."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)


def shown(on: Console) -> str:
    """Return what was written to a console."""
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_quick_shows_nothing(terminal: bool):
    """Neither a bar nor a line."""
    on = console(terminal=terminal)
    with Patience("reading", on):
        pass
    assert shown(on) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_long_says_what_it_does(monkeypatch: pytest.MonkeyPatch, terminal: bool):
    """The bar, or the line, names what is being done, and how a solve stands."""
    for name in ("DELAY", "FIRST_LINE", "NEXT_LINE"):
        monkeypatch.setattr(module, name, 0.01)
    on = console(terminal=terminal)
    some = problem(request("A"), request("B"))
    with Patience("reading clinic", on) as patience:
        _until(on, "reading clinic")
        patience.solving(some, 30.0)
        patience.told(Progress(phase="construct", seconds=1.0, visits=7))
        _until(on, "0 of 7 visits")
        patience.told(
            Progress(
                phase="prove",
                seconds=2.0,
                costs=(0, 200),
                bounds=(0, 150),
                visits_placed=6,
                visits=7,
                level="comfort",
            )
        )
        _until(on, "cost 200, at least 150 (gap 25.0 %)")
    assert "comfort" in shown(on)
    assert "first schedule" in shown(on)


def _until(on: Console, words: str) -> None:
    for _ in range(500):
        if words in shown(on):
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"{words!r} is not in {shown(on)!r}")
