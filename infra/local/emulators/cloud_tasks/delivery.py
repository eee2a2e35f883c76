"""One attempt: the HTTP request a task stands for, and what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
from google.cloud.tasks_v2 import types
from google.rpc import code_pb2

from infra.local.emulators.cloud_tasks.clock import Clock
from infra.local.emulators.cloud_tasks.names import short
from infra.local.emulators.cloud_tasks.store import Record
from infra.local.emulators.oidc import OidcIssuer

#: google/rpc/code.proto names the HTTP status of each code; this is read backwards.
_CODES: Final = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    404: code_pb2.NOT_FOUND,
    409: code_pb2.ABORTED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    499: code_pb2.CANCELLED,
    500: code_pb2.INTERNAL,
    501: code_pb2.UNIMPLEMENTED,
    503: code_pb2.UNAVAILABLE,
    504: code_pb2.DEADLINE_EXCEEDED,
}
_SLOW_DOWN: Final = {429, 503}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt came to."""

    #: HTTP status; None if there was no answer.
    status: int | None
    code: int
    #: A google.rpc.Status message in the service's form.
    message: str
    #: What a 429 or 503 asked for by Retry-After.
    wait_at_least: timedelta = timedelta(0)

    @property
    def succeeded(self) -> bool:
        """Tell whether the task is done: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Delivery:
    """Sends tasks to their targets."""

    def __init__(self, client: httpx.AsyncClient, issuer: OidcIssuer, clock: Clock) -> None:
        self._client = client
        self._issuer = issuer
        self._clock = clock

    async def send(self, record: Record) -> Answer:
        """Make the attempt that `record.task.last_attempt` describes."""
        task = record.task
        deadline = task.last_attempt.dispatch_time + task.dispatch_deadline
        request = asyncio.ensure_future(self._send(record))
        alarm = asyncio.ensure_future(self._clock.wait_until(deadline))
        try:
            await asyncio.wait({request, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if not request.done():
                return Answer(None, code_pb2.DEADLINE_EXCEEDED, _message(4, "no answer in time"))
            return request.result()
        finally:
            request.cancel()
            alarm.cancel()
            await asyncio.gather(request, alarm, return_exceptions=True)

    async def _send(self, record: Record) -> Answer:
        asked = record.task.http_request
        headers = {**asked.headers, **dispatch_headers(record)}
        if "oidc_token" in asked:
            token = self._issuer.token(
                email=asked.oidc_token.service_account_email,
                audience=asked.oidc_token.audience or asked.url,
            )
            headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
            headers["Authorization"] = f"Bearer {token}"
        method = types.HttpMethod(asked.http_method).name
        try:
            async with self._client.stream(
                method, asked.url, headers=headers, content=asked.body or None
            ) as response:
                # The answer's body means nothing to Cloud Tasks, but its end is the answer's end.
                async for _ in response.aiter_raw():
                    pass
        except httpx.RequestError as error:
            reason = type(error).__name__
            return Answer(None, code_pb2.UNAVAILABLE, _message(code_pb2.UNAVAILABLE, reason))
        return _answer(response)


def dispatch_headers(record: Record) -> dict[str, str]:
    """Return the X-CloudTasks headers of the attempt, as recorded from the service."""
    task = record.task
    retries = task.dispatch_count - 1
    eta: datetime = task.last_attempt.schedule_time
    headers = {
        "X-CloudTasks-QueueName": short(record.queue),
        "X-CloudTasks-TaskName": record.id,
        "X-CloudTasks-TaskRetryCount": str(retries),
        "X-CloudTasks-TaskExecutionCount": str(record.executions),
        "X-CloudTasks-TaskETA": f"{eta.timestamp():.6f}",
    }
    if retries:
        headers["X-CloudTasks-TaskRetryReason"] = ""  # HTTP targets get it empty
    if record.previous_response is not None:
        headers["X-CloudTasks-TaskPreviousResponse"] = str(record.previous_response)
    return headers


def _answer(response: httpx.Response) -> Answer:
    status = response.status_code
    if response.is_success:
        return Answer(status, code_pb2.OK, "")
    code = _CODES.get(status) or _code_of_class(status)
    retry_after = response.headers.get("Retry-After", "") if status in _SLOW_DOWN else ""
    wait = timedelta(seconds=int(retry_after)) if retry_after.isdecimal() else timedelta(0)
    return Answer(status, code, _message(code, f"HTTP status code {status}"), wait)


def _code_of_class(status: int) -> int:
    if status >= 500:
        return int(code_pb2.INTERNAL)
    return int(code_pb2.FAILED_PRECONDITION if status >= 400 else code_pb2.UNKNOWN)


def _message(code: int, reason: str) -> str:
    return f"{code_pb2.Code.Name(code)}({code}): {reason}"
