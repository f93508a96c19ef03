"""The supervisor: starts the parts of the service, replaces those that die, stops them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from api.lifetime import Stopping, with_parent
from api.problems import StoreUnavailable

LOG = structlog.get_logger("allocator.supervisor")
#: Seconds between two looks at the parts.
EVERY = 0.1
#: Seconds before a part that died young is started again: the first time, and at most.
FIRST, LONGEST = 0.1, 5.0
#: Seconds after which a part is no longer young.
STEADY = 10.0
#: Seconds that a part has to end what it is doing.
STOP = 20.0


class Part(Protocol):
    """Something that runs in a process of its own, such as the embedded server."""

    @property
    def pid(self) -> int:
        """Its process number; 0 while it does not run."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it, and wait for its end."""


class Module:
    """A module of the service as a process, ``python -m``; it ends when this process does.

    Parameters
    ----------
    name
        The module's.
    words
        What it is told on its command line.
    environment
        Its settings, beside those of this process.
    descriptors
        Files and sockets that it goes on using.
    """

    def __init__(
        self,
        name: str,
        words: Sequence[str] = (),
        *,
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        self._command = [sys.executable, "-m", name, *words]
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process number; 0 while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            self._command,
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=self._descriptors,
            preexec_fn=with_parent(signal.SIGTERM),
            start_new_session=True,
        )

    def ask(self) -> None:
        """Ask it to stop; several parts that are asked stop at the same time."""
        if self._process is not None and self.pid:
            self._process.terminate()

    def stop(self) -> None:
        """Stop it; kill it where it does not hear."""
        self.ask()
        if self._process is not None:
            try:
                self._process.wait(STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@dataclass(kw_only=True)
class Watched:
    """A part under watch.

    Attributes
    ----------
    name
        What log lines call it.
    started
        When it was started last, in seconds.
    """

    name: str
    part: Part
    started: float
    _pause: float = FIRST

    def tend(self, now: float) -> None:
        """Start the part again where it has died; one that dies at once waits ever longer."""
        if self.part.pid:
            if now > self.started + STEADY:
                self._pause = FIRST
            return
        if now < self.started + self._pause:
            return
        LOG.warning("replaced", action="supervisor.replaced", part=self.name)
        self._pause = min(2 * self._pause, LONGEST)
        try:
            self.part.start()
        except StoreUnavailable as problem:
            LOG.error("failed", action="supervisor.failed", part=self.name, reason=problem.detail)
        self.started = now


class Supervisor:
    """Keeps parts running until this process is asked to stop.

    Parameters
    ----------
    first
        Parts that the others need: started before them, stopped after them.
    modules
        The others, by name.
    """

    def __init__(self, first: Mapping[str, Part], modules: Mapping[str, Module]) -> None:
        self._first = dict(first)
        self._modules = dict(modules)

    def start(self) -> None:
        """Start all parts that do not run yet."""
        for part in (*self._first.values(), *self._modules.values()):
            if not part.pid:
                part.start()

    @property
    def dead(self) -> list[str]:
        """Names of the modules that do not run."""
        return [name for name, module in self._modules.items() if not module.pid]

    def watch(self, stopping: Stopping) -> None:
        """Replace what dies, until this process is asked to stop."""
        parts = {**self._first, **self._modules}
        now = time.monotonic()
        watched = [Watched(name=name, part=part, started=now) for name, part in parts.items()]
        while not stopping.wait(EVERY):
            for one in watched:
                one.tend(time.monotonic())

    def stop(self) -> None:
        """Stop everything."""
        for module in self._modules.values():
            module.ask()
        for part in (*self._modules.values(), *self._first.values()):
            part.stop()
