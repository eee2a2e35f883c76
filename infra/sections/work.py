"""How work is leased, tried again, looked after and scaled."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from common.scaling import ScalingLimits


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

    def limits(self, *, slots: int, calls_per_minute: int) -> ScalingLimits:
        """Return what the rule goes by, where one instance reads `slots` chunks at once.

        More workers than Document AI's `calls_per_minute` feed would be waste.
        """
        return ScalingLimits(
            fewest=self.min,
            most=self.max,
            slots=slots,
            target_age=self.target_age_seconds,
            start=self.start_seconds,
            cool_down=self.cool_down_seconds,
            calls_per_minute=calls_per_minute,
            reread=self.reread_seconds,
        )


class BatchesSettings(BaseModel):
    """How many documents come at once, and how many of them are begun at once."""

    max_documents: int = Field(
        default=10_000, ge=1, le=100_000, description="Documents of one batch, globs resolved."
    )
    small_document_bytes: int = Field(
        default=4_000_000,
        ge=0,
        description="Up to this size a worker reads a batch's document without a split before it.",
    )
    documents_per_message: int = Field(
        default=8, ge=1, le=100, description="Small documents that one message hands to a worker."
    )
    window: int = Field(
        default=16,
        ge=1,
        description="Messages of one priority that wait in the broker, or as many as are under "
        "work where that is more. What else waits, waits in Postgres.",
    )


class CacheSettings(BaseModel):
    """What was read once is not paid for twice."""

    enabled: bool = Field(default=True, description="Whether results are kept and looked for.")
    days: float = Field(default=30, gt=0, description="How long a result may be used again.")
