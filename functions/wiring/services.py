"""What this process has of everything else outside: storages, queues, broker, callers' keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import telemetry
from functions.lazily import built_once
from functions.scratch import lasting_folder
from functions.wiring.repositories import Repositories
from infra.settings import DoorSettings

if TYPE_CHECKING:
    from celery import Celery
    from redis import Redis

    from common.ports import OcrEngine, PdfCutter
    from functions.api.streams import EventStreams
    from functions.pipeline.whole_documents import Pace
    from infra.auth.internal_callers import InternalCallers
    from infra.auth.rate_limits import RateLimits
    from infra.auth.tokens import TokenChecker
    from infra.broker.dispatch import CeleryDispatch
    from infra.broker.feed import RedisLiveFeed
    from infra.broker.inspection import BrokerInspection
    from infra.broker.live import RedisLiveUpdates
    from infra.broker.locks import RedisChunkLocks
    from infra.pdf.outline import Bookmarks
    from infra.pdf.pictures import Pictures
    from infra.pdf.warm import WarmPdfs
    from infra.run.worker_pool import CloudRunWorkerPool
    from infra.storage.cloud_storage import CloudStorage
    from infra.storage.object_listing import ObjectListing
    from infra.storage.supabase import SupabaseStorage
    from infra.tasks.cloud_tasks import CloudTasks
    from infra.telemetry.recorder import OpenTelemetryRecorder
    from infra.webhooks.sender import WebhookSender


class Services(Repositories):
    """One process's adapters."""

    #: Between requests a function has no CPU to send anything with; a worker always has.
    is_worker = False

    @built_once
    def recorder(self) -> OpenTelemetryRecorder | None:
        """Sends traces and measures; None where nobody takes any. Not to be asked before a fork."""
        settings = self.settings
        if not (settings.sends_traces or settings.sends_metrics):
            return None
        from infra.telemetry.setup import start

        recorder = start(settings, is_worker=self.is_worker, look_up=self.ended_jobs.find)
        telemetry.listen(recorder)
        return recorder

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
    def uploads(self) -> CloudStorage:
        """Cloud Storage."""
        from infra.storage.cloud_storage import CloudStorage

        return CloudStorage(self.settings.storage)

    @built_once
    def objects(self) -> ObjectListing:
        """Finds objects of any bucket, by the thousand."""
        from infra.storage.object_listing import ObjectListing

        return ObjectListing(self.uploads)

    @built_once
    def results(self) -> SupabaseStorage:
        """Supabase Storage."""
        from infra.storage.supabase import SupabaseStorage

        return SupabaseStorage(self.settings.supabase)

    @built_once
    def engine(self) -> OcrEngine:
        """Document AI, within its quota."""
        from common.quota import QuotaRules
        from infra.broker.quota import RedisCallQuota
        from infra.ocr.document_ai import DocumentAiEngine
        from infra.ocr.quota import EngineWithinQuota

        settings = self.settings.document_ai
        rules = QuotaRules(settings.calls_per_minute)
        quota = RedisCallQuota(self._redis, settings.location, rules)
        return EngineWithinQuota(DocumentAiEngine(settings), quota)

    @built_once
    def cutter(self) -> PdfCutter:
        """The PDF cutter."""
        from infra.pdf.cutter import Cutter

        return Cutter()

    @built_once
    def whole_pdfs(self) -> WarmPdfs:
        """Looks at small PDFs."""
        from infra.pdf.warm import WarmPdfs

        return WarmPdfs(
            lasting_folder("look"), file_bytes=self.settings.batches.small_document_bytes
        )

    @built_once
    def small_pace(self) -> Pace:
        """How long small documents take in this process."""
        from functions.pipeline.whole_documents import Pace

        return Pace()

    @built_once
    def bookmarks(self) -> Bookmarks:
        """Reads PDFs' tables of contents."""
        from infra.pdf.outline import Bookmarks

        return Bookmarks()

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

    @built_once
    def batch_streams(self) -> EventStreams:
        """Streams of batches' events, likewise."""
        from functions.api.ending import on_stop
        from functions.api.followed import BatchTelling
        from functions.api.streams import EventStreams
        from infra.database.batch_events import PostgresBatchProgress

        progress = PostgresBatchProgress(self._pool)
        streams = EventStreams(progress, self.feed, self.settings.streams, BatchTelling())
        on_stop(streams.end)
        return streams
