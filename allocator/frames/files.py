"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Set
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_folder(folder: Path, files: Mapping[str, bytes], ours: Set[str]) -> None:
    """Write files to a folder, as one: a folder beside it is filled, then takes its place.

    Parameters
    ----------
    folder
        It may exist.
    files
        Names and contents.
    ours
        Names of files that are replaced or vanish; any others in the folder are kept.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:100]}-"))
    try:
        for name, data in files.items():
            write_file(made / name, data)
        if not folder.exists():
            os.chmod(made, 0o777 & ~_umask())
            os.rename(made, folder)
            return
        os.chmod(made, folder.stat().st_mode & 0o7777)
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:100]}-"))
        os.rename(folder, old / "old")
        try:
            os.rename(made, folder)
        except BaseException:
            os.rename(old / "old", folder)
            os.rmdir(old)
            raise
        for path in (old / "old").iterdir():
            if path.name not in ours:
                os.rename(path, folder / path.name)
        shutil.rmtree(old)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
