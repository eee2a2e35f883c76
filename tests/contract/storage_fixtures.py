"""Storage emulators for tests: in a thread of the test's process, or in one that can be killed."""

from __future__ import annotations

import contextlib
import gc
import queue
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from storage3 import SyncStorageClient

from infra.local.emulators import cloud_storage, supabase_storage
from infra.local.emulators.file_store import FileStore

PROJECT = "quire-local"
PROCESS = "tests.contract.storage_process"
SERVICE_KEY = "sb_secret_only_for_tests"
JWT_SECRET = "a secret of at least thirty-two bytes"


def listening_socket() -> socket.socket:
    """Return a socket that queues connections already; its server may come, die and come again."""
    bound = socket.create_server(("127.0.0.1", 0), backlog=256)
    bound.set_inheritable(True)
    return bound


def url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"http://{host}:{port}"


@contextlib.contextmanager
def serving(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve in a thread until the end of the block."""
    config = uvicorn.Config(
        app, log_level="warning", loop="uvloop", http="httptools", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[bound])
        except BaseException as error:
            failure.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        assert not failure


def google_client(url: str) -> storage.Client:
    return storage.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )


@pytest.fixture
def storage_url(tmp_path: Path) -> Iterator[str]:
    """A Cloud Storage emulator over an empty store in `tmp_path`."""
    bound = listening_socket()
    url = url_of(bound)
    with (
        bound,
        FileStore(tmp_path) as store,
        serving(cloud_storage.create_app(store, public_url=url), bound),
    ):
        yield url


@pytest.fixture
def client(storage_url: str) -> Iterator[storage.Client]:
    """Google's client of that emulator."""
    client = google_client(storage_url)
    yield client
    client.close()


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    """An empty bucket."""
    return client.create_bucket("papers")


@pytest.fixture
def storage_pair(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A Cloud Storage and a Supabase Storage emulator over one store."""
    bound = listening_socket(), listening_socket()
    urls = url_of(bound[0]), url_of(bound[1])
    with bound[0], bound[1], FileStore(tmp_path) as store:
        google = cloud_storage.create_app(store, public_url=urls[0])
        supabase = supabase_storage.create_app(
            store, public_url=urls[1], service_key=SERVICE_KEY, jwt_secret=JWT_SECRET
        )
        with serving(google, bound[0]), serving(supabase, bound[1]):
            yield urls


@pytest.fixture
def supabase_url(storage_pair: tuple[str, str]) -> str:
    return storage_pair[1]


def supabase_client(url: str, key: str) -> SyncStorageClient:
    return SyncStorageClient(f"{url}/storage/v1/", {"Authorization": f"Bearer {key}"})


@pytest.fixture
def supabase(supabase_url: str) -> Iterator[SyncStorageClient]:
    """Supabase's client of that emulator."""
    with supabase_client(supabase_url, SERVICE_KEY) as client:
        yield client


@dataclass
class Listener:
    """A function that gets events: answers 503 while `refusals` lasts, then 204."""

    url: str = ""
    refusals: int = 0
    #: Headers and body of each delivery that was accepted.
    accepted: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)
    #: One entry for each that was refused.
    refused: queue.Queue[bytes] = field(default_factory=queue.Queue)

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        if self.refusals > 0:
            self.refusals -= 1
            self.refused.put(body)
            return Response(status_code=503)
        self.accepted.put((dict(request.headers), body))
        return Response(status_code=204)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """An HTTP server in the place of the `ingest` function."""
    bound = listening_socket()
    listener = Listener(url_of(bound))
    app = Starlette(routes=[Route("/", listener.__call__, methods=["POST"])])
    with bound, serving(app, bound):
        yield listener


@dataclass
class KillableEmulator:
    """A Cloud Storage emulator in a process of its own, always at the same address."""

    folder: Path
    bound: socket.socket
    notify_url: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return url_of(self.bound)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        number = self.bound.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROCESS, str(self.folder), str(number), self.notify_url],
            pass_fds=[number],
        )

    def kill(self) -> None:
        """SIGKILL it."""
        assert self._process is not None
        self._process.kill()
        assert self._process.wait(30) == -signal.SIGKILL
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[KillableEmulator]:
    with listening_socket() as bound:
        emulator = KillableEmulator(tmp_path, bound)
        yield emulator
        emulator.close()
    # Connections that broke off with the process are the clients' own to forget, which they do
    # when they are collected: here, and not in the middle of somebody else's test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
