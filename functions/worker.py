"""Celery's door. Run with `celery -A functions.worker worker`."""

from __future__ import annotations

from uuid import UUID

from common.models import ChunkId, ChunkRef, DocumentId
from functions.bootstrap import application
from infra.broker.celery_app import PROCESS_CHUNK

celery_app = application().celery


@celery_app.task(name=PROCESS_CHUNK)  # type: ignore[untyped-decorator]
def process_chunk(chunk_id: str, document_id: str, chunk_index: int) -> None:
    """Read one chunk. The arguments are a hint to look; the rows say what is to be done."""
    application().process_chunk(
        ChunkRef(ChunkId(UUID(chunk_id)), DocumentId(UUID(document_id)), chunk_index)
    )
