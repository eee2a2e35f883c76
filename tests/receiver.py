"""An owner's own server, as webhooks meet it: notes what comes, and answers as it is told."""

from __future__ import annotations

import queue
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Answers one request by itself, byte by byte where it likes.
Answering = Callable[[BaseHTTPRequestHandler], object]


@dataclass(frozen=True)
class Posted:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookReceiver:
    """Answers 204, or what was asked for, on 127.0.0.1."""

    answers: deque[tuple[int, dict[str, str]] | Answering] = field(default_factory=deque)
    port: int = 0
    _arrived: queue.Queue[Posted] = field(default_factory=queue.Queue)

    def answer(self, *statuses: int, **headers: str) -> None:
        """Give these statuses to the next requests, one each."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.extend((status, named) for status in statuses)

    def next(self, patience: float = 60.0) -> Posted:
        """Return the next request, waiting for it."""
        return self._arrived.get(timeout=patience)

    @property
    def has_more(self) -> bool:
        """Whether a request came that nobody asked for."""
        return not self._arrived.empty()

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return an address of this server."""
        return f"{scheme}://{host}:{self.port}{path}"

    @contextmanager
    def serving(self, tls: ssl.SSLContext | None = None) -> Iterator[WebhookReceiver]:
        """Serve for a while."""
        receiver = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                posted = Posted(self.path, headers, self.rfile.read(length))
                answer = receiver.answers.popleft() if receiver.answers else (204, {})
                receiver._arrived.put(posted)
                try:
                    self._say(answer)
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True  # the sender had enough, as some tests mean it to

            do_GET = do_POST  # noqa: N815

            def _say(self, answer: tuple[int, dict[str, str]] | Answering) -> None:
                if callable(answer):
                    answer(self)
                    return
                status, headers = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request: Any, client_address: Any) -> None:
                if tls is None:
                    super().finish_request(request, client_address)
                    return
                # One that does not trust us ends the handshake.
                with (
                    suppress(ConnectionError, ssl.SSLError),
                    tls.wrap_socket(request, server_side=True) as encrypted,
                ):
                    super().finish_request(encrypted, client_address)

        server = Server(("127.0.0.1", 0), Door)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
