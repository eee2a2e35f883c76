"""Cloud Scheduler's stand-in: calls one URL at a fixed interval, never twice at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx

from infra.local.emulators.cloud_tasks.clock import Clock, SystemClock
from infra.local.emulators.oidc import OidcIssuer

#: What Cloud Scheduler gives an HTTP target by default before it counts as failed.
ATTEMPT_DEADLINE: Final = timedelta(minutes=3)
USER_AGENT: Final = "Google-Cloud-Scheduler"

log = logging.getLogger(__name__)


class Unreachable(Exception):
    """The target gave no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target said."""

    status: int
    content_type: str
    body: bytes


class Scheduler:
    """POSTs to `url` every `every`, with Cloud Scheduler's headers and an identity token.

    A run that takes longer than the interval makes the next one late, and those missed meanwhile
    are left out. A target that fails is called again at the next interval, as without retries
    configured.
    """

    def __init__(
        self,
        url: str,
        *,
        every: timedelta,
        job: str,
        account: str,
        issuer: OidcIssuer,
        client: httpx.AsyncClient,
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._every = every
        self._job = job
        self._account = account
        self._issuer = issuer
        self._client = client
        self._clock = clock or SystemClock()
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Call at every interval, the first time after one has passed, until cancelled."""
        due = self._clock.now() + self._every
        while True:
            await self._clock.wait_until(due)
            try:
                answer = await self.fire(scheduled=due)
            except Unreachable as error:
                log.warning("scheduled call got no answer", extra=self._about(str(error)))
            else:
                if not 200 <= answer.status < 300:
                    log.warning("scheduled call failed", extra=self._about(str(answer.status)))
            missed = (self._clock.now() - due) // self._every
            due += (missed + 1) * self._every

    async def fire(self, *, scheduled: datetime | None = None) -> Answer:
        """Call now, after a call that may be under way. Raises Unreachable."""
        async with self._one_at_a_time:
            at = scheduled or self._clock.now()
            token = self._issuer.token(email=self._account, audience=self._url)
            headers = {
                "User-Agent": USER_AGENT,
                "X-CloudScheduler": "true",
                "X-CloudScheduler-JobName": self._job,
                "X-CloudScheduler-ScheduleTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "Authorization": f"Bearer {token}",
            }
            try:
                response = await self._client.post(
                    self._url, headers=headers, timeout=ATTEMPT_DEADLINE.total_seconds()
                )
            except httpx.RequestError as error:
                raise Unreachable(type(error).__name__) from error
        return Answer(
            response.status_code, response.headers.get("Content-Type", ""), response.content
        )

    def _about(self, reason: str) -> dict[str, str]:
        return {"job": self._job, "url": self._url, "reason": reason}
