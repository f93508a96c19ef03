"""A proxy before the database: it cuts connections wherever it is told to, or falls silent."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

#: Bytes that are passed on at once, at most.
MOST = 65_536
Life = tuple[int | None, int | None]


class Proxy:
    """Passes bytes on between clients at a port of this machine and a server's socket.

    Attributes
    ----------
    life
        Returns how many bytes a new connection passes on, to the server and back, before both its
        ends are cut; None is for ever.
    last
        Words after which it falls silent: they are the last that it passes on.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._flows = Event()
        self._flows.set()
        self.life: Callable[[], Life] = lambda: (None, None)
        self.last = b""
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def url(self, url: str) -> str:
        """Return the way by the proxy to an address at the socket."""
        return re.sub(r"@/(\w+)\?host=.*", rf"@127.0.0.1:{self.port}/\1", url)

    def fall_silent(self) -> None:
        """Take everything, and pass nothing on."""
        self._flows.clear()

    def speak(self) -> None:
        """Pass on what was taken, and everything from now on."""
        self.last = b""
        self._flows.set()

    def cut(self) -> None:
        """Cut all connections."""
        with self._lock:
            for end in self._open:
                with suppress(OSError):  # the other side was faster
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.speak()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Pass on what a client sends, and in another thread what it is sent."""
        self._flows.wait()
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(self._path)
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            there, again = self.life()
            back = Thread(target=self._pass, args=(server, client, again), daemon=True)
            back.start()
            self._pass(client, server, there)
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _pass(self, source: socket.socket, to: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while some := source.recv(MOST):
                self._flows.wait()
                if self.last and self.last in some:
                    self.fall_silent()
                to.sendall(some[:left])
                if left is not None:
                    left -= len(some)
                    if left <= 0:
                        self.cuts += 1
                        break
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(folder: str) -> Iterator[Proxy]:
    """A proxy before the server whose socket is in a folder."""
    proxy = Proxy(f"{folder}/.s.PGSQL.5432")
    try:
        yield proxy
    finally:
        proxy.close()
