"""``python -m api.embedded DIR PROGRAM ...``: a program of PostgreSQL's at the embedded server.

``psql``, ``pg_dump`` and ``pg_restore`` find the server by their environment, as its superuser.
Where no server runs on the data in DIR, one does until the program has ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from api.embedded.server import EmbeddedServer


def main(folder: str, program: str, *words: str) -> int:
    """Run a program; return its exit code."""
    server = EmbeddedServer(Path(folder))
    server.reach()
    try:
        return subprocess.run(
            [server.programs / program, *words], env={**os.environ, **server.environment()}
        ).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("Usage: python -m api.embedded DIR PROGRAM ...")
    sys.exit(main(*sys.argv[1:]))
