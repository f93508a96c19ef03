"""Help: every command teaches, with examples and exit codes."""

import re
import shlex

import pytest
from cli.running import run
from typer.main import get_command

from allocator.cli.main import application

COMMANDS = [
    (),
    ("solve",),
    ("check",),
    ("explain",),
    ("plot",),
    ("popular",),
    ("steer",),
    ("bench",),
    ("generate",),
    ("generate", "clinic"),
    ("generate", "stream"),
    ("serve",),
    ("worker",),
    ("migrate",),
    ("seed",),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_there_and_fits_80_columns(words: tuple[str, ...]):
    """By --help and by -h."""
    long, short = run(*words, "--help"), run(*words, "-h")
    assert long.exit_code == 0
    assert long.stdout == short.stdout
    assert max(map(len, long.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "words",
    [
        ("solve",),
        ("check",),
        ("plot",),
        ("popular",),
        ("steer",),
        ("bench",),
        ("generate", "clinic"),
        ("generate", "stream"),
        ("serve",),
        ("worker",),
        ("migrate",),
        ("seed",),
    ],
)
def test_help_has_examples_and_exit_codes(words: tuple[str, ...]):
    """Each example is a command of its own line, and each exit code is there."""
    text = run(*words, "--help").stdout
    assert re.search(rf"allocator {' '.join(words)}\s", text.partition("Examples")[2])
    assert " 0  " in text.partition("Exit codes")[2]
    assert " 2  " in text.partition("Exit codes")[2]


@pytest.mark.parametrize("words", COMMANDS)
def test_examples_parse(words: tuple[str, ...]):
    """Every option in an example exists."""
    text = " ".join(run(*words, "--help", columns=200).stdout.partition("xamples")[2].split("\n"))
    for example in text.split("allocator ")[1:]:
        command = get_command(application())
        parts = shlex.split(example.split("   ")[0].split(" | ")[0].split(" > ")[0])
        while parts and parts[0] in getattr(command, "commands", {}):
            command = command.commands[parts.pop(0)]
        known = {
            name for option in command.params for name in (*option.opts, *option.secondary_opts)
        }
        assert {part for part in parts if part.startswith("--")} <= known


def test_the_version_is_told():
    """As the package has it."""
    answer = run("--version")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("allocator ")


@pytest.mark.parametrize(
    "words", [("solve",), ("solve", "x", "--workers", "many"), ("plan",), ("check", "only-one")]
)
def test_a_slip_in_the_command_itself_is_exit_code_2(words: tuple[str, ...]):
    """A missing argument, a word for a number, an unknown command."""
    answer = run(*words)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr
