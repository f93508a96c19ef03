"""Completeness: nothing that a user can meet is missing from the docs."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from cli.running import ROOT
from typer.main import get_command

from allocator.bench.sets import SETS
from allocator.cli import common
from allocator.cli.main import application
from allocator.domain import faults
from allocator.domain.faults import FaultCode
from allocator.domain.objective import COMFORT
from allocator.frames.tables import TABLES
from allocator.goals import GOALS
from allocator.goals.served import Served
from allocator.rules import RULES
from allocator.solve import Params, Status
from api.settings import Settings

DOCS = ROOT / "docs"
TERMS = [*((rule, "rules.md") for rule in RULES), *((goal, "goals.md") for goal in GOALS)]
COLUMNS = {table.file: {column.name for column in table.columns} for table in TABLES}


def lines(page: str, heading: str) -> str:
    """Return the section of a page below a heading in code marks."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"^###? `{re.escape(heading)}`\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    assert found, f"docs/{page} has no section `{heading}`"
    return found[1]


def section(page: str, heading: str) -> str:
    """Return a section in one line."""
    return " ".join(lines(page, heading).split())


def verdicts(page: str, name: str) -> list[str]:
    """Return what a section's picture says of its schedules.

    The picture is what the Python before it prints: test_pages.py compares the two.
    """
    found = re.search(
        r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", lines(page, name), re.M | re.S
    )
    assert found, f"docs/{page} has no picture in the section of {name}"
    assert "show(" in found[1], f"the picture of {name} is not drawn by its Python"
    return [line.rsplit("  ", 1)[-1].strip() for line in found[2].splitlines()[1:]]


@pytest.mark.parametrize(("term", "page"), [pytest.param(t, p, id=t.name) for t, p in TERMS])
def test_every_rule_and_goal_has_its_sentence_term_data_and_example(term, page: str):
    """The sentence is the code's, word for word."""
    text = section(page, term.name)
    assert text.startswith(term.sentence)
    for part in ("**Term.**", "**Data.**", "**Example.**"):
        assert part in text, f"{term.name} has no {part}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_shows_what_it_allows_and_what_it_forbids(rule):
    """Schedules that break nothing, and some that break this rule and no other."""
    told = verdicts("rules.md", rule.name)
    assert "allowed" in told, f"{rule.name} shows nothing that is allowed"
    assert rule.name in told, f"{rule.name} shows nothing that it forbids"


@pytest.mark.parametrize("goal", [*GOALS, Served(1)], ids=lambda goal: goal.name)
def test_every_goal_shows_what_is_free_and_what_costs(goal):
    """Schedules that miss nothing of it, and some that do."""
    told = [
        re.fullmatch(r"(.+): (\d+), points: (\d+)", note)
        for note in verdicts("goals.md", goal.name)
    ]
    found = [match for match in told if match]
    assert {match[1] for match in found} == {goal.unit}
    assert {match[2] == "0" for match in found} == {True, False}, f"{goal.name} shows only one kind"
    assert all((match[2] == "0") == (match[3] == "0") for match in found)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.name)
def test_every_goal_tells_its_unit(goal):
    """As the summary prints it."""
    assert f"**Unit.** {goal.unit}" in section("goals.md", goal.name)


def test_served_is_told_among_the_goals():
    """It has a number in its name, so it stands in no list."""
    assert section("goals.md", "served:1").startswith(Served(1).sentence)


def test_the_default_weights_are_told():
    """As the objective has them."""
    text = " ".join((DOCS / "goals.md").read_text(encoding="utf-8").split())
    assert ", ".join(f"`{name}` {weight}" for name, weight in COMFORT) in text


def test_rules_that_cannot_be_switched_off_are_told():
    """Those that are part of what a visit is."""
    text = (DOCS / "rules.md").read_text(encoding="utf-8").partition("\n## ")[0]
    told = set(
        re.findall(r"`(\w+)`", text.partition("part of what a visit is:")[2].partition(".")[0])
    )
    assert told == {rule.name for rule in RULES if rule.structural}


@pytest.mark.parametrize(("page", "known"), [("rules.md", RULES), ("goals.md", GOALS)])
def test_no_page_tells_of_what_is_not_there(page: str, known):
    """Sections in code marks are rules, or goals."""
    told = re.findall(r"^###? `([^`]+)`$", (DOCS / page).read_text(encoding="utf-8"), re.M)
    assert set(told) - {"served:1"} == {term.name for term in known}
    assert len(told) == len(set(told))


@pytest.mark.parametrize(("term", "page"), [pytest.param(t, p, id=t.name) for t, p in TERMS])
def test_the_data_that_a_section_names_exists(term, page: str):
    """Files and columns are those of docs/formats.md."""
    data = section(page, term.name).partition("**Data.**")[2].partition("**")[0]
    named = re.findall(r"`([a-z_]+\.csv)`((?:[^`]*?`[a-z_]+`(?!\.csv))*)", data)
    for file, columns in named:
        assert file in COLUMNS, f"{term.name} names {file}"
        for column in re.findall(r"`([a-z_]+)`", columns):
            assert column in COLUMNS[file], f"{term.name} names {column} in {file}"


@pytest.mark.parametrize("code", FaultCode, ids=lambda code: code.name.lower())
def test_every_fault_code_is_told(code: FaultCode):
    """With its sentence and an example."""
    text = section("messages.md", code.name.lower())
    assert text.startswith(code.value)
    assert "> " in text


@pytest.mark.parametrize("status", Status, ids=lambda status: status.name)
def test_every_status_is_told(status: Status):
    """With its sentence, and what to do."""
    text = section("messages.md", status.name)
    assert text.startswith(status.value)
    assert len(text) > len(status.value) + 20


def test_every_error_class_is_told():
    """The base class as well."""
    classes = [
        name
        for name, value in vars(faults).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert len(classes) == 4
    for name in classes:
        assert section("messages.md", name)


def test_every_setting_is_told():
    """By the name that Params has for it, and by the command line's."""
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    for field in fields(Params):
        assert f"`{field.name}`" in text
        option = field.name.removesuffix("_seconds").replace("_", "-")
        assert f"`--{option}`" in text


def test_every_setting_of_the_service_is_told_with_its_default():
    """In the table of its page, and no other."""
    text = (DOCS / "service.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `ALLOCATOR_(\w+)` \|([^|]*)\|", text, re.M))
    defaults = {name.upper(): field.get_default() for name, field in Settings.model_fields.items()}
    assert told.keys() == defaults.keys()
    for name, value in defaults.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        assert told[name].strip(" `") == shown, name


def test_every_command_and_option_is_told():
    """A section for each command, and its options in it."""
    told = 0
    waiting = [("allocator", get_command(application()))]
    while waiting:
        name, command = waiting.pop()
        waiting += [(f"{name} {n}", c) for n, c in getattr(command, "commands", {}).items()]
        if getattr(command, "commands", None):
            continue
        text = section("command-line.md", name)
        told += 1
        for option in command.params:
            for spelling in (*option.opts, *option.secondary_opts):
                assert f"`{spelling}`" in text or not spelling.startswith("--")
    assert told >= 5


def test_every_set_of_instances_is_told():
    """With the names of those instances that are made."""
    text = section("command-line.md", "allocator bench")
    for one in SETS:
        row = text.partition(f"| `{one.name}` | ")[2].partition(" |")[0]
        assert row, f"docs/command-line.md says nothing of the set {one.name}"
        for made in one.made():
            assert made.partition("-")[0] in row


def test_every_exit_code_is_told():
    """In the table of the page."""
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    for code in (
        0,
        common.VIOLATIONS,
        common.BAD_INPUT,
        common.NO_SCHEDULE,
        common.BUG,
        common.INTERRUPTED,
    ):
        assert f"| {code} |" in text


def test_decisions_are_numbered_without_holes():
    """And each has the four parts that the first one asks for."""
    found = sorted((DOCS / "decisions").glob("*.md"))
    assert [path.name[:4] for path in found] == [f"{n:04d}" for n in range(1, len(found) + 1)]
    for path in found:
        text = path.read_text(encoding="utf-8")
        for part in ("## Context", "## Decision", "## Consequences", "## Alternatives"):
            assert part in text, f"{path.name} has no {part}"


def test_no_page_names_a_place_on_somebody_s_machine():
    """Paths are relative to the project."""
    for path in (ROOT / "README.md", *DOCS.rglob("*.md")):
        assert not re.search(r"(^|[\s`(])/(home|work|root|Users)/", path.read_text(), re.M), path


def test_the_docs_folder_has_pages():
    """The tests above have something to read."""
    assert {p.name for p in Path(DOCS).glob("*.md")} >= {
        "index.md",
        "concepts.md",
        "rules.md",
        "goals.md",
        "messages.md",
        "command-line.md",
        "formats.md",
    }
