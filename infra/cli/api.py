"""Quire's HTTPS API as the command speaks it."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import httpx
import jwt
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from infra.cli.exits import CommandError, Exit, Unreachable
from infra.cli.jobs import RawJob

#: Whose documents the command sees on a stack of its own.
OWNER: Final = "local"
_TOKEN_SECONDS: Final = 300
_TIMEOUT: Final = httpx.Timeout(30, connect=5)
#: The API sends a comment every few seconds; a stream silent for 45 s is dead.
_STREAM_TIMEOUT: Final = httpx.Timeout(30, connect=5, read=45)
#: What a server says that is starting, overloaded or being replaced.
BUSY_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Those of them that say that the request was not begun.
_NOT_TAKEN_STATUSES: Final = frozenset({429, 503})

#: What was asked for: the `options` of `POST /v1/documents`.
Options = Mapping[str, object]


class ApiError(CommandError):
    """The API refused, and said why (RFC 9457)."""

    def __init__(self, status: int, message: str, *, code: str) -> None:
        super().__init__(message, Exit.FAILED, code=code)
        self.status = status


class Away(Exception):
    """The API does not answer just now; asking again may help."""


class _Bearer(httpx.Auth):
    """Signs a short-lived token for each request, so a long watch never outlives its token."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token."""
        claims = {
            "sub": OWNER,
            "role": "authenticated",
            "aud": "authenticated",
            "exp": int(time.time()) + _TOKEN_SECONDS,
        }
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted document."""

    job_id: str
    document_id: str
    #: Where its bytes go, where they were not in the request itself.
    upload_url: str | None
    raw: Mapping[str, object]


class Api:
    """One API, asked in one owner's name. Close it, or use it as a context manager."""

    def __init__(self, address: str, jwt_secret: str) -> None:
        self.address = address.rstrip("/")
        # A proxy from the environment would be asked for 127.0.0.1 and could not know it.
        self._http = httpx.Client(
            base_url=self.address, auth=_Bearer(jwt_secret), timeout=_TIMEOUT, trust_env=False
        )
        #: For addresses that carry their own authority: no token of ours goes there.
        self.plain = httpx.Client(timeout=_TIMEOUT, trust_env=False)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.plain.close()

    def send_whole(self, content: BinaryIO, filename: str, options: Options) -> Submission:
        """POST a document in one request. Raises like `open_upload`."""
        parts = {"options": json.dumps(options)} if options else {}
        return self._send(data=parts, files={"file": (filename, content, "application/pdf")})

    def open_upload(self, filename: str, size: int, options: Options) -> Submission:
        """Announce a document of `size` bytes, which then go to the answer's `upload_url`.

        Raises ApiError where it is refused, and Away only where the API has surely not taken
        it, since a document that is sent twice would be read twice.
        """
        return self._send(json={"filename": filename, "size": size, "options": options})

    def _send(self, **body: Any) -> Submission:
        try:
            response = self._http.post("/v1/documents", **body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Away(str(error)) from error
        except httpx.TransportError as error:
            raise Unreachable(
                f"The API at {self.address} broke off while the document was being sent.",
                advice="`quire doctor` says which part is not well.",
            ) from error
        answer = _answer(response, away=_NOT_TAKEN_STATUSES)
        upload = answer.get("upload")
        return Submission(
            job_id=str(answer.get("job_id", "")),
            document_id=str(answer.get("document_id", "")),
            upload_url=str(upload["url"]) if isinstance(upload, dict) else None,
            raw=answer,
        )

    def job(self, job_id: str) -> RawJob:
        """Return the job as the API describes it. Raises ApiError, or Away."""
        try:
            return _answer(self._http.get(f"/v1/jobs/{job_id}"))
        except httpx.TransportError as error:
            raise Away(str(error)) from error

    def events(self, job_id: str, after: str | None) -> Iterator[ServerSentEvent]:
        """Yield the job's events after the one with the id `after`, from its first where None.

        The stream ends without an error when the server ends it. Raises ApiError, or Away.
        """
        headers = {} if after is None else {"Last-Event-ID": after}
        try:
            with connect_sse(
                self._http,
                "GET",
                f"/v1/jobs/{job_id}/events",
                headers=headers,
                timeout=_STREAM_TIMEOUT,
            ) as source:
                if source.response.status_code != httpx.codes.OK:
                    source.response.read()
                    _answer(source.response)
                yield from source.iter_sse()
        except (httpx.TransportError, SSEError) as error:
            raise Away(str(error)) from error

    @contextmanager
    def result(self, job_id: str, form: str) -> Iterator[Iterator[bytes]]:
        """Give the result's bytes piece by piece, `form` being json or text.

        Raises ApiError (409 while the job is not finished), or Away.
        """
        try:
            with self._http.stream(
                "GET",
                f"/v1/jobs/{job_id}/result",
                params={"format": form},
                follow_redirects=True,
            ) as response:
                if not response.is_success:
                    response.read()
                    _answer(response)
                yield response.iter_bytes()
        except httpx.TransportError as error:
            raise Away(str(error)) from error


def _answer(response: httpx.Response, *, away: frozenset[int] = BUSY_STATUSES) -> dict[str, object]:
    """Return the JSON object of a good answer; raise ApiError or Away for another."""
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    fields: dict[str, object] = content if isinstance(content, dict) else {}
    if response.is_success and fields:
        return fields
    sentence = fields.get("detail") or fields.get("title")
    if response.status_code in away:
        raise Away(str(sentence or f"HTTP {response.status_code}"))
    raise ApiError(
        response.status_code,
        str(sentence or f"The API answered HTTP {response.status_code} without a reason."),
        code=str(fields.get("code") or f"HTTP_{response.status_code}"),
    )
