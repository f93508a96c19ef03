"""The booking transaction, statement for statement, as pgbench runs it.

What the store sends is written down while it books, and becomes a script with places drawn at
random: so both do the same work, one through SQLAlchemy and one in C.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from api.embedded import EmbeddedServer
from api.embedded.folder import programs


def written_down(engine: Engine, work: Callable[[], Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the statements that some work sends, with their values."""
    found: list[tuple[str, dict[str, Any]]] = []

    def note(
        connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        found.append((statement, dict(values)))

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return found


def script(
    statements: list[tuple[str, dict[str, Any]]], replaced: dict[str, str], draws: list[str]
) -> str:
    """Return a pgbench script of statements.

    Parameters
    ----------
    replaced
        Values as they were sent, and what stands in their place: expressions with variables.
    draws
        Lines that draw the variables.
    """
    lines = [*draws, "BEGIN;"]
    for statement, values in statements:
        sent = re.sub(
            r"%\((\w+)\)s", lambda m: _literal(values[m.group(1)], replaced), statement
        )
        lines.append(" ".join(sent.replace("%%", "%").split()) + ";")
    lines.append("COMMIT;")
    return "\n".join(lines) + "\n"


def _literal(value: Any, replaced: dict[str, str]) -> str:
    text = str(value)
    if text in replaced:
        return replaced[text]
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return text
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(_literal(item, replaced) for item in value) + "]"
    return "'" + text.replace("'", "''") + "'"


def run(server: EmbeddedServer, script: Path, *, clients: int, transactions: int) -> float:
    """Return transactions a second."""
    command = [str(programs(server.version) / "pgbench"), "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={clients}", f"--transactions={transactions}", f"--file={script}"]
    command += [server.url("allocator_api")]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    rate = re.search(r"tps = ([\d.]+)", found.stdout)
    assert rate, found.stdout + found.stderr
    return float(rate.group(1))
