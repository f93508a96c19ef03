"""The booking transaction, statement for statement, as pgbench runs it.

What the store sends is written down while it books, and becomes a script with places drawn at
random: so both do the same work, one through SQLAlchemy and one in C.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from psycopg.types.range import Range
from sqlalchemy import Engine, event

from api.embedded import EmbeddedServer
from api.embedded.folder import owner, programs

#: An instant, and a UUID, as they are sent.
INSTANT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+\d\d:\d\d"
UID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


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
            r"%\((\w+)\)s", lambda m, sent=values: _literal(sent[m.group(1)], replaced), statement
        )
        lines.append(" ".join(sent.replace("%%", "%").split()) + ";")
    lines.append("COMMIT;")
    return "\n".join(lines) + "\n"


def _literal(value: Any, replaced: dict[str, str]) -> str:
    text = str(value)
    if text in replaced:
        return replaced[text]
    if isinstance(value, Jsonb):
        return _literal(json.dumps(value.obj), replaced) + "::jsonb"
    if isinstance(value, Range):
        ends = (_literal(end, replaced) for end in (value.lower, value.upper))
        return f"tstzrange({', '.join(ends)})"
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return text
    if isinstance(value, list) and not value:
        return "'{}'"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(_literal(item, replaced) for item in value) + "]"
    # Rows are sent as JSON: what is replaced stands within.
    within = "|".join(re.escape(one) for one in replaced) or "$^"
    parts = re.split(f"({within})", text)
    return " || ".join(
        f"CAST({replaced[part]} AS text)" if part in replaced else _quoted(part) for part in parts
    )


def _quoted(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    # A colon before a letter would be a variable of pgbench's.
    return "U&'" + re.sub(r":(?=[A-Za-z_])", r"\\003a", quoted) + "'"


def run(server: EmbeddedServer, script: Path, *, clients: int, transactions: int) -> float:
    """Return transactions a second."""
    command = [
        str(programs(server.version, owner()) / "pgbench"),
        "--no-vacuum",
        "--protocol=prepared",
    ]
    command += [f"--client={clients}", f"--transactions={transactions}", f"--file={script}"]
    command += [server.url("allocator_api")]
    found = subprocess.run(command, capture_output=True, text=True)
    rate = re.search(r"tps = ([\d.]+)", found.stdout)
    assert found.returncode == 0 and rate, found.stdout + found.stderr
    return float(rate.group(1))


def as_bookings(statements: list[tuple[str, dict[str, Any]]], practitioners: int) -> str:
    """Return the statements of one hold as a script that holds other places each time."""
    shift = ":week * interval '7 days'"
    draws = ["\\set week random(1, 100000)"]
    replaced: dict[str, str] = {}
    for _, values in statements:
        for value in values.values():
            for one in re.findall(INSTANT, str(value)):
                replaced[one] = f"(timestamptz '{one}' + {shift})"
            for one in re.findall(UID, str(value)):
                replaced[one] = "gen_random_uuid()"
    return script(statements, replaced, draws)
