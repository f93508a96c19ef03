"""``python -m api.serving FD``: one process of the API, at a socket that it was handed.

The socket is the supervisor's, so that it outlives a process that dies: whoever calls meanwhile
waits for the next one, and is not turned away.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

from allocator.domain.garbage import kept
from api import logs
from api.settings import Settings

#: Seconds that requests under way have when the process is asked to stop.
GRACE = 10


def main(descriptor: int) -> None:
    """Serve until asked to stop."""
    logs.configure(Settings().log_level)
    config = uvicorn.Config(
        "api.app:application",
        factory=True,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    with (
        kept()
    ):  # a search for cycles in all that is loaded holds up every call, for a third of 1 s
        config.load()
    server = uvicorn.Server(config)
    server.run(sockets=[socket.socket(fileno=descriptor)])
    if not server.started:
        sys.exit(3)


if __name__ == "__main__":
    main(int(sys.argv[1]))
