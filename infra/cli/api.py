"""Quire's HTTPS API as the command speaks it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, NoReturn

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from infra.cli.exits import Unreachable, UnusableInput
from infra.cli.jobs import RawJob
from infra.cli.trouble import ADVICE, ApiError, Away, connection_error, not_quire

_TIMEOUT: Final = httpx.Timeout(30, connect=5)
#: The API sends a comment every few seconds; a stream silent for 45 s is dead.
_STREAM_TIMEOUT: Final = httpx.Timeout(30, connect=5, read=45)
#: What a server says that is starting, overloaded or being replaced.
BUSY_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

#: Nothing was sent yet when these end a request.
_NOBODY: Final = (httpx.ConnectError, httpx.ConnectTimeout)

#: What was asked for: the `options` of `POST /v1/documents`.
Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted document."""

    job_id: str
    document_id: str
    #: Where its bytes go, where they were not in the request itself.
    upload_url: str | None
    raw: Mapping[str, object]


class Api:
    """One API, asked in one caller's name. Close it, or use it as a context manager.

    Everything raises ApiError where the API refuses, Away where asking again may help, and
    Unreachable where it can't.
    """

    def __init__(
        self,
        address: str,
        auth: httpx.Auth,
        *,
        is_remote: bool = False,
        advice: Mapping[int, str] | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        #: Where its jobs live, for sentences.
        self.place = f"at {self.address}" if is_remote else "in the running stack"
        self._is_remote = is_remote
        #: What to do about a refusal, by its status.
        self._advice = advice or {}
        #: Whether it has ever answered: then a name or port that is gone may come back.
        self._answered = False
        try:
            # A proxy from the environment would be asked for 127.0.0.1 and could not know it.
            self._http = httpx.Client(
                base_url=self.address, auth=auth, timeout=_TIMEOUT, trust_env=is_remote
            )
            #: For addresses that carry their own authority: no token of ours goes there.
            self.plain = httpx.Client(timeout=_TIMEOUT, trust_env=is_remote)
        except (OSError, ssl.SSLError, ValueError, ImportError) as error:
            raise UnusableInput(
                f"What the environment says of proxies or certificates can't be used: {error}",
                code="BAD_ENVIRONMENT",
                advice="Look at SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY and ALL_PROXY.",
            ) from error

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.plain.close()

    def get(self, path: str, **query: object) -> dict[str, object]:
        """GET one object. What of the query is None or empty is left out."""
        asked = {name: value for name, value in query.items() if value not in (None, "", ())}
        return self._ask("GET", path, params=asked)

    def post(self, path: str, *, key: str | None = None, **request: Any) -> dict[str, object]:
        """POST, and return the object of the answer. Safe to repeat with a `key`."""
        headers = dict(request.pop("headers", {}))
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._ask("POST", path, headers=headers, **request)

    def patch(self, path: str, changes: Mapping[str, object]) -> dict[str, object]:
        """PATCH, and return the object as it is then. Safe to repeat."""
        return self._ask("PATCH", path, json=changes)

    def readiness(self) -> tuple[int, dict[str, object]]:
        """Return the status and the object with which the API says whether it is ready."""
        try:
            response = self._http.get("/readyz")
            content = json.loads(response.content)
        except httpx.RequestError as error:
            self._broken(error)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise not_quire(response, self.address)
        return response.status_code, content

    def job(self, job_id: str) -> RawJob:
        """Return the job as the API describes it."""
        return self.get(f"/v1/jobs/{job_id}")

    def control(
        self, job_id: str, action: str, asked: Mapping[str, object] | None = None
    ) -> RawJob:
        """Do something to the job; return it as it is then. Safe to repeat."""
        body: dict[str, Any] = {"json": asked} if asked else {}
        return self._ask("POST", f"/v1/jobs/{job_id}/{action}", **body)

    def send_whole(
        self, content: BinaryIO, filename: str, options: Options, key: str
    ) -> Submission:
        """POST a document in one request.

        However often it is sent with the same key, one document comes of it.
        """
        parts = {"options": json.dumps(options)} if options else {}
        return self._send(key, data=parts, files={"file": (filename, content, "application/pdf")})

    def open_upload(self, filename: str, size: int, options: Options, key: str) -> Submission:
        """Announce a document of `size` bytes, which then go to the answer's `upload_url`.

        `key` is as for `send_whole`.
        """
        return self._send(key, json={"filename": filename, "size": size, "options": options})

    def _send(self, key: str, **body: Any) -> Submission:
        # Without the preference a small document's answer would wait for its result.
        headers = {"Idempotency-Key": key, "Prefer": "respond-async"}
        answer = self._ask("POST", "/v1/documents", headers=headers, **body)
        upload = answer.get("upload")
        return Submission(
            job_id=str(answer.get("job_id", "")),
            document_id=str(answer.get("document_id", "")),
            upload_url=str(upload["url"]) if isinstance(upload, dict) else None,
            raw=answer,
        )

    def events(
        self, job_id: str, after: str | None, on_open: Callable[[], None] = lambda: None
    ) -> Iterator[ServerSentEvent]:
        """Yield the job's events after the one with the id `after`, from its first where None.

        The stream ends without an error when the server ends it. `on_open` is called once it is
        there, however long its first event takes.
        """
        yield from self.stream(f"/v1/jobs/{job_id}/events", after, on_open)

    def stream(
        self, path: str, after: str | None, on_open: Callable[[], None] = lambda: None
    ) -> Iterator[ServerSentEvent]:
        """Yield the events of any stream of the API's, as `events` does."""
        headers = {} if after is None else {"Last-Event-ID": after}
        try:
            with connect_sse(
                self._http, "GET", path, headers=headers, timeout=_STREAM_TIMEOUT
            ) as source:
                if source.response.status_code != httpx.codes.OK:
                    source.response.read()
                    self._read(source.response)
                on_open()
                yield from source.iter_sse()
        except httpx.RequestError as error:
            self._broken(error)
        except SSEError as error:
            raise Away(str(error)) from error

    @contextmanager
    def result(self, job_id: str, form: str) -> Iterator[Iterator[bytes]]:
        """Give the result's bytes piece by piece, `form` being json or text.

        ApiError has 409 while the job is not finished.
        """
        url = f"/v1/jobs/{job_id}/result"
        try:
            with self._http.stream(
                "GET", url, params={"format": form}, follow_redirects=True
            ) as response:
                if not response.is_success:
                    response.read()
                    self._read(response)
                yield response.iter_bytes()
        except httpx.RequestError as error:
            self._broken(error)

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, object]:
        try:
            response = self._http.request(method, path, **request)
        except httpx.RequestError as error:
            self._broken(error)
        return self._read(response)

    def _broken(self, error: httpx.RequestError) -> NoReturn:
        said = connection_error(error, self.address)
        if self._answered:
            raise Away(str(said)) from error
        if self._is_remote and isinstance(said, Away) and isinstance(error, _NOBODY):
            raise Unreachable(
                f"Nobody answers at {self.address} ({said}).",
                advice="Is the address right? `quire doctor` looks again.",
            ) from error
        raise said from error

    def _read(self, response: httpx.Response) -> dict[str, object]:
        """Return the JSON object of a good answer; raise ApiError or Away for another."""
        try:
            content = json.loads(response.content)
        except ValueError:
            content = None
        fields: dict[str, object] = content if isinstance(content, dict) else {}
        if response.is_success and fields:
            self._answered = True
            return fields
        sentence = fields.get("detail") or fields.get("title")
        if response.status_code in BUSY_STATUSES:
            raise Away(str(sentence or f"HTTP {response.status_code}"))
        if "code" not in fields:
            raise not_quire(response, self.address)
        self._answered = True
        code = str(fields["code"])
        raise ApiError(
            response.status_code,
            str(sentence or f"The API answered HTTP {response.status_code} without a reason."),
            code=code,
            advice=ADVICE.get(code) or self._advice.get(response.status_code, ""),
            problem=fields,
        )
