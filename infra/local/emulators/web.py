"""HTTP servers that share one event loop with everything else of the process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

#: What is still being answered may take this long when the process is told to stop.
_GRACE_SECONDS = 1


class WebServer:
    """One application on one port."""

    def __init__(self, app: Starlette) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. OSError if the port is taken, RuntimeError if the application won't start."""
        listening = socket.create_server((host, port), backlog=1024)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        ready = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._serving.done():
            listening.close()
            raise RuntimeError("a web application did not start") from self._serving.exception()

    async def wait(self) -> None:
        """Return when the server was stopped; raise what ended it otherwise."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Take no more connections, and end those there are."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, since the process has its own for all its servers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
