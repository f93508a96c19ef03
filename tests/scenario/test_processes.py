"""Tasks in processes of their own: values, errors, what they print, and how they die."""

from __future__ import annotations

import atexit
import operator
import os
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

import pytest
from cli.running import ROOT

from allocator.scenario.processes import Processes, _sent


def test_values_come_back_in_any_order() -> None:
    """More tasks than run at once."""
    with Processes(2) as some:
        futures = [some.submit(operator.mul, number, 3) for number in range(5)]
        assert [future.result() for future in futures] == [0, 3, 6, 9, 12]


def test_an_error_comes_back_as_it_was_raised() -> None:
    """With its type and message; the others are done."""
    with Processes(2) as some:
        wrong = some.submit(operator.truediv, 1, 0)
        right = some.submit(operator.truediv, 1, 2)
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            wrong.result()
        assert right.result() == 0.5


def test_what_a_task_prints_is_not_its_value() -> None:
    """It goes where errors go."""
    with Processes(1) as some:
        assert some.submit(print, "hello").result() is None


def test_a_value_that_cannot_be_sent_is_an_error() -> None:
    """Told as what it is."""
    with Processes(1) as some, pytest.raises(RuntimeError, match="lock"):
        some.submit(threading.Lock).result()


def test_a_process_that_dies_takes_no_other_with_it() -> None:
    """As where memory runs out: its own task has failed, and no more."""
    with Processes(2) as some:
        dead = some.submit(os._exit, 7)
        alive = some.submit(operator.add, 1, 2)
        with pytest.raises(RuntimeError, match="Its process ended with code 7"):
            dead.result()
        assert alive.result() == 3


class Dies:
    """What ends the process that reads it."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        """Be read as the end."""
        return os._exit, (7,)


def test_a_process_that_dies_before_it_has_read_all_is_told_by_its_code() -> None:
    """Not by the pipe that broke."""
    with Processes(1) as some:
        dead = some.submit(operator.add, Dies(), bytes(5_000_000))
        with pytest.raises(RuntimeError, match="Its process ended with code 7"):
            dead.result()


def test_what_cannot_be_sent_any_more_is_no_error_of_its_own() -> None:
    """A process that has ended before anything was sent says so by its code alone."""
    process = subprocess.Popen(
        [sys.executable, "-c", "raise SystemExit(3)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.wait()
    assert (_sent(process, b"x"), process.returncode) == (b"", 3)


def test_ended_at_once_nothing_goes_on() -> None:
    """What runs is killed, and what waits is never begun."""
    some = Processes(1)
    running, waiting = some.submit(time.sleep, 600), some.submit(time.sleep, 600)
    while not some._running:
        time.sleep(0.01)
    some.shutdown(cancel_futures=True)
    with pytest.raises(RuntimeError, match="Its process ended with code -9"):
        running.result()
    assert waiting.cancelled()


def test_a_process_that_takes_its_time_to_end_has_done_its_task() -> None:
    """The sender has all, and is gone for it, before the process has ended."""
    with Processes(1) as some:
        assert some.submit(slow_to_end).result() == 3


def slow_to_end() -> int:
    """Do a task, and then wait as a process with much memory does when it ends."""
    atexit.register(time.sleep, 0.5)
    return 3


def test_a_task_ends_with_who_has_sent_it(tmp_path: Path) -> None:
    """Killed, it can end nothing itself; its tasks would run on for nobody."""
    script = tmp_path / "what_if.py"
    script.write_text(
        "import time\n"
        "from allocator.scenario.processes import Processes\n"
        "some = Processes(1)\n"
        "some.submit(time.sleep, 600)\n"
        "while not some._running:\n"
        "    time.sleep(0.01)\n"
        "print(*(one.pid for one in some._running), flush=True)\n"
        "time.sleep(600)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, cwd=tmp_path, env=env
    ) as sender:
        assert sender.stdout is not None
        task = int(sender.stdout.readline())
        sender.kill()
    # Nobody is left to reap it, unless whoever adopts it does.
    until = time.monotonic() + 60
    while alive(task) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(task)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and is not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_modules_are_those_of_the_sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not files of the folder in which it runs, and what the sender alone finds as well."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pickle.py").write_text("raise SystemExit(9)\n")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "only_there.py").write_text("def two():\n    return 2\n")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(tmp_path / "there")
    with Processes(1) as some:
        assert some.submit(import_module("only_there").two).result() == 2


def test_a_script_needs_no_guard(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """It is not run again by its own processes."""
    script = tmp_path / "what_if.py"
    script.write_text(
        "import operator\n"
        "from allocator.scenario.processes import Processes\n"
        "print('once')\n"
        "with Processes(2) as some:\n"
        "    print(some.submit(operator.add, 1, 2).result())\n"
    )
    found = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert found.stdout.split() == ["once", "3"]
