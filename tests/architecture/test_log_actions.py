"""Every log line of the service has an action, and the page on operations lists them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source import ROOT, place, tree

LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
#: Made for what libraries log, in ``api.logs``.
OF_LIBRARIES = ("library", "any")
PAGE = ROOT / "docs" / "operations.md"


def calls() -> Iterator[tuple[str, str, ast.expr | None]]:
    """Yield where each line is logged, its level, and what it has as its action."""
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name("LOG"), attr=level)):
                    assert level in LEVELS, f"{place(path, node.lineno)} calls LOG.{level}"
                    given = {word.arg: word.value for word in node.keywords}
                    yield place(path, node.lineno), level, given.get("action")


def test_every_line_has_an_action() -> None:
    """A constant of two words, by which it is found whatever its text becomes."""
    found = list(calls())
    assert len(found) >= 10
    wrong = [
        where
        for where, _, action in found
        if not isinstance(action, ast.Constant)
        or not re.fullmatch(r"[a-z]+\.[a-z_]+", str(action.value))
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_logged_past_the_actions() -> None:
    """A line through another logger, or a print, would have no action and no rules."""
    wrong = [
        f"{place(path, node.lineno)} uses {ast.unparse(node.func)}"
        for path in sorted((ROOT / "api").rglob("*.py"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "LOG")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_page_lists_every_action_with_its_level() -> None:
    """And none that the code does not have."""
    text = PAGE.read_text(encoding="utf-8").partition("## Log lines")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([\w.]+)` \| (\w+) \|", text, re.MULTILINE)
    logged = {
        (action.value, level) for _, level, action in calls() if isinstance(action, ast.Constant)
    }
    assert set(told) == {*logged, OF_LIBRARIES}
    assert len(told) == len(set(told))
