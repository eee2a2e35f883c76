"""What the doors allow: callers, requests, streams, pictures, webhooks."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from common.webhook_urls import TargetPolicy


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
