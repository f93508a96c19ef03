"""Notebooks: each runs from top to bottom, and lies in the repository without its output."""

import re
from pathlib import Path

import nbformat
import pytest
from cli.running import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
#: What each prints before it decides, in order.
TOLD = {
    "02-capacity": (
        "as it is: 18 served",
        "half a therapist: 21 served",
        "open until 20:00: 21 served",
        "+15 %: 18 served",
        "+15 %, half a therapist: 22 served",
        "+15 %, open until 20:00: 21 served",
        "bottleneck: practitioner (physio)",
    ),
    "03-sick-day": (
        "21 visits told, 1 left out",
        "3 visits with Ben on Monday cannot be held.",
        "as few as it takes, moved: 3, dropped: 0, patients to call: 3",
        "two moves at most, moved: 2, dropped: 1, patients to call: 3",
        "as if nobody had been told, moved: 7, dropped: 0, patients to call: 7",
    ),
    "04-spreadsheets": (
        "8 faults",
        "requests.csv row 4: Request R3: priority is 'high'; a whole number is expected.",
        "requests.csv row 3: Request R2 names the service 'fysio', which does not exist.",
        "Practice at the market: 4 requests, 6 resources",
        "7 corrections in 4 files",
        "OPTIMAL: 4 of 4 visits placed",
    ),
    "05-trade-off": (
        "16 series, 48 visits",
        "49 days of waiting, 2 further therapists",
        "50 days of waiting, 1 further therapists",
        "51 days of waiting, 0 further therapists",
        "45 visits placed",
    ),
    "06-recurring": (
        "09 Mar 09:00, 16 Mar 09:00, 23 Mar 09:00, 30 Mar 09:00, 13 Apr 09:00",
        "as usual: 75 of 78 visits",
        "Anna on 10 April: 77 of 78 visits",
    ),
    "08-off-peak": (
        "busy hours: 20.7 before, 14.8 steered, from -17.0 to +5.1: not shown",
        "waiting days: 23.3 before, 23.3 steered",
        "savings: 0.0 before, 6.1 steered, from +4.3 to +7.8: shown",
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path):
    """In a folder of its own beside the data; the last cells leave what they promise."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    here = tmp_path / "notebooks"
    here.mkdir()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=240, resources={"metadata": {"path": str(here)}}, kernel_name="python3"
    ).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [o for o in shown if o.output_type == "error"]
    assert any("vega" in str(o.get("data", "")) for o in shown)
    told = " ".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in shown)
    *_, last = notebook.cells
    if last.cell_type == "markdown":
        assert re.search(".*".join(map(re.escape, TOLD[path.stem])), told, re.DOTALL), told
        # A decision says no figure that no cell has found.
        assert set(NUMBER.findall(last.source)) <= set(NUMBER.findall(told))
    if path.stem == "01-quickstart":
        assert "</html>" in (here / "out" / "report.html").read_text(encoding="utf-8")
        # In ten seconds of a busy machine a request may be left out that could be placed.
        assert re.search(r"R\d+ .*(cannot be placed|could be placed beside all else)", told)
        assert " lies at " in told
        waited = [str(o.data) for o in shown if o.output_type == "display_data"]
        # A cell that takes long keeps one line of progress; explaining may take less than that.
        assert "visits" in waited[0]
        assert ["explaining: " in line for line in waited[1:]] in ([], [True])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_its_output(path: Path):
    """Neither results nor counts, so that a change shows what was changed."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_there_is_a_notebook():
    """The quickstart is the first."""
    assert next(path.stem for path in NOTEBOOKS) == "01-quickstart"
