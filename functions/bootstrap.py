"""The composition root: settings become adapters, adapters become use cases.

The only place that knows both a port and its adapter. Each adapter is built, and its library
imported, the first time something in this process needs it: a function is billed for its start.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from common.models import ChunkRef, JobId, JobView, ObjectRef
from common.names import owner_of_upload
from functions.lazily import built_once
from functions.logged import logged
from functions.scratch import lasting_folder, sweep
from infra.job_log import JobLogHandler
from infra.logs import configure
from infra.settings import DoorSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from celery import Celery
    from redis import Redis

    from common.access import Caller
    from common.controls import Action
    from common.ports import OcrEngine, PdfCutter
    from functions.api.streams import EventStreams
    from functions.pipeline.clean_up import CleanUpReport
    from functions.pipeline.maintain import MaintainReport
    from functions.readiness import Readiness
    from infra.auth.internal_callers import InternalCallers
    from infra.auth.rate_limits import RateLimits
    from infra.auth.tokens import TokenChecker
    from infra.broker.dispatch import CeleryDispatch
    from infra.broker.feed import RedisLiveFeed
    from infra.broker.inspection import BrokerInspection
    from infra.broker.live import RedisLiveUpdates
    from infra.broker.locks import RedisChunkLocks
    from infra.database.admin import PostgresAdministration
    from infra.database.api_keys import PostgresApiKeys
    from infra.database.arrivals import PostgresArrivals
    from infra.database.backlog import PostgresBacklog
    from infra.database.chunks import PostgresChunks
    from infra.database.cleanup import PostgresCleanup
    from infra.database.controls import PostgresControls
    from infra.database.credits import PostgresCredits
    from infra.database.grants import PostgresGrants
    from infra.database.idempotency import PostgresRequestKeys
    from infra.database.job_logs import PostgresJobLogs
    from infra.database.jobs import PostgresJobs
    from infra.database.listings import PostgresListings
    from infra.database.merges import PostgresMerges
    from infra.database.pages import PostgresPages
    from infra.database.pool import Pool
    from infra.database.readiness import PostgresReadiness
    from infra.database.splits import PostgresSplits
    from infra.database.upkeep import PostgresUpkeep
    from infra.database.webhooks import PostgresWebhooks
    from infra.log_lines import LogLine
    from infra.pdf.pictures import Pictures
    from infra.run.worker_pool import CloudRunWorkerPool
    from infra.storage.cloud_storage import CloudStorage
    from infra.storage.supabase import SupabaseStorage
    from infra.tasks.cloud_tasks import CloudTasks
    from infra.webhooks.sender import WebhookSender


class Application:
    """One process's adapters and what it can do with them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        #: Writes what this process logs about jobs beside them.
        self.job_log = JobLogHandler(self._write_log)

    # ── use cases ────────────────────────────────────────────────────────────────────────────

    @logged
    def split_document(self, source: ObjectRef) -> None:
        """Cut a landed upload and dispatch its chunks."""
        from functions.pipeline.split_document import ChunkLimits, split_document

        settings = self.settings
        job_id = split_document(
            source,
            owner=owner_of_upload(source.name, default=settings.storage.default_owner),
            filename=source.name.rsplit("/", 1)[-1],
            arrivals=self.arrivals,
            splits=self.splits,
            uploads=self.uploads,
            cutter=self.cutter,
            chunks=self.chunks,
            dispatch=self.dispatch,
            tasks=self.tasks,
            live=self.live,
            limits=ChunkLimits(
                pages=settings.chunk_size_pages,
                max_pages=settings.document_ai.page_limit,
                max_bytes=settings.document_ai.max_bytes_per_call,
            ),
            lease=timedelta(seconds=settings.leases.split_seconds),
        )
        if job_id is not None:
            self.announce(job_id)

    @logged
    def process_chunk(self, chunk: ChunkRef) -> None:
        """Read one chunk."""
        from functions.pipeline.process_chunk import RetryPolicy, process_chunk

        retries = self.settings.retries
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
            live=self.live,
            retries=RetryPolicy(
                max_tries=retries.max_tries,
                max_lost_leases=retries.max_lost_leases,
                base=timedelta(seconds=retries.base_seconds),
                longest=timedelta(seconds=retries.max_seconds),
            ),
            lease=timedelta(seconds=self.settings.leases.chunk_seconds),
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
            live=self.live,
            lease=timedelta(seconds=self.settings.leases.merge_seconds),
        )
        self.announce(job_id)

    def announce(self, job_id: JobId) -> None:
        """Have the owner's server told, if the job has ended. For whatever may have ended it."""
        from functions.pipeline.announce import announce

        announce(job_id, webhooks=self.webhooks, tasks=lambda: self.tasks)

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

        return maintain(
            upkeep=self.upkeep,
            uploads=self.uploads,
            dispatch=self.dispatch,
            tasks=self.tasks,
            scale_workers=self.scale_workers,
            resend_webhooks=partial(
                resend_webhooks, webhooks=self.webhooks, tasks=lambda: self.tasks
            ),
            clean_up=self.clean_up,
        )

    def scale_workers(self) -> int | None:
        """Have as many workers as the backlog needs; None where no worker pool is named."""
        if not self.settings.workers.pool:
            return None
        from functions.pipeline.scale_workers import scale_workers

        return scale_workers(
            backlog=self.backlog,
            workers=self.worker_pool,
            limits=self.settings.workers.limits(slots=self.settings.max_workers),
        )

    def clean_up(self) -> CleanUpReport:
        """Remove what ended jobs leave behind."""
        from functions.pipeline.clean_up import clean_up

        return clean_up(
            cleanup=self.cleanup,
            uploads=lambda: self.uploads,
            results=lambda: self.results,
            budget=timedelta(seconds=self.settings.maintain.clean_up_seconds),
        )

    @logged
    def control_job(
        self, action: Action, job_id: JobId, caller: Caller, *, password: str | None = None
    ) -> JobView:
        """Pause, resume, cancel or retry a job, and return it as it is then."""
        from common.controls import Action
        from functions.pipeline.control_job import control_job

        job = control_job(
            action,
            job_id,
            caller,
            password=password,
            jobs=self.jobs,
            controls=self.controls,
            dispatch=lambda: self.dispatch,
            tasks=lambda: self.tasks,
            live=self.live,
        )
        if action is Action.CANCEL:
            self.announce(job_id)
        return job

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

    # ── the database ─────────────────────────────────────────────────────────────────────────

    @built_once
    def _pool(self) -> Pool:
        from infra.database.pool import open_pool

        return open_pool(self.settings.database)

    @built_once
    def jobs(self) -> PostgresJobs:
        """What the API asks."""
        from infra.database.jobs import PostgresJobs

        return PostgresJobs(self._pool)

    @built_once
    def listings(self) -> PostgresListings:
        """What owners page through."""
        from infra.database.listings import PostgresListings

        return PostgresListings(self._pool)

    @built_once
    def pages(self) -> PostgresPages:
        """What stands on documents' pages."""
        from infra.database.pages import PostgresPages

        return PostgresPages(self._pool)

    @built_once
    def request_keys(self) -> PostgresRequestKeys:
        """What idempotency keys were used for."""
        from infra.database.idempotency import PostgresRequestKeys

        age = timedelta(hours=self.settings.api.idempotency_hours)
        return PostgresRequestKeys(self._pool, age=age)

    @built_once
    def arrivals(self) -> PostgresArrivals:
        """What ingest writes."""
        from infra.database.arrivals import PostgresArrivals

        lease = timedelta(seconds=self.settings.leases.split_seconds)
        return PostgresArrivals(self._pool, lease=lease)

    @built_once
    def splits(self) -> PostgresSplits:
        """What the splitter writes."""
        from infra.database.splits import PostgresSplits

        lease = timedelta(seconds=self.settings.leases.split_seconds)
        return PostgresSplits(
            self._pool, lease=lease, credits_enabled=self.settings.credits.enabled
        )

    @built_once
    def controls(self) -> PostgresControls:
        """What an owner does to a job."""
        from infra.database.controls import PostgresControls

        return PostgresControls(self._pool, credits_enabled=self.settings.credits.enabled)

    @built_once
    def credits(self) -> PostgresCredits:
        """Accounts and their ledger."""
        from infra.database.credits import PostgresCredits

        return PostgresCredits(self._pool)

    @built_once
    def chunks(self) -> PostgresChunks:
        """What workers write."""
        from infra.database.chunks import PostgresChunks

        lease = timedelta(seconds=self.settings.leases.chunk_seconds)
        return PostgresChunks(self._pool, lease=lease)

    @built_once
    def merges(self) -> PostgresMerges:
        """What the merge writes."""
        from infra.database.merges import PostgresMerges

        lease = timedelta(seconds=self.settings.leases.merge_seconds)
        return PostgresMerges(self._pool, lease=lease)

    @built_once
    def upkeep(self) -> PostgresUpkeep:
        """What maintain looks for."""
        from infra.database.upkeep import PostgresUpkeep

        maintain = self.settings.maintain
        return PostgresUpkeep(
            self._pool,
            resend_after=timedelta(seconds=maintain.resend_after_seconds),
            upload_deadline=timedelta(seconds=maintain.upload_deadline_seconds),
        )

    def _write_log(self, lines: Sequence[LogLine]) -> None:
        self.job_logs.write(lines)

    @built_once
    def job_logs(self) -> PostgresJobLogs:
        """Jobs' own log lines."""
        from infra.database.job_logs import PostgresJobLogs

        return PostgresJobLogs(self._pool)

    @built_once
    def webhooks(self) -> PostgresWebhooks:
        """What owners' servers are to be told."""
        from infra.database.webhooks import PostgresWebhooks

        return PostgresWebhooks(
            self._pool,
            # A sender that lives notes its try before this.
            lease=timedelta(seconds=self.settings.webhooks.timeout_seconds + 30),
            resend_after=timedelta(seconds=self.settings.maintain.resend_after_seconds),
        )

    @built_once
    def cleanup(self) -> PostgresCleanup:
        """What ended jobs leave behind."""
        from infra.database.cleanup import PostgresCleanup

        settings, maintain = self.settings, self.settings.maintain
        return PostgresCleanup(
            self._pool,
            keep_intermediates=timedelta(hours=maintain.keep_intermediates_hours),
            keep_failed=timedelta(days=maintain.keep_failed_days),
            keep_keys=timedelta(hours=settings.api.idempotency_hours),
            keep_logs=timedelta(days=maintain.keep_logs_days),
            upload_deadline=timedelta(seconds=maintain.upload_deadline_seconds),
            longest_lease=timedelta(
                seconds=max(settings.leases.split_seconds, settings.leases.merge_seconds)
            ),
        )

    @built_once
    def backlog(self) -> PostgresBacklog:
        """What waits for workers."""
        from infra.database.backlog import PostgresBacklog

        return PostgresBacklog(
            self._pool,
            worker_pool=self.settings.workers.pool,
            keep=timedelta(days=self.settings.maintain.keep_logs_days),
        )

    @built_once
    def api_keys(self) -> PostgresApiKeys:
        """The machines' keys."""
        from infra.database.api_keys import PostgresApiKeys

        return PostgresApiKeys(self._pool)

    # ── who asks ─────────────────────────────────────────────────────────────────────────────

    @built_once
    def tokens(self) -> TokenChecker:
        """Checks people's tokens."""
        from infra.auth.published_keys import PublishedKeys
        from infra.auth.tokens import TokenChecker

        settings = self.settings.supabase
        return TokenChecker(
            issuer=settings.token_issuer,
            audience="authenticated",
            keys=PublishedKeys(settings.keys_address) if settings.keys_address else None,
            secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
        )

    @built_once
    def rate_limits(self) -> RateLimits:
        """Counts callers' requests."""
        from infra.auth.rate_limits import RateLimits

        return RateLimits(self.settings.redis_url.get_secret_value())

    def internal_callers(self, door: DoorSettings) -> InternalCallers:
        """Check who calls a function that only Google's services may call. One each."""
        from infra.auth.internal_callers import InternalCallers
        from infra.auth.published_keys import PublishedKeys

        settings = self.settings.internal
        return InternalCallers(door, settings, PublishedKeys(settings.jwks_url))

    @built_once
    def grants(self) -> PostgresGrants:
        """Credits that operators give."""
        from infra.database.grants import PostgresGrants

        return PostgresGrants(self._pool)

    @built_once
    def database_readiness(self) -> PostgresReadiness:
        """Whether the database can be worked with."""
        from infra.database.readiness import PostgresReadiness

        return PostgresReadiness(self._pool)

    @built_once
    def administration(self) -> PostgresAdministration:
        """What operators ask the database."""
        from infra.database.admin import PostgresAdministration

        return PostgresAdministration(self._pool)

    # ── everything else outside ──────────────────────────────────────────────────────────────

    @built_once
    def uploads(self) -> CloudStorage:
        """Cloud Storage."""
        from infra.storage.cloud_storage import CloudStorage

        return CloudStorage(self.settings.storage)

    @built_once
    def results(self) -> SupabaseStorage:
        """Supabase Storage."""
        from infra.storage.supabase import SupabaseStorage

        return SupabaseStorage(self.settings.supabase)

    @built_once
    def engine(self) -> OcrEngine:
        """Document AI."""
        from infra.ocr.document_ai import DocumentAiEngine

        return DocumentAiEngine(self.settings.document_ai)

    @built_once
    def cutter(self) -> PdfCutter:
        """The PDF cutter."""
        from infra.pdf.cutter import Cutter

        return Cutter()

    @built_once
    def pictures(self) -> Pictures:
        """Draws documents' pages."""
        from infra.pdf.pictures import Pictures

        return Pictures(lasting_folder("pictures"), self.uploads.download, self.settings.pictures)

    @built_once
    def tasks(self) -> CloudTasks:
        """Cloud Tasks."""
        from infra.tasks.cloud_tasks import CloudTasks

        return CloudTasks(self.settings.tasks)

    @built_once
    def worker_pool(self) -> CloudRunWorkerPool:
        """Cloud Run, which runs the workers."""
        from infra.run.worker_pool import CloudRunWorkerPool

        return CloudRunWorkerPool(self.settings.workers)

    @built_once
    def poster(self) -> WebhookSender:
        """Owners' servers."""
        from infra.webhooks.sender import WebhookSender

        settings = self.settings.webhooks
        return WebhookSender(settings.policy, timeout_seconds=settings.timeout_seconds)

    @built_once
    def celery(self) -> Celery:
        """The broker's client."""
        from infra.broker.celery_app import make_celery

        return make_celery(self.settings)

    @built_once
    def dispatch(self) -> CeleryDispatch:
        """Sends chunks to the workers."""
        from infra.broker.dispatch import CeleryDispatch

        return CeleryDispatch(self.celery)

    @built_once
    def inspection(self) -> BrokerInspection:
        """What operators ask the workers and the broker."""
        from infra.broker.inspection import BrokerInspection

        return BrokerInspection(self.celery, self._redis)

    @built_once
    def _redis(self) -> Redis:
        from redis import Redis

        return Redis.from_url(
            self.settings.redis_url.get_secret_value(),
            socket_connect_timeout=5,
            socket_timeout=10,
            health_check_interval=30,
        )

    @built_once
    def locks(self) -> RedisChunkLocks:
        """The chunks' leases in Redis."""
        from infra.broker.locks import RedisChunkLocks

        return RedisChunkLocks(self._redis)

    @built_once
    def live(self) -> RedisLiveUpdates:
        """Tells watchers to look."""
        from infra.broker.live import RedisLiveUpdates

        return RedisLiveUpdates(self._redis)

    @built_once
    def feed(self) -> RedisLiveFeed:
        """Hears what `live` tells."""
        from infra.broker.feed import RedisLiveFeed

        return RedisLiveFeed(self.settings.redis_url.get_secret_value())

    @built_once
    def streams(self) -> EventStreams:
        """Streams of jobs' events. To be asked for within the event loop that serves them."""
        from functions.api.ending import on_stop
        from functions.api.streams import EventStreams
        from infra.database.progress import PostgresProgress

        streams = EventStreams(PostgresProgress(self._pool), self.feed, self.settings.streams)
        on_stop(streams.end)
        return streams


@cache
def application() -> Application:
    """Return this process's application. Raises pydantic.ValidationError on a wrong environment."""
    settings = Settings()
    configure(settings.log_level)
    sweep()
    built = Application(settings)
    logging.getLogger().addHandler(built.job_log)
    return built
