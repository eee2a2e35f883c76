"""What every test may use: real servers, started once, each test with a database of its own."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database.pool import Pool, open_pool
from infra.local.home import Home
from infra.local.services import database
from infra.local.stack import Stack
from infra.local.valkey import valkey
from infra.settings import DatabaseSettings
from tests.world import World


@pytest.fixture(autouse=True)
def own_broker_connections() -> Iterator[None]:
    """Close what Celery keeps in its process-wide pools, so that no test inherits it."""
    yield
    if "kombu.pools" in sys.modules:
        sys.modules["kombu.pools"].reset()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Postgres with the migrations applied, and Valkey, each from its wheel."""
    home = Home(tmp_path_factory.mktemp("servers"))
    with Stack(home, services=lambda layout: [database(layout), valkey(layout)]) as stack:
        yield stack


@pytest.fixture
def database_url(servers: Stack) -> Iterator[str]:
    """A migrated database that no other test sees."""
    template = servers.endpoints["postgres"]
    parts = urlsplit(template)
    name = f"test_{uuid4().hex}"
    admin = urlunsplit(parts._replace(path="/template1"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(parts.path.lstrip("/"))
            )
        )
    yield urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    """Connections to the test's database."""
    with open_pool(DatabaseSettings(url=database_url, max_connections=16)) as pool:
        yield pool


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def odd_pdfs() -> Path:
    """The folder of odd PDFs beside the checkout: in CI it must be there, elsewhere it may."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "odd-pdfs"
    if not folder.is_dir():
        missing = f"the odd PDFs are not beside the checkout ({folder.name})"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


@pytest.fixture
def world(pool: Pool) -> World:
    """The repositories over the test's database."""
    return World(pool)
