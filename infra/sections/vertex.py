"""Vertex AI: where its models are, and which of them put sentences right."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

#: Kept until July 2027 at least (docs.cloud.google.com/gemini-enterprise-agent-platform, model
#: versions).
SMALL_MODEL = "gemini-3.5-flash-lite"


class VertexSettings(BaseModel):
    """Google's models. Nothing is called where no engine is `vertex` or `gemini`."""

    project: str = Field(default="", description="Who pays; STORAGE__PROJECT where empty.")
    location: str = Field(
        default="global",
        pattern=r"^[a-z0-9-]+$",
        description="global, eu, us, or a region that has the models. Texts are sent there.",
    )
    endpoint: str = Field(
        default="", description="https://…; the location's own address where empty."
    )
    insecure: bool = Field(default=False, description="Without login: the emulator.")
    model: str = Field(
        default=SMALL_MODEL,
        pattern=r"^[a-z0-9.@-]+$",
        description="The Gemini model that finds entities, and puts sentences right.",
    )
    timeout_seconds: float = Field(default=60, gt=0, description="Deadline of one call.")
    calls_at_once: int = Field(
        default=8, ge=1, le=64, description="Calls that one process has under way side by side."
    )
    calls_per_minute: int = Field(
        default=300,
        ge=60,
        le=100_000,
        description="generateContent calls to one model: all workers together keep to it. Google "
        "sets no number and refuses what comes too suddenly.",
    )


class NormalizationSettings(BaseModel):
    """Whether a model puts sentences right that were read badly, for those who learn by them."""

    engine: Literal["none", "gemini"] = Field(
        default="none", description="gemini sends every sentence to Vertex AI."
    )
    model: str = Field(
        default="",
        pattern=r"^[a-z0-9.@-]*$",
        description="Another Gemini model than VERTEX__MODEL.",
    )
