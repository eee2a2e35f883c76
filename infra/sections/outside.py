"""Where the services outside are, and how they are spoken to."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

#: Document AI's own limits for one online call (cloud.google.com/document-ai/quotas).
PAGES_PER_CALL = 15
PAGES_PER_IMAGELESS_CALL = 30
#: "Online process requests per minute" of a project, where no more was asked for (ibid.).
CALLS_PER_MINUTE = 600


class DatabaseSettings(BaseModel):
    """Postgres, in production through Supabase's transaction pooler (port 6543)."""

    url: SecretStr = Field(description="postgresql://user:password@host:port/database")
    max_connections: int = Field(default=4, ge=1, description="Connections of one process.")


class StorageSettings(BaseModel):
    """Cloud Storage."""

    project: str = "quire-local"
    uploads_bucket: str = "quire-uploads"
    source_buckets: tuple[str, ...] = Field(
        default=(),
        description="Other buckets whose objects batches may name, as a JSON list; below "
        "inbox/OWNER/ and batches/OWNER/, as in the uploads bucket.",
    )
    chunks_bucket: str = "quire-chunks"
    max_document_bytes: int = Field(
        default=2_000_000_000, ge=1, description="Of one upload: ingest needs it on its disk."
    )
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
    native_pdf_parsing: bool = Field(
        default=True,
        description="Take what pages with text of their own say, and recognize the others. Without "
        "it every page is recognized, as it looks: for PDFs whose own text is garbage.",
    )
    max_pages_per_call: int | None = Field(
        default=None,
        ge=1,
        description="Only where the service's limits were lifted for this processor.",
    )
    max_bytes_per_call: int = Field(default=38_000_000, ge=100_000, le=40 * 1024 * 1024)
    timeout_seconds: float = Field(default=120, gt=0, description="Deadline of one call.")
    calls_per_minute: int = Field(
        default=CALLS_PER_MINUTE,
        ge=1,
        le=100_000,
        description="The quota that Google gives the project: all workers together keep to it, "
        "and no more of them are started than it feeds.",
    )

    @property
    def location(self) -> str:
        """projects/P/locations/L: what has a quota of its own."""
        return "/".join(self.processor.split("/")[:4])

    @property
    def reading(self) -> str:
        """What reads, and how: by another one's words no page is delivered from the cache."""
        # Bare names are those of what was read before pages' own text was asked for.
        ways = {"imageless": self.imageless, "native": self.native_pdf_parsing}
        return " ".join([self.processor, *(way for way, is_on in ways.items() if is_on)])

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
