"""What this process has of the database: one repository an aggregate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from functions.lazily import built_once
from infra.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.database.admin import PostgresAdministration
    from infra.database.api_keys import PostgresApiKeys
    from infra.database.arrivals import PostgresArrivals
    from infra.database.backlog import PostgresBacklog
    from infra.database.batch_controls import PostgresBatchControls
    from infra.database.batch_creation import PostgresBatchCreation
    from infra.database.batch_recovery import PostgresRecoveries
    from infra.database.batch_throughput import PostgresThroughput
    from infra.database.batch_views import PostgresBatches
    from infra.database.batch_warming import PostgresWarming
    from infra.database.chunks import PostgresChunks
    from infra.database.cleanup import PostgresCleanup
    from infra.database.controls import PostgresControls
    from infra.database.credits import PostgresCredits
    from infra.database.ended_jobs import PostgresEndedJobs
    from infra.database.grants import PostgresGrants
    from infra.database.held_documents import PostgresHeldDocuments
    from infra.database.idempotency import PostgresRequestKeys
    from infra.database.job_logs import PostgresJobLogs
    from infra.database.jobs import PostgresJobs
    from infra.database.listings import PostgresListings
    from infra.database.merges import PostgresMerges
    from infra.database.metric_totals import PostgresMetricTotals
    from infra.database.metrics import PostgresMetrics
    from infra.database.named_things import PostgresNamedThings
    from infra.database.outlines import PostgresOutlines
    from infra.database.pages import PostgresPages
    from infra.database.pool import Pool
    from infra.database.prepared_texts import PostgresPreparedTexts
    from infra.database.readiness import PostgresReadiness
    from infra.database.search import PostgresSearch
    from infra.database.small_documents import PostgresSmallDocuments
    from infra.database.splits import PostgresSplits
    from infra.database.stages import PostgresStages
    from infra.database.turns import PostgresTurns
    from infra.database.upkeep import PostgresUpkeep
    from infra.database.webhooks import PostgresWebhooks
    from infra.log_lines import LogLine


class Repositories:
    """One process's connections to Postgres, and what is asked of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

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
    def batches(self) -> PostgresBatches:
        """Batches as their owners see them."""
        from infra.database.batch_views import PostgresBatches

        return PostgresBatches(self._pool)

    @built_once
    def batch_controls(self) -> PostgresBatchControls:
        """What an owner does to a batch."""
        from infra.database.batch_controls import PostgresBatchControls

        return PostgresBatchControls(
            self._pool,
            resend_after=timedelta(seconds=self.settings.maintain.resend_after_seconds),
        )

    @built_once
    def recoveries(self) -> PostgresRecoveries:
        """Batches whose failures are read again."""
        from infra.database.batch_recovery import PostgresRecoveries

        return PostgresRecoveries(self._pool, credits_enabled=self.settings.credits.enabled)

    @built_once
    def warming(self) -> PostgresWarming:
        """Batches whose documents are read ahead."""
        from infra.database.batch_warming import PostgresWarming

        return PostgresWarming(self._pool)

    @built_once
    def throughput(self) -> PostgresThroughput:
        """How fast batches were read."""
        from infra.database.batch_throughput import PostgresThroughput

        return PostgresThroughput(self._pool)

    @built_once
    def pages(self) -> PostgresPages:
        """What stands on documents' pages."""
        from infra.database.pages import PostgresPages

        return PostgresPages(self._pool)

    @built_once
    def passage_search(self) -> PostgresSearch:
        """Finds passages."""
        from infra.database.search import PostgresSearch

        return PostgresSearch(self._pool)

    @built_once
    def named_things(self) -> PostgresNamedThings:
        """What documents name."""
        from infra.database.named_things import PostgresNamedThings

        return PostgresNamedThings(self._pool)

    @built_once
    def outlines(self) -> PostgresOutlines:
        """Documents' sections."""
        from infra.database.outlines import PostgresOutlines

        return PostgresOutlines(self._pool)

    @built_once
    def prepared_texts(self) -> PostgresPreparedTexts:
        """Documents' sentences and passages."""
        from infra.database.prepared_texts import PostgresPreparedTexts

        return PostgresPreparedTexts(self._pool)

    @built_once
    def batch_creation(self) -> PostgresBatchCreation:
        """Makes batches."""
        from infra.database.batch_creation import PostgresBatchCreation

        return PostgresBatchCreation(
            self._pool,
            credits_enabled=self.settings.credits.enabled,
            has_cache=self.settings.cache.enabled,
        )

    @built_once
    def held_documents(self) -> PostgresHeldDocuments:
        """Documents that wait for a batch."""
        from infra.database.held_documents import PostgresHeldDocuments

        deadline = timedelta(seconds=self.settings.maintain.upload_deadline_seconds)
        return PostgresHeldDocuments(self._pool, deadline=deadline)

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
        cache = self.settings.cache
        keep = timedelta(days=cache.days) if cache.enabled else None
        return PostgresChunks(self._pool, lease=lease, keep=keep)

    @built_once
    def turns(self) -> PostgresTurns:
        """What waits for its turn."""
        from infra.database.turns import PostgresTurns

        batches = self.settings.batches
        return PostgresTurns(
            self._pool,
            window=batches.window,
            documents_per_message=batches.documents_per_message,
            small_document_bytes=batches.small_document_bytes,
        )

    @built_once
    def small_documents(self) -> PostgresSmallDocuments:
        """What workers write about documents that they read whole."""
        from infra.database.small_documents import PostgresSmallDocuments

        settings = self.settings
        return PostgresSmallDocuments(
            self._pool,
            lease=timedelta(seconds=settings.leases.chunk_seconds),
            keep=timedelta(days=settings.cache.days) if settings.cache.enabled else None,
            credits_enabled=settings.credits.enabled,
        )

    @built_once
    def merges(self) -> PostgresMerges:
        """What the merge writes."""
        from infra.database.merges import PostgresMerges

        lease = timedelta(seconds=self.settings.leases.merge_seconds)
        return PostgresMerges(self._pool, lease=lease)

    @built_once
    def stages(self) -> PostgresStages:
        """Stages after OCR."""
        from infra.database.stages import PostgresStages

        lease = timedelta(seconds=self.settings.stages.lease_seconds)
        return PostgresStages(self._pool, lease=lease)

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
    def metrics(self) -> PostgresMetrics:
        """What owners ask about a stretch of time."""
        from infra.database.metrics import PostgresMetrics

        return PostgresMetrics(self._pool)

    @built_once
    def metric_totals(self) -> PostgresMetricTotals:
        """What operators' monitoring asks."""
        from infra.database.metric_totals import PostgresMetricTotals

        return PostgresMetricTotals(self._pool)

    @built_once
    def ended_jobs(self) -> PostgresEndedJobs:
        """What is told of jobs' whole ways."""
        from infra.database.ended_jobs import PostgresEndedJobs

        return PostgresEndedJobs(self._pool)

    @built_once
    def api_keys(self) -> PostgresApiKeys:
        """The machines' keys."""
        from infra.database.api_keys import PostgresApiKeys

        return PostgresApiKeys(self._pool)

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
