"""Without the extra ``plots`` allocator works, and whoever draws is told what to install."""

import sys

import pytest
from pictures import placed
from tiny import problem, request

from allocator.plots import report, save, unplaced, week
from allocator.plots.extra import LIBRARIES, require


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str
):
    """Whichever of them it is."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install 'allocator\[plots\]'") as told:
        require()
    assert told.value.name == name
    assert str(told.value).startswith(f"{name.replace('_', '-')} is not installed")


def test_it_is_said_by_whatever_is_called_first(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """A chart without altair, a file without vl-convert, a report without jinja2."""
    some = problem(request("A"))
    schedule = placed(some, "A 9:00")
    chart = unplaced(schedule)
    for name, call in (
        ("altair", lambda: week(some, schedule)),
        ("vl_convert", lambda: save(chart, tmp_path / "a.png")),
        ("jinja2", lambda: report(some, schedule)),
    ):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, name, None)
            with pytest.raises(ImportError, match=r"allocator\[plots\]"):
                call()
    assert list(tmp_path.iterdir()) == []
