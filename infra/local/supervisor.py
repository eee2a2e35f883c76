"""Keeps services running: starts them all at once, restarts what dies, ends them in order."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from infra.local import guard
from infra.local.failures import StackFailed, explain, telling_line
from infra.local.processes import Log, Process, Service


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """A service may die this often in so many seconds; the wait before a restart doubles."""

    deaths: int = 5
    window_seconds: float = 60
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 5


class Supervisor:
    """Runs services in the event loop that it is used in.

    `lock` is the descriptor of the home's lock, which the guard holds as well. `report` is told
    what happens, in words; `changed` whenever the processes are others.
    """

    def __init__(
        self,
        log: Log,
        *,
        lock: int,
        policy: RestartPolicy,
        report: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._log = log
        self._lock = lock
        self._policy = policy
        self._report = report
        self._changed = changed
        self._living: dict[str, Process] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._guarding: asyncio.Task[None] | None = None
        self._guard: asyncio.subprocess.Process | None = None
        self._guard_pipe = -1
        self._stopping = asyncio.Event()
        #: Resolved with the reason once the stack can't go on.
        self.failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    @property
    def processes(self) -> dict[str, int]:
        """The first process of every living service, and the guard."""
        pids = {name: process.pid for name, process in self._living.items()}
        if self._guard is not None:
            pids["guard"] = self._guard.pid
        return pids

    async def start(self, services: Sequence[Service]) -> None:
        """Start the services together and return when each is ready. Raises StackFailed."""
        await self._start_guard()
        self._guarding = self._task(self._keep_guard())
        ready = [asyncio.Event() for _ in services]
        self._keeping = [
            self._task(self._keep(service, event))
            for service, event in zip(services, ready, strict=True)
        ]
        for event in ready:
            waiting = asyncio.create_task(event.wait())
            either: list[asyncio.Future[Any]] = [waiting, self.failed]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            if self.failed.done():
                raise self.failed.result()

    async def stop(self) -> None:
        """End every service, turn by turn, and return when nothing of them lives."""
        self._stopping.set()
        in_turn = sorted(self._living.values(), key=lambda process: process.service.stop_turn)
        for _, turn in groupby(in_turn, key=lambda process: process.service.stop_turn):
            await asyncio.gather(*(self._end(process) for process in turn))
        # Who was just being started when the stop came ends here.
        self.kill()
        if self._keeping:
            await asyncio.wait(self._keeping)
        if self._guard_pipe >= 0:
            os.close(self._guard_pipe)
        if self._guarding is not None:
            await asyncio.wait([self._guarding])
        self._guard = None

    def kill(self) -> None:
        """End every service at once."""
        for process in self._living.values():
            process.kill()

    async def _end(self, process: Process) -> None:
        process.ask_to_stop()
        ended = asyncio.create_task(process.ended())
        done, _ = await asyncio.wait([ended], timeout=process.service.patience)
        if not done:
            self._report(f"{process.service.name} did not stop in time and is killed")
        process.kill()
        await ended

    async def _keep(self, service: Service, ready: asyncio.Event) -> None:
        deaths: deque[float] = deque(maxlen=self._policy.deaths)
        now = asyncio.get_running_loop().time
        try:
            while not self._stopping.is_set():
                ending, lines = await self._run(service, ready)
                if self._stopping.is_set():
                    return
                if not ready.is_set():
                    raise StackFailed(explain(service.name, lines, ending))
                recent = [at for at in deaths if at > now() - self._policy.window_seconds]
                if len(recent) == self._policy.deaths:
                    raise StackFailed(
                        f"{service.name} died {len(recent) + 1} times in "
                        f"{now() - recent[0]:.0f} s and is given up. "
                        f"{explain(service.name, lines, ending)}"
                    )
                deaths.append(now())
                self._report(
                    f"{service.name} died ({ending}) and is started again: {telling_line(lines)}"
                )
                await self._wait_before_restart(len(recent))
        except OSError as error:
            raise StackFailed(f"{service.name} can't be started: {error}.") from error

    async def _run(self, service: Service, ready: asyncio.Event) -> tuple[str, list[str]]:
        """Run the service once, to its end. Returns how it ended and its last lines."""
        process = await Process.start(service, self._guard_pipe, self._log)
        self._living[service.name] = process
        self._changed()
        if self._stopping.is_set():
            process.kill()
        watching = self._task(self._watch_ready(process, ready))
        ending = await process.ended()
        watching.cancel()
        await process.clear()
        del self._living[service.name]
        self._tell_guard(f"-{process.pid}\n")
        await asyncio.wait([watching])
        return ending, list(process.last_lines)

    async def _watch_ready(self, process: Process, ready: asyncio.Event) -> None:
        service = process.service
        try:
            async with asyncio.timeout(service.ready_within):
                await process.ready()
                if not ready.is_set() and service.once_ready is not None:
                    await asyncio.to_thread(service.once_ready)
        except TimeoutError as error:
            said = telling_line(list(process.last_lines)) or "it printed nothing"
            raise StackFailed(
                f"{service.name} is not ready after {service.ready_within:.0f} s: {said}"
            ) from error
        self._report(f"{service.name} is {'back' if ready.is_set() else 'ready'}")
        ready.set()

    async def _wait_before_restart(self, earlier: int) -> None:
        policy = self._policy
        wait = min(policy.first_wait_seconds * 2**earlier, policy.longest_wait_seconds)
        try:
            async with asyncio.timeout(wait):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _task(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._note_failure)
        return task

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception) and not self.failed.done():
            self.failed.set_result(error)

    async def _start_guard(self) -> None:
        reading, self._guard_pipe = os.pipe()
        try:
            self._guard = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(guard.__file__))),
                stdin=reading,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[self._lock],
                cwd="/",
            )
        finally:
            os.close(reading)

    async def _keep_guard(self) -> None:
        while self._guard is not None:
            await self._guard.wait()
            if self._stopping.is_set():
                return
            self._report("guard died and is started again")
            os.close(self._guard_pipe)
            await self._start_guard()
            for process in self._living.values():
                self._tell_guard(f"+{process.pid} {int(process.service.stop_signal)}\n")
            self._changed()

    def _tell_guard(self, line: str) -> None:
        try:
            os.write(self._guard_pipe, line.encode())
        except BrokenPipeError:
            return  # It has just died; the next one is told all that live.
