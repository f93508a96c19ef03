"""Studies from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scenario.test_figures import clinic

from allocator import InvalidProblem
from allocator.frames import write_problem
from allocator.scenario import Demand, Scenario, Study, read_study, write_scenarios
from allocator.scenario.study import ONE_CORE
from allocator.solve import Params

BUSY = {"name": "busy", "changes": [{"type": "demand", "percent": 100}]}


def study(folder: Path, **keys: Any) -> Path:
    """Write a study of the clinic of two days."""
    write_problem(clinic(), folder / "clinic.json")
    document = {
        "format": "allocator-study",
        "version": 1,
        "problem": "clinic.json",
        "scenarios": [BUSY],
        **keys,
    }
    (folder / "study.json").write_text(json.dumps(document))
    return folder / "study.json"


def test_the_problem_as_it_is_comes_first(tmp_path: Path) -> None:
    """By default with one seed, and settings as of any study."""
    base = Scenario(name="as it is", base=clinic())
    busy = base.then(Demand(percent=100), name="busy")
    assert read_study(study(tmp_path)) == Study(scenarios=(base, busy))


def test_all_of_it(tmp_path: Path) -> None:
    """Scenarios in a file of their own, of which the first is the base; settings in part."""
    today = Scenario(name="today", base=clinic())
    busy = today.then(Demand(percent=100), name="busy")
    write_scenarios((today, busy), tmp_path / "some.json")
    options = {"quick": {"time_limit_seconds": 1}, "slow": {"workers": 2, "gap": 0.1}}
    file = study(tmp_path, scenarios="some.json", seeds=[3, 4], options=options, warm=True)
    assert read_study(file, folder=tmp_path / "kept") == Study(
        scenarios=(today, busy),
        seeds=(3, 4),
        options={
            "quick": Params(time_limit_seconds=1.0, workers=1),
            "slow": Params(time_limit_seconds=ONE_CORE.time_limit_seconds, workers=2, gap=0.1),
        },
        warm=True,
        folder=tmp_path / "kept",
    )
    named = read_study(study(tmp_path, base="now"))
    assert [one.name for one in named.scenarios] == ["now", "busy"]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"problem": "none.json"}, "none.json: The file cannot be read: No such file"),
        ({"problem": 3}, "study.json problem: It is 3; text is expected."),
        ({"scenarios": 3}, "study.json scenarios: The name of a file with scenarios is expected"),
        ({"scenarios": [{"changes": []}]}, "study.json scenarios[0]: A scenario is an object with"),
        ({"scenarios": "none.json"}, "none.json: The file cannot be read: No such file"),
        ({"seed": [1]}, "study.json: The key 'seed' is unknown; did you mean seeds?"),
        ({"options": [1]}, "study.json options: An object is expected"),
        ({"options": {"quick": 1}}, "study.json options.quick: An object is expected."),
        (
            {"options": {"quick": {"worker": 1}}},
            "study.json options.quick: The key 'worker' is unknown; did you mean workers?",
        ),
        ({"options": {"": {"workers": 0}}}, "The setting workers is 0; 1 to 256 are possible."),
        ({"seeds": []}, "A study of 0 seeds; at least 1 is needed."),
        ({"scenarios": [BUSY, BUSY]}, "2 scenarios are called 'busy'; each needs its own name."),
    ],
)
def test_faults_say_where_they_are(tmp_path: Path, keys: dict[str, Any], says: str) -> None:
    """By file and place."""
    with pytest.raises(InvalidProblem) as error:
        read_study(study(tmp_path, **keys))
    assert says in str(error.value)
