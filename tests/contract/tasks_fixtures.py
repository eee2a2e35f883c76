"""What the Cloud Tasks tests stand on: an emulator whose time is theirs, and a real receiver."""

from __future__ import annotations

import asyncio
import gc
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from infra.local.emulators.cloud_tasks import CloudTasksServer, serve
from infra.local.emulators.oidc import OidcIssuer

LOCATION = "projects/quire-test/locations/here"
PATIENCE_SECONDS = 10.0

Result = TypeVar("Result")


class ManualClock:
    """Time that stands still until a test moves it; safe to move from another thread."""

    def __init__(
        self, start: datetime = datetime(2026, 3, 1, 12, 0, 0, 250000, tzinfo=UTC)
    ) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._waiters: list[tuple[datetime, asyncio.AbstractEventLoop, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    @property
    def has_waiters(self) -> bool:
        with self._lock:
            return bool(self._waiters)

    async def wait_until(self, instant: datetime) -> None:
        reached = asyncio.Event()
        with self._lock:
            if instant <= self._now:
                return
            self._waiters.append((instant, asyncio.get_running_loop(), reached))
        await reached.wait()

    def advance(self, by: timedelta) -> None:
        with self._lock:
            self._now += by
            due = [waiter for waiter in self._waiters if waiter[0] <= self._now]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > self._now]
        for _, loop, reached in due:
            loop.call_soon_threadsafe(reached.set)


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def task_id(self) -> str:
        return self.headers["x-cloudtasks-taskname"]


@dataclass
class Receiver:
    """A real HTTP server that notes what comes and answers 200, or as it was told."""

    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    seen: list[Received] = field(default_factory=list)
    _arrivals: queue.Queue[Received] = field(default_factory=queue.Queue)
    _open: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answer(self, *statuses: int, **headers: str) -> None:
        """Give these statuses to the next requests, one each."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.extend((status, named) for status in statuses)

    def hold(self) -> None:
        """Answer nobody from now on."""
        self._open.clear()

    def release(self) -> None:
        """Answer everybody who waits, and all that come."""
        self._open.set()

    def next(self) -> Received:
        """Return the next request, waiting for it; fails the test if none comes."""
        return self._arrivals.get(timeout=PATIENCE_SECONDS)

    def next_ids(self, count: int) -> list[str]:
        return [self.next().task_id for _ in range(count)]

    def url(self, path: str = "/work") -> str:
        return f"http://{self.address}{path}"

    @contextmanager
    def serving(self) -> Iterator[Receiver]:
        receiver = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {
                    name.lower(): ", ".join(self.headers.get_all(name) or [])
                    for name in self.headers
                }
                request = Received(self.command, self.path, headers, self.rfile.read(length))
                receiver.seen.append(request)
                status, answer_headers = (
                    receiver.answers.popleft() if receiver.answers else (200, {})
                )
                receiver._arrivals.put(request)
                receiver._open.wait()
                try:
                    self.send_response(status)
                    for name, value in answer_headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except ConnectionError:
                    self.close_connection = True  # the caller gave up, as some tests mean it to

            def log_message(self, *_: object) -> None:
                pass

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            setattr(Door, f"do_{method}", Door._take)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        server = Server(("127.0.0.1", 0), Door)
        self.address = f"127.0.0.1:{server.server_address[1]}"
        self.release()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.release()
            server.shutdown()
            server.server_close()
            thread.join()


class LoopThread:
    """An event loop on a thread of its own, so that a blocking client can face a server."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def close(self) -> None:
        # A gRPC server that is collected wants its loop once more, so: while that still runs.
        gc.collect()
        self.do(asyncio.sleep(0))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@dataclass
class Emulator:
    """A running emulator with Google's own client, and shorthands for what tests say often."""

    folder: Path
    clock: ManualClock
    issuer: OidcIssuer
    loop: LoopThread
    server: CloudTasksServer = field(init=False)
    client: Any = field(init=False)  # Google's types don't know that it takes dicts
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        self.server = self.loop.do(
            serve(self.folder, host="127.0.0.1", port=0, issuer=self.issuer, clock=self.clock)
        )
        channel = grpc.insecure_channel(f"127.0.0.1:{self.server.port}")
        self.client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    def stop(self) -> None:
        self.client.transport.close()
        self.loop.do(self.server.stop())

    def restart(self) -> None:
        self.stop()
        self.start()

    def queue(self, name: str = "", **settings: Any) -> str:
        """Make a queue and return its name."""
        full = f"{LOCATION}/queues/{name or f'q{next(self._numbers)}'}"
        self.client.create_queue(parent=LOCATION, queue={"name": full, **settings})
        return full

    def task(self, queue_name: str, url: str, task_id: str = "", **more: Any) -> str:
        """Make an HTTP task and return its name."""
        request = {"url": url, **more.pop("http", {})}
        task: dict[str, Any] = {"http_request": request, **more}
        if task_id:
            task["name"] = f"{queue_name}/tasks/{task_id}"
        return str(self.client.create_task(parent=queue_name, task=task).name)

    def ids(self, queue_name: str) -> list[str]:
        """Return the ids of the queue's tasks."""
        return [task.name.rpartition("/")[2] for task in self.client.list_tasks(parent=queue_name)]

    def advance(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))

    def after_failure(self, name: str, attempts: int) -> Any:
        """Return the task once that many of its attempts have failed and been recorded."""

        def failed() -> Any:
            task = self.client.get_task(name=name)
            status = task.last_attempt.response_status
            return task if task.dispatch_count == attempts and status.code else None

        return until(failed)


def until(condition: Callable[[], Result], seconds: float = PATIENCE_SECONDS) -> Result:
    """Return the condition's first true answer; fails the test if it stays false."""
    ends = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < ends, "waited in vain"
        threading.Event().wait(0.002)
    return answer


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> OidcIssuer:
    return OidcIssuer(tmp_path_factory.mktemp("oidc"), "http://127.0.0.1:1")


@pytest.fixture
def emulator(tmp_path: Path, issuer: OidcIssuer, loop_thread: LoopThread) -> Iterator[Emulator]:
    running = Emulator(tmp_path / "tasks", ManualClock(), issuer, loop_thread)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        yield serving
