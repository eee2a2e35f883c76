"""The environment, read once per process, in sections.

Nested names are written with two underscores (`DOCUMENT_AI__TIMEOUT_SECONDS=90`). The names that
operators of such systems already know are kept as they are: `REDIS_URL`, `CHUNK_SIZE_PAGES`,
`CHUNKING_THRESHOLD_PAGES`, `ASYNC_PROCESSING_ENABLED`, `MAX_WORKERS`, `WORKER_MEMORY_LIMIT_MB`,
`TASK_TIMEOUT_SECONDS`. `STORAGE_EMULATOR_HOST` is read by
Google's own client as well.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.scaling import ScalingLimits
from common.webhook_urls import TargetPolicy

#: Document AI's own limits for one online call (cloud.google.com/document-ai/quotas).
PAGES_PER_CALL = 15
PAGES_PER_IMAGELESS_CALL = 30


class DatabaseSettings(BaseModel):
    """Postgres, in production through Supabase's transaction pooler (port 6543)."""

    url: SecretStr = Field(description="postgresql://user:password@host:port/database")
    max_connections: int = Field(default=4, ge=1, description="Connections of one process.")


class StorageSettings(BaseModel):
    """Cloud Storage."""

    project: str = "quire-local"
    uploads_bucket: str = "quire-uploads"
    chunks_bucket: str = "quire-chunks"
    default_owner: str = Field(
        default="shared", description="Owner of what is put into the bucket outside inbox/OWNER/."
    )


class SupabaseSettings(BaseModel):
    """Supabase Storage for results, and its Auth's secret for tokens."""

    url: str = Field(description="The project's address, without /storage/v1.")
    service_key: SecretStr
    jwt_secret: SecretStr | None = Field(
        default=None,
        # A shorter one can be guessed from any token (RFC 7518, section 3.2).
        min_length=32,
        description="HS256 secret of older projects, which sign the callers' tokens with it.",
    )
    jwks_url: str | None = Field(
        default=None,
        description="The public keys of the callers' tokens; the project's own where not given. "
        "Empty, only the secret counts.",
    )
    issuer: str = Field(
        default="", description="Who signs the callers' tokens; the project's own where empty."
    )
    chunks_bucket: str = "ocr-chunks"
    results_bucket: str = "ocr-results"

    @property
    def keys_address(self) -> str:
        """Where the public keys are; empty where there are none."""
        if self.jwks_url is not None:
            return self.jwks_url
        return f"{self.token_issuer}/.well-known/jwks.json"

    @property
    def token_issuer(self) -> str:
        """What the callers' tokens name as their issuer."""
        return self.issuer or f"{self.url.rstrip('/')}/auth/v1"

    @field_validator("jwt_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, secret: object) -> object:
        return secret or None

    @model_validator(mode="after")
    def _tokens_can_be_checked(self) -> Self:
        if not self.keys_address and self.jwt_secret is None:
            raise ValueError(
                "nobody could log in: give the issuer's keys (SUPABASE__JWKS_URL) or the secret "
                "(SUPABASE__JWT_SECRET)"
            )
        return self


class DocumentAiSettings(BaseModel):
    """Google Document AI."""

    processor: str = Field(
        description="projects/P/locations/L/processors/ID, or one of its processorVersions."
    )
    endpoint: str = Field(default="", description="host:port; the location's own where empty.")
    insecure: bool = Field(default=False, description="Plain gRPC without login: the emulator.")
    imageless: bool = Field(default=True, description="imageless_mode: 30 pages a call, not 15.")
    max_pages_per_call: int | None = Field(
        default=None,
        ge=1,
        description="Only where the service's limits were lifted for this processor.",
    )
    max_bytes_per_call: int = Field(default=38_000_000, ge=100_000, le=40 * 1024 * 1024)
    timeout_seconds: float = Field(default=120, gt=0, description="Deadline of one call.")

    @property
    def page_limit(self) -> int:
        """Pages that one call may carry."""
        if self.max_pages_per_call is not None:
            return self.max_pages_per_call
        return PAGES_PER_IMAGELESS_CALL if self.imageless else PAGES_PER_CALL


class TasksSettings(BaseModel):
    """Cloud Tasks, which calls merge, webhook, and ingest again where an event was lost."""

    queue: str = Field(description="projects/P/locations/L/queues/Q")
    endpoint: str = Field(default="", description="host:port; Google's where empty.")
    insecure: bool = False
    merge_url: str
    ingest_url: str
    webhook_url: str
    webhook_queue: str = Field(
        default="",
        description="A queue for webhooks alone, so that slow receivers hold no merge up; the "
        "same where empty.",
    )
    service_account: str = Field(default="", description="Whose OIDC token the calls carry.")


class LeaseSettings(BaseModel):
    """How long a worker or function may be silent before another takes its work, in seconds."""

    chunk_seconds: float = Field(default=30, gt=0)
    split_seconds: float = Field(default=60, gt=0)
    merge_seconds: float = Field(default=60, gt=0)


class RetrySettings(BaseModel):
    """What is done about errors that may pass."""

    max_tries: int = Field(default=3, ge=1, description="Tries of a chunk, counted in Postgres.")
    max_lost_leases: int = Field(
        default=5, ge=1, description="Workers that may fall silent over one chunk."
    )
    base_seconds: float = Field(default=2, gt=0, description="First back-off; doubles, jittered.")
    # The broker gives a message out twice that it holds longer than its visibility timeout.
    max_seconds: float = Field(default=60, gt=0, le=200)


class MaintainSettings(BaseModel):
    """When maintain takes silence for a stop, and how long it keeps what jobs leave behind."""

    resend_after_seconds: float = Field(
        default=60, ge=0, description="A message sent this long ago and not acted upon is lost."
    )
    upload_deadline_seconds: float = Field(
        default=7 * 24 * 3600, gt=0, description="How long a promised upload is waited for."
    )
    keep_intermediates_hours: float = Field(
        default=24, ge=0, description="What a completed job's result was made of is kept so long."
    )
    keep_failed_days: float = Field(
        default=30, ge=0, description="How long a job that failed, or some pages, can be retried."
    )
    keep_logs_days: float = Field(default=30, ge=0, description="How long jobs' log lines stay.")
    clean_up_seconds: float = Field(
        default=20, gt=0, description="After so long the clean-up goes on in maintain's next run."
    )


class WorkersSettings(BaseModel):
    """How many instances of the workers run. Left alone where no worker pool is named."""

    pool: str = Field(
        default="",
        pattern=r"^(projects/[^/]+/locations/[^/]+/workerPools/[^/]+)?$",
        description="projects/P/locations/L/workerPools/W; empty, nothing scales the workers.",
    )
    endpoint: str = Field(
        default="https://run.googleapis.com", description="The Cloud Run Admin API's address."
    )
    insecure: bool = Field(default=False, description="Without login: an emulator.")
    min: int = Field(
        default=1, ge=0, description="With 0 an idle deployment's next document waits for a start."
    )
    max: int = Field(default=10, ge=1, description="Whatever waits, no more instances than this.")
    target_age_seconds: float = Field(
        default=180, ge=60, description="What arrives is to be begun within this."
    )
    start_seconds: float = Field(
        default=30, ge=0, description="From asking for an instance until it reads."
    )
    cool_down_seconds: float = Field(
        default=60, ge=0, le=1800, description="Fewer must have been enough for so long, at least."
    )
    calls_per_minute: int = Field(
        default=600, ge=1, description="Document AI's quota; more workers than it feeds are waste."
    )
    reread_seconds: float = Field(
        default=35,
        ge=0,
        description="What reading a page again costs, in seconds of an instance: the page's price "
        "over the instance's a second. With 2 vCPU and 4 GiB about 35, with half of that 70.",
    )

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if self.min > self.max:
            raise ValueError("WORKERS__MIN is at most WORKERS__MAX.")
        return self

    def limits(self, *, slots: int) -> ScalingLimits:
        """Return what the rule goes by, where one instance reads `slots` chunks at once."""
        return ScalingLimits(
            fewest=self.min,
            most=self.max,
            slots=slots,
            target_age=self.target_age_seconds,
            start=self.start_seconds,
            cool_down=self.cool_down_seconds,
            calls_per_minute=self.calls_per_minute,
            reread=self.reread_seconds,
        )


class ApiSettings(BaseModel):
    """The HTTPS door."""

    wait_seconds: float = Field(
        default=30, gt=0, description="How long a small document's answer waits for its result."
    )
    max_wait_seconds: float = Field(
        default=300, gt=0, description="The longest that `Prefer: wait` is listened to."
    )
    max_pages: int = Field(default=20_000, ge=1, description="Pages of one document.")
    requests_per_minute: int = Field(
        default=600, ge=0, description="Of one caller; 0 is without a limit."
    )
    failed_logins_per_minute: int = Field(
        default=60, ge=0, description="Of one client address; 0 is without a limit."
    )
    trusted_proxies: int = Field(
        default=1,
        ge=0,
        description="How many proxies of one's own add to X-Forwarded-For: Cloud Run alone is 1, "
        "with a load balancer before it 2. With 0 the header means nothing.",
    )
    idempotency_hours: float = Field(
        default=24, gt=0, description="How long an Idempotency-Key is remembered."
    )


class WebhooksSettings(BaseModel):
    """Telling owners' servers that a job has ended."""

    signing_key: SecretStr = Field(
        min_length=32, description="From it every owner's signing secret is made."
    )
    previous_signing_key: SecretStr | None = Field(
        default=None, description="Signs too, while the key is being changed."
    )
    allow_http: bool = Field(default=False, description="Plain http as well as https.")
    allow_private: bool = Field(
        default=False, description="Also addresses that are not public: for one machine only."
    )
    ports: frozenset[int] = Field(
        default=frozenset({80, 443, 8080, 8443}), description="Any port where empty."
    )
    link_base: str = Field(
        default="", description="The API's address for links; they are relative where empty."
    )
    timeout_seconds: float = Field(
        default=20, gt=0, le=300, description="Of one try, from looking up the name to its answer."
    )
    # What Standard Webhooks recommends: ten tries within four days.
    retry_seconds: tuple[float, ...] = Field(
        default=(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        description="The waits between tries.",
    )

    @property
    def policy(self) -> TargetPolicy:
        """Which addresses are allowed."""
        return TargetPolicy(self.allow_http, self.allow_private, self.ports)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The key, and the one before it where there is one."""
        keys = (self.signing_key, self.previous_signing_key)
        return tuple(key.get_secret_value() for key in keys if key is not None)


class StreamSettings(BaseModel):
    """Streams of a job's events."""

    heartbeat_seconds: float = Field(
        default=15, gt=0, description="After so long a silence a comment shows that all is well."
    )
    longest_seconds: float = Field(
        default=15 * 60,
        gt=0,
        le=55 * 60,
        description="Then the reader comes back, and its token is checked anew. The platform "
        "ends every request after 60 minutes.",
    )


class PicturesSettings(BaseModel):
    """Pictures of pages, which the API draws from the uploads. A function's disk is its memory."""

    max_document_mb: int = Field(
        default=200, ge=0, description="Of a larger upload no page is drawn; 0 draws none at all."
    )
    cache_mb: int = Field(
        default=256, ge=0, description="Uploads that are kept on disk for the next page."
    )
    processes: int = Field(default=2, ge=1, description="Pages that are drawn at once.")
    waiting: int = Field(
        default=16, ge=0, description="Requests that wait for their turn; more are told to wait."
    )
    wait_seconds: float = Field(default=15, gt=0, description="How long a request waits.")
    memory_mb: int = Field(default=512, ge=64, description="Own memory of a drawing process.")
    seconds: float = Field(default=10, gt=0, description="Time to draw one page.")
    idle_seconds: float = Field(
        default=60, gt=0, description="A drawing process ends after so long a silence."
    )

    @model_validator(mode="after")
    def _largest_fits_on_disk(self) -> Self:
        if self.max_document_mb > self.cache_mb:
            raise ValueError(
                "PICTURES__MAX_DOCUMENT_MB is at most PICTURES__CACHE_MB: the document lies there."
            )
        return self


class CreditsSettings(BaseModel):
    """What reading costs; a credit is a page."""

    enabled: bool = Field(default=False, description="Off, everybody may read without limit.")


class DoorSettings(BaseModel):
    """Who may call one internal function. Nobody, where nothing is said."""

    audience: str = Field(default="", description="The function's own URL.")
    callers: frozenset[str] = Field(
        default=frozenset(), description="E-mail addresses of service accounts, as a JSON list."
    )


class InternalSettings(BaseModel):
    """The functions that only Google's services call, each in a service account's name."""

    required: bool = Field(default=True, description="Off, anybody who gets there may call them.")
    issuer: str = Field(default="https://accounts.google.com", description="Who signs the tokens.")
    jwks_url: str = Field(
        default="https://www.googleapis.com/oauth2/v3/certs",
        description="The public keys of the tokens.",
    )
    platform_checks: bool = Field(
        default=False,
        description="On only where Cloud Run itself admits nobody but invokers. It then cuts the "
        "signature off the token that it has checked.",
    )
    ingest: DoorSettings = DoorSettings()
    merge: DoorSettings = DoorSettings()
    maintain: DoorSettings = DoorSettings()
    webhook: DoorSettings = DoorSettings()


class Settings(BaseSettings):
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
    api: ApiSettings = ApiSettings()
    streams: StreamSettings = StreamSettings()
    credits: CreditsSettings = CreditsSettings()
    pictures: PicturesSettings = PicturesSettings()
    webhooks: WebhooksSettings
    internal: InternalSettings = InternalSettings()

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
    def _chunks_fit_one_call(self) -> Self:
        limit = self.document_ai.page_limit
        if self.chunk_size_pages > limit:
            raise ValueError(
                f"CHUNK_SIZE_PAGES={self.chunk_size_pages} can't work: Document AI takes {limit} "
                f"pages a call (15, or 30 with DOCUMENT_AI__IMAGELESS=true)."
            )
        return self
