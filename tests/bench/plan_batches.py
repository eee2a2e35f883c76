"""The baseline's client: has a batch started, and sees when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from celery import Celery
from redis import Redis

#: Beside Quire's own, which is 0.
_DATABASE: Final = 1


def beside(url: str) -> str:
    """Return the address of the baseline's database on the broker's server."""
    return urlsplit(url)._replace(path=f"/{_DATABASE}").geturl()


class PlanBatches:
    """Batches of the baseline's on one broker."""

    def __init__(self, url: str) -> None:
        self._app = Celery("plan", broker=beside(url), set_as_current=False)
        self._redis = Redis.from_url(beside(url))

    def submit(
        self, batch_id: str, jobs: Sequence[tuple[str, str, list[Any]]], *, way: str
    ) -> None:
        """Start a batch, each document of which goes that way: drawn, folded or short."""
        # By a worker: who starts it would wait for results else, if only to forget them.
        self._app.send_task("plan.start_batch", args=(batch_id, jobs, way), ignore_result=True)

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
        self._redis.close()

    def has_ended(self, batch_id: str) -> bool:
        """Whether the chord has."""
        return bool(self._redis.exists(f"batch:{batch_id}"))
