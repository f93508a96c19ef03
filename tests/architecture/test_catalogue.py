"""A rule or a goal is one file, one line in a list and one test file, all of its name."""

import ast
import inspect
import re

import pytest
from source import LIBRARY, ROOT, TESTS, tree

from allocator.domain.faults import FaultCode
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.goals.served import Served
from allocator.rules import RULES
from allocator.rules.rule import Rule

#: Files that are no rule or goal themselves, but what several are made of.
SHARED = {"rules": {"__init__", "rule", "transition"}, "goals": {"__init__", "goal"}}

#: ``served:1`` to ``served:9`` are one goal, made for each class that a problem has.
ALL_GOALS = (*GOALS, Served(3))


def file_name(thing: Rule | Goal) -> str:
    return thing.name.split(":")[0]


def is_goal(thing: Rule | Goal) -> bool:
    return Goal in type(thing).__mro__


@pytest.mark.parametrize("thing", [*RULES, *ALL_GOALS], ids=lambda thing: thing.name)
def test_its_files_carry_its_name(thing: Rule | Goal) -> None:
    """Who looks for a rule by its name in an explanation finds it, and its tests, at once."""
    folder = "goals" if is_goal(thing) else "rules"
    assert inspect.getfile(type(thing)).endswith(f"{folder}/{file_name(thing)}.py")
    assert (ROOT / "tests" / folder / f"test_{file_name(thing)}.py").is_file()


@pytest.mark.parametrize("folder", ["rules", "goals"])
def test_the_catalogue_is_whole(folder: str) -> None:
    """A file that nobody listed would be a rule that nobody obeys."""
    listed = {file_name(thing) for thing in (RULES if folder == "rules" else ALL_GOALS)}
    assert {path.stem for path in (LIBRARY / folder).glob("*.py")} - SHARED[folder] == listed
    tested = {path.stem[5:] for path in (ROOT / "tests" / folder).glob("test_*.py")}
    assert listed <= tested


def test_names_are_unique() -> None:
    """One name is one thing, in the API, in explanations, in tests and in docs."""
    names = [thing.name for thing in (*RULES, *ALL_GOALS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("thing", [*RULES, *ALL_GOALS], ids=lambda thing: thing.name)
def test_it_has_a_plain_face(thing: Rule | Goal) -> None:
    """What no plain check judges, no schedule can be verified by."""
    base, face = (Goal, "score") if is_goal(thing) else (Rule, "violations")
    assert getattr(type(thing), face) is not getattr(base, face)


@pytest.mark.parametrize("thing", [*RULES, *ALL_GOALS], ids=lambda thing: thing.name)
def test_it_explains_itself(thing: Rule | Goal) -> None:
    """It says in one sentence, to the user, what it wants; and its class has a docstring."""
    assert re.fullmatch(r"[A-Z][^\n]+\.", thing.sentence)
    assert type(thing).__doc__


@pytest.mark.parametrize("code", list(FaultCode), ids=lambda code: code.name)
def test_every_fault_is_triggered_by_a_test(code: FaultCode) -> None:
    """A message that no test has seen is a message that nobody has read."""
    assert any(
        isinstance(node, ast.Attribute)
        and node.attr == code.name
        and ast.unparse(node.value).endswith("FaultCode")
        for path in TESTS
        for node in ast.walk(tree(path))
    )
