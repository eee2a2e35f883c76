"""The environment, read once per process, in sections.

Nested names are written with two underscores (`DOCUMENT_AI__TIMEOUT_SECONDS=90`). The names that
operators of such systems already know are kept as they are: `REDIS_URL`, `CHUNK_SIZE_PAGES`,
`CHUNKING_THRESHOLD_PAGES`, `ASYNC_PROCESSING_ENABLED`, `MAX_WORKERS`, `WORKER_MEMORY_LIMIT_MB`,
`TASK_TIMEOUT_SECONDS`. `STORAGE_EMULATOR_HOST` is read by Google's own client as well.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from infra.sections.door import (
    ApiSettings,
    CreditsSettings,
    DoorSettings,
    InternalSettings,
    PicturesSettings,
    StreamSettings,
    WebhooksSettings,
)
from infra.sections.embedding import EmbeddingSettings
from infra.sections.entities import EntitiesSettings
from infra.sections.outside import (
    PAGES_PER_CALL,
    PAGES_PER_IMAGELESS_CALL,
    DatabaseSettings,
    DocumentAiSettings,
    StorageSettings,
    SupabaseSettings,
    TasksSettings,
)
from infra.sections.stages import StagesSettings
from infra.sections.telemetry import OpenTelemetrySettings, TelemetrySettings
from infra.sections.vertex import NormalizationSettings, VertexSettings
from infra.sections.work import (
    BatchesSettings,
    CacheSettings,
    LeaseSettings,
    MaintainSettings,
    RetrySettings,
    WorkersSettings,
)

__all__ = [
    "PAGES_PER_CALL",
    "PAGES_PER_IMAGELESS_CALL",
    "ApiSettings",
    "BatchesSettings",
    "CacheSettings",
    "CreditsSettings",
    "DatabaseSettings",
    "DocumentAiSettings",
    "DoorSettings",
    "EmbeddingSettings",
    "EntitiesSettings",
    "InternalSettings",
    "LeaseSettings",
    "MaintainSettings",
    "NormalizationSettings",
    "OpenTelemetrySettings",
    "PicturesSettings",
    "RetrySettings",
    "Settings",
    "StagesSettings",
    "StorageSettings",
    "StreamSettings",
    "SupabaseSettings",
    "TasksSettings",
    "TelemetrySettings",
    "VertexSettings",
    "WebhooksSettings",
    "WorkersSettings",
]


class Settings(OpenTelemetrySettings):
    """One process's environment. A process whose environment is wrong does not start."""

    model_config = SettingsConfigDict(env_nested_delimiter="__", frozen=True, extra="ignore")

    database: DatabaseSettings
    storage: StorageSettings = StorageSettings()
    supabase: SupabaseSettings
    document_ai: DocumentAiSettings
    tasks: TasksSettings
    leases: LeaseSettings = LeaseSettings()
    retries: RetrySettings = RetrySettings()
    maintain: MaintainSettings = MaintainSettings()
    workers: WorkersSettings = WorkersSettings()
    batches: BatchesSettings = BatchesSettings()
    cache: CacheSettings = CacheSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    entities: EntitiesSettings = EntitiesSettings()
    normalization: NormalizationSettings = NormalizationSettings()
    vertex: VertexSettings = VertexSettings()
    stages: StagesSettings = StagesSettings()
    api: ApiSettings = ApiSettings()
    streams: StreamSettings = StreamSettings()
    credits: CreditsSettings = CreditsSettings()
    pictures: PicturesSettings = PicturesSettings()
    webhooks: WebhooksSettings
    internal: InternalSettings = InternalSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    redis_url: SecretStr = Field(description="redis://… or rediss://… of the broker.")
    storage_emulator_host: str = Field(
        default="",
        description="Cloud Storage's address where it is an emulator: the page uploads there too.",
    )
    chunk_size_pages: int = Field(default=25, ge=1, description="Pages in one chunk.")
    chunking_threshold_pages: int = Field(
        default=10, ge=0, description="Up to so many pages the answer is synchronous."
    )
    async_processing_enabled: bool = Field(
        default=True, description="Off, every answer waits for its result while it may."
    )
    max_workers: int = Field(default=4, ge=1, description="Celery's prefork children.")
    worker_memory_limit_mb: int = Field(
        default=1024, ge=128, description="A child above it is replaced after its chunk."
    )
    task_timeout_seconds: int = Field(
        default=600,
        ge=10,
        description="Hard limit of one chunk's task, with all calls that a bad page may cost.",
    )
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _a_checkpoint_fits_its_minute(self) -> Self:
        calls = self.embedding.calls_for(self.stages.passages_at_once)
        if calls > self.embedding.calls_per_minute:
            raise ValueError(
                f"STAGES__PASSAGES_AT_ONCE={self.stages.passages_at_once} takes {calls} calls of "
                f"{self.embedding.model}, and EMBEDDING__CALLS_PER_MINUTE is "
                f"{self.embedding.calls_per_minute}: no checkpoint would be reached."
            )
        return self

    @model_validator(mode="after")
    def _chunks_fit_one_call(self) -> Self:
        limit = self.document_ai.page_limit
        if self.chunk_size_pages > limit:
            raise ValueError(
                f"CHUNK_SIZE_PAGES={self.chunk_size_pages} can't work: Document AI takes {limit} "
                f"pages a call (15, or 30 with DOCUMENT_AI__IMAGELESS=true)."
            )
        return self
