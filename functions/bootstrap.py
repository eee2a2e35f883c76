"""The composition root: settings become adapters, adapters become use cases.

The only place that knows both a port and its adapter. Each adapter is built, and its library
imported, the first time something in this process needs it: a function is billed for its start.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from common.models import ChunkRef, JobId, ObjectRef
from common.names import owner_of_upload
from functions.lazily import built_once
from functions.logged import logged
from functions.scratch import sweep
from functions.steering import Steering
from infra.job_log import JobLogHandler
from infra.logs import configure
from infra.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from common.access import Caller
    from functions.pipeline.clean_up import CleanUpReport
    from functions.pipeline.maintain import MaintainReport
    from functions.readiness import Readiness


class Application(Steering):
    """One process's adapters and what it can do with them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        #: Writes what this process logs about jobs beside them.
        self.job_log = JobLogHandler(self._write_log)

    @logged
    def split_document(self, source: ObjectRef, job_id: JobId | None = None) -> None:
        """Cut a landed upload and dispatch its chunks, for the job where one is named."""
        from functions.pipeline.split_document import ChunkLimits, split_document

        settings = self.settings
        begun = split_document(
            source,
            job_id=job_id,
            owner=owner_of_upload(source.name, default=settings.storage.default_owner),
            filename=source.name.rsplit("/", 1)[-1],
            arrivals=self.arrivals,
            splits=self.splits,
            uploads=self.uploads,
            cutter=self.cutter,
            chunks=self.chunks,
            give_turns=self.give_turns,
            tasks=self.tasks,
            live=self.live,
            limits=ChunkLimits(
                pages=settings.chunk_size_pages,
                max_pages=settings.document_ai.page_limit,
                max_bytes=settings.document_ai.max_bytes_per_call,
                document_pages=settings.api.max_pages,
                document_bytes=settings.storage.max_document_bytes,
                engine=settings.document_ai.reading if settings.cache.enabled else None,
            ),
            lease=timedelta(seconds=settings.leases.split_seconds),
        )
        if begun is not None:
            self.announce(begun)

    @logged
    def process_chunk(self, chunk: ChunkRef) -> None:
        """Read one chunk."""
        from functions.pipeline.process_chunk import process_chunk

        process_chunk(
            chunk,
            chunks=self.chunks,
            locks=self.locks,
            uploads=self.uploads,
            engine=lambda: self.engine,
            cutter=lambda: self.cutter,
            results=self.results,
            dispatch=self.dispatch,
            tasks=self.tasks,
            give_turns=self.give_turns,
            live=self.live,
            retries=self.retry_policy(),
            lease=timedelta(seconds=self.settings.leases.chunk_seconds),
        )

    @logged
    def read_documents(self, job_ids: Sequence[JobId]) -> None:
        """Read small documents whole."""
        from functions.pipeline.read_documents import read_documents
        from functions.pipeline.whole_documents import WholeLimits

        settings = self.settings
        read_documents(
            job_ids,
            small=self.small_documents,
            uploads=self.uploads,
            pdfs=lambda: self.whole_pdfs,
            engine=lambda: self.engine,
            results=self.results,
            chunks=self.chunks,
            dispatch=self.dispatch,
            tasks=lambda: self.tasks,
            live=self.live,
            announce=self.announce,
            give_turns=self.give_turns,
            retries=self.retry_policy(),
            limits=WholeLimits(
                pages=settings.chunk_size_pages,
                max_pages=settings.document_ai.page_limit,
                max_bytes=settings.document_ai.max_bytes_per_call,
                engine=settings.document_ai.reading if settings.cache.enabled else None,
                stages_follow=bool(settings.stages.by_default),
            ),
            lease=timedelta(seconds=settings.leases.chunk_seconds),
            pace=self.small_pace,
        )

    @logged
    def merge_chunks(self, job_id: JobId) -> None:
        """Bind a job's chunk results."""
        from functions.pipeline.merge_chunks import merge_chunks

        merge_chunks(
            job_id,
            merges=self.merges,
            results=self.results,
            dispatch=self.dispatch,
            tasks=self.tasks,
            live=self.live,
            lease=timedelta(seconds=self.settings.leases.merge_seconds),
            plan_stages=self.plan_after_merge,
        )
        self.announce(job_id)

    @logged
    def deliver_webhook(self, delivery_id: UUID) -> None:
        """Tell it."""
        from common.webhooks import WebhookRetries
        from functions.pipeline.deliver_webhook import Letterhead, deliver_webhook

        settings = self.settings.webhooks
        deliver_webhook(
            delivery_id,
            webhooks=self.webhooks,
            poster=lambda: self.poster,
            tasks=lambda: self.tasks,
            retries=WebhookRetries(
                tuple(timedelta(seconds=seconds) for seconds in settings.retry_seconds)
            ),
            letterhead=Letterhead(settings.signing_keys, settings.link_base),
        )

    def redeliver_webhook(self, delivery_id: UUID, caller: Caller) -> None:
        """Have it told again."""
        from functions.pipeline.announce import redeliver

        redeliver(delivery_id, caller, webhooks=self.webhooks, tasks=lambda: self.tasks)

    @logged
    def maintain(self) -> MaintainReport:
        """Send again what stopped, and clean up."""
        from functions.pipeline.announce import resend_webhooks
        from functions.pipeline.maintain import maintain
        from functions.pipeline.observe import observe

        return maintain(
            upkeep=self.upkeep,
            uploads=self.uploads,
            dispatch=self.dispatch,
            tasks=self.tasks,
            give_turns=self.give_turns_now,
            scale_workers=self.scale_workers,
            resend_webhooks=partial(
                resend_webhooks, webhooks=self.webhooks, tasks=lambda: self.tasks
            ),
            clean_up=self.clean_up,
            observe=partial(observe, totals=self.metric_totals, queue=self.backlog),
        )

    def scale_workers(self) -> int | None:
        """Have as many workers as the backlog needs; None where no worker pool is named."""
        if not self.settings.workers.pool:
            return None
        from functions.pipeline.scale_workers import scale_workers

        return scale_workers(
            backlog=self.backlog,
            workers=self.worker_pool,
            limits=self.settings.workers.limits(
                slots=self.settings.max_workers,
                calls_per_minute=self.settings.document_ai.calls_per_minute,
            ),
        )

    def clean_up(self) -> CleanUpReport:
        """Remove what ended jobs leave behind, and what was sent and never used."""
        from functions.pipeline.clean_up import clean_up
        from functions.pipeline.remove_unused import remove_unused

        budget = timedelta(seconds=self.settings.maintain.clean_up_seconds)
        cleaned = clean_up(
            cleanup=self.cleanup,
            uploads=lambda: self.uploads,
            results=lambda: self.results,
            budget=budget,
        )
        unused = remove_unused(
            documents=self.held_documents, uploads=lambda: self.uploads, budget=budget / 4
        )
        return replace(
            cleaned,
            objects_removed=cleaned.objects_removed + unused.objects,
            rows_removed=cleaned.rows_removed + unused.rows,
        )

    @built_once
    def readiness(self) -> Readiness:
        """Whether all that this process needs is there."""
        from functions.readiness import NotReady, Readiness

        def migrated() -> None:
            if missing := self.database_readiness.missing_migrations():
                raise NotReady(f"Migrations that have not been applied: {len(missing)}.")

        # Their libraries are imported, and connections made, when they are asked.
        return Readiness(
            {
                "database": self.database_readiness.ping,
                "migrations": migrated,
                "broker": self.inspection.ping,
                "storage": self.uploads.ping,
                "results": self.results.ping,
                "tasks": self.tasks.ping,
            }
        )


@cache
def application() -> Application:
    """Return this process's application. Raises pydantic.ValidationError on a wrong environment."""
    settings = Settings()
    configure(settings.log_level, project=settings.storage.project)
    sweep()
    built = Application(settings)
    logging.getLogger().addHandler(built.job_log)
    return built
