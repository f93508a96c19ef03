"""The embedded server: private, and back with everything that it acknowledged."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from cli.running import ROOT
from service.conftest import vanishing, version_of_tests
from service.processes import gone, until

from api.embedded import EmbeddedServer, folder
from api.problems import StoreUnavailable
from api.store.migrate import migrate, newest

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def embedded(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the docs say."""
    command = [sys.executable, "-m", "api.embedded", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    with vanishing(tmp_path / "data") as folder:
        yield folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server for the tests of this page; it waits for the disk."""
    with EmbeddedServer(tmp_path_factory.mktemp("kept"), version=version_of_tests()) as running:
        yield running


def say(server: EmbeddedServer, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url("allocator_owner")) as connection:
        asked = connection.execute(statement)  # type: ignore[arg-type]
        return asked.fetchall() if asked.description else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_data_and_passwords_are_for_their_owners_alone(kept: EmbeddedServer):
    """The folder is the server's user's; the passwords and the log are ours."""
    data = (kept.folder / "postgres").resolve()
    assert mode(data) == 0o700
    assert mode(kept.folder / "passwords.json") == 0o600
    assert mode(kept.folder / "postgres.log") == 0o600
    assert data.stat().st_uid == psutil.Process(kept.pid).uids().real


@AS_ROOT
def test_root_has_the_server_run_as_somebody_else(kept: EmbeddedServer):
    """As a user who may not log in, and owns nothing but the data."""
    assert psutil.Process(kept.pid).username() == folder.USER


def test_nobody_is_trusted(kept: EmbeddedServer):
    """The right user of the operating system with a wrong password is turned away."""
    passwords = json.loads((kept.folder / "passwords.json").read_text())
    for role in passwords:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(kept.url(role, "postgres").replace(passwords[role], "wrong"))


def test_no_port_is_open(kept: EmbeddedServer):
    """It listens at a socket in the file system alone."""
    assert psutil.Process(kept.pid).net_connections("inet") == []


def test_what_was_acknowledged_survives_a_kill(kept: EmbeddedServer):
    """A committed row is there after kill -9 and a start; one that was not is not."""
    say(kept, "CREATE TABLE acknowledged (n integer)")
    say(kept, "INSERT INTO acknowledged VALUES (1)")
    under_way = psycopg.connect(kept.url("allocator_owner"))
    under_way.execute("INSERT INTO acknowledged VALUES (2)")
    url = kept.url()
    os.kill(kept.pid, signal.SIGKILL)
    until(lambda: kept.pid == 0)
    kept.start()
    under_way.close()
    assert say(kept, "SELECT n FROM acknowledged") == [(1,)]
    assert kept.url() == url


def test_its_log_tells_of_nobody(kept: EmbeddedServer):
    """An error is named; what was sent, and the row that it would have been, are not."""
    log = kept.folder / "postgres.log"
    before = log.stat().st_size
    say(kept, "CREATE TABLE somebody (name text UNIQUE)")
    with psycopg.connect(kept.url("allocator_owner"), autocommit=True) as connection:
        connection.execute("INSERT INTO somebody VALUES ('Eva Lang')")
        with pytest.raises(psycopg.errors.UniqueViolation, match="Eva Lang"):
            connection.execute("INSERT INTO somebody VALUES (%s)", ["Eva Lang"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="Eva Lang"):
            connection.execute("INSERT INTO somebody VALUES ('Eva Lang')")
    told = log.read_text()[before:]
    assert told.count("duplicate key value violates unique constraint") == 2
    assert "Eva Lang" not in told
    assert not re.search("DETAIL|STATEMENT|CONTEXT|parameters", told)


def test_another_process_reaches_the_running_server_and_leaves_it_running(kept: EmbeddedServer):
    """``python -m api.embedded DIR psql`` asks the server that is there."""
    before = kept.pid
    statement = "SELECT current_user, current_setting('data_directory')"
    told = embedded(kept.folder, "psql", "-Atc", statement).stdout
    assert told.strip().split("|") == ["postgres", str((kept.folder / "postgres").resolve())]
    assert kept.pid == before


def test_a_backup_comes_back_in_another_folder(kept: EmbeddedServer, data: Path, tmp_path: Path):
    """As docs/service.md says: pg_dump of a running service, pg_restore into a new folder."""
    migrate(kept.url("allocator_owner"))
    say(
        kept,
        "INSERT INTO tenant (uid, ref, name, zone, grain_minutes)"
        " VALUES (gen_random_uuid(), 'kept', 'Kept', 'UTC', 15)",
    )
    backup = tmp_path / "backup.dump"
    embedded(kept.folder, "pg_dump", "--format=custom", f"--file={backup}")
    embedded(data, "pg_restore", "--exit-on-error", "--dbname=allocator", backup)
    with EmbeddedServer(data) as restored:
        assert say(restored, "SELECT ref, name FROM tenant") == [("kept", "Kept")]
        assert migrate(restored.url("allocator_owner")) == newest()
        with psycopg.connect(restored.url("allocator_api")) as api:
            assert api.execute("SELECT count(*) FROM tenant").fetchone() == (0,)


def test_the_server_ends_with_a_parent_that_is_killed(data: Path):
    """And another process has the data then; the folder of its socket is gone as well."""
    code = f"""
        import sys, time
        from pathlib import Path
        from api.embedded import EmbeddedServer
        server = EmbeddedServer(Path({str(data)!r}), durable=False)
        server.start()
        print(server.pid, server.environment()["PGHOST"], flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pid, socket = parent.stdout.readline().split()
        server = psutil.Process(int(pid))
        parent.kill()
        parent.wait()
    assert Path(socket).is_dir()
    with EmbeddedServer(data, durable=False) as again:
        assert gone(server)
        assert not Path(socket).exists()
        assert Path(again.environment()["PGHOST"]).is_dir()
        assert say(again, "SELECT 1") == [(1,)]


@AS_ROOT
def test_a_private_folder_above_stays_private(tmp_path: Path):
    """Data lie elsewhere, behind a link; a new folder of the same name has none of them."""
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    for _ in range(2):
        with vanishing(above / "data") as place:
            made = folder.data_folder(place, folder.owner())
            assert made.parent == folder.SYSTEM
            assert (mode(made), mode(above)) == (0o700, 0o700)
            assert list(made.iterdir()) == []
            (made / "PG_VERSION").write_text("18")
        (above / "data" / "postgres").unlink()


@AS_ROOT
def test_programs_in_a_private_folder_have_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An environment below root's home is not entered by the server's user."""
    monkeypatch.setattr(folder, "_open", lambda path: False)
    monkeypatch.setattr(folder, "SYSTEM", tmp_path)
    tmp_path.chmod(0o755)
    copy = folder.programs(18, folder.owner())
    assert copy.parent.parent == tmp_path
    told = subprocess.run([copy / "postgres", "--version"], capture_output=True, text=True)
    assert told.stdout.startswith("postgres (PostgreSQL) 18.")
    assert mode(copy / "postgres") == 0o755
    assert folder.programs(18, folder.owner()) == copy


def test_a_first_start_that_was_cut_off_is_begun_anew(data: Path):
    """Half-made data have a version, but no database."""
    server = EmbeddedServer(data, durable=False)
    (data / "initialising").touch()
    half = (data / "postgres").resolve()
    (half / "PG_VERSION").write_text("18")
    (half / "base").mkdir()
    with server:
        assert say(server, "SELECT 1") == [(1,)]
    assert not (data / "initialising").exists()


def test_passwords_of_other_data_are_told(kept: EmbeddedServer):
    """It does not wait for a server that never lets it in."""
    path = kept.folder / "passwords.json"
    right = path.read_text()
    kept.stop()
    try:
        path.write_text(json.dumps(dict.fromkeys(json.loads(right), "wrong")))
        with pytest.raises(StoreUnavailable, match="are not those of the data beside it"):
            kept.start()
    finally:
        path.write_text(right)
        kept.start()


def test_what_keeps_it_from_starting_is_told(data: Path):
    """With the end of its log; the folder of its socket goes."""
    server = EmbeddedServer(data, durable=False, connections=-1)
    with pytest.raises(StoreUnavailable, match=r'(?s)did not start\..*"max_connections"'), server:
        pass
    assert not (data / "socket").exists()
