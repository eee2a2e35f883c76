"""`quire migrate` on a real Postgres: what it does, what it lists, and what it never shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.cli.main import run_command
from infra.local.stack import Stack

Output = pytest.CaptureFixture[str]
FOLDER = files("infra.database").joinpath("migrations")
NAMES = sorted(each.name for each in FOLDER.iterdir() if each.name.endswith(".sql"))


@pytest.fixture
def empty_url(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database without a table, named by nothing in the environment."""
    for variable in ("DATABASE_URL", "DATABASE__URL"):
        monkeypatch.delenv(variable, raising=False)
    parts = urlsplit(servers.endpoints["postgres"])
    name = sql.Identifier(f"empty_{uuid4().hex}")
    admin = urlunsplit(parts._replace(path="/template1"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield urlunsplit(parts._replace(path=f"/{name.as_string().strip(chr(34))}"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


#: It writes policies that look at `jobs` and `documents`.
READERS = NAMES.index("0009_readers.sql")


def all_before_readers(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL"
            " DEFAULT now())"
        )
        for name in NAMES[:READERS]:
            connection.execute(FOLDER.joinpath(name).read_bytes())
            connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (name,))


def test_a_check_lists_what_is_pending_and_does_nothing(empty_url: str, capsys: Output) -> None:
    assert run_command(["migrate", "--url", empty_url, "--check"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in shown[1:]] == NAMES
    with psycopg.connect(empty_url) as connection:
        row = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
    assert row == (None,)


def test_it_tells_each_migration_and_a_second_run_has_nothing_to_do(
    empty_url: str, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_url)
    assert run_command(["migrate"]) == 0
    shown = capsys.readouterr().out
    for number, name in enumerate(NAMES, 1):
        assert f"  {number}/{len(NAMES)}  {name}\n" in shown
    assert run_command(["migrate", "--check", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["pending"], answer["applied"]) == ([], [])


def test_a_table_in_use_is_waited_for_only_so_long(empty_url: str, capsys: Output) -> None:
    all_before_readers(empty_url)
    with psycopg.connect(empty_url) as other:
        other.execute("LOCK TABLE jobs, documents IN ACCESS EXCLUSIVE MODE")
        assert run_command(["migrate", "--url", empty_url, "--lock-timeout", "0.2"]) == 1
    assert "TABLE_IN_USE" in capsys.readouterr().err
    assert run_command(["migrate", "--url", empty_url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["applied"] == NAMES[READERS:]


def test_a_migration_that_fails_leaves_those_before_it_in(empty_url: str, capsys: Output) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        # The second migration finds its own table taken.
        script = FOLDER.joinpath(NAMES[1]).read_text()
        table = script.split("CREATE TABLE ", 1)[1].split()[0]
        connection.execute(sql.SQL("CREATE TABLE {} (x int)").format(sql.Identifier(table)))
    assert run_command(["migrate", "--url", empty_url]) == 1
    output = capsys.readouterr()
    assert f"  1/{len(NAMES)}  {NAMES[0]}\n" in output.out
    assert "MIGRATION_FAILED" in output.err
    assert table in output.err
    assert run_command(["migrate", "--url", empty_url, "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["pending"] == NAMES[1:]


def test_a_database_of_a_later_version_is_told_and_left_alone(
    database_url: str, capsys: Output
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migrations (name) VALUES ('9999_later.sql')")
    assert run_command(["migrate", "--url", database_url]) == 0
    assert "9999_later.sql" in capsys.readouterr().err


def test_the_transaction_pooler_is_refused_with_what_to_use_instead(capsys: Output) -> None:
    url = "postgresql://postgres.abc:hushhush@aws-0-eu.pooler.supabase.com:6543/postgres"
    assert run_command(["migrate", "--url", url]) == 2
    error = capsys.readouterr().err
    assert "TRANSACTION_POOLER" in error
    assert "5432" in error
    assert "hushhush" not in error


@pytest.mark.parametrize(
    "url", ["postgresql//u:hushhush@h/db", "hushhush", "postgresql://u:hush%zzhush@h/db"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(url: str, capsys: Output) -> None:
    assert run_command(["migrate", "--url", url]) == 2
    output = capsys.readouterr()
    assert "BAD_URL" in output.err
    assert "hush" not in output.err + output.out


def test_a_wrong_password_is_not_shown_and_nobody_there_is_told(
    empty_url: str, unused_port: int, capsys: Output
) -> None:
    parts = urlsplit(empty_url)
    host = f"{parts.hostname}:{parts.port}"
    wrong = urlunsplit(parts._replace(netloc=f"postgres:hushhush@{host}"))
    away = f"postgresql://postgres:hushhush@127.0.0.1:{unused_port}/postgres"
    for url in (wrong, away):
        assert run_command(["migrate", "--url", url]) == 4
        output = capsys.readouterr()
        assert "DATABASE_UNREACHABLE" in output.err
        assert "hushhush" not in output.err + output.out


def test_without_an_address_it_says_where_to_find_one(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DATABASE_URL", "DATABASE__URL"):
        monkeypatch.delenv(variable, raising=False)
    assert run_command(["migrate"]) == 2
    assert "Supabase" in capsys.readouterr().err
