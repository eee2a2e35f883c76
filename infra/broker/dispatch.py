"""Sends chunks to the workers: a Celery group a wave, ids only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from celery import Celery, group
from celery.canvas import Signature

from common.models import ChunkRef, Priority
from infra.broker.celery_app import CHUNKS_QUEUE, PROCESS_CHUNK
from infra.broker.outages import translated

#: Redis keeps one list for each of kombu's steps 0, 3, 6 and 9; 0 is read first.
BROKER_PRIORITIES: Final[Mapping[Priority, int]] = {
    Priority.HIGH: 0,
    Priority.NORMAL: 3,
    Priority.LOW: 9,
}


class CeleryDispatch:
    """The chunks queue. Every send raises TransientError where the broker is away."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send_chunks(self, chunks: Sequence[ChunkRef]) -> None:
        """Enqueue one task per chunk over one connection."""
        with translated(), self._app.producer_pool.acquire(block=True) as producer:
            group([self._signature(chunk) for chunk in chunks], app=self._app).apply_async(
                producer=producer, add_to_parent=False
            )

    def send_chunk_later(self, chunk: ChunkRef, delay: timedelta) -> None:
        """Enqueue a chunk that should not be looked at before `delay` has passed."""
        # A little more, so that the row is due when the message arrives.
        countdown = delay.total_seconds() + 0.2
        with translated():
            self._signature(chunk).apply_async(countdown=countdown)

    def waiting(self) -> int:
        """Return how many messages no worker has taken yet, over all priorities."""
        with translated(), self._app.connection_for_read() as connection:
            channel = connection.default_channel
            return int(channel._size(CHUNKS_QUEUE))

    def _signature(self, chunk: ChunkRef) -> Signature:
        return self._app.signature(
            PROCESS_CHUNK,
            args=(str(chunk.id), str(chunk.document_id), chunk.index),
            queue=CHUNKS_QUEUE,
            priority=BROKER_PRIORITIES[chunk.priority],
            immutable=True,
        )
