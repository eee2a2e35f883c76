"""Object-finalized CloudEvents: made with the object, delivered until somebody takes them.

The attributes and the body are those that Eventarc's direct events for Cloud Storage carry
(github.com/googleapis/google-cloudevents, google.cloud.storage.object.v1.finalized), in
CloudEvents' binary HTTP mode.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from infra.local.emulators.file_store import Outbox, PendingEvent

_FIRST_DELAY_SECONDS: Final = 0.2
_LONGEST_DELAY_SECONDS: Final = 10.0
#: Eventarc keeps an event this long.
_KEPT_SECONDS: Final = 24 * 3600
_AT_ONCE: Final = 16
#: A function may work on one event for ten minutes before it counts as refused.
_TIMEOUT: Final = httpx.Timeout(600, connect=5)

log = logging.getLogger(__name__)


def finalized(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the event that an object is complete."""
    bucket = resource["bucket"]
    return {
        "ce-id": secrets.token_hex(8),
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "ce-specversion": "1.0",
        "ce-subject": quote(f"objects/{resource['name']}", safe="!#$&'()*+,/:;<=>?@[\\]^`{|}~"),
        "ce-time": resource["timeCreated"],
        "ce-type": "google.cloud.storage.object.v1.finalized",
        "ce-bucket": bucket,
        "content-type": "application/json",
    }


class Notifier:
    """Posts what the outbox owes to the URL of its bucket, at least once, in no set order.

    Each delivery carries the identity token that `token_for` makes for its URL, where there is
    one: an old event's token must not be an old one.
    """

    def __init__(
        self,
        outbox: Outbox,
        urls: Mapping[str, str],
        token_for: Callable[[str], str] | None = None,
    ) -> None:
        self._outbox = outbox
        self._urls = urls
        self._token_for = token_for
        self._wake = asyncio.Event()
        self._under_way: set[int] = set()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. What was under way then is delivered again at the next run."""
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            asyncio.TaskGroup() as deliveries,
        ):
            while True:
                self._wake.clear()
                wait_seconds: float | None = None
                room = _AT_ONCE - len(self._under_way)
                for event in self._outbox.next(room, self._under_way) if room else ():
                    wait_seconds = event.due_at / 1_000_000 - time.time()
                    if wait_seconds > 0:
                        break
                    self._under_way.add(event.id)
                    deliveries.create_task(self._deliver(client, event))
                    wait_seconds = None
                try:
                    await asyncio.wait_for(self._wake.wait(), wait_seconds)
                except TimeoutError:
                    continue

    async def _deliver(self, client: httpx.AsyncClient, event: PendingEvent) -> None:
        if await self._accepted(client, event):
            self._outbox.remove(event)
        elif time.time() - event.created_at / 1_000_000 > _KEPT_SECONDS:
            log.error("event given up", extra={"event": event.id, "bucket": event.topic})
            self._outbox.remove(event)
        else:
            delay = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2 ** min(event.attempts, 20))
            self._outbox.postpone(event, delay * random.uniform(0.8, 1))  # noqa: S311 - only jitter
        self._under_way.discard(event.id)
        self.wake()

    async def _accepted(self, client: httpx.AsyncClient, event: PendingEvent) -> bool:
        url = self._urls.get(event.topic)
        if url is None:
            # The bucket was watched before the last restart; it may be again after the next.
            return False
        headers = dict(event.headers)
        if self._token_for is not None:
            headers["Authorization"] = f"Bearer {self._token_for(url)}"
        try:
            answer = await client.post(url, content=event.body, headers=headers)
        except httpx.HTTPError as error:
            log.info(
                "event not delivered", extra={"event": event.id, "error": type(error).__name__}
            )
            return False
        return answer.is_success
