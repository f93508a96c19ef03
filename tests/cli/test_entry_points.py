"""Commands of other packages, found through the entry point group ``allocator.commands``."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
import typer
from cli.running import HANDMADE, run

from allocator.cli.main import COMMANDS


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages are installed: one with a function and a typer application, one is broken."""
    module = ModuleType("clinic_service")

    def serve(port: int = 80) -> None:
        """Serve schedules."""
        print(f"serving at {port}")

    group = typer.Typer(help="Look after the database.")

    @group.command("migrate")
    def migrate() -> None:
        """Bring it up to date."""
        print("migrated")

    @group.command("backup")
    def backup() -> None:
        """Keep a copy."""

    module.serve, module.group = serve, group  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "clinic_service", module)

    def found(*, group: str) -> list[EntryPoint]:
        assert group == COMMANDS == "allocator.commands"
        return [
            EntryPoint("serve", "clinic_service:serve", group),
            EntryPoint("database", "clinic_service:group", group),
            EntryPoint("broken", "not_there_at_all:app", group),
        ]

    monkeypatch.setattr(sys.modules["allocator.cli.main"], "entry_points", found)


def test_a_function_becomes_a_command(plugins: None):
    """Its options come from its signature."""
    assert run("serve", "--port", "8000").stdout == "serving at 8000\n"


def test_a_typer_application_becomes_a_group(plugins: None):
    """Its commands stand below the entry point's name."""
    assert run("database", "migrate").stdout == "migrated\n"


def test_they_stand_in_the_help(plugins: None):
    """Beside the commands of the library."""
    text = run("--help").stdout
    assert "Serve schedules." in text
    assert "Look after the database." in text


def test_a_broken_package_does_not_break_the_others(
    plugins: None, capsys: pytest.CaptureFixture[str]
):
    """It is told on stderr, and stdout is the answer alone."""
    answer = run("solve", HANDMADE, "--json", "--workers", "1")
    assert answer.exit_code == 0
    assert "The command 'broken' (not_there_at_all:app) cannot be loaded" in capsys.readouterr().err
    assert answer.stdout.startswith("{")
