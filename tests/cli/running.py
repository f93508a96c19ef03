"""Runs the command line: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from allocator.cli.main import application

ROOT = Path(__file__).parents[2]
HANDMADE = ROOT / "data" / "handmade"


def run(*words: str | Path, columns: int = 80) -> Result:
    """Run ``allocator`` with these words, in this process."""
    runner = CliRunner(env={"COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1"})
    return runner.invoke(application(), [str(word) for word in words], prog_name="allocator")


def run_json(*words: str | Path) -> Any:
    """Run ``allocator`` with these words and ``--json``; stdout must be one object."""
    return json.loads(run(*words, "--json").stdout)


def start(*words: str | Path, cwd: Path, terminal: bool = False) -> subprocess.Popen[str]:
    """Start ``python -m allocator`` in a process of its own, which heeds Ctrl-C.

    Where the tests run in the background, the shell has them ignore Ctrl-C, and that is
    inherited. With ``terminal`` the process takes its pipes for one, and shows its bar.
    """
    screen = {"TERM": "xterm", "TTY_COMPATIBLE": "1"} if terminal else {"TERM": "dumb"}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "allocator", *map(str, words)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **screen},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt(process: subprocess.Popen[str], *, times: int = 1) -> tuple[str, str]:
    """Send Ctrl-C once a process that was started as in a terminal has told of a first schedule.

    Returns stdout and stderr.
    """
    assert process.stderr is not None
    told = b""
    while not re.search(rb"[1-9] of ", told):
        more = os.read(process.stderr.fileno(), 1 << 16)
        assert more, "it ended before it told of a schedule"
        told += more
    time.sleep(0.2)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


def damaged(folder: Path, file: str, old: str, new: str) -> Path:
    """Copy the handmade clinic to a folder, with one file changed."""
    if not folder.exists():
        shutil.copytree(HANDMADE, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder
