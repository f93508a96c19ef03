"""Runs the Python and the commands in a Markdown page, and compares what they print."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.running import ROOT, run

#: Commands of pages that are run by other tests, or by whoever reads them.
NOT_RUN = ("make ", "pip ", "git ", "python -m venv", "cd ")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line on which it starts."""

    language: str
    text: str
    line: int


def pages() -> list[Path]:
    """Return the README and every page in docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(found[1], found[2], text[: found.start()].count("\n") + 1)


def python_blocks(page: Path) -> list[Block]:
    """Return the Python of a page."""
    return [block for block in blocks(page) if block.language == "python"]


def commands(page: Path) -> list[tuple[str, str, int]]:
    """Return the commands of a page: what is typed, what should be printed, and the line."""
    found = []
    for block in blocks(page):
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                typed, _, printed = part.partition("\n")
                found.append((typed, printed, block.line))
    return found


def run_python(page: Path, **given: object) -> None:
    """Run the Python of a page from top to bottom, in one namespace.

    A ``text`` block right after a Python block is what that prints; ``...`` stands for anything.
    Names may be given beforehand.
    """
    names: dict[str, object] = {"__name__": "page", **given}
    printed: str | None = None
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * block.line + block.text, where, "exec"), names)
            printed = out.getvalue()
        elif block.language == "text" and printed is not None:
            assert alike(block.text, printed), f"{where} shows\n{block.text}\nnot\n{printed}"
            printed = None
        else:
            printed = None


def run_command(typed: str, printed: str, where: str) -> None:
    """Run a command, and compare what it prints where the page shows something."""
    if typed.startswith(NOT_RUN):
        return
    words = shlex.split(typed, comments=True)
    assert words[0] == "allocator", f"{where}: {typed} is run by no test"
    answer = run(*words[1:])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), where
    if printed:
        told = answer.stdout + answer.stderr
        assert alike(printed, told), f"{where} shows\n{printed}\nnot\n{told}"
    else:
        assert answer.exit_code == 0, f"{where}: {answer.stderr}"


def alike(shown: str, printed: str) -> bool:
    """Say whether a page shows what was printed, spaces at the ends of lines aside."""
    shown, printed = ("\n".join(map(str.rstrip, s.strip().split("\n"))) for s in (shown, printed))
    return doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS)
