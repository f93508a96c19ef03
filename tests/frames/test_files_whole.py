"""Files appear whole or not at all."""

import os
from datetime import date

import pytest

import allocator.frames.files as files
from allocator.domain.problem import Problem
from allocator.domain.request import Request, Step
from allocator.domain.service import Service
from allocator.domain.time import Horizon
from allocator.frames import read_problem, write_problem

HORIZON = Horizon(first=date(2026, 3, 2), days=5, zone="UTC")
SMALL = Problem(horizon=HORIZON)
LARGER = Problem(
    horizon=HORIZON,
    services=(Service(id="S", minutes=30),),
    requests=(Request(id="R", steps=(Step(service="S"),)),),
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_tables_that_are_gone_are_gone_from_the_folder(tmp_path):
    """Writing a smaller problem over a larger one leaves none of its tables behind."""
    write_problem(LARGER, tmp_path / "p")
    write_problem(SMALL, tmp_path / "p")
    assert names(tmp_path / "p") == ["problem.csv"]
    assert names(tmp_path) == ["p"]


def test_other_files_of_the_folder_are_kept(tmp_path):
    """Notes and a schedule beside the tables outlive a new problem."""
    write_problem(SMALL, tmp_path / "p")
    (tmp_path / "p" / "notes.txt").write_text("mine")
    write_problem(LARGER, tmp_path / "p")
    assert (tmp_path / "p" / "notes.txt").read_text() == "mine"
    assert read_problem(tmp_path / "p") == LARGER


def test_a_folder_that_fails_half_way_is_not_touched(tmp_path, monkeypatch):
    """When the disk is full, the problem that was there is still there, whole."""
    write_problem(LARGER, tmp_path / "p")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk is full"):
        write_problem(SMALL, tmp_path / "p")
    assert read_problem(tmp_path / "p") == LARGER
    assert names(tmp_path) == ["p"]


def test_a_folder_that_cannot_be_moved_is_put_back(tmp_path, monkeypatch):
    """When the last step fails, the old folder is where it was."""
    write_problem(LARGER, tmp_path / "p")
    rename = os.rename

    def fail(source, target):
        if target == tmp_path / "p" and source.name != "old":
            full(0)
        rename(source, target)

    monkeypatch.setattr(files.os, "rename", fail)
    with pytest.raises(OSError, match="disk is full"):
        write_problem(SMALL, tmp_path / "p")
    assert read_problem(tmp_path / "p") == LARGER
    assert names(tmp_path) == ["p"]


def test_a_file_that_fails_half_way_is_not_touched(tmp_path, monkeypatch):
    """When the disk is full, the document that was there is still there, whole."""
    write_problem(LARGER, tmp_path / "p.json")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk is full"):
        write_problem(SMALL, tmp_path / "p.json")
    assert read_problem(tmp_path / "p.json") == LARGER
    assert names(tmp_path) == ["p.json"]


def test_a_problem_has_no_other_suffix(tmp_path):
    """A single .csv file cannot hold a problem."""
    with pytest.raises(ValueError, match=r"p\.csv: a problem is written to a folder or"):
        write_problem(SMALL, tmp_path / "p.csv")
    assert names(tmp_path) == []


def full(handle):
    raise OSError("the disk is full")
