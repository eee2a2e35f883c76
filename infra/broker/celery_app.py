"""The Celery app, each option with the reason why it stands."""

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from celery import Celery
from kombu.entity import Queue

from common.lifecycle import AFTER_OCR
from infra.settings import Settings

CHUNKS_QUEUE: Final = "chunks"
PROCESS_CHUNK: Final = "quire.process_chunk"
READ_DOCUMENTS: Final = "quire.read_documents"
#: One task each, by the stage's name.
RUN_STAGE: Final = {stage: f"quire.stage.{stage.value}" for stage in AFTER_OCR}
#: One list each in Redis: high, normal and low, and one ahead of each for owners who have nothing
#: else under way. A message goes to the list of the step at or below its priority.
PRIORITY_STEPS: Final = (0, 1, 3, 4, 6, 9)


def make_celery(settings: Settings) -> Celery:
    """Return an app that can send chunks, and that a worker can run on."""
    url = settings.redis_url.get_secret_value()
    app = Celery("quire", broker=url, set_as_current=True)
    limit = settings.task_timeout_seconds
    app.conf.update(
        # State lives in Postgres; a result backend would be a second truth.
        task_ignore_result=True,
        result_backend=None,
        # A worker that dies gives its message back. That is safe: the claim decides.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # One chunk at a time, or a busy worker hoards what an idle one could read.
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.max_workers,
        # Only ids travel; pickled objects would let the broker's owner run code here.
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(CHUNKS_QUEUE)],  # type: ignore[no-untyped-call]
        task_default_queue=CHUNKS_QUEUE,
        task_routes={
            PROCESS_CHUNK: {"queue": CHUNKS_QUEUE},
            READ_DOCUMENTS: {"queue": CHUNKS_QUEUE},
            **{name: {"queue": CHUNKS_QUEUE} for name in RUN_STAGE.values()},
        },
        task_default_priority=4,
        # A stuck library can't hold a worker for ever. The lease is then found expired.
        task_time_limit=limit,
        worker_max_memory_per_child=settings.worker_memory_limit_mb * 1024,
        # After a reset connection the broker gives the message to another worker: without
        # this both would go on with it.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        # Cloud Run waits 10 s between SIGTERM and SIGKILL (with REMAP_SIGTERM=SIGQUIT).
        worker_soft_shutdown_timeout=7.0,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_use_ssl=_tls(url),
        # With the broker down a send gives up soon: the row is committed, maintain sends it.
        task_publish_retry_policy={
            "max_retries": 2,
            "interval_start": 0.1,
            "interval_step": 0.3,
            "interval_max": 0.5,
        },
        broker_transport_options={
            # 0 is the highest of Redis's priorities, and only this strategy keeps to them.
            "queue_order_strategy": "priority",
            "priority_steps": list(PRIORITY_STEPS),
            # Longer than any task may run, or a running one is given out a second time.
            "visibility_timeout": limit + 60,
            # Together: a dead worker's messages are looked for every second, not every 100.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
    )
    return app


def _tls(url: str) -> dict[str, Any] | None:
    # Left alone, kombu takes any server's certificate for a rediss:// URL. One that names
    # `ssl_ca_certs` brings its own options, and redis-py then asks for a certificate too.
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if urlsplit(url).scheme == "rediss" else None
