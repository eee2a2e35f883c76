"""Celery's door for the benchmark: `celery -A tests.bench.small_worker worker`."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import signals

from common.models import JobId
from infra.broker.celery_app import READ_DOCUMENTS
from tests.bench.stand_ins import bench_application

celery = bench_application().celery


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def be_as_quiet(**_: object) -> None:
    """As functions.worker is."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@celery.task(name=READ_DOCUMENTS)  # type: ignore[untyped-decorator]
def read_documents(job_ids: list[str]) -> None:
    """Read small documents whole."""
    bench_application().read_documents([JobId(UUID(job_id)) for job_id in job_ids])
