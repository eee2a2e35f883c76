"""Celery's door. Run with `celery -A functions.worker worker`."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from celery import signals

from common import telemetry
from common.lifecycle import AFTER_OCR, Stage
from common.models import ChunkId, ChunkRef, DocumentId, JobId
from functions.bootstrap import application
from infra.broker.celery_app import PROCESS_CHUNK, READ_DOCUMENTS, RUN_STAGE

celery_app = application().celery
application().is_worker = True

#: What every child will need. The parent imports it once, before it forks: the children share
#: the pages, and the first chunk doesn't wait a second for libraries. Clients are not made here,
#: as gRPC's threads do not survive a fork.
_SHARED: Final = ("google.cloud.documentai_v1", "google.cloud.storage", "storage3", "psycopg_pool")


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def import_shared(**_: Any) -> None:
    """Import the heavy libraries in the parent."""
    for name in _SHARED:
        import_module(name)
    settings = application().settings
    if settings.sends_traces or settings.sends_metrics:
        import_module("infra.telemetry.setup")
    if application().calls_models and settings.stages.by_default:
        import_module("google.genai")
    # One line received and one succeeded for each chunk say less than the job's events do.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def send_the_rest(**_: Any) -> None:
    """Send what this child has recorded and not sent yet. Its own thread has sent the most."""
    if telemetry.is_heard() and (recorder := application().recorder) is not None:
        recorder.close()


@celery_app.task(name=PROCESS_CHUNK)  # type: ignore[untyped-decorator]
def process_chunk(chunk_id: str, document_id: str, chunk_index: int) -> None:
    """Read one chunk. The arguments are a hint to look; the rows say what is to be done."""
    application().process_chunk(
        ChunkRef(ChunkId(UUID(chunk_id)), DocumentId(UUID(document_id)), chunk_index)
    )


def _stage_task(stage: Stage) -> None:
    @celery_app.task(name=RUN_STAGE[stage])  # type: ignore[untyped-decorator]
    def run_stage(job_id: str) -> None:
        application().run_stage(JobId(UUID(job_id)), stage)


# Each stage after OCR is a task of its own: its argument is a hint to look, as above.
for _stage in AFTER_OCR:
    _stage_task(_stage)


@celery_app.task(name=READ_DOCUMENTS)  # type: ignore[untyped-decorator]
def read_documents(job_ids: list[str]) -> None:
    """Read small documents whole. As above: a hint to look."""
    application().read_documents([JobId(UUID(job_id)) for job_id in job_ids])
