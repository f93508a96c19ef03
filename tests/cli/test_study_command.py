"""``allocator study``: scenarios from a file, compared, kept, and shown on a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.running import run, run_json
from scenario.test_figures import clinic

from allocator.cli.common import INTERRUPTED
from allocator.frames import write_problem
from allocator.scenario import Study
from allocator.solve import Status


def study(folder: Path, **more: Any) -> Path:
    """Write a study of the clinic of two days: as it is, without Ann, and with nobody."""
    write_problem(clinic(), folder / "clinic.json")
    close = {"type": "close", "resources": ["ann"], "first": "2026-03-02"}
    document = {
        "format": "allocator-study",
        "version": 1,
        "problem": "clinic.json",
        "options": {"": {"deterministic_limit": 5}},
        "scenarios": [
            {"name": "Ann is ill", "changes": [close]},
            {"name": "nobody", "changes": [{**close, "resources": ["ann", "ben"]}]},
        ],
        **more,
    }
    file = folder / "ill.json"
    file.write_text(json.dumps(document))
    return file


def test_differences_are_told_and_kept_and_written_as_a_page(tmp_path: Path) -> None:
    """A table of what is served, one for each scenario; the second run solves nothing."""
    file, kept, page = study(tmp_path), tmp_path / "kept", tmp_path / "out" / "ill.html"
    answer = run("study", file, "--keep", kept, "--report", page, "--processes", "1")
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == "Served and placed, of what is not pinned"
    rows = {line[:12].strip(): re.findall(r"\d of \d", line) for line in lines[3:6]}
    assert rows == {
        "as it is": ["3 of 3", "4 of 5"],
        "Ann is ill": ["3 of 3", "4 of 5"],
        "nobody": ["0 of 3", "0 of 5"],
    }
    at = lines.index("nobody, against as it is")
    assert lines[at + 1] == "close ann and ben from 2026-03-02 on"
    told = next(line for line in lines[at:] if line.startswith("value served, priority 1"))
    assert re.findall(r"[-+]?\d\.\d", told) == ["1.0", "0.0", "-1.0"]
    assert answer.stdout.endswith(f"Report: {page}\n")
    assert "Ann is ill" in page.read_text(encoding="utf-8")
    assert len(list(kept.iterdir())) == 3
    found = run_json("study", file, "--keep", kept, "--base", "nobody")
    assert found["base"] == "nobody"
    assert [one["reused"] for one in found["outcomes"]] == [True] * 3
    assert found["scenarios"][1] == {
        "scenario": "Ann is ill",
        "changes": ["close ann from 2026-03-02 on"],
    }
    served = [
        (one["scenario"], one["difference"], one["shown"])
        for one in found["comparison"]
        if one["figure"] == "value served, priority 1"
    ]
    assert served == [("as it is", 1.0, "yes"), ("Ann is ill", 1.0, "yes")]


def test_what_has_no_schedule_is_exit_code_3(tmp_path: Path) -> None:
    """All must be served, and nobody is there; the others are told all the same."""
    must = replace(clinic(), requests=tuple(replace(r, must=True) for r in clinic().requests[1:]))
    file = study(tmp_path)
    write_problem(must, tmp_path / "clinic.json")
    answer = run("study", file)
    assert answer.exit_code == 3
    lines = answer.stdout.splitlines()
    assert [re.findall(r"\d of \d", line) for line in lines[3:6]] == [
        *([["2 of 2", "2 of 2"]] * 2),
        ["0 of 2", "0 of 2"],
    ]
    assert lines[-1] == f"nobody has no schedule: {Status.INFEASIBLE.value}"


def test_an_interrupt_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder the same command goes on; without, nothing is kept."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", interrupted)
    file, kept = study(tmp_path), tmp_path / "kept"
    for words, said in (
        (("--keep", kept), f"Interrupted; the same command goes on from {kept}."),
        ((), "Interrupted; nothing is kept."),
    ):
        answer = run("study", file, *words)
        assert (answer.exit_code, answer.stderr) == (INTERRUPTED, f"{said}\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--base", "Ann is il"), "Scenario Ann is il does not exist; did you mean Ann is ill?"),
        (("--report", "page.pdf"), "page.pdf: a report is written as .html."),
        (("--keep", "ill.json"), "ill.json is a file, and in the way: --keep names a folder."),
    ],
)
def test_bad_input_is_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    """One clear line, before anything is solved."""
    file = study(tmp_path)
    monkeypatch.chdir(tmp_path)
    answer = run("study", file, *words)
    assert answer.exit_code == 2
    assert says in answer.stderr
