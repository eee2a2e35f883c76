"""Postgres and Valkey from their wheels, run by the stack: durable, closed, as any user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.local.failures import StackFailed
from infra.local.home import ROOT, Home
from infra.local.layout import Layout
from infra.local.ports import HOST
from infra.local.postgres import Account, postgres
from infra.local.processes import Service
from infra.local.stack import Stack
from infra.local.valkey import valkey
from tests.contract.local_stack_fixtures import until

#: The servers' binaries lie in the virtual environment.
IS_OPEN = all(
    folder.stat().st_mode & 0o001 for folder in (Path(sys.prefix), *Path(sys.prefix).parents)
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another account")


def database(layout: Layout) -> Sequence[Service]:
    return [postgres(layout)]


def broker(layout: Layout) -> Sequence[Service]:
    return [valkey(layout)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    # Deep, as a checkout in someone's folder is: too long for the path of a socket.
    return Home(tmp_path / "a-folder-with-a-long-name" / "and another with a space" / "home")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="quire-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def answer(stack: Stack, query: str) -> object:
    with psycopg.connect(stack.endpoints["postgres"]) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def keep_a_seven(stack: Stack) -> None:
    with psycopg.connect(stack.endpoints["postgres"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


def test_postgres_keeps_its_data_over_a_restart(home: Home) -> None:
    with Stack(home, services=database) as stack:
        keep_a_seven(stack)
    with Stack(home, services=database) as stack:
        assert answer(stack, "SELECT number FROM kept") == 7


def test_postgres_comes_back_with_all_that_was_committed_after_kill_9(home: Home) -> None:
    told: list[str] = []
    with Stack(home, services=database, on_event=told.append) as stack:
        keep_a_seven(stack)
        psutil.Process(stack.processes["postgres"]).kill()
        until(lambda: "postgres is back" in told)
        assert answer(stack, "SELECT number FROM kept") == 7


def test_postgres_is_what_the_code_expects_of_it(home: Home) -> None:
    with Stack(home, services=database) as stack:
        assert answer(stack, "SELECT current_setting('fsync')") == "on"
        assert answer(stack, "SHOW server_encoding") == "UTF8"
        assert answer(stack, "SELECT upper('é')") == "É"
        vector = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
        assert answer(stack, vector) == 1


def test_postgres_listens_on_this_machine_only_and_wants_its_password(home: Home) -> None:
    with Stack(home, services=database) as stack:
        process = psutil.Process(stack.processes["postgres"])
        listening = [c.laddr for c in process.net_connections() if c.status == "LISTEN"]
        assert [address.ip for address in listening] == [HOST]
        address = stack.endpoints["postgres"].replace(stack.layout.secrets.postgres_password, "no")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(address)


def test_no_password_stands_on_a_command_line_or_in_the_log(home: Home) -> None:
    with Stack(home, services=lambda layout: [postgres(layout), valkey(layout)]) as stack:
        secrets = stack.layout.secrets
        lines = [
            word
            for pid in stack.processes.values()
            for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
            for word in process.cmdline()
        ]
        shown = "\n".join([*lines, home.log.read_text()])
        assert secrets.postgres_password not in shown
        assert secrets.redis_password not in shown


def test_an_initdb_that_was_cut_short_is_made_again(home: Home) -> None:
    home.prepare()
    half = home.postgres / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Stack(home, services=database) as stack:
        assert answer(stack, "SELECT 1") == 1


def test_an_initdb_that_fails_says_why(home: Home) -> None:
    home.prepare()
    home.postgres.mkdir()
    (home.postgres / "password").symlink_to(os.devnull)
    with pytest.raises(StackFailed, match=r"^postgres stopped \(exit code 1\): initdb: error: .*"):
        Stack(home, services=database).start()


def test_data_of_another_major_version_is_left_alone(home: Home) -> None:
    home.prepare()
    (home.postgres / "data").mkdir(parents=True)
    (home.postgres / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackFailed, match="was made by Postgres 16, and this is 18"):
        Stack(home, services=database).start()
    assert [path.name for path in (home.postgres / "data").iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(not IS_OPEN, reason="the checkout lies where no other account may look")
@as_root
def test_root_without_user_namespaces_runs_postgres_as_another_account(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    unusable = Account(prefix=("no-such-program",))
    account = Account(user=nobody.pw_uid, group=nobody.pw_gid)

    def services(layout: Layout) -> Sequence[Service]:
        return [postgres(layout, iter([unusable, account]))]

    home = Home(open_folder / "home")
    for _ in range(2):  # A second time on what is there by then
        with Stack(home, services=services) as stack:
            assert psutil.Process(stack.processes["postgres"]).username() == "nobody"
            assert answer(stack, "SELECT 1") == 1
    # Made so once, it goes on so: in a namespace root could not read the other account's files.
    with Stack(home, services=database) as stack:
        assert psutil.Process(stack.processes["postgres"]).username() == "nobody"


@as_root
def test_root_that_can_use_no_account_is_told_what_to_do(home: Home) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account(user=nobody.pw_uid, group=nobody.pw_gid)
    # pytest's folder is closed to others, so the account can't enter it.
    with pytest.raises(StackFailed, match="run Quire as an ordinary user"):
        Stack(home, services=lambda layout: [postgres(layout, iter([account]))]).start()


@pytest.mark.skipif(not IS_OPEN, reason="the checkout lies where no other account may look")
@as_root
def test_an_ordinary_user_runs_it_plainly(open_folder: Path) -> None:
    os.chown(open_folder, pwd.getpwnam("nobody").pw_uid, -1)
    program = f"""
from pathlib import Path
import psutil, psycopg
from infra.local.home import Home
from infra.local.stack import Stack
from tests.contract.local_stack_program import servers
with Stack(Home(Path({str(open_folder)!r}) / "home"), services=servers) as stack:
    with psycopg.connect(stack.endpoints["postgres"]) as connection:
        print(connection.execute("SELECT 41 + 1").fetchone()[0])
    print(psutil.Process(stack.processes["postgres"]).username())
"""
    command = [sys.executable, "-c", program]
    nobody = ["setpriv", "--reuid=nobody", "--clear-groups"]
    # Where Python itself lies in root's closed folder, the right to read comes along.
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (nobody, nobody + reading):
        done = subprocess.run(
            [*prefix, *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        if not done.stderr:
            break
    assert done.stderr == ""
    assert done.stdout == "42\nnobody\n"


def test_valkey_keeps_its_data_over_a_restart_and_wants_its_password(home: Home) -> None:
    with Stack(home, services=broker) as stack:
        port = stack.layout.ports["redis"]
        with redis.Redis.from_url(stack.endpoints["redis"]) as client:
            client.set("kept", "7")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        with (
            redis.Redis(host=HOST, port=port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.get("kept")
    with (
        Stack(home, services=broker) as stack,
        redis.Redis.from_url(stack.endpoints["redis"]) as client,
    ):
        assert client.get("kept") == b"7"
