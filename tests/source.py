"""The library's source as syntax trees: what imports what, and what each file says."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "allocator"
FILES = sorted(LIBRARY.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def package(path: Path) -> str:
    """Return the package of the library that a file belongs to; ``""`` for the library's own."""
    inside = path.relative_to(LIBRARY).parts
    return inside[0] if len(inside) > 1 else ""


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every module that a file imports, wherever in it, with the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module is not None
            yield node.lineno, node.module
            if node.module == "allocator":
                for name in node.names:
                    yield node.lineno, f"allocator.{name.name}"


def place(path: Path, line: int) -> str:
    """Name a line of a file."""
    return f"{path.relative_to(ROOT)}:{line}"
