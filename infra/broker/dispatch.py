"""Sends chunks and small documents to the workers: ids only, many over one connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from celery import Celery, group
from celery.canvas import Signature

from common.models import ChunkRef, DocumentsRef, Priority
from common.stages import StageRef
from infra.broker.celery_app import CHUNKS_QUEUE, PROCESS_CHUNK, READ_DOCUMENTS, RUN_STAGE
from infra.broker.outages import translated

#: Redis keeps one list for each step (celery_app's `priority_steps`); 0 is read first. The first
#: of a pair is for an owner who has nothing else under way.
BROKER_PRIORITIES: Final[Mapping[Priority, tuple[int, int]]] = {
    Priority.HIGH: (0, 1),
    Priority.NORMAL: (3, 4),
    Priority.LOW: (6, 9),
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

    def send_documents(self, messages: Sequence[DocumentsRef]) -> None:
        """Enqueue one task for each lot of small documents over one connection."""
        with translated(), self._app.producer_pool.acquire(block=True) as producer:
            for message in messages:
                self._app.signature(
                    READ_DOCUMENTS,
                    args=([str(job_id) for job_id in message.job_ids],),
                    queue=CHUNKS_QUEUE,
                    priority=_broker_priority(message),
                    immutable=True,
                ).apply_async(producer=producer, add_to_parent=False)

    def send_chunk_later(self, chunk: ChunkRef, delay: timedelta) -> None:
        """Enqueue a chunk that should not be looked at before `delay` has passed."""
        # A little more, so that the row is due when the message arrives.
        countdown = delay.total_seconds() + 0.2
        with translated():
            self._signature(chunk).apply_async(countdown=countdown)

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        """Enqueue a stage's task, not to be looked at before the delay is over."""
        with translated():
            self._app.signature(
                RUN_STAGE[stage.stage],
                args=(str(stage.job_id),),
                queue=CHUNKS_QUEUE,
                # Ahead of chunks of its priority: what has been read is worth the most once it is
                # of use.
                priority=BROKER_PRIORITIES[stage.priority][0],
                immutable=True,
            ).apply_async(countdown=delay.total_seconds() + 0.2 if delay else None)

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
            priority=_broker_priority(chunk),
            immutable=True,
        )


def _broker_priority(message: ChunkRef | DocumentsRef) -> int:
    return BROKER_PRIORITIES[message.priority][0 if message.is_first else 1]
