"""The local stack as one object: start it, use its addresses, end it with nothing left behind."""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from infra.local import guard
from infra.local.failures import StackFailed
from infra.local.home import Home, RunningProcess, StackRecord, identity
from infra.local.layout import PORTS, Layout, StackOptions
from infra.local.ports import choose_ports
from infra.local.processes import Log, Service
from infra.local.services import local_services
from infra.local.supervisor import RestartPolicy, Supervisor

__all__ = ["RunningStack", "Stack", "StackFailed", "StackOptions", "attach"]

#: Less than this free, and a database that is just being made would fill the disk.
_LEAST_FREE_BYTES = 200_000_000

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stack:
    """One local stack on one home.

    A context manager: entering starts every part and returns when all are ready, leaving ends
    them. Until then a part that dies is started again. Where SIGTERM or SIGHUP comes to the main
    thread in between, SystemExit is raised there, so that leaving is not missed.

    `services` says what to run; by default the whole stack. `on_event` is told what happens, in
    words, from another thread.
    """

    def __init__(
        self,
        home: Home,
        *,
        options: StackOptions | None = None,
        on_event: Callable[[str], None] | None = None,
        services: Callable[[Layout], Sequence[Service]] = local_services,
        restarts: RestartPolicy | None = None,
    ) -> None:
        self.home = home
        self._options = options or StackOptions()
        self._report = on_event or (lambda _: None)
        self._services = services
        self._restarts = restarts or RestartPolicy()
        self._held = ExitStack()
        self._ended = threading.Event()
        self._supervisor: Supervisor | None = None
        self._layout: Layout | None = None
        self._started_at = ""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def layout(self) -> Layout:
        """Ports, secrets and options of the started stack."""
        if self._layout is None:
            raise RuntimeError("The stack has not been started.")
        return self._layout

    @property
    def endpoints(self) -> dict[str, str]:
        """Every part's address."""
        return self.layout.endpoints

    @property
    def environment(self) -> dict[str, str]:
        """The settings of Quire's processes."""
        return self.layout.environment

    @property
    def processes(self) -> dict[str, int]:
        """The process id of every part, as it is now."""
        return self._supervisor.processes if self._supervisor else {}

    @property
    def failure(self) -> Exception | None:
        """Why the stack could not go on; None while it does."""
        supervisor = self._supervisor
        return supervisor.failed.result() if supervisor and supervisor.failed.done() else None

    def start(self) -> None:
        """Start every part and return when all are ready. Raises StackFailed; nothing is left."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._held.enter_context(_exit_on_signals())
        self.home.prepare()
        lock = self._held.enter_context(self.home.locked())
        _end_leftovers(self.home)
        _check_space(self.home)
        ports = choose_ports(PORTS, self.home.ports())
        self.home.remember_ports(ports)
        self._layout = Layout(self.home, ports, self.home.secrets(), self._options)
        services = self._services(self._layout)
        log = Log(self.home.log)
        self._held.callback(log.close)
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._held.callback(self.home.remove_record)
        loop = self._held.enter_context(_loop_in_thread())

        async def begin() -> None:
            self._supervisor = Supervisor(
                log,
                lock=lock,
                policy=self._restarts,
                report=self._report,
                changed=self._write_record,
            )
            self._supervisor.failed.add_done_callback(lambda _: self._ended.set())
            await self._supervisor.start(services)

        self._held.callback(self._stop_services, loop)
        beginning = asyncio.run_coroutine_threadsafe(begin(), loop)
        try:
            beginning.result()
        except BaseException:
            beginning.cancel()
            raise

    def stop(self) -> None:
        """End every part, and return when nothing of them lives. Safe to repeat.

        Another Ctrl-C while it works kills them at once.
        """
        self._held.close()

    def _stop_services(self, loop: asyncio.AbstractEventLoop) -> None:
        supervisor = self._supervisor
        if supervisor is None:
            return
        stopping = asyncio.run_coroutine_threadsafe(supervisor.stop(), loop)
        try:
            stopping.result()
        except (KeyboardInterrupt, SystemExit):
            loop.call_soon_threadsafe(supervisor.kill)
            stopping.result()
            raise

    def wait(self) -> None:
        """Return on SIGINT, SIGTERM or SIGHUP; raise StackFailed once a part is given up."""
        with _set_on_signals(self._ended):
            self._ended.wait()
        if self.failure is not None:
            raise self.failure

    def _write_record(self) -> None:
        self.home.write_record(
            StackRecord(
                pid=os.getpid(),
                identity=identity(os.getpid()),
                started_at=self._started_at,
                endpoints=self.endpoints,
                environment=self.environment,
                processes={
                    name: RunningProcess(pid, identity(pid)) for name, pid in self.processes.items()
                },
            )
        )


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that another process runs."""

    pid: int
    started_at: str
    endpoints: dict[str, str]
    environment: dict[str, str]
    processes: dict[str, int]


def attach(home: Home) -> RunningStack | None:
    """Return the stack that lives on this home and whose API answers, if there is one."""
    record = home.record()
    if record is None or not record.identity or identity(record.pid) != record.identity:
        return None
    if not _api_answers(record.endpoints["api"]):
        return None
    pids = {name: process.pid for name, process in record.processes.items()}
    return RunningStack(record.pid, record.started_at, record.endpoints, record.environment, pids)


def _api_answers(address: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end_leftovers(home: Home) -> None:
    """End what a supervisor left that was killed together with its guard."""
    record = home.record()
    if record is None:
        return
    living = [
        process.pid
        for process in record.processes.values()
        if process.identity and identity(process.pid) == process.identity
    ]
    guard.finish(dict.fromkeys(living, int(signal.SIGINT)))
    home.remove_record()


def _check_space(home: Home) -> None:
    free = shutil.disk_usage(home.folder).free
    if free < _LEAST_FREE_BYTES:
        raise StackFailed(
            f"Only {free // 1_000_000} MB are free on the disk of {home.folder}: free at least "
            f"{_LEAST_FREE_BYTES // 1_000_000} MB, or choose another folder with QUIRE_HOME."
        )


@contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    # A daemon: a program that ends without `stop` must not hang; the guard clears up then.
    thread = threading.Thread(target=loop.run_forever, name="quire-stack", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def _handling(
    signals: Sequence[signal.Signals], react: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """React to signals for a while. Only the main thread can; elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        which: signal.signal(which, react)
        for which in signals
        # Who started us in the background has chosen that these do not reach us.
        if signal.getsignal(which) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for which, earlier in before.items():
            signal.signal(which, earlier)


def _exit_on_signals() -> AbstractContextManager[None]:
    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    return _handling((signal.SIGTERM, signal.SIGHUP), leave)


def _set_on_signals(event: threading.Event) -> AbstractContextManager[None]:
    return _handling(_ENDING_SIGNALS, lambda _number, _frame: event.set())
