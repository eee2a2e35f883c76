"""Which engine says what passages and questions are about."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

#: Of a text-embedding-… model (cloud.google.com/vertex-ai/generative-ai/docs, "Quotas").
TEXTS_PER_CALL = 250


class EmbeddingSettings(BaseModel):
    """The engine of the embedding stage and of search: vectors of two engines do not compare."""

    engine: Literal["wordllama", "vertex"] = Field(
        default="wordllama",
        description="wordllama, packaged with its weights, needs no network; vertex is Google's.",
    )
    model: str = Field(
        default="gemini-embedding-2",
        pattern=r"^[a-z0-9.@-]+$",
        description="Of Vertex AI, for the engine vertex. Another model's vectors are other ones: "
        "documents that were embedded before are found by their words until they are again.",
    )
    location: str = Field(
        default="",
        pattern=r"^[a-z0-9-]*$",
        description="Where Vertex AI has the model; VERTEX__LOCATION where empty.",
    )
    texts_per_call: int | None = Field(
        default=None,
        ge=1,
        le=250,
        description="Where a model takes more or fewer than is known of it: 1 of the gemini-… "
        "models, 250 of others.",
    )
    calls_per_minute: int = Field(
        default=1500,
        ge=10,
        le=100_000,
        description="Calls that Vertex AI takes of the project: all workers together keep to it.",
    )

    @property
    def most_texts(self) -> int:
        """Texts that one call to Vertex AI may have."""
        if self.texts_per_call is not None:
            return self.texts_per_call
        return 1 if "gemini" in self.model else TEXTS_PER_CALL

    def calls_for(self, texts: int) -> int:
        """Return how many calls these texts take at least; none of the engine on this machine."""
        return -(-texts // self.most_texts) if self.engine == "vertex" else 0
