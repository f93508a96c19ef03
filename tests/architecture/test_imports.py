"""Imports run downward only; OR-Tools stays where it belongs; nothing happens at import."""

import ast
import subprocess
import sys

import pytest
from source import FILES, imported, package, place, tree

#: From the bottom up, with the reason for each place. A package imports those below it alone.
ORDER = {
    "domain": "what a problem is, in the user's words: needs nothing but the standard library",
    "prepare": "a problem in ticks and numbers, worked out once for everyone above",
    "forecast": "how busy things will be: learnt from claims, and read by whoever ranks",
    "state": "what is placed: rules and goals ask it, so it knows neither",
    "rules": "each is told what is placed, and says what is forbidden",
    "goals": "as rules; a goal may use how a rule counts, never the other way round",
    "table": "rules and goals asked together about one visit",
    "check": "rules and goals asked together about a whole schedule, without any solver",
    "model": "rules and goals asked to speak to CP-SAT",
    "solve": "tables, checks and models at work",
    "report": "what a result says to people",
    "explain": "why it says so: tables and models asked again, with some facts out of force",
    "suggest": "where one request could go: tables asked about it alone, and why nowhere",
    "replay": "many requests, one after the other: the suggester asked by people who choose",
}

#: Packages beside the tower, with all they may import. A planner reads and writes files, and
#: makes problems to try, without any solver in memory; a simulation runs a schedule forward,
#: whoever made it, under chance from a file; scenarios are problems saved and solved beside each
#: other; plots draw what reports and scenarios say; the command line is the top. Frames
#: know the rules and goals only by name, so that a wrong one is told with its file and row.
BESIDE = {
    "frames": {"domain", "prepare", "rules", "goals"},
    "generate": {"domain", "frames"},
    "client": {"domain", "frames"},
    "simulate": {*ORDER, "frames"},
    "scenario": {*ORDER, "frames"},
    "plots": {*ORDER, "scenario", "simulate"},
    "bench": {*ORDER, "frames", "generate", "plots"},
    "cli": {*ORDER, "frames", "generate", "scenario", "simulate", "plots", "bench"},
}

#: What may be installed in its absence: each of these has one home.
HOMES = {
    "ortools": {"model", "solve"},
    "pandas": {
        "client",
        "explain",
        "forecast",
        "frames",
        "replay",
        "scenario",
        "simulate",
        "suggest",
    },
    "icalendar": {"frames"},
    "holidays": {"prepare", "generate"},
    "rich": {"report", "cli"},
    "IPython": {"report"},
    "typer": {"cli"},
    "httpx2": {"client"},
    "altair": {"plots"},
    "vl_convert": {"plots"},
    "jinja2": {"plots"},
}


def allowed(name: str) -> set[str]:
    if name in BESIDE:
        return BESIDE[name]
    order = list(ORDER)
    return set(order[: order.index(name)])


def test_every_package_has_its_place() -> None:
    """A new package is put into the order, with a reason, before anything imports it."""
    assert {package(f) for f in FILES} - {""} == {*ORDER, *BESIDE}


def test_imports_run_downward() -> None:
    """A package that imports one above it would tie a knot: neither can change without both."""
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in FILES
        if package(path)
        for line, name in imported(path)
        if name.startswith("allocator.")
        and (other := name.split(".")[1]) != package(path)
        and other not in allowed(package(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_the_service_or_the_command_line() -> None:
    """The library is whole without a server, and without a terminal."""
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in FILES
        for line, name in imported(path)
        if name.split(".")[0] == "api"
        or (
            name.split(".")[:2] == ["allocator", "cli"]
            and package(path) != "cli"
            and path.stem != "__main__"
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_the_domain_needs_the_standard_library_alone() -> None:
    """Whoever only describes a problem, as the service's routes do, installs nothing for it."""
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in FILES
        if package(path) == "domain"
        for line, name in imported(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names and top != "allocator"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_has_a_home(library: str) -> None:
    """Rules and goals speak to the model through verbs; OR-Tools and the rest can be replaced."""
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in FILES
        for line, name in imported(path)
        if name.split(".")[0] == library and package(path) not in HOMES[library]
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_happens_at_import() -> None:
    """A module defines; it does not do. No loops, no bare calls, no files, no environment."""
    wrong = []
    for path in FILES:
        for node in tree(path).body:
            if isinstance(node, ast.If) and ast.unparse(node.test) in (
                "TYPE_CHECKING",
                "__name__ == '__main__'",
            ):
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            if not isinstance(
                node,
                ast.Import
                | ast.ImportFrom
                | ast.FunctionDef
                | ast.ClassDef
                | ast.Assign
                | ast.AnnAssign,
            ):
                wrong.append(f"{place(path, node.lineno)} runs {ast.unparse(node)[:60]}")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                wrong += [
                    f"{place(path, node.lineno)} calls {called}"
                    for called in _calls(node)
                    if called in DOING
                ]
    assert not wrong, "\n".join(wrong)


#: The last names of calls that read, write, ask or wait.
DOING = {
    *("open", "print", "input", "exec", "eval", "compile_command", "run", "sleep", "system"),
    *("read", "read_text", "read_bytes", "read_csv", "write", "write_text", "iterdir", "exists"),
    *("getenv", "getcwd", "now", "today", "time", "Thread", "Lock", "Random", "default_rng"),
}


def _calls(node: ast.AST) -> list[str]:
    return [
        ast.unparse(call.func).split(".")[-1]
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    ]


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("allocator", ("numpy", "pandas", "ortools", "allocator.domain")),
        ("allocator.domain.problem", ("numpy", "pandas", "ortools", "holidays")),
        ("allocator.check", ("ortools", "pandas", "holidays")),
        ("allocator.frames", ("ortools", "holidays")),
        ("allocator.solve", ("rich", "typer", "holidays")),
        ("allocator.client", ("ortools", "holidays", "rich")),
        ("allocator.plots", ("altair", "vl_convert", "jinja2", "ortools", "pandas")),
        ("allocator.cli", ("altair", "vl_convert", "jinja2", "allocator.plots")),
    ],
)
def test_what_is_not_used_is_not_loaded(module: str, absent: tuple[str, ...]) -> None:
    """Checking loads no solver, reading files no solver, solving no terminal: starts stay quick."""
    code = f"import sys, {module}; print(*(n for n in {absent!r} if n in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not loaded
