"""The supervisor: what dies is replaced, what is asked stops, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from cli.running import ROOT
from service.processes import gone, until

from api import supervisor
from api.lifetime import Stopping
from api.problems import StoreUnavailable
from api.supervisor import FIRST, LONGEST, STEADY, Module, Supervisor, Watched

Write = Callable[[str], Module]


class Fake:
    """A part that is dead or alive as a test says."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.pid, self.starts, self.refuses = 0, 0, refuses

    def start(self) -> None:
        self.starts += 1
        if self.refuses:
            raise StoreUnavailable

    def stop(self) -> None:
        self.pid = 0


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Makes modules that say so in a file once they run."""
    made: list[Module] = []

    def work(code: str) -> Module:
        name = f"part_{len(made)}"
        begin = f"import signal, time\nfrom pathlib import Path\nHERE = Path({str(tmp_path)!r})\n"
        end = f"(HERE / '{name}').touch()\ntime.sleep(600)\n"
        (tmp_path / f"{name}.py").write_text(begin + textwrap.dedent(code) + end)
        made.append(Module(name, environment={"PYTHONPATH": str(tmp_path)}))
        return made[-1]

    yield work
    for module in made:
        if module.pid:
            os.kill(module.pid, signal.SIGKILL)
            module.stop()


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield Stopping()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_part_that_runs_is_left_alone():
    """However long."""
    part = Fake()
    part.pid = 7
    watched = Watched(name="part", part=part, started=0)
    for now in range(5):
        watched.tend(now * STEADY)
    assert part.starts == 0


def test_a_part_that_dies_at_once_is_started_after_ever_longer_pauses():
    """After 0.1, 0.2, 0.4, … seconds, and never more than 5."""
    assert (FIRST, LONGEST) == (0.1, 5.0)
    part = Fake()
    watched = Watched(name="part", part=part, started=0)
    now = 0.0
    for starts, pause in enumerate((0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5)):
        watched.tend(now + pause - 0.01)
        assert part.starts == starts
        now += pause + 0.01
        watched.tend(now)
        assert part.starts == starts + 1


def test_a_part_that_ran_steadily_is_started_at_once():
    """Its pauses are those of one that never died."""
    part = Fake()
    watched = Watched(name="part", part=part, started=0)
    for now in (10, 20, 30, 40):
        watched.tend(now)
    assert part.starts == 4
    part.pid = 7
    watched.tend(40 + STEADY + 1)
    part.pid = 0
    watched.tend(40 + STEADY + 1)
    assert part.starts == 5


def test_a_part_that_cannot_start_is_tried_again():
    """A database that does not come up ends nothing else."""
    part = Fake(refuses=True)
    watched = Watched(name="part", part=part, started=0)
    for now in (10, 20, 30):
        watched.tend(now)
    assert part.starts == 3


def test_a_module_that_is_killed_is_replaced_until_asked_to_stop(
    write: Write, stopping: Stopping, tmp_path: Path
):
    """The new one is another process, and both are gone in the end."""
    module = write("")
    keeper = Supervisor({}, {"module": module})
    keeper.start()
    first = psutil.Process(module.pid)
    until((tmp_path / "part_0").exists)
    (tmp_path / "part_0").unlink()
    first.kill()

    class Until(Stopping):
        """Stops once the second process runs."""

        def __init__(self) -> None: ...

        def wait(self, seconds: float) -> bool:
            return stopping.wait(seconds) or (tmp_path / "part_0").exists()

    keeper.watch(Until())
    second = psutil.Process(module.pid)
    assert second.pid != first.pid
    keeper.stop()
    assert gone(first) and gone(second)
    assert module.pid == 0


def test_a_module_that_does_not_hear_is_killed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever waits for its end does not wait for ever."""
    monkeypatch.setattr(supervisor, "STOP", 0.1)
    module = write("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    module.start()
    until((tmp_path / "part_0").exists)
    process = psutil.Process(module.pid)
    module.stop()
    assert gone(process)


def test_what_dies_before_it_is_watched_is_told(write: Write):
    """A service that cannot start ends, in place of trying for ever."""
    module = write("raise SystemExit(3)\n")
    keeper = Supervisor({}, {"module": module})
    keeper.start()
    until(lambda: keeper.dead == ["module"])


def test_modules_end_with_a_supervisor_that_is_killed(tmp_path: Path):
    """By kill -9, which nothing hears."""
    (tmp_path / "part.py").write_text("import time\ntime.sleep(600)\n")
    code = f"""
        import time
        from api.supervisor import Module
        module = Module("part", environment={{"PYTHONPATH": {str(tmp_path)!r}}})
        module.start()
        print(module.pid, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        module = psutil.Process(int(parent.stdout.readline()))
        assert not gone(module)
        parent.kill()
    until(lambda: gone(module))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting(stopping: Stopping, number: signal.Signals):
    """At once, and for whoever waits afterwards."""
    assert not stopping.wait(0)
    signal.raise_signal(number)
    assert stopping.wait(600)
    assert stopping.wait(600)
