"""Fixtures of the command's tests; each test module imports those it needs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.cli.api import Api
from infra.cli.main import run_command
from infra.cli.patience import Patience
from infra.cli.tokens import SelfSigned
from infra.local.home import Home, StackRecord, identity
from tests.unit.cli.little_api import LittleApi, LittleServer, little_server
from tests.unit.cli.little_lists import SECRET


class Typed:
    """Types commands in a folder of their own, with a stack that this process seems to run."""

    def __init__(self, folder: Path, server: LittleApi) -> None:
        self.folder = folder
        self.server = server
        self.home = Home(folder / "home")
        self.home.prepare()
        self.home.write_record(
            StackRecord(
                pid=os.getpid(),
                identity=identity(os.getpid()),
                started_at="2026-11-22T10:00:00+00:00",
                endpoints={"api": server.address},
                environment={"SUPABASE__JWT_SECRET": SECRET},
                processes={},
            )
        )
        self.pdf = folder / "scan.pdf"
        self.pdf.write_bytes(b"%PDF-1.7\n...")

    def __call__(self, *arguments: str | Path) -> int:
        return run_command(["--home", str(self.home.folder), *map(str, arguments)])


@pytest.fixture(scope="module")
def listening() -> Iterator[LittleServer]:
    """Give a running server without an API."""
    with little_server() as running:
        yield running


@pytest.fixture
def server(listening: LittleServer) -> LittleApi:
    """Give a running little API."""
    return listening.fresh()


@pytest.fixture
def api(server: LittleApi) -> Iterator[Api]:
    """Give the command's view of it."""
    with Api(server.address, SelfSigned(SECRET)) as connected:
        yield connected


@pytest.fixture
def quire(tmp_path: Path, server: LittleApi, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Give the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("QUIRE_HOME", "QUIRE_URL", "QUIRE_TOKEN", "QUIRE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Typed(tmp_path, server)


@contextmanager
def nobody() -> Iterator[str]:
    """Give an address where nobody listens, and where nobody else can begin to."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unheard.getsockname()[1]}"


def brief() -> Patience:
    """Return a patience of a few tries that sleeps not at all."""
    clock = iter(range(1000))
    return Patience(6, sleep=lambda _: None, clock=lambda: next(clock))
