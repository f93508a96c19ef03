"""The folders of data/ are what their calls make."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from allocator.frames import read_problem
from allocator.generate import handmade_clinic
from allocator.generate.datasets import DATASETS, write_datasets

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("name", ["handmade", "clinic-demo", "clinic-small-85"])
def test_a_folder_regenerates_byte_for_byte(name: str, tmp_path: Path) -> None:
    write_datasets(tmp_path, [name])
    made = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    kept = {p.name: p.read_bytes() for p in (DATA / name).iterdir() if p.suffix == ".csv"}
    assert made == kept


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_folder_can_be_read(name: str) -> None:
    problem = read_problem(DATA / name)
    assert problem.requests
    text = (DATA / "README.md").read_text(encoding="utf-8")
    assert f"`{name}`" in text


def test_the_committed_data_stays_small() -> None:
    sizes = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file())
    assert sizes < 8_000_000


def test_the_handmade_clinic_has_the_answer_that_its_readme_works_out() -> None:
    """Brute force over hours, rooms and who is left out; the rules are written out here."""
    monday, tuesday = 0, 1
    hours = {
        "mira": {(monday, h) for h in (9, 10, 11)} | {(tuesday, h) for h in (9, 10)},
        "jonas": {(monday, h) for h in (9, 10, 11)},
        "room-1": {(day, h) for day in (monday, tuesday) for h in (9, 10, 11)},
        "room-2": {(monday, h) for h in (9, 10)},
    }
    slots = sorted(hours["room-1"])
    # visit: where it may lie, and what it takes beside its patient (each tuple one choice)
    physio = [("mira", "room-1")]
    speech = [("jonas", "room-2"), ("jonas", "room-1")]
    asked = {
        "R1": ([s for s in slots if s[0] == monday], [("mira", "jonas", "room-1")], "P1"),
        "R2": ([(monday, 9)], speech, "P2"),
        "R3#1": (slots, physio, "P3"),
        "R3#2": (slots, physio, "P3"),
        "R4": ([(monday, 11)], speech, "P4"),
        "R5": ([(tuesday, 9)], physio, "P5"),
        "R6": ([(tuesday, 10)], physio, "P1"),
    }
    choices = [
        [None, *((slot, some) for slot in where for some in takes)]
        for where, takes, _ in asked.values()
    ]
    best: tuple[int, int] = (-1, -1)
    answers = []
    for chosen in product(*choices):
        placed = {
            visit: choice for visit, choice in zip(asked, chosen, strict=True) if choice is not None
        }
        if ("R3#1" in placed) != ("R3#2" in placed):
            continue
        if "R3#1" in placed and not placed["R3#1"][0][0] < placed["R3#2"][0][0]:
            continue
        taken = [
            (resource, slot)
            for visit, (slot, some) in placed.items()
            for resource in (*some, asked[visit][2])
        ]
        if len(set(taken)) < len(taken):
            continue
        if any(slot not in hours.get(resource, {slot}) for resource, slot in taken):
            continue
        value = (
            int("R1" in placed),
            3 * ("R2" in placed)
            + 2 * ("R3#1" in placed)
            + 2 * ("R4" in placed)
            + 2 * ("R5" in placed)
            + ("R6" in placed),
        )
        if value > best:
            best, answers = value, []
        if value == best:
            answers.append(placed)
    assert best == (1, 9)
    assert answers == [
        {
            "R1": ((monday, 10), ("mira", "jonas", "room-1")),
            "R2": ((monday, 9), ("jonas", "room-2")),
            "R3#1": ((monday, 9), ("mira", "room-1")),
            "R3#2": ((tuesday, 10), ("mira", "room-1")),
            "R4": ((monday, 11), ("jonas", "room-1")),
            "R5": ((tuesday, 9), ("mira", "room-1")),
        }
    ]


def test_the_handmade_clinic_is_small() -> None:
    problem = handmade_clinic()
    assert [r.id for r in problem.resources if r.kind == "practitioner"] == ["mira", "jonas"]
    assert len(problem.requests) == 6
    assert problem.horizon.start == datetime(2026, 3, 1, 23, tzinfo=UTC)
