"""Cloud Run's Admin API as far as it is asked here, and the issuer of its callers' tokens.

It keeps one worker pool, and refuses in the words of the service's own errors.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

POOL: Final = "projects/quire-test/locations/europe-west1/workerPools/quire-workers"
TOKEN: Final = "ya29.a-token"

REASONS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@dataclass
class CloudRun:
    """One pool, what was asked of it, and what it answers instead."""

    address: str = ""
    scaling: dict[str, Any] = field(default_factory=lambda: {"manualInstanceCount": 1})
    #: Statuses of the answers to come; when they are used up, it answers as it should.
    refusals: list[int] = field(default_factory=list)
    #: Method, path with query, token, and body of every request.
    asked: list[tuple[str, str, str | None, Any]] = field(default_factory=list)
    #: It can be read, and every change conflicts.
    deploying: bool = False
    needs_token: bool = False
    issues_tokens: bool = True
    #: What it answers to the next request, as it is.
    raw: bytes | None = None

    @property
    def changes(self) -> list[int]:
        """The numbers that were asked for, in their order."""
        return [
            body["scaling"]["manualInstanceCount"]
            for method, _, _, body in self.asked
            if method == "PATCH"
        ]

    @contextmanager
    def serving(self) -> Iterator[CloudRun]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _door(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def credentials(self, folder: Path) -> Path:
        """Write a service account's key whose tokens this server gives out."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path = folder / "key.json"
        content = {
            "type": "service_account",
            "project_id": "quire-test",
            "client_email": "maintain@quire-test.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            "token_uri": f"{self.address}/token",
        }
        path.write_text(json.dumps(content))
        return path

    def answer(self, method: str, target: str, token: str | None, body: Any) -> tuple[int, Any]:
        """Answer as the service would."""
        self.asked.append((method, target, token, body))
        if self.refusals:
            return self._refusal(self.refusals.pop(0))
        if self.needs_token and token != f"Bearer {TOKEN}":
            return self._refusal(401)
        url = urlsplit(target)
        if url.path != f"/v2/{POOL}":
            return self._refusal(404)
        if method == "PATCH":
            if self.deploying:
                return self._refusal(409)
            if parse_qs(url.query) != {"updateMask": ["scaling.manualInstanceCount"]}:
                return self._refusal(400)
            self.scaling["manualInstanceCount"] = body["scaling"]["manualInstanceCount"]
            return 200, {"name": "projects/p/locations/l/operations/1", "done": False}
        return 200, {"name": POOL, "template": {}, "scaling": self.scaling, "reconciling": False}

    @staticmethod
    def _refusal(status: int) -> tuple[int, Any]:
        reason = REASONS[status]
        return status, {"error": {"code": status, "status": reason, "message": "secret detail"}}


def _door(cloud_run: CloudRun) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(*cloud_run.answer("GET", self.path, self.headers["Authorization"], None))

        def do_PATCH(self) -> None:
            body = json.loads(self._body())
            token = self.headers["Authorization"]
            self._answer(*cloud_run.answer("PATCH", self.path, token, body))

        def do_POST(self) -> None:
            self._body()
            if not cloud_run.issues_tokens:
                return self._answer(400, {"error": "invalid_grant"})
            token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return self._answer(200, token)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode() if cloud_run.raw is None else cloud_run.raw
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Door


@pytest.fixture
def cloud_run() -> Iterator[CloudRun]:
    """Cloud Run with one worker pool of one instance."""
    with CloudRun().serving() as served:
        yield served
