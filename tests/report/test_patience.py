"""What is said while somebody waits: nothing for what is quick, something for what takes long."""

import io
import threading
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
from cli.running import ROOT, start
from nbclient import NotebookClient
from rich.console import Console
from tiny import problem, request

from allocator.report import patience as module
from allocator.report.patience import Patience
from allocator.solve import Progress

#: News of a solve of seven visits, in the level of comfort.
COMFORT = Progress(
    phase="prove",
    seconds=2.0,
    costs=(0, 200),
    bounds=(0, 150),
    visits_placed=6,
    visits=7,
    level="comfort",
)

#: The first lines of each cell: there is nothing to wait for before the line is shown.
IN_A_CELL = """
import time
from allocator.report import patience as module
from allocator.report.patience import Patience
module.DELAY, module.CHANGE = {delay}, 0.01
"""


def console(*, terminal: bool) -> Console:
    """Return a console that writes to memory."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)


def shown(on: Console) -> str:
    """Return what was written to a console."""
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def test_what_is_quick_shows_nothing_in_a_terminal():
    """No bar flickers up."""
    on = console(terminal=True)
    with Patience("reading", on):
        pass
    assert shown(on) == ""


def test_a_terminal_shows_a_bar_with_what_is_done(monkeypatch: pytest.MonkeyPatch):
    """It names what is being done, how a solve stands, and how many of several things are done."""
    monkeypatch.setattr(module, "DELAY", 0.01)
    on = console(terminal=True)
    some = problem(request("A"), request("B"))
    with Patience("reading clinic", on) as patience:
        _until(on, "reading clinic")
        patience.solving(some, 30.0)
        patience.told(Progress(phase="construct", seconds=1.0, visits=7))
        _until(on, "0 of 7 visits")
        patience.told(COMFORT)
        _until(on, "cost 200, at least 150 (gap 25.0 %)")
        patience.now("explaining")
        patience.counted(3, 1200)
        _until(on, "3 of 1,200")
    assert "comfort" in shown(on)
    assert "first schedule" in shown(on)


def test_one_solve_of_several_is_named(monkeypatch: pytest.MonkeyPatch):
    """Before all that is told of it."""
    monkeypatch.setattr(module, "DELAY", 0.01)
    on = console(terminal=True)
    with Patience("starting", on) as patience:
        patience.solving(problem(request("A")), 30.0, "comp01, seed 2")
        _until(on, "comp01, seed 2: preparing")
        patience.told(COMFORT)
        _until(on, "comp01, seed 2: comfort")


def test_the_bar_goes_away_at_the_end(monkeypatch: pytest.MonkeyPatch):
    """The last thing that is written erases its line."""
    monkeypatch.setattr(module, "DELAY", 0.01)
    on = console(terminal=True)
    with Patience("reading clinic", on):
        _until(on, "reading clinic")
    assert shown(on).endswith("\x1b[1A\x1b[2K")


def test_a_pipe_shows_nothing(tmp_path: Path):
    """Neither a bar nor a line, also of a solve that lasts longer than a bar would wait."""
    demo = ROOT / "data" / "clinic-demo"
    process = start("solve", demo, "--time-limit", "4", "--json", cwd=tmp_path)
    stdout, stderr = process.communicate()
    assert stdout.startswith("{")
    assert stderr == ""


def test_a_notebook_has_one_line_that_changes_and_ends():
    """However often it changes, a stored notebook keeps the last one alone."""
    line, plain = _outputs(
        0,
        """
        with Patience("solving") as patience:
            for done in range(100):
                patience.counted(done + 1, 100)
                time.sleep(0.01)
        print("after")
        """,
    )
    assert line["output_type"] == "display_data"
    assert line["data"]["text/plain"].startswith("solving: 100 of 100 (")
    assert plain["text"] == "after\n"


def test_what_is_quick_shows_nothing_in_a_notebook():
    """Not even an empty output."""
    assert _outputs(60, 'with Patience("solving"):\n    pass') == []


def test_a_notebook_keeps_the_line_of_what_failed():
    """It comes before the error, which it does not hide."""
    line, error = _outputs(
        0,
        """
        with Patience("solving") as patience:
            time.sleep(1)
            patience.now("writing")
            raise ValueError("no space")
        """,
    )
    assert line["data"]["text/plain"].startswith("writing (")
    assert error["ename"] == "ValueError"


def _outputs(delay: float, cell: str) -> list[nbformat.NotebookNode]:
    """Return the outputs of a cell that is run in a notebook of its own."""
    code = IN_A_CELL.format(delay=delay) + dedent(cell)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return notebook.cells[0].outputs


def _until(on: Console, words: str) -> None:
    for _ in range(500):
        if words in shown(on):
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"{words!r} is not in {shown(on)!r}")
